//! The events of a consumer that were read and aren't all done: in which order they came, and which of them are done.

use std::collections::VecDeque;

use uuid::Uuid;

/// The events between the position and the last one that was read.
#[derive(Default)]
pub(crate) struct Window {
    slots: VecDeque<Slot>,
    undone: usize,
    bytes: u64,
}

struct Slot {
    seq: u64,
    id: Option<Uuid>,
    bytes: u64,
    is_done: bool,
}

impl Window {
    /// `bytes` is about how large it is.
    pub(crate) fn push(&mut self, seq: u64, id: Option<Uuid>, bytes: u64) {
        self.slots.push_back(Slot { seq, id, bytes, is_done: false });
        self.undone += 1;
        self.bytes += bytes;
    }

    /// How many bytes the events have that aren't done.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many events aren't done.
    pub(crate) fn undone(&self) -> usize {
        self.undone
    }

    /// The seqs of those up to this one.
    pub(crate) fn undone_upto(&self, seq: u64) -> impl Iterator<Item = u64> {
        let slots = self.slots.iter().take_while(move |slot| slot.seq <= seq);
        slots.filter(|slot| !slot.is_done).map(|slot| slot.seq)
    }

    /// An event is delivered, or dead. Gives whether it was one of these.
    pub(crate) fn done(&mut self, seq: u64) -> bool {
        let Ok(place) = self.slots.binary_search_by_key(&seq, |slot| slot.seq) else { return false };
        let slot = &mut self.slots[place];
        if std::mem::replace(&mut slot.is_done, true) {
            return false;
        }
        self.undone -= 1;
        self.bytes -= slot.bytes;
        true
    }

    /// Forgets the events that are done and before which all are; gives the last one of them.
    pub(crate) fn advance(&mut self) -> Option<(u64, Option<Uuid>)> {
        let mut last = None;
        while self.slots.front().is_some_and(|slot| slot.is_done) {
            last = self.slots.pop_front().map(|slot| (slot.seq, slot.id));
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_advances_to_the_last_event_before_which_all_are_done() {
        let mut window = Window::default();
        (1..=5).for_each(|seq| window.push(seq, None, 10));
        assert!(window.done(2) && window.done(3) && !window.done(3) && !window.done(9));
        assert_eq!((window.advance(), window.undone(), window.bytes()), (None, 3, 30));
        assert!(window.done(1));
        assert_eq!(window.advance(), Some((3, None)));
        assert_eq!(window.undone_upto(4).collect::<Vec<_>>(), [4]);
    }
}
