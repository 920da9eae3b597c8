//! The few styles of texts on a terminal.

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A heading.
    Bold,
    /// Of less weight.
    Faint,
}

/// The text in its style, if colour is wanted.
pub(super) fn painted(color: bool, style: Style, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let style = match style {
        Style::Bold => anstyle::Style::new().bold(),
        Style::Faint => anstyle::Style::new().dimmed(),
    };
    format!("{style}{text}{style:#}")
}
