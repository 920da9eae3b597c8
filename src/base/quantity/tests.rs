//! Tests of the module above.

use proptest::prelude::*;

use super::*;

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap_or_else(|error: QuantityError| panic!("{error}"))
}

#[test]
fn text_becomes_canonical() {
    for (text, canonical) in [
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("2048Ki", "2Mi"),
        ("1000k", "1M"),
        ("0.1Ki", "102400m"),
        ("0.0000000001", "1n"),
        ("-1.5n", "-2n"),
        ("1e100", "10e99"),
        ("100Ei", "9223372036854775807"),
        ("-", "0"),
        ("m", "0"),
    ] {
        assert_eq!(quantity(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn canonical_enough_text_is_kept() {
    for text in ["+1098", "14630.461k", "-2.8e1", "007", "5.", "1E-3", "23Gi"] {
        assert_eq!(quantity(text).to_string(), text);
    }
}

#[test]
fn bad_text_is_refused() {
    for text in ["", "1e", "1e+", "1mi", "1K", "1GB", "0x10", "1,000", "1-3", "NaN", " 1"] {
        assert!(text.parse::<Quantity>().is_err(), "{text}");
    }
}

#[test]
fn values_round_up() {
    assert_eq!((quantity("1500m").value(), quantity("1500m").milli_value()), (2, 1500));
    assert_eq!((quantity("-1500m").value(), quantity("1n").milli_value()), (-2, 1));
    assert_eq!(quantity("0.1Ki").value(), 103);
    assert_eq!(Quantity::from_bytes(1 << 30).value(), 1 << 30);
}

#[test]
fn values_overflow_as_upstream() {
    assert_eq!(quantity("1E").milli_value(), 0);
    assert_eq!(quantity("9223372036854775808").value(), i64::MIN);
    assert_eq!(quantity("1Ei").milli_value(), i64::MIN);
}

#[test]
fn equality_is_that_of_numbers() {
    assert_eq!(quantity("1"), quantity("1000m"));
    assert_eq!(quantity("1Ki"), quantity("1.024k"));
    assert!(quantity("-1e100") < quantity("-1n") && quantity("1e2000000000") > quantity("1e100"));
}

#[test]
fn sums_take_the_first_format() {
    let add = |a: &str, b: &str| (quantity(a) + quantity(b)).to_string();
    assert_eq!(add("1Ki", "1k"), "2024");
    assert_eq!(add("1Mi", "1Mi"), "2Mi");
    assert_eq!(add("0", "1Ki"), "1Ki");
    assert_eq!(add("0", "2Ki"), "2Ki");
    assert_eq!((quantity("1") - quantity("250m")).to_string(), "750m");
    assert_eq!((quantity("1Gi") - quantity("1Gi")).to_string(), "0");
}

#[test]
fn numbers_out_of_range_saturate() {
    let huge = quantity("1e2000000000") + quantity("1n");
    assert_eq!(huge.signum(), 1);
}

proptest! {
    #[test]
    fn text_round_trips(mantissa in any::<i64>(), exponent in -9i32..=9, format in 0..3) {
        let format = [Format::DecimalSi, Format::BinarySi, Format::DecimalExponent][format as usize];
        let original = Quantity::new(mantissa, exponent, format);
        let text = original.to_string();
        let again = quantity(&text);
        // Reading caps binary quantities, and DecimalSI has no suffix past E.
        if format == Format::DecimalExponent || exponent <= 0 {
            prop_assert_eq!(again, original);
            prop_assert_eq!(again.to_string(), text);
        }
    }

    #[test]
    fn sums_can_be_undone(a in any::<i64>(), b in any::<i64>(), x in -9i32..=9, y in -9i32..=9) {
        let (a, b) = (Quantity::new(a, x, Format::DecimalSi), Quantity::new(b, y, Format::DecimalSi));
        prop_assert_eq!(a + b - b, a);
        prop_assert_eq!(a + b, b + a);
        prop_assert_eq!((a - b).signum(), a.cmp(&b) as i32);
    }

    #[test]
    fn reading_never_panics(text in "[-+]?[0-9]{0,25}[.]?[0-9]{0,25}[eEinumkKMGTP]{0,2}[-+]?[0-9]{0,12}") {
        let _ = text.parse::<Quantity>().map(|q| (q.to_string(), q.value(), q.milli_value()));
    }
}
