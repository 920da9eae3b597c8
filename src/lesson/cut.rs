//! The part of an output that matters.

/// What to keep of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Columns of its tables, by their headings; all if empty.
    pub columns: Vec<String>,
    /// Words one of which a line must have; any line if empty. The first line of a table is kept too.
    pub words: Vec<String>,
}

impl Cut {
    /// The output without what does not matter.
    pub(super) fn of(&self, output: &str) -> String {
        let tables: Vec<String> = output.split("\n\n").map(|table| self.table(table)).collect();
        tables.join("\n\n")
    }

    fn table(&self, table: &str) -> String {
        let heading = table.lines().next().unwrap_or_default();
        let is_table = heading.starts_with(char::is_uppercase) && !heading.contains(':');
        let all = spans(heading);
        let spans: Vec<_> = if self.columns.is_empty() || !is_table {
            vec![(0, usize::MAX)]
        } else {
            let of = |name: &String| all.iter().find(|(word, _)| word == name).map(|(_, span)| *span);
            self.columns.iter().filter_map(of).collect()
        };
        let kept = table.lines().enumerate().filter(|(n, line)| {
            let matters = self.words.is_empty() || self.words.iter().any(|word| line.contains(word.as_str()));
            matters || (*n == 0 && is_table)
        });
        let lines = kept.map(|(_, line)| {
            let cells =
                spans.iter().map(|(from, to)| line.chars().skip(*from).take(to - from).collect::<String>());
            cells.collect::<String>().trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The headings of a table, each with the columns of the terminal from it to the next.
fn spans(heading: &str) -> Vec<(String, (usize, usize))> {
    let mut starts = Vec::new();
    let mut blanks = 2;
    for (at, c) in heading.chars().enumerate() {
        if c != ' ' && blanks >= 2 {
            starts.push(at);
        }
        blanks = if c == ' ' { blanks + 1 } else { 0 };
    }
    let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
    let spans = starts.iter().copied().zip(ends);
    let word = |from: usize, to: usize| heading.chars().skip(from).take(to - from).collect::<String>();
    spans.map(|(from, to)| (word(from, to).trim().to_owned(), (from, to))).collect()
}

#[cfg(test)]
mod tests {
    use super::Cut;

    #[test]
    fn columns_and_lines_are_kept_by_name() {
        let table = "NAME   READY   NOMINATED NODE   AGE\nweb    1/1     <none>           60s\ndb     0/1     n1               7s\n";
        let cut = |columns: &[&str], words: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            Cut { columns: owned(columns), words: owned(words) }.of(table)
        };
        assert_eq!(cut(&["NAME", "AGE"], &[]), "NAME   AGE\nweb    60s\ndb     7s");
        assert_eq!(cut(&["NOMINATED NODE"], &["n1"]), "NOMINATED NODE\nn1");
        assert_eq!(
            cut(&[], &["db"]),
            "NAME   READY   NOMINATED NODE   AGE\ndb     0/1     n1               7s"
        );
    }
}
