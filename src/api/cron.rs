//! Cron schedules, in UTC.
//!
//! Follows the standard parser and `SpecSchedule.Next` of `github.com/robfig/cron`: v1, which Kubernetes 1.20 used, and
//! v3, which it uses since 1.21. Five fields (minute, hour, day of month, month, day of week), lists, ranges, steps,
//! names of months and days, `?` for `*`, and the descriptors `@hourly` ... `@yearly` and `@every 1h30m`.

mod duration;
mod parse;
mod zoned;

pub use zoned::ZonedSchedule;

use super::timestamp::Timestamp;

/// Years that are searched for the next time.
const YEARS_MAX: i16 = 5;
const MINUTE: i64 = 60;

/// Whose rules to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Dialect {
    /// v1.1: `*/2` in a day field still counts as a star.
    V1,
    /// v3.0: only a plain `*` or `*/1` does.
    #[default]
    V3,
}

/// A parsed schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fields(Fields),
    /// Whole seconds, at least 1.
    Every(i64),
}

/// One bit for each value that a field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fields {
    minutes: u64,
    hours: u64,
    days: Days,
    months: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days {
    of_month: u64,
    of_week: u64,
    /// Whether either field is a star: then both must match, otherwise one is enough.
    both: bool,
}

/// Why a text is not a schedule; worded as the library does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronError {
    /// What is wrong.
    pub message: String,
}

impl CronError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// When the text is empty, has not five fields, or a field is malformed or out of range.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, CronError> {
        parse::schedule(text, dialect)
    }

    /// The first time after `after`; `None` when there is none within five years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.0 {
            Kind::Every(seconds) => Some(after.plus_seconds(*seconds)),
            Kind::Fields(fields) => fields.next(after),
        }
    }
}

impl Fields {
    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        // Seconds are always 0, so only whole minutes qualify.
        let first = jiff::Timestamp::from_second((after.secs().div_euclid(MINUTE) + 1) * MINUTE).ok()?;
        let first = jiff::tz::TimeZone::UTC.to_datetime(first);
        let last_year = year_of(after.plus_seconds(1))?.saturating_add(YEARS_MAX);
        let mut from = Some((first.hour() as u32, first.minute() as u32));
        let mut date = first.date();
        while date.year() <= last_year {
            if !allows(self.months, date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
                from = None;
                continue;
            }
            let start = from.take().unwrap_or((0, 0));
            if self.days.allow(date)
                && let Some((hour, minute)) = self.time_from(start)
            {
                let at = date.at(hour as i8, minute as i8, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
                return Some(Timestamp::from_secs(at.timestamp().as_second()));
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The first hour and minute of a day that are allowed, from `start` on.
    fn time_from(&self, (hour, minute): (u32, u32)) -> Option<(u32, u32)> {
        if allows(self.hours, hour as i8)
            && let Some(minute) = first_from(self.minutes, minute)
        {
            return Some((hour, minute));
        }
        Some((first_from(self.hours, hour + 1)?, first_from(self.minutes, 0)?))
    }
}

impl Days {
    fn allow(&self, date: jiff::civil::Date) -> bool {
        let of_month = allows(self.of_month, date.day());
        let of_week = allows(self.of_week, date.weekday().to_sunday_zero_offset());
        if self.both { of_month && of_week } else { of_month || of_week }
    }
}

fn year_of(time: Timestamp) -> Option<i16> {
    let instant = jiff::Timestamp::from_second(time.secs()).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(instant).year())
}

fn allows(bits: u64, value: i8) -> bool {
    bits >> value & 1 == 1
}

/// The lowest allowed value that is not below `from`.
fn first_from(bits: u64, from: u32) -> Option<u32> {
    let left = bits.checked_shr(from)?;
    (left != 0).then(|| from + left.trailing_zeros())
}

#[cfg(test)]
mod tests;
