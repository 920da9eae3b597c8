//! Prose and output broken into lines of a terminal, also in scripts without blanks between words.

/// Columns of a terminal that nobody has made wider.
pub const COLUMNS: usize = 80;

/// Whether a character takes two columns of a terminal.
fn is_wide(c: char) -> bool {
    c >= '\u{2e80}'
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// What must not begin a line.
const CLOSING: &str = "，。、；：！？）」』”’》…";
/// What must not end a line.
const OPENING: &str = "（「『“‘《";

/// Whether a blank belongs between two lines of a paragraph that are joined: not beside wide punctuation, and not
/// between two wide characters.
fn needs_blank(left: char, right: char) -> bool {
    let punctuation = |c: char| CLOSING.contains(c) || OPENING.contains(c);
    !(punctuation(left) || punctuation(right) || is_wide(left) && is_wide(right))
}

/// The pieces between which a line may be broken, each with whether a blank stands before it.
fn pieces(paragraph: &str) -> Vec<(bool, String)> {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    let mut last = None;
    for (n, line) in paragraph.lines().enumerate() {
        let mut blank =
            n > 0 && last.zip(line.trim_start().chars().next()).is_some_and(|(l, r)| needs_blank(l, r));
        for c in line.trim().chars() {
            if c == ' ' {
                blank = true;
                continue;
            }
            let sticks = last.is_some_and(|last: char| {
                let letters = !is_wide(last) && !is_wide(c);
                !blank && (letters || CLOSING.contains(c) || OPENING.contains(last))
            });
            match pieces.last_mut() {
                Some((_, piece)) if sticks => piece.push(c),
                _ => pieces.push((blank, c.to_string())),
            }
            (last, blank) = (Some(c), false);
        }
    }
    pieces
}

/// Breaks a paragraph anew, for what a run fills in has any length. A first line that begins with `- ` makes an item.
pub fn paragraph(text: &str, columns: usize) -> String {
    let hanging = if text.starts_with("- ") { "  " } else { "" };
    let (mut out, mut column) = (String::new(), 0);
    for (blank, piece) in pieces(text) {
        let wide = width(&piece);
        if column > 0 && column + usize::from(blank) + wide > columns {
            out.push('\n');
            out.push_str(hanging);
            column = hanging.len();
        } else if blank && column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(&piece);
        column += wide;
    }
    out
}

/// A sentence after a head: what does not fit stands below its beginning.
pub fn hanging(head: &str, text: &str, columns: usize) -> String {
    let by = width(head);
    let lines: Vec<String> = text.lines().map(|line| paragraph(line, columns - by)).collect();
    format!("{head}{}", lines.join("\n").replace('\n', &format!("\n{:by$}", "")))
}

#[cfg(test)]
mod tests {
    use super::{hanging, paragraph};

    #[test]
    fn lines_are_broken_at_blanks_and_between_wide_characters() {
        assert_eq!(paragraph("one two\nthree four", 9), "one two\nthree\nfour");
        assert_eq!(paragraph("调度器看到 Pod，\n把它绑定到节点。", 40), "调度器看到 Pod，把它绑定到节点。");
        assert_eq!(paragraph("存活探针\nliveness", 40), "存活探针 liveness");
    }

    #[test]
    fn no_line_begins_with_closing_or_ends_with_opening_punctuation() {
        assert_eq!(paragraph("一二三四，五", 8), "一二三\n四，五");
        assert_eq!(paragraph("一二三（四五）", 8), "一二三\n（四五）");
    }

    #[test]
    fn items_and_records_hang() {
        assert_eq!(paragraph("- one two three", 9), "- one two\n  three");
        assert_eq!(hanging("  1s  ", "one two three", 14), "  1s  one two\n      three");
    }
}
