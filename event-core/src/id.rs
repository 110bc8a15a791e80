//! How an event gets its id.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

/// The random part has 62 bits (RFC 9562, section 5.7, `rand_b`).
const RANDOM_BITS: u64 = (1 << 62) - 1;

thread_local! {
    // Each thread counts up from a random number of its own: no lock and no shared cache line,
    // and a call to the system's random source once a thread instead of once an id.
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// A `UUIDv7` whose timestamp is `created`, so that ids sort by when things happened.
///
/// The 12 bits after the milliseconds hold the fraction of a millisecond (RFC 9562, section 6.2, method 3).
/// Times before 1970 get the timestamp 0.
pub(crate) fn new_id(created: SystemTime) -> Uuid {
    let since = created.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = since.as_secs() * 1000 + u64::from(since.subsec_millis());
    let nanos_of_milli = u64::from(since.subsec_nanos() % 1_000_000);
    let fraction = nanos_of_milli * 4096 / 1_000_000;
    let high = (millis << 16) | (0x7 << 12) | fraction;
    let low = (0b10 << 62) | (next() & RANDOM_BITS);
    Uuid::from_u64_pair(high, low)
}

fn next() -> u64 {
    let next = match NEXT.get() {
        0 => Uuid::now_v7().as_u64_pair().1,
        counted => counted,
    };
    NEXT.set(next.wrapping_add(1));
    next
}

/// An id that was given, or is made when somebody asks; then it stays. Until then it costs nothing.
#[derive(Debug, Default)]
pub(crate) struct LazyId(OnceLock<Uuid>);

impl LazyId {
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Uuid) -> Uuid {
        *self.0.get_or_init(make)
    }

    #[inline]
    pub(crate) fn so_far(&self) -> Option<Uuid> {
        self.0.get().copied()
    }
}

impl From<Uuid> for LazyId {
    fn from(id: Uuid) -> Self {
        Self(id.into())
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
    fn a_time_before_1970_has_an_id() {
        assert_eq!(new_id(at("1969-07-20T20:17:40Z")).as_u64_pair().0 >> 16, 0);
    }
}
