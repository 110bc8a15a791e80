//! The clock's time as a date.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, Utc};

const SECONDS_OF_A_DAY: u64 = 86_400;

thread_local! {
    // Most events are of the same day as the one before, and computing the day is the most expensive part.
    static LAST_DAY: Cell<(u64, NaiveDate)> = const { Cell::new((0, NaiveDate::from_ymd_opt(1970, 1, 1).unwrap())) };
}

/// To the microsecond, which every form of the time can hold.
#[inline]
pub(crate) fn date_of(time: SystemTime) -> DateTime<Utc> {
    let Ok(since) = time.duration_since(UNIX_EPOCH) else { return before_1970(time) };
    let day = since.as_secs() / SECONDS_OF_A_DAY;
    let (last, date) = LAST_DAY.get();
    let date = if day == last { date } else { new_day(time, day) };
    let second = u32::try_from(since.as_secs() % SECONDS_OF_A_DAY).expect("a day has fewer seconds");
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second, since.subsec_micros() * 1000);
    date.and_time(time.expect("it is a time of a day")).and_utc()
}

#[cold]
fn new_day(time: SystemTime, day: u64) -> NaiveDate {
    let date = DateTime::<Utc>::from(time).date_naive();
    LAST_DAY.set((day, date));
    date
}

#[cold]
fn before_1970(time: SystemTime) -> DateTime<Utc> {
    DateTime::<Utc>::from(time).trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_what_chrono_says_to_the_microsecond_whatever_day_was_before() {
        let times = [
            "2026-11-22T11:57:54.619377999Z",
            "2026-11-22T23:59:59.999999999Z",
            "2026-11-23T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "2024-02-29T12:00:00.000001Z",
            "2026-11-22T00:00:00.5Z",
            "9999-12-31T23:59:59Z",
        ];
        for text in times.iter().chain(times.iter().rev()) {
            let exact: DateTime<Utc> = text.parse().expect("a time in the test is RFC 3339");
            assert_eq!(date_of(exact.into()), exact.trunc_subsecs(6), "{text}");
        }
    }
}
