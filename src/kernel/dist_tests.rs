//! Tests of `dist`: golden samples, moments, monotony, refusals.

use super::*;
use crate::kernel::Streams;
use proptest::prelude::*;

fn all_shapes() -> Vec<(&'static str, Distribution)> {
    let named = [
        ("constant", Distribution::constant(2.5)),
        ("uniform", Distribution::uniform(1.0, 3.0)),
        ("normal", Distribution::normal(4.0, 0.5)),
        ("half cut normal", Distribution::normal(0.0, 2.0)),
        ("bounded normal", Distribution::truncated_normal(1.0, 1.0, 2.0, 4.0)),
        ("log-normal", Distribution::log_normal(2.0, 0.5)),
        ("log-normal by mean", Distribution::log_normal_from_mean(2.0, 1.0)),
        ("exponential", Distribution::exponential(2.0)),
        ("weibull", Distribution::weibull(2.0, 1.5)),
        ("empirical", Distribution::empirical(&[3.0, 1.0, 2.0])),
        ("weighted", Distribution::empirical_weighted(&[1.0, 10.0], &[3.0, 1.0])),
    ];
    named.into_iter().map(|(name, distribution)| (name, distribution.expect(name))).collect()
}

/// Mean and standard deviation in closed form, in the order of `all_shapes`.
const MOMENTS: [(f64, f64); 11] = [
    (2.5, 0.0),
    (2.0, 0.577_350),
    (4.0, 0.5),
    (1.595_769, 1.205_620), // 2 sqrt(2/pi), 2 sqrt(1 - 2/pi)
    (2.510_050, 0.416_477),
    (2.266_297, 1.207_791), // 2 exp(1/8), mean sqrt(exp(1/4) - 1)
    (2.0, 1.0),
    (2.0, 2.0),
    (1.805_491, 1.225_789), // 2 G(5/3), 2 sqrt(G(7/3) - G(5/3)^2)
    (2.0, 0.816_497),
    (3.25, 3.897_114),
];

#[test]
fn moments_are_right() {
    // Quantiles at the midpoints of equal strips: a numerical integral over u, with no noise in it.
    let strips = 200_000;
    for ((name, distribution), (mean, sd)) in all_shapes().into_iter().zip(MOMENTS) {
        let samples = (0..strips).map(|k| distribution.sample((f64::from(k) + 0.5) / f64::from(strips)));
        let (sum, squares) = samples.fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        let got_mean = sum / f64::from(strips);
        let got_sd = (squares / f64::from(strips) - got_mean * got_mean).max(0.0).sqrt();
        assert!((got_mean - mean).abs() < 1e-3, "{name}: mean {got_mean}, not {mean}");
        assert!((got_sd - sd).abs() < 2e-3, "{name}: sd {got_sd}, not {sd}");
    }
}

/// These may never change: every recorded digest depends on them.
#[test]
fn golden_samples() {
    let draws = Streams::new(42).stream("golden", "samples");
    for (index, (name, distribution)) in all_shapes().into_iter().enumerate() {
        let sample = distribution.sample(draws.open_unit_at(index as u64));
        assert_eq!(sample.to_bits(), GOLDEN[index], "{name}: {sample}");
    }
}

const GOLDEN: [u64; 11] = [
    0x4004_0000_0000_0000, // 2.5
    0x4000_837a_0297_6b64, // 2.0641975595912516
    0x400f_00ad_b944_db43, // 3.8753313516748746
    0x3ff8_a750_8836_cc55, // 1.5408482857572114
    0x4002_058a_6439_2201, // 2.252705367082172
    0x4009_60c1_80aa_d948, // 3.1722440769328024
    0x400e_c996_40ca_cd73, // 3.8484311162844107
    0x4016_f12b_7ebd_6e07, // 5.7355174830549975
    0x4005_fe07_f29d_4414, // 2.749038596557975
    0x3ff0_0000_0000_0000, // 1
    0x3ff0_0000_0000_0000, // 1
];

#[test]
fn durations_saturate() {
    let sample = |value| Distribution::constant(value).unwrap().sample_duration(0.5);
    assert_eq!(sample(1.5), SimDuration::from_millis(1_500));
    assert_eq!(sample(-1.0), SimDuration::ZERO);
    assert_eq!(sample(1e300), SimDuration::MAX);
}

#[test]
fn a_table_gives_its_values_by_weight() {
    let table = Distribution::empirical_weighted(&[5.0, 1.0, 9.0], &[1.0, 1.0, 0.0]).unwrap();
    assert_eq!([0.1, 0.5, 0.51, 0.999].map(|u| table.sample(u) as u32), [1, 1, 5, 5]);
    assert_eq!(table, Distribution::empirical(&[1.0, 5.0]).unwrap());
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let cases = [
        (Distribution::constant(nan), "value is NaN, but must be a finite number"),
        (Distribution::uniform(2.0, 1.0), "the lower bound 2 is above the upper bound 1"),
        (Distribution::uniform(0.0, inf), "high is inf, but must be a finite number"),
        (Distribution::normal(1.0, -0.5), "sd is -0.5, but must not be negative"),
        (Distribution::normal(-100.0, 1.0), "never falls between 0 and inf"),
        (Distribution::normal(-1.0, 0.0), "never falls between 0 and inf"),
        (Distribution::truncated_normal(0.0, 1.0, nan, 1.0), "min is NaN"),
        (Distribution::truncated_normal(0.0, 1.0, 1.0, 0.0), "above the upper bound"),
        (Distribution::log_normal(0.0, 1.0), "median is 0, but must be above zero"),
        (Distribution::log_normal_from_mean(1.0, nan), "sd is NaN"),
        (Distribution::exponential(-2.0), "mean is -2, but must be above zero"),
        (Distribution::weibull(1.0, 0.0), "shape is 0"),
        (Distribution::empirical(&[]), "needs a value"),
        (Distribution::empirical_weighted(&[1.0], &[0.0]), "needs a value"),
        (Distribution::empirical_weighted(&[1.0], &[]), "1 values, but 0 weights"),
        (Distribution::empirical_weighted(&[1.0], &[-1.0]), "weight is -1"),
    ];
    for (result, message) in cases {
        let error = result.expect_err(message).to_string();
        assert!(error.contains(message), "{error}, not {message}");
    }
}

#[test]
#[should_panic(expected = "between 0 and 1, not 1")]
fn the_ends_of_the_unit_interval_are_refused() {
    let _ = Distribution::exponential(1.0).unwrap().sample(1.0);
}

proptest! {
    #[test]
    fn larger_draws_give_no_smaller_samples(a in 1..1_u64 << 53, b in 1..1_u64 << 53) {
        let unit = |k: u64| k as f64 / (1_u64 << 53) as f64;
        for (name, distribution) in all_shapes() {
            let (low, high) = (distribution.sample(unit(a.min(b))), distribution.sample(unit(a.max(b))));
            prop_assert!(low <= high * (1.0 + 1e-14), "{}: {} then {}", name, low, high);
            prop_assert!(low.is_finite() && low >= 0.0);
        }
    }

    #[test]
    fn truncated_normals_stay_between_their_bounds(
        mean in -5.0..5.0_f64, sd in 0.1..3.0_f64, min in -5.0..5.0_f64, width in 0.0..5.0_f64, u in 1e-15..0.999_999_f64
    ) {
        if let Ok(normal) = Distribution::truncated_normal(mean, sd, min, min + width) {
            prop_assert!((min..=min + width).contains(&normal.sample(u)));
        }
    }
}
