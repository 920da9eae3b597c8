//! "Did you mean": the valid name nearest to what was typed.

/// Names longer than this are not typing slips, and comparing them is slow.
const LONGEST_NAME: usize = 64;

/// The candidate most similar to `typed`, if one is near enough to be what was meant.
///
/// Upper and lower case are the same. About one slip (a missing, extra, wrong or swapped letter) in three letters is
/// forgiven. Of equally near candidates the first wins.
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

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_but_not_strangers() {
        let verbs = ["get", "delete", "scale", "cordon", "uncordon", "x"];
        for (typed, meant) in [
            ("gett", Some("get")),
            ("Delete", Some("delete")),
            ("dleete", Some("delete")),
            ("cordn", Some("cordon")),
            ("paint", None),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, verbs), meant, "{typed}");
        }
        assert_eq!(nearest(&"scale".repeat(100_000), verbs), None);
    }
}
