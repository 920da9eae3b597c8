//! Tables of objects: headers, rows, and the columns that flags add.

use crate::api::{Kind, Labels, Object, Timestamp};

use super::print::{cells, columns};
use super::resource::kind_with_group;
use super::tabs::TABLE;

/// What to show besides the columns of the kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableOptions<'a> {
    /// The wide columns.
    pub wide: bool,
    /// A first line with the names of the columns.
    pub headers: bool,
    /// A first column with the namespace.
    pub namespaces: bool,
    /// Names as `pod/web-1`.
    pub kinds: bool,
    /// A column with the value of each of these labels.
    pub label_columns: &'a [String],
    /// A column with all labels.
    pub show_labels: bool,
}

/// Lines of cells as kubectl sets tables.
pub fn align(lines: &[Vec<String>]) -> String {
    TABLE.align(lines)
}

impl TableOptions<'_> {
    /// The lines of a table, as cells.
    pub fn lines(&self, kind: Kind, objects: &[Object], now: Timestamp) -> Vec<Vec<String>> {
        let headers = self.headers.then(|| self.header(kind));
        headers.into_iter().chain(objects.iter().map(|object| self.row(object, now))).collect()
    }

    /// The names of the columns.
    pub fn header(&self, kind: Kind) -> Vec<String> {
        let namespaces = self.has_namespaces(kind).then(|| "NAMESPACE".to_owned());
        let own = columns(kind).iter().filter(|column| self.wide || !column.wide);
        let labels = self.label_columns.iter().map(|key| {
            // The part behind the prefix says enough.
            key.rsplit('/').next().unwrap_or_default().to_uppercase()
        });
        let all_labels = self.show_labels.then(|| "LABELS".to_owned());
        namespaces
            .into_iter()
            .chain(own.map(|column| column.header.to_owned()))
            .chain(labels)
            .chain(all_labels)
            .collect()
    }

    /// The cells of one object.
    pub fn row(&self, object: &Object, now: Timestamp) -> Vec<String> {
        let (kind, metadata) = (object.kind(), object.metadata());
        let mut row = Vec::new();
        if self.has_namespaces(kind) {
            row.push(metadata.namespace.to_string());
        }
        for (column, cell) in columns(kind).iter().zip(cells(object, now)) {
            if column.wide && !self.wide {
                continue;
            }
            let with_kind = self.kinds && column.header == "NAME";
            row.push(if with_kind { format!("{}/{cell}", kind_with_group(kind)) } else { one_line(cell) });
        }
        row.extend(self.label_columns.iter().map(|key| label(&metadata.labels, key)));
        if self.show_labels {
            row.push(metadata.labels.to_string());
        }
        row
    }

    fn has_namespaces(&self, kind: Kind) -> bool {
        self.namespaces && kind.names().namespaced
    }
}

fn label(labels: &Labels, key: &str) -> String {
    labels.get(key).map(ToString::to_string).unwrap_or_default()
}

/// A cell of several lines shows the first.
fn one_line(cell: String) -> String {
    match cell.find(['\n', '\r', '\u{c}']) {
        Some(end) => format!("{}...", &cell[..end]),
        None => cell,
    }
}
