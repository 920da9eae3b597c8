//! Reading schedules.

use super::{CronError, Days, Dialect, Fields, Kind, Schedule, duration};

/// The values that a field may have, and their names in order from `min` on.
struct Bounds {
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS_OF_MONTH: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAYS_OF_WEEK: Bounds =
    Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The allowed values of one field.
#[derive(Clone, Copy)]
struct Field {
    bits: u64,
    star: bool,
}

pub(super) fn schedule(text: &str, dialect: Dialect) -> Result<Schedule, CronError> {
    if text.is_empty() {
        return Err(CronError::new("Empty spec string"));
    }
    if text.starts_with('@') {
        return descriptor(text);
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, of_month, months, of_week] = words.as_slice() else {
        return Err(CronError::new(format!("Expected exactly 5 fields, found {}: {text}", words.len())));
    };
    let minutes = field(minutes, &MINUTES, dialect)?;
    let hours = field(hours, &HOURS, dialect)?;
    let of_month = field(of_month, &DAYS_OF_MONTH, dialect)?;
    let months = field(months, &MONTHS, dialect)?;
    let of_week = field(of_week, &DAYS_OF_WEEK, dialect)?;
    Ok(fields(minutes.bits, hours.bits, of_month, months.bits, of_week))
}

fn fields(minutes: u64, hours: u64, of_month: Field, months: u64, of_week: Field) -> Schedule {
    let both = of_month.star || of_week.star;
    let days = Days { of_month: of_month.bits, of_week: of_week.bits, both };
    Schedule(Kind::Fields(Fields { minutes, hours, days, months }))
}

fn descriptor(text: &str) -> Result<Schedule, CronError> {
    let all = |bounds: &Bounds| Field { bits: range_bits(bounds.min, bounds.max, 1), star: true };
    let first = |bounds: &Bounds| Field { bits: 1 << bounds.min, star: false };
    let (dom, month, dow) = (&DAYS_OF_MONTH, &MONTHS, &DAYS_OF_WEEK);
    Ok(match text {
        "@yearly" | "@annually" => fields(1, 1, first(dom), first(month).bits, all(dow)),
        "@monthly" => fields(1, 1, first(dom), all(month).bits, all(dow)),
        "@weekly" => fields(1, 1, all(dom), all(month).bits, first(dow)),
        "@daily" | "@midnight" => fields(1, 1, all(dom), all(month).bits, all(dow)),
        "@hourly" => fields(1, all(&HOURS).bits, all(dom), all(month).bits, all(dow)),
        _ => {
            let Some(length) = text.strip_prefix("@every ") else {
                return Err(CronError::new(format!("Unrecognized descriptor: {text}")));
            };
            let Some(nanos) = duration::nanos(length) else {
                return Err(CronError::new(format!(
                    "Failed to parse duration {text}: invalid duration {length:?}"
                )));
            };
            Schedule(Kind::Every((nanos / 1_000_000_000).max(1)))
        }
    })
}

/// A list of ranges. Empty parts of the list allow nothing, and so may the whole list.
fn field(text: &str, bounds: &Bounds, dialect: Dialect) -> Result<Field, CronError> {
    let mut field = Field { bits: 0, star: false };
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let part = range(part, bounds, dialect)?;
        field.bits |= part.bits;
        field.star |= part.star;
    }
    Ok(field)
}

/// `number | "*" | "?" ["-" number] ["/" step]`; with a step, a single number means "from there to the end".
fn range(text: &str, bounds: &Bounds, dialect: Dialect) -> Result<Field, CronError> {
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let mut star = matches!(ends[0], "*" | "?");
    let (start, mut end) = if star {
        (bounds.min, bounds.max)
    } else {
        let start = number_or_name(ends[0], bounds)?;
        match ends.as_slice() {
            [_] => (start, start),
            [_, end] => (start, number_or_name(end, bounds)?),
            _ => return Err(CronError::new(format!("Too many hyphens: {text}"))),
        }
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if ends.len() == 1 {
                end = bounds.max;
            }
            star &= dialect == Dialect::V1 || step <= 1;
            step
        }
        _ => return Err(CronError::new(format!("Too many slashes: {text}"))),
    };
    let problem = if start < bounds.min {
        format!("Beginning of range ({start}) below minimum ({})", bounds.min)
    } else if end > bounds.max {
        format!("End of range ({end}) above maximum ({})", bounds.max)
    } else if start > end {
        format!("Beginning of range ({start}) beyond end of range ({end})")
    } else if step == 0 {
        "Step of range should be a positive number".to_owned()
    } else {
        return Ok(Field { bits: range_bits(start, end, step), star });
    };
    Err(CronError::new(format!("{problem}: {text}")))
}

fn range_bits(start: u32, end: u32, step: u32) -> u64 {
    (start..=end).step_by(step as usize).fold(0, |bits, value| bits | 1 << value)
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u32, CronError> {
    let name = text.to_lowercase();
    match bounds.names.iter().position(|known| *known == name) {
        Some(at) => Ok(bounds.min + at as u32),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, CronError> {
    let number: i64 = text
        .parse()
        .map_err(|_| CronError::new(format!("Failed to parse int from {text}: invalid syntax")))?;
    if number < 0 {
        return Err(CronError::new(format!("Negative number ({number}) not allowed: {text}")));
    }
    // More than any field allows in any case.
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}
