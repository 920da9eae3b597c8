//! Ages and dates as kubectl writes them.

use crate::api::{MicroTime, Timestamp};
use crate::kernel::SimDuration;

/// How long ago an instant was: `45s`, `5m30s`, `3h5m`, `12d`; `<unknown>` when there is none.
pub(super) fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(|| "<unknown>".to_owned(), |since| human(now.seconds_since(since)))
}

/// How long ago an instant was that is known to the microsecond.
pub(super) fn micro_age(since: Option<MicroTime>, now: Timestamp) -> String {
    const MICROS: i64 = 1_000_000;
    let seconds = |since: MicroTime| (now.secs().saturating_mul(MICROS) - since.0).div_euclid(MICROS);
    since.map_or_else(|| "<unknown>".to_owned(), |since| human(seconds(since)))
}

/// A length of time in whole seconds, as `duration.HumanDuration` of apimachinery has it.
pub(super) fn human(seconds: i64) -> String {
    match u64::try_from(seconds) {
        Ok(seconds) => SimDuration::from_secs(seconds).human(),
        // Clocks may differ a little; more than that is an error.
        Err(_) if seconds == -1 => "0s".to_owned(),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// `Wed, 01 Jan 2025 09:00:00 +0000`.
pub(super) fn date(at: Option<Timestamp>) -> String {
    let instant = at.and_then(|at| jiff::Timestamp::from_second(at.secs()).ok());
    match instant {
        Some(instant) => instant.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        None => "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
    }
}

/// As [`date`], of an instant that is known to the microsecond.
pub(super) fn micro_date(at: Option<MicroTime>) -> String {
    date(at.map(|at| Timestamp::from_secs(at.0.div_euclid(1_000_000))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now = Timestamp::from_secs(1_000_000);
        for (seconds, text) in
            [(0, "0s"), (45, "45s"), (330, "5m30s"), (90_000, "25h"), (-1, "0s"), (-2, "<invalid>")]
        {
            assert_eq!(age(Some(Timestamp::from_secs(1_000_000 - seconds)), now), text);
        }
        assert_eq!(age(None, now), "<unknown>");
        assert_eq!(micro_age(Some(MicroTime(999_999_500_000)), now), "0s");
        assert_eq!(micro_age(Some(MicroTime(998_999_999_999)), now), "16m");
    }

    #[test]
    fn dates() {
        assert_eq!(date(Some(Timestamp::from_secs(1_735_722_000))), "Wed, 01 Jan 2025 09:00:00 +0000");
        assert_eq!(date(None), "Mon, 01 Jan 0001 00:00:00 +0000");
    }
}
