//! Virtual time along the x axis.

use crate::kernel::{SimDuration, SimTime};

/// Maps virtual time to pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeScale {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) end: SimTime,
}

impl TimeScale {
    pub(super) fn x(&self, at: SimTime) -> f64 {
        let end = self.end.as_nanos().max(1) as f64;
        let part = at.as_nanos().min(self.end.as_nanos()) as f64 / end;
        self.left + (self.right - self.left) * part
    }

    /// Ticks at least `spacing` pixels apart, at round times, with their labels.
    pub(super) fn ticks(&self, spacing: f64) -> Vec<(f64, String)> {
        let room = ((self.right - self.left) / spacing).max(1.0);
        let step = tick_step(self.end.since_start(), room as u64);
        let count = self.end.as_nanos() / step.as_nanos();
        let at = |index: u64| SimTime::ZERO + step * index;
        (0..=count).map(at).map(|at| (self.x(at), tick_label(at))).collect()
    }
}

/// The finest round step that needs at most `room` ticks for `length`.
pub(in crate::report) fn tick_step(length: SimDuration, room: u64) -> SimDuration {
    const SECONDS: [u64; 25] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
        172_800, 432_000, 864_000, 1_728_000, 4_320_000, 8_640_000, 31_536_000,
    ];
    let below_a_second = (0..9).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    let steps = below_a_second.map(SimDuration::from_nanos).chain(SECONDS.map(SimDuration::from_secs));
    let enough = |step: &SimDuration| length.as_nanos() / step.as_nanos() <= room.max(1);
    steps.into_iter().find(enough).unwrap_or(SimDuration::from_secs(31_536_000 * 100))
}

/// `0s`, `90s` as `1m30s`, `5m`, `1h30m`, `2d`: what is zero is left out.
pub(super) fn tick_label(at: SimTime) -> String {
    let days = at.as_secs() / 86_400;
    let rest = SimDuration::from_nanos(at.as_nanos() - days * 86_400 * 1_000_000_000);
    if days == 0 {
        return brief(rest);
    }
    if rest == SimDuration::ZERO { format!("{days}d") } else { format!("{days}d{}", brief(rest)) }
}

/// A length in the units of Go, without units that are zero.
pub(in crate::report) fn brief(length: SimDuration) -> String {
    let text = length.to_string();
    let text = text.strip_suffix("m0s").map_or(text.clone(), |head| format!("{head}m"));
    text.strip_suffix("h0m").map_or(text.clone(), |head| format!("{head}h"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let step = |secs, room| tick_step(SimDuration::from_secs(secs), room).to_string();
        assert_eq!(step(900, 10), "2m0s");
        assert_eq!(step(900, 3), "5m0s");
        assert_eq!(step(1, 8), "200ms");
        assert_eq!(step(86_400 * 30, 10), "120h0m0s");
    }

    #[test]
    fn labels_are_short() {
        let label = |secs| tick_label(SimTime::from_secs(secs));
        assert_eq!([label(0), label(90), label(300)], ["0s", "1m30s", "5m"]);
        assert_eq!([label(3_600), label(5_400), label(86_400 * 2)], ["1h", "1h30m", "2d"]);
        assert_eq!(label(86_400 + 3_600), "1d1h");
    }
}
