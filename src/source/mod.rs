//! Text files with places: from YAML or JSON text to typed values, without losing line and column.
//!
//! The way of a file through this room:
//!
//! ```text
//! load      paths            -> SourceFile   the only module that touches files
//! parse     SourceFile       -> Document     a tree of nodes, each knowing where it was written
//! de        Node             -> any serde type, plus the unknown fields met on the way
//! diagnostic, render         a problem at a place, shown the way rustc shows it
//! ```
//!
//! Why a tree of our own: a manifest is read in steps (which kind is it, then its fields, then what the
//! fields mean together), and every step must be able to name the line it complains about, also for a
//! path like `spec.template.spec.containers[0].image` that turns out to be wrong much later. The tree is
//! also the one place with hard limits: hostile or broken input ends in a located error, never in a
//! panic, an overflowing stack or gigabytes of memory.
//!
//! This room knows nothing of Kubernetes kinds. It does follow the reading rules of `kubectl` where they
//! differ from plain YAML 1.2: `0644` is octal, `yes` can be a boolean, `null` means "not set".
//!
//! ```
//! use shakedown::source::{SourceFile, from_node, parse};
//!
//! #[derive(serde::Deserialize)]
//! struct Web { replicas: u32 }
//!
//! let file = SourceFile::new("web.yaml", "replicas: 3\nimagee: nginx\n");
//! let documents = parse(&file).map_err(|problem| problem.one_line()).unwrap();
//! let (web, unknown) = from_node::<Web>(&documents[0].root).unwrap();
//! assert_eq!(web.replicas, 3);
//! assert_eq!((unknown[0].path.as_str(), unknown[0].span.line), ("imagee", 2));
//! ```

mod build;
pub mod de;
pub mod diagnostic;
mod edit;
pub mod file;
mod json;
pub mod load;
pub mod parse;
pub mod path;
mod render;
mod scalar;
mod suggest;
mod syntax;
pub mod tree;
mod value;

#[cfg(test)]
mod tests;

pub use de::{DecodeError, UnknownField, from_node, from_node_at, from_node_seed};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use edit::set_field;
pub use file::{SourceFile, Span};
pub use load::load;
pub use parse::{parse, parse_lenient};
pub use path::Path;
pub use scalar::quoted;
pub use suggest::nearest;
pub use tree::{Document, Entry, Key, Kind, Node, Place, Scalar, Style};
