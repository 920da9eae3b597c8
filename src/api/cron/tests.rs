//! Tests of the module above.

use super::*;

fn next(schedule: &str, after: &str) -> Option<String> {
    next_in(Dialect::V3, schedule, after)
}

fn next_in(dialect: Dialect, schedule: &str, after: &str) -> Option<String> {
    let schedule = Schedule::parse(schedule, dialect).unwrap();
    schedule.next(after.parse().unwrap()).map(|time| time.to_string())
}

#[test]
fn the_next_time_is_strictly_later() {
    assert_eq!(next("* * * * *", "2026-01-01T00:00:00Z").unwrap(), "2026-01-01T00:01:00Z");
    assert_eq!(next("0 0 29 2 *", "2024-02-29T00:00:00Z").unwrap(), "2028-02-29T00:00:00Z");
    assert_eq!(next("59 23 31 12 *", "2026-12-31T23:59:00Z").unwrap(), "2027-12-31T23:59:00Z");
    assert_eq!(next("30 2,14 * * *", "2026-03-01T02:30:00Z").unwrap(), "2026-03-01T14:30:00Z");
}

#[test]
fn some_times_never_come() {
    assert_eq!(next("0 0 30 2 *", "2026-01-01T00:00:00Z"), None);
    assert_eq!(next(", * * * *", "2026-01-01T00:00:00Z"), None);
}

#[test]
fn one_day_field_is_enough_unless_one_is_a_star() {
    // 2026-01-05 is the first Monday of that year.
    assert_eq!(next("0 0 1 * 1", "2026-01-01T00:00:00Z").unwrap(), "2026-01-05T00:00:00Z");
    assert_eq!(next("0 0 * * 1", "2026-01-01T00:00:00Z").unwrap(), "2026-01-05T00:00:00Z");
    assert_eq!(next("0 0 1 * *", "2026-01-01T00:00:00Z").unwrap(), "2026-02-01T00:00:00Z");
}

#[test]
fn dialects_differ_in_stars_with_steps() {
    let (schedule, after) = ("0 0 */2 * 1", "2026-01-01T00:00:00Z");
    assert_eq!(next_in(Dialect::V3, schedule, after).unwrap(), "2026-01-03T00:00:00Z");
    assert_eq!(next_in(Dialect::V1, schedule, after).unwrap(), "2026-01-05T00:00:00Z");
}

#[test]
fn descriptors() {
    let after = "2026-11-23T11:07:42Z";
    for (text, expected) in [
        ("@hourly", "2026-11-23T12:00:00Z"),
        ("@midnight", "2026-11-24T00:00:00Z"),
        ("@weekly", "2026-11-29T00:00:00Z"),
        ("@monthly", "2026-12-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
        ("@every 1h30m", "2026-11-23T12:37:42Z"),
        ("@every 10ms", "2026-11-23T11:07:43Z"),
    ] {
        assert_eq!(next(text, after).unwrap(), expected, "{text}");
    }
}

#[test]
fn bad_text_is_refused() {
    for text in
        ["", "* * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "1-2-3 * * * *", "@reboot"]
    {
        assert!(Schedule::parse(text, Dialect::V3).is_err(), "{text}");
    }
}
