//! Columns of text: elastic tab stops, as Go's `text/tabwriter` sets them.
//!
//! The cells of a line are separated by tabs. A column is a block of adjacent lines that all have that cell; it is
//! as wide as its widest cell and the padding. The last cell of a line belongs to no column, so no line ends in
//! blanks.

/// How columns are set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tabs {
    minimum: usize,
    padding: usize,
}

/// Tables of `get`.
pub(super) const TABLE: Tabs = Tabs { minimum: 6, padding: 3 };
/// Pages of `describe`.
pub(super) const PAGE: Tabs = Tabs { minimum: 0, padding: 2 };

impl Tabs {
    /// Lines of cells as text.
    pub(super) fn align(self, lines: &[Vec<String>]) -> String {
        self.set(lines, None)
    }

    /// As [`Tabs::align`], with columns at least as wide as in earlier calls with the same memory: for tables that
    /// grow while they are shown.
    pub(super) fn align_remembering(self, lines: &[Vec<String>], memory: &mut Vec<usize>) -> String {
        self.set(lines, Some(memory))
    }

    fn set(self, lines: &[Vec<String>], memory: Option<&mut Vec<usize>>) -> String {
        let mut setting = Setting { tabs: self, memory, widths: Vec::new(), out: String::new() };
        setting.block(lines);
        setting.out
    }

    /// Text with tabs between cells.
    pub(super) fn align_text(self, text: &str) -> String {
        let lines: Vec<Vec<String>> =
            text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
        self.align(&lines)
    }
}

struct Setting<'a> {
    tabs: Tabs,
    memory: Option<&'a mut Vec<usize>>,
    /// Of the columns that the current block has, from the left.
    widths: Vec<usize>,
    out: String,
}

impl Setting<'_> {
    /// Sets lines that have all columns in `widths`; finds the blocks of the next column among them.
    fn block(&mut self, lines: &[Vec<String>]) {
        let column = self.widths.len();
        let has_column = |line: &Vec<String>| line.len() > column + 1;
        let mut rest = lines;
        while let Some(start) = rest.iter().position(has_column) {
            self.write(&rest[..start]);
            rest = &rest[start..];
            let length = rest.iter().take_while(|line| has_column(line)).count();
            let (block, after) = rest.split_at(length);
            let widest = block.iter().map(|line| width(&line[column])).max().unwrap_or(0);
            let width = self.remember(column, (widest + self.tabs.padding).max(self.tabs.minimum));
            self.widths.push(width);
            self.block(block);
            self.widths.pop();
            rest = after;
        }
        self.write(rest);
    }

    /// The width of a column, given what it was before.
    fn remember(&mut self, column: usize, width: usize) -> usize {
        let Some(memory) = &mut self.memory else { return width };
        if memory.len() <= column {
            memory.resize(column + 1, 0);
        }
        memory[column] = memory[column].max(width);
        memory[column]
    }

    fn write(&mut self, lines: &[Vec<String>]) {
        for line in lines {
            for (at, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                if at + 1 < line.len()
                    && let Some(column_width) = self.widths.get(at)
                {
                    let blanks = column_width.saturating_sub(width(cell));
                    self.out.extend(std::iter::repeat_n(' ', blanks));
                }
            }
            self.out.push('\n');
        }
    }
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_table_has_three_blanks_between_columns() {
        let table = lines("NAME|READY|AGE\nweb-1|1/1|5s\nweb-long-name|0/1|10m");
        let expected = "\
NAME            READY   AGE
web-1           1/1     5s
web-long-name   0/1     10m
";
        assert_eq!(TABLE.align(&table), expected);
    }

    #[test]
    fn an_empty_column_is_six_wide() {
        assert_eq!(TABLE.align(&lines("A||B\nx||y")), "A           B\nx           y\n");
    }

    #[test]
    fn blocks_of_a_page_are_set_apart() {
        let page =
            "Name:\tweb\nLabels:\ta=b\n\tc=d\nContainers:\n  app:\n    Image:\tx\n    Container ID:\ty\n";
        let expected = "\
Name:    web
Labels:  a=b
         c=d
Containers:
  app:
    Image:         x
    Container ID:  y
";
        assert_eq!(PAGE.align_text(page), expected);
    }

    #[test]
    fn a_growing_table_keeps_its_columns() {
        let mut memory = Vec::new();
        assert_eq!(TABLE.align_remembering(&lines("a-long-name|x"), &mut memory), "a-long-name   x\n");
        assert_eq!(TABLE.align_remembering(&lines("b|y"), &mut memory), "b             y\n");
    }
}
