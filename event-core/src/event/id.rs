//! How an event gets its id.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{NoContext, Timestamp, Uuid};

/// The random part has 62 bits (RFC 9562, section 5.7, `rand_b`).
const RANDOM_BITS: u64 = (1 << 62) - 1;

/// Each thread counts up from a random number of its own: no lock and no shared cache line, and a call to the system's
/// random source once a thread instead of once an id.
struct Sequence {
    next: Cell<u64>,
    /// The process that the numbers are for; 0 before the first.
    process: Cell<u32>,
    /// The millisecond of the last id: in another one, the process is asked for.
    millis: Cell<u64>,
}

thread_local! {
    static SEQUENCE: Sequence =
        const { Sequence { next: Cell::new(0), process: Cell::new(0), millis: Cell::new(0) } };
}

/// A `UUIDv7` whose timestamp is `created`, so that ids sort by when things happened.
///
/// The 12 bits after the milliseconds hold the fraction of a millisecond (RFC 9562, section 6.2, method 3).
/// Times before 1970 get the timestamp 0.
pub(crate) fn new_id(created: SystemTime) -> Uuid {
    with_random_part(created, next(created))
}

#[inline]
fn with_random_part(created: SystemTime, random: u64) -> Uuid {
    let since = created.duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanos_of_milli = u64::from(since.subsec_nanos() % 1_000_000);
    let fraction = nanos_of_milli * 4096 / 1_000_000;
    let high = (millis(created) << 16) | (0x7 << 12) | fraction;
    let low = (0b10 << 62) | (random & RANDOM_BITS);
    Uuid::from_u64_pair(high, low)
}

#[inline]
fn millis(created: SystemTime) -> u64 {
    let since = created.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1000 + u64::from(since.subsec_millis())
}

/// The next random part. Asking for the process costs more than all the rest, so this happens once a millisecond: a fork
/// takes longer.
#[inline]
fn next(created: SystemTime) -> u64 {
    SEQUENCE.with(|sequence| {
        let millis = millis(created);
        if sequence.millis.replace(millis) != millis || sequence.next.get() == 0 {
            sequence.follow_process();
        }
        let next = sequence.next.get();
        sequence.next.set(next.wrapping_add(1));
        next
    })
}

/// Makes sure that a forked process doesn't continue its parent's numbers. Called for a given time, which both processes may
/// give; the clock's time differs between them.
#[cold]
pub(crate) fn follow_process() {
    SEQUENCE.with(Sequence::follow_process);
}

impl Sequence {
    #[cold]
    fn follow_process(&self) {
        // On platforms without processes, asking for this one panics.
        let process = if cfg!(unix) { std::process::id() } else { 1 };
        if self.process.replace(process) != process || self.next.get() == 0 {
            let random = Uuid::new_v7(Timestamp::from_unix(NoContext, 0, 0));
            self.next.set(random.as_u64_pair().1);
        }
    }
}

/// An id that is made at its first use, and costs nothing before.
///
/// Only its random part is kept: the rest is the time, which the event has.
#[derive(Debug, Default)]
pub(crate) struct LazyId {
    /// 0 before the first use.
    random: AtomicU64,
}

impl LazyId {
    #[inline]
    pub(crate) fn get_or_make(&self, created: SystemTime) -> Uuid {
        let random = match self.random.load(Relaxed) {
            0 => self.make(created),
            random => random,
        };
        with_random_part(created, random)
    }

    #[inline]
    fn make(&self, created: SystemTime) -> u64 {
        // A bit outside of the id keeps it from being 0.
        let new = next(created) | !RANDOM_BITS;
        match self.random.compare_exchange(0, new, Relaxed, Relaxed) {
            Ok(_) => new,
            Err(made_meanwhile) => made_meanwhile,
        }
    }
}

/// The id, if it was made.
impl Clone for LazyId {
    #[inline]
    fn clone(&self) -> Self {
        Self { random: AtomicU64::new(self.random.load(Relaxed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<chrono::DateTime<chrono::Utc>>().expect("a time in the test is RFC 3339").into()
    }

    #[test]
    fn an_id_is_a_uuidv7_with_the_milliseconds_of_created() {
        let id = new_id(at("2026-11-22T11:57:54.619377Z"));
        assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
        assert_eq!(id.as_u64_pair().0 >> 16, 1_795_348_674_619);
    }

    #[test]
    fn ids_of_a_later_time_sort_later_within_one_millisecond() {
        let earlier = new_id(at("2026-11-22T11:57:54.619001Z"));
        let later = new_id(at("2026-11-22T11:57:54.619002Z"));
        assert!(earlier < later);
    }

    #[test]
    fn ids_of_one_instant_differ_also_between_threads() {
        let instant = at("2026-11-22T11:57:54Z");
        let make = move || (0..1000).map(|_| new_id(instant)).collect::<Vec<_>>();
        let other = std::thread::spawn(make);
        let mut ids = make();
        ids.extend(other.join().expect("making ids doesn't panic"));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2000);
    }

    #[test]
    fn an_id_that_is_asked_for_twice_or_by_a_copy_is_the_same() {
        let created = at("2026-11-22T11:57:54.619377Z");
        let id = LazyId::default();
        let made = id.get_or_make(created);
        assert_eq!(id.get_or_make(created), made);
        assert_eq!(id.clone().get_or_make(created), made);
        assert_ne!(LazyId::default().get_or_make(created), made);
    }

    /// As a child finds the sequence of its parent.
    fn fork() {
        SEQUENCE.with(|sequence| {
            sequence.next.set(17);
            sequence.process.set(std::process::id() + 1);
        });
    }

    #[test]
    fn a_forked_process_has_ids_of_its_own_also_for_a_time_that_is_given() {
        let created = at("2026-11-22T11:57:54.619377Z");
        let of_parent = with_random_part(created, 17);
        fork();
        assert_ne!(new_id(created), of_parent, "the clock has gone on");
        fork();
        follow_process();
        assert_ne!(new_id(created), of_parent, "the time is given");
        follow_process();
        let id = new_id(created);
        follow_process();
        let following = id.as_u64_pair().1 + 1;
        assert_eq!(new_id(created).as_u64_pair().1, following, "it is the same process");
    }

    #[test]
    fn a_time_before_1970_has_an_id() {
        assert_eq!(new_id(at("1969-07-20T20:17:40Z")).as_u64_pair().0 >> 16, 0);
    }
}
