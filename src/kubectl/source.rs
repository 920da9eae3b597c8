//! Where the objects come from.

use crate::api::{Kind, Object, Timestamp};

/// Something that can show the objects of a cluster at one instant: a world that is running, or a run that was
/// recorded.
pub trait ObjectSource {
    /// All objects of a kind, of one namespace or (`None`) of all. Kinds without namespaces ignore it.
    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Object>;

    /// One object, if it exists. Kinds without namespaces ignore the namespace.
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Object>;

    /// The instant that is shown; ages count to it.
    fn now(&self) -> Timestamp;
}

/// What a command has to say.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// For standard output.
    pub out: String,
    /// Lines for standard error: what was not found, what is empty.
    pub notes: Vec<String>,
    /// Whether kubectl would end with exit status 1.
    pub failed: bool,
    /// How many of the lines for standard error are errors.
    pub errors: usize,
}

impl Answer {
    /// Takes back what was said of objects that do not exist.
    pub fn forgive_not_found(&mut self) {
        let before = self.notes.len();
        self.notes.retain(|note| !note.starts_with("Error from server (NotFound)"));
        self.errors -= before - self.notes.len();
        self.failed = self.errors > 0;
    }

    /// Adds an error.
    pub fn fail(&mut self, message: impl Into<String>) {
        self.notes.push(message.into());
        self.failed = true;
        self.errors += 1;
    }
}
