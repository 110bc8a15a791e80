//! The entries that wait to be written, in the order in which they came.

use std::mem;
use std::ops::Range;

use event_core::Durability;

/// What waits for its turn to write beside the rows of events, such as a closure of the application's.
pub trait Job {
    /// What its caller waits for.
    fn durability(&self) -> Durability;
}

/// Rows of events and jobs that wait together, and that are then written together. `A` is what answers the caller of a row.
pub struct Batch<J, A> {
    /// The rows, one after the other: one buffer that is used again and again, instead of an allocation for each.
    bytes: Vec<u8>,
    entries: Vec<Entry<J, A>>,
    /// How many of them have to be on disk when they are committed, and of how many of these a caller waits for that.
    synced: usize,
    awaited: usize,
}

struct Entry<J, A> {
    /// Where its row ends in the buffer. It begins where the one before it ends.
    end: usize,
    what: What<J, A>,
}

/// An entry of a batch.
pub enum What<J, A> {
    /// A row, with its answer if a caller waits for it.
    Row(Option<A>),
    /// A job.
    Job(J),
    /// Its caller has the outcome.
    Answered,
}

impl<J, A> Default for Batch<J, A> {
    fn default() -> Self {
        Self { bytes: Vec::new(), entries: Vec::new(), synced: 0, awaited: 0 }
    }
}

impl<J: Job, A> Batch<J, A> {
    pub(super) fn push_row(&mut self, row: &[u8], answer: Option<A>) {
        self.bytes.extend_from_slice(row);
        self.synced += 1;
        self.awaited += usize::from(answer.is_some());
        self.entries.push(Entry { end: self.bytes.len(), what: What::Row(answer) });
    }

    pub(super) fn push_job(&mut self, job: J) {
        let is_synced = usize::from(job.durability() == Durability::OnDisk);
        self.synced += is_synced;
        self.awaited += is_synced;
        self.entries.push(Entry { end: self.bytes.len(), what: What::Job(job) });
    }

    /// How many entries it has, those that are answered included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes its rows have.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The rest of it from this index on.
    pub fn left_from(&self, at: usize) -> Left {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end };
        Left { entries: self.entries.len() - at, bytes: self.bytes.len() - start }
    }

    /// How many entries have to be on disk when they are committed.
    pub fn synced(&self) -> usize {
        self.synced
    }

    /// For how many of these a caller waits.
    pub fn awaited(&self) -> usize {
        self.awaited
    }

    /// Moves the entries of `later` to the end of this batch; `later` keeps its memory.
    pub(super) fn append(&mut self, later: &mut Self) {
        if self.is_empty() {
            mem::swap(self, later);
            return;
        }
        let shift = self.bytes.len();
        self.bytes.append(&mut later.bytes);
        self.entries.extend(later.entries.drain(..).map(|it| Entry { end: it.end + shift, what: it.what }));
        self.synced += mem::take(&mut later.synced);
        self.awaited += mem::take(&mut later.awaited);
    }

    /// The row at this index.
    pub fn row(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.entries[at - 1].end };
        &self.bytes[start..self.entries[at].end]
    }

    /// The next run of rows that aren't answered, from `at` on, or the next job.
    pub fn next(&mut self, at: usize) -> Option<Next<'_, J>> {
        let is_row = |entry: &Entry<J, A>| matches!(entry.what, What::Row(_));
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
    pub fn take(&mut self, at: usize) -> What<J, A> {
        mem::replace(&mut self.entries[at].what, What::Answered)
    }

    /// Takes the entry at this index, if a caller waits for it.
    pub fn take_awaited(&mut self, at: usize) -> Option<What<J, A>> {
        match self.entries[at].what {
            What::Row(Some(_)) | What::Job(_) => Some(self.take(at)),
            What::Row(None) | What::Answered => None,
        }
    }

    /// Takes the job at this index, if there is one.
    pub fn take_job(&mut self, at: usize) -> Option<J> {
        if !matches!(self.entries[at].what, What::Job(_)) {
            return None;
        }
        match self.take(at) {
            What::Job(job) => Some(job),
            What::Row(_) | What::Answered => unreachable!("it is a job"),
        }
    }

    /// Keeps only the unanswered rows, which no caller waits for, and closes the gaps.
    ///
    /// # Panics
    /// If a caller still waits for an answer.
    pub fn keep_unanswered(&mut self) {
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
    pub fn clear(&mut self) {
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
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// What a batch has next.
pub enum Next<'b, J> {
    /// The rows at these indexes.
    Rows(Range<usize>),
    /// The job at this index.
    Job(usize, &'b mut J),
}
