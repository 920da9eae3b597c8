//! "Did you mean": the valid name nearest to what was typed.

/// Names longer than this are not typing slips of a field name, and comparing them is slow.
const LONGEST_NAME: usize = 64;

/// The candidate most similar to `typed`, if one is near enough to be what was meant.
///
/// Upper and lower case are the same. About one slip (a missing, extra, wrong or swapped letter) in three
/// letters is forgiven. Of equally near candidates the first wins.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = typed.chars().count();
    if length > LONGEST_NAME {
        return None;
    }
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST_NAME)
        .map(|candidate| (strsim::osa_distance(&typed, &candidate.to_lowercase()), candidate))
        .filter(|(slips, candidate)| *slips <= (length.max(candidate.len()) / 3).max(1))
        // A one-letter name is one slip from every other one-letter name: that is no likeness.
        .filter(|(slips, candidate)| *slips < length.max(candidate.len()))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

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
