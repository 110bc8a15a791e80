//! Where a line is made: in memory that the thread keeps for the next one.

use std::cell::Cell;

/// The largest buffer that a thread keeps, so that one long line doesn't occupy memory for good.
const KEPT: usize = 16 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends an empty buffer.
///
/// While it is lent, the thread has none: a field's `Serialize` that tracks an event gets another one, and if `with` panics,
/// the half line is dropped.
pub(crate) fn lend<T>(with: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    // A thread that is ending has no buffer any more.
    let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
    let answer = with(&mut buffer);
    if buffer.capacity() <= KEPT {
        buffer.clear();
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn what_was_in_a_buffer_is_gone_when_it_is_lent_again() {
        lend(|buffer| buffer.extend_from_slice(b"one line"));
        lend(|buffer| assert!(buffer.is_empty()));
    }

    #[test]
    fn who_wants_one_while_another_is_in_use_gets_one_of_their_own() {
        lend(|outer| {
            outer.extend_from_slice(b"out");
            lend(|inner| {
                assert!(inner.is_empty());
                inner.extend_from_slice(b"in");
            });
            assert_eq!(outer, b"out");
        });
        lend(|buffer| assert!(buffer.is_empty()));
    }

    #[test]
    fn after_a_panic_there_is_another() {
        let panicked = catch_unwind(|| {
            lend(|buffer| {
                buffer.extend_from_slice(b"half a li");
                panic!("in a field's `Serialize`");
            })
        });
        assert!(panicked.is_err());
        lend(|buffer| assert!(buffer.is_empty()));
    }

    #[test]
    fn a_line_is_made_where_the_one_before_was_unless_that_was_very_long() {
        lend(|buffer| buffer.reserve_exact(4000));
        lend(|buffer| assert_eq!(buffer.capacity(), 4000));
        lend(|buffer| buffer.reserve_exact(KEPT + 1));
        lend(|buffer| assert!(buffer.capacity() <= KEPT));
    }
}
