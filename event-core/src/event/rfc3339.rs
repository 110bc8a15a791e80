//! A time as text.

use std::cell::Cell;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Timelike, Utc};

/// As long as the time is in the years 0 to 9999.
type Text = [u8; "2026-11-22T11:57:54.619377Z".len()];

thread_local! {
    // Most events are of the same second as the one before, and formatting the second is the most expensive part.
    static LAST: Cell<(NaiveDateTime, Text)> = const { Cell::new((EPOCH, *b"1970-01-01T00:00:00.000000Z")) };
}

const EPOCH: NaiveDateTime = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap().and_time(NaiveTime::MIN);

/// Appends a time as RFC 3339, in UTC and to the microsecond: `2026-11-22T11:57:54.619377Z`. Such texts sort as the times
/// do.
///
/// For plugins that write each event's time: chrono's own formatting takes twenty times as many instructions. Outside of
/// the years 0 to 9999, where RFC 3339 ends, it is what chrono writes.
///
/// ```
/// let time = "2026-11-22T11:57:54.619377Z";
/// let mut text = Vec::new();
/// event_core::plugin::write_rfc3339(time.parse().expect("it is a time"), &mut text);
/// assert_eq!(text, time.as_bytes());
/// ```
pub fn write_rfc3339(created: DateTime<Utc>, out: &mut Vec<u8>) {
    let created = created.naive_utc();
    let micros = created.nanosecond() / 1000;
    let (last, mut text) = LAST.get();
    if second_of(created) != last || is_leap(created) {
        return write_anew(created, out);
    }
    for (at, two_digits) in [(20, micros / 10_000), (22, micros / 100 % 100), (24, micros % 100)] {
        text[at] = digit(two_digits / 10);
        text[at + 1] = digit(two_digits % 10);
    }
    out.extend_from_slice(&text);
}

/// Why an event can't have this time.
pub(crate) fn fault_of_time(created: DateTime<Utc>) -> Option<String> {
    if !has_rfc3339_year(created) {
        return Some(format!("its time {created:?} is outside of the years 0 to 9999, where RFC 3339 ends"));
    }
    // Clocks count no leap seconds: it would become the second after.
    is_leap(created.naive_utc())
        .then(|| format!("its time {created:?} is in a leap second; give the second before or after it"))
}

/// Only in these years, texts sort as the times do.
pub(crate) fn has_rfc3339_year(time: DateTime<Utc>) -> bool {
    (0..=9999).contains(&time.year())
}

#[expect(clippy::cast_possible_truncation, reason = "a digit is small")]
fn digit(value: u32) -> u8 {
    b'0' + value as u8
}

fn second_of(created: NaiveDateTime) -> NaiveDateTime {
    created.with_nanosecond(0).expect("a second has a beginning")
}

/// Without its nanoseconds it would be the second before.
fn is_leap(created: NaiveDateTime) -> bool {
    created.nanosecond() >= 1_000_000_000
}

#[cold]
fn write_anew(created: NaiveDateTime, out: &mut Vec<u8>) {
    let text = created.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true);
    out.extend_from_slice(text.as_bytes());
    if let (Ok(text), false) = (text.as_bytes().try_into(), is_leap(created)) {
        LAST.set((second_of(created), text));
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// Miri is a thousand times as slow.
    const STEPS: i64 = if cfg!(miri) { 50 } else { 20_000 };

    #[track_caller]
    fn assert_like_chrono(created: DateTime<Utc>) {
        let mut line = b"before".to_vec();
        write_rfc3339(created, &mut line);
        let expected = format!("before{}", created.to_rfc3339_opts(SecondsFormat::Micros, true));
        assert_eq!(String::from_utf8_lossy(&line), expected);
    }

    #[test]
    fn a_time_is_written_as_chrono_writes_it_in_all_years_there_are() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
        for step in 0..STEPS {
            let timestamp = first + (last - first) / STEPS * step;
            let nanos = u32::try_from(step * 49_999).expect("it is less than a second");
            assert_like_chrono(DateTime::from_timestamp(timestamp, nanos).expect("it is in between"));
        }
        assert_like_chrono(DateTime::<Utc>::MIN_UTC);
        assert_like_chrono(DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn a_time_is_written_as_chrono_writes_it_whatever_second_was_before() {
        let times = [
            "2026-11-22T11:57:54.619377Z",
            "2026-11-22T11:57:54Z",
            "2026-11-22T11:57:54.000001999Z",
            "2026-11-22T11:57:55.999999999Z",
            "2016-12-31T23:59:59.5Z",
            "2016-12-31T23:59:60.5Z",
            "2017-01-01T00:00:00Z",
            "1970-01-01T00:00:00.1Z",
            "1969-12-31T23:59:59.9Z",
            "1969-12-31T23:59:59.000000001Z",
            "0000-01-01T00:00:00Z",
            "-0001-12-31T23:59:59.999999Z",
            "9999-12-31T23:59:59.999999Z",
            "+10000-01-01T00:00:00Z",
        ];
        for one in times {
            for other in times {
                let times = [one, other].map(|text| text.parse().expect("a time in the test is RFC 3339"));
                times.into_iter().for_each(assert_like_chrono);
            }
        }
    }

    #[test]
    fn times_that_follow_each_other_closely_are_written_as_chrono_writes_them() {
        let start: DateTime<Utc> = "1969-12-31T23:59:50Z".parse().expect("a time");
        for step in 0..STEPS {
            assert_like_chrono(start + TimeDelta::nanoseconds(step * 1_234_567));
        }
    }
}
