//! The help line for a wrong name: what was probably meant, or what is valid.

pub use crate::base::suggest::nearest;

/// The help line for a wrong name: the nearest candidate, or all of them if they are few.
pub(super) fn help_for(typed: &str, candidates: &[&str]) -> Option<String> {
    if let Some(near) = nearest(typed, candidates.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match candidates {
        [] => None,
        [only] => Some(format!("the only valid name here is `{only}`")),
        [..] if candidates.len() <= 12 => Some(format!("valid names are `{}`", candidates.join("`, `"))),
        [..] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_but_not_strangers() {
        let fields = ["replicas", "selector", "template", "image", "imagePullPolicy", "x"];
        for (typed, meant) in [
            ("replcas", Some("replicas")),
            ("Replicas", Some("replicas")),
            ("relpicas", Some("replicas")),
            ("imagepullpolicy", Some("imagePullPolicy")),
            ("imag", Some("image")),
            ("colour", None),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, fields), meant, "{typed}");
        }
        assert_eq!(nearest(&"replicas".repeat(100_000), fields), None);
    }
}
