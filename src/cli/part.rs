//! One output file under way: written beside its final name, so that a name without `.part` means a whole file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A mistake with a file, and which file it was.
pub(super) fn about(path: &Path) -> impl Fn(io::Error) -> String + '_ {
    move |error| format!("cannot write {}: {error}", path.display())
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A file that grows. One that is gone on with is compared, as far as it was said to be right, with what is written
/// again; only then does it grow.
pub(super) struct PartFile {
    path: PathBuf,
    file: File,
    /// Bytes that are there already and have to come again.
    expected: u64,
}

impl PartFile {
    /// An empty file.
    pub(super) fn create(path: PathBuf) -> Result<Self, String> {
        let part = part_of(&path);
        let file = File::create(&part).map_err(about(&part))?;
        Ok(Self { path, file, expected: 0 })
    }

    /// A file whose first `expected` bytes are those of an earlier run, be it under way or finished.
    pub(super) fn go_on(path: PathBuf, expected: u64) -> Result<Self, String> {
        let part = part_of(&path);
        if !part.exists() && path.exists() {
            fs::rename(&path, &part).map_err(about(&part))?;
        }
        let unreadable = |error: io::Error| format!("cannot go on with {}: {error}", part.display());
        let file = OpenOptions::new().read(true).write(true).open(&part).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        if length < expected {
            return Err(format!(
                "cannot go on with {}: it has {length} bytes, and had {expected} at the checkpoint; use --out to write \
                 everything anew elsewhere",
                part.display()
            ));
        }
        let mut part = Self { path, file, expected };
        part.cut_if_compared().map_err(|error| error.to_string())?;
        Ok(part)
    }

    /// Gives the file its final name.
    pub(super) fn finish(path: &Path) -> Result<(), String> {
        fs::rename(part_of(path), path).map_err(about(path))
    }

    /// How long the file is on disk.
    pub(super) fn length(path: &Path) -> Result<u64, String> {
        let part = part_of(path);
        fs::metadata(&part).map(|metadata| metadata.len()).map_err(about(&part))
    }

    /// Writes a small file in one piece: either all of it is there, or nothing.
    pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), String> {
        let part = part_of(path);
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&part, path)).map_err(about(path))
    }

    /// Drops what comes after the part that was compared.
    fn cut_if_compared(&mut self) -> io::Result<()> {
        if self.expected == 0 {
            let end = io::Seek::stream_position(&mut self.file)?;
            self.file.set_len(end)?;
        }
        Ok(())
    }

    fn compare(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(usize::try_from(self.expected).unwrap_or(usize::MAX));
        let mut there = vec![0; length];
        self.file.read_exact(&mut there)?;
        if there != bytes[..length] {
            return Err(io::Error::other("what is there is not what the run wrote: it was changed since"));
        }
        self.expected -= length as u64;
        self.cut_if_compared()?;
        Ok(length)
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = if self.expected > 0 { self.compare(bytes) } else { self.file.write(bytes) };
        done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
