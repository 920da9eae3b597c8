//! Cron schedules in the local time of a place.

use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::{CronError, Dialect, Schedule};
use crate::api::timestamp::Timestamp;

/// A schedule in the time of a place.
#[derive(Clone, Debug)]
pub struct ZonedSchedule {
    schedule: Schedule,
    zone: Option<TimeZone>,
}

impl ZonedSchedule {
    /// Reads a schedule that is meant in a time zone of the IANA database; without one, in UTC.
    ///
    /// # Errors
    /// When the schedule cannot be read or there is no such zone.
    pub fn parse(text: &str, dialect: Dialect, zone: Option<&str>) -> Result<Self, CronError> {
        let schedule = Schedule::parse(text, dialect)?;
        let Some(name) = zone else { return Ok(Self { schedule, zone: None }) };
        let found = Self::zone_of(Some(name));
        let zone = found.ok_or_else(|| CronError::new(format!("unknown time zone {name}")))?;
        Ok(Self { schedule, zone: Some(zone) })
    }

    /// The zone of that name. The database is part of the program: a run reads no files.
    pub fn zone_of(name: Option<&str>) -> Option<TimeZone> {
        TimeZoneDatabase::bundled().get(name?).ok()
    }

    /// The first time after `after`. Times that a change of the clock skips do not come; of a time that comes twice the
    /// first counts.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let Some(zone) = &self.zone else { return self.schedule.next(after) };
        let instant = jiff::Timestamp::from_second(after.secs()).ok()?;
        // The schedule knows one calendar only, so local time is read as if it were UTC.
        let local = zone.to_datetime(instant);
        let mut local = Timestamp::from_secs(local.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
        loop {
            local = self.schedule.next(local)?;
            let civil = TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(local.secs()).ok()?);
            let ambiguous = zone.to_ambiguous_timestamp(civil);
            if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
                continue;
            }
            let at = Timestamp::from_secs(ambiguous.earlier().ok()?.as_second());
            if at > after {
                return Some(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, zone: &str, after: &str) -> String {
        let schedule = ZonedSchedule::parse(schedule, Dialect::V3, Some(zone)).unwrap();
        schedule.next(after.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn schedules_follow_the_clock_of_their_place() {
        assert_eq!(next("0 9 * * *", "Europe/Berlin", "2025-01-01T00:00:00Z"), "2025-01-01T08:00:00Z");
        assert_eq!(next("0 9 * * *", "Europe/Berlin", "2025-07-01T00:00:00Z"), "2025-07-01T07:00:00Z");
    }

    #[test]
    fn an_hour_that_is_skipped_has_no_run() {
        // Clocks went from 02:00 to 03:00 on 30 March 2025.
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2025-03-29T12:00:00Z"), "2025-03-31T00:30:00Z");
    }

    #[test]
    fn unknown_zones_are_refused() {
        assert!(ZonedSchedule::parse("0 9 * * *", Dialect::V3, Some("Europe/Atlantis")).is_err());
    }
}
