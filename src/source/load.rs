//! Reads files into memory: the only module of this room that touches the file system.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::file::SourceFile;

/// The largest file that is read, in bytes, unless the caller says otherwise.
///
/// A tree takes twenty to thirty times the memory of its text.
pub const MAX_FILE: u64 = 256 << 20;

/// File name extensions that are read from directories.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads files and directories in the order given.
///
/// Of a directory, all `*.yaml`, `*.yml` and `*.json` files are read, also in its subdirectories, in byte
/// order of their names; names that begin with a dot are left out. `-` is the standard input. A file that
/// is reached twice is read once. What cannot be read is a problem without a place, and the rest is
/// returned all the same.
pub fn load(paths: &[PathBuf]) -> (Vec<Arc<SourceFile>>, Diagnostics) {
    load_from(paths, &mut io::stdin(), MAX_FILE)
}

/// [`load`] with a given standard input and a limit for the size of one file.
pub fn load_from(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    max_file: u64,
) -> (Vec<Arc<SourceFile>>, Diagnostics) {
    let mut loader = Loader {
        max_file,
        files: Vec::new(),
        problems: Diagnostics::new(),
        seen: BTreeSet::new(),
        ancestors: Vec::new(),
    };
    for path in paths {
        if path.as_os_str() == "-" {
            loader.read("<stdin>", stdin);
        } else {
            loader.given(path);
        }
    }
    (loader.files, loader.problems)
}

struct Loader {
    max_file: u64,
    files: Vec<Arc<SourceFile>>,
    problems: Diagnostics,
    /// Canonical paths of the files read.
    seen: BTreeSet<PathBuf>,
    /// Canonical paths of the directories being walked, from the outermost in.
    ancestors: Vec<PathBuf>,
}

impl Loader {
    fn given(&mut self, path: &Path) {
        let files = self.files.len();
        let problems = self.problems.iter().len();
        let Some(true) = self.attempt(path, fs::metadata(path)).map(|metadata| metadata.is_dir()) else {
            if self.problems.iter().len() == problems {
                self.file(path);
            }
            return;
        };
        self.directory(path);
        if self.files.len() == files && self.problems.iter().len() == problems && !self.has_seen_below(path) {
            let message = format!("no .yaml, .yml or .json files in `{}`", path.display());
            self.problems.push(Diagnostic::warning("no-files", message));
        }
    }

    fn directory(&mut self, path: &Path) {
        let Some(canonical) = self.attempt(path, path.canonicalize()) else {
            return;
        };
        if self.ancestors.contains(&canonical) {
            let message = format!("`{}` is a link to a directory it is in", path.display());
            self.problems.push(Diagnostic::error("directory-loop", message));
            return;
        }
        let Some(mut entries) = self.attempt(path, list(path)) else {
            return;
        };
        entries.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
        self.ancestors.push(canonical);
        for entry in entries {
            if is_hidden(&entry) {
                continue;
            }
            let wanted = is_manifest(&entry);
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => self.directory(&entry),
                Ok(metadata) if metadata.is_file() && wanted => self.file(&entry),
                Err(error) if wanted => self.unreadable(&entry, &error),
                // Pipes and devices, other files, and links to nowhere that would not be read anyway.
                _ => {}
            }
        }
        self.ancestors.pop();
    }

    fn file(&mut self, path: &Path) {
        // A pipe has no canonical path; it is also never the same file twice.
        if let Ok(canonical) = path.canonicalize()
            && !self.seen.insert(canonical)
        {
            return;
        }
        if let Some(mut file) = self.attempt(path, File::open(path)) {
            self.read(&path.display().to_string(), &mut file);
        }
    }

    fn read(&mut self, name: &str, from: &mut dyn Read) {
        let mut bytes = Vec::new();
        if let Err(error) = from.take(self.max_file + 1).read_to_end(&mut bytes) {
            self.unreadable(Path::new(name), &error);
        } else if bytes.len() as u64 > self.max_file {
            let limit = self.max_file >> 20;
            let message = format!("`{name}` is larger than {limit} MiB, the limit for one file");
            self.problems.push(Diagnostic::error("too-large", message).help("split it into several files"));
        } else {
            let file = SourceFile::from_bytes(name, bytes);
            self.files.extend(self.problems.keep(file));
        }
    }

    /// True if a file below the directory was read earlier, so that it is not empty after all.
    fn has_seen_below(&self, directory: &Path) -> bool {
        let canonical = directory.canonicalize().unwrap_or_default();
        self.seen.iter().any(|file| file.starts_with(&canonical))
    }

    fn attempt<T>(&mut self, path: &Path, result: io::Result<T>) -> Option<T> {
        result.map_err(|error| self.unreadable(path, &error)).ok()
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "no such file or directory".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        let message = format!("cannot read `{}`: {reason}", path.display());
        self.problems.push(Diagnostic::error("unreadable", message));
    }
}

fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known))
}
