//! The entries that wait to be written, in the order in which they came.

use event_core::Durability;
use futures_channel::oneshot;

use crate::database::job::Job;
use crate::error::Result;

/// The sender of a row's outcome, if a caller waits for it.
pub(crate) type Answer = oneshot::Sender<Result<()>>;

/// Events and closures that wait together, and that are then written in one transaction.
#[derive(Default)]
pub(crate) struct Batch {
    /// The rows, one after the other: one buffer that is used again and again, instead of an allocation for each.
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// How many of them have to be on disk when they are committed, and of how many of these a caller waits for that.
    synced: usize,
    awaited: usize,
}

struct Entry {
    /// Where its row ends in the buffer. It begins where the one before it ends.
    end: usize,
    what: What,
}

pub(crate) enum What {
    Row(Option<Answer>),
    Job(Box<dyn Job>),
    /// Its caller has the outcome.
    Answered,
}

impl Batch {
    pub(crate) fn push_row(&mut self, row: &[u8], answer: Option<Answer>) {
        self.bytes.extend_from_slice(row);
        self.synced += 1;
        self.awaited += usize::from(answer.is_some());
        self.entries.push(Entry { end: self.bytes.len(), what: What::Row(answer) });
    }

    pub(crate) fn push_job(&mut self, job: Box<dyn Job>) {
        let is_synced = usize::from(job.durability() == Durability::OnDisk);
        self.synced += is_synced;
        self.awaited += is_synced;
        self.entries.push(Entry { end: self.bytes.len(), what: What::Job(job) });
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The rest of it from this index on.
    pub(crate) fn left_from(&self, at: usize) -> Left {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end };
        Left { entries: self.entries.len() - at, bytes: self.bytes.len() - start }
    }

    pub(crate) fn synced(&self) -> usize {
        self.synced
    }

    pub(crate) fn awaited(&self) -> usize {
        self.awaited
    }

    /// Moves the entries of `later` to the end of this batch; `later` keeps its memory.
    pub(crate) fn append(&mut self, later: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, later);
            return;
        }
        let shift = self.bytes.len();
        self.bytes.append(&mut later.bytes);
        self.entries.extend(later.entries.drain(..).map(|it| Entry { end: it.end + shift, what: it.what }));
        self.synced += std::mem::take(&mut later.synced);
        self.awaited += std::mem::take(&mut later.awaited);
    }

    pub(crate) fn row(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end };
        &self.bytes[start..self.entries[at].end]
    }

    /// The next run of rows that aren't answered, from `at` on, or the next job.
    pub(crate) fn next(&mut self, at: usize) -> Option<Next<'_>> {
        let is_row = |entry: &Entry| matches!(entry.what, What::Row(_));
        let at = at + self.entries[at..].iter().position(|entry| !matches!(entry.what, What::Answered))?;
        if is_row(&self.entries[at]) {
            let count = self.entries[at..].iter().position(|entry| !is_row(entry));
            let end = count.map_or(self.entries.len(), |count| at + count);
            return Some(Next::Rows(at..end));
        }
        match &mut self.entries[at].what {
            What::Job(job) => Some(Next::Job(at, job)),
            What::Row(_) | What::Answered => unreachable!("it is neither a row nor answered"),
        }
    }

    /// Takes the entry at this index, to answer it.
    pub(crate) fn take(&mut self, at: usize) -> What {
        std::mem::replace(&mut self.entries[at].what, What::Answered)
    }

    /// Takes the entry at this index, if a caller waits for it.
    pub(crate) fn take_awaited(&mut self, at: usize) -> Option<What> {
        match self.entries[at].what {
            What::Row(Some(_)) | What::Job(_) => Some(self.take(at)),
            What::Row(None) | What::Answered => None,
        }
    }

    /// Takes the job at this index, if there is one.
    pub(crate) fn take_job(&mut self, at: usize) -> Option<Box<dyn Job>> {
        if !matches!(self.entries[at].what, What::Job(_)) {
            return None;
        }
        match self.take(at) {
            What::Job(job) => Some(job),
            What::Row(_) | What::Answered => unreachable!("it is a job"),
        }
    }

    /// Keeps only the unanswered rows, which no caller waits for, and closes the gaps.
    pub(crate) fn keep_unanswered(&mut self) {
        let mut kept = Self::default();
        for at in 0..self.len() {
            match self.entries[at].what {
                What::Row(None) => kept.push_row(self.row(at), None),
                What::Answered => {}
                What::Row(Some(_)) | What::Job(_) => unreachable!("all callers were answered"),
            }
        }
        *self = kept;
    }

    /// Empties it for the next use, and frees the memory of a burst.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.synced = 0;
        self.awaited = 0;
        self.bytes.shrink_to(KEPT_BYTES);
        self.entries.shrink_to(KEPT_ENTRIES);
    }
}

const KEPT_BYTES: usize = 1 << 20;
const KEPT_ENTRIES: usize = 1 << 13;

/// How much of a batch is left.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

pub(crate) enum Next<'b> {
    Rows(std::ops::Range<usize>),
    Job(usize, &'b mut Box<dyn Job>),
}
