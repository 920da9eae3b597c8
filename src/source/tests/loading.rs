//! Files and directories to sources.

use std::fs;
use std::path::PathBuf;

use crate::source::load::{MAX_FILE, load_from};
use crate::source::{Diagnostic, load};

/// A directory of its own for one test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("shakedown-source-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn with(self, files: &[(&str, &str)]) -> Self {
        for (name, text) in files {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self
    }

    /// What loading gives: names relative to the directory, and problems in one line.
    fn load(&self, paths: &[&str], max_file: u64) -> (Vec<String>, Vec<String>) {
        let paths: Vec<_> =
            paths.iter().map(|path| if *path == "-" { path.into() } else { self.0.join(path) }).collect();
        let (files, problems) = load_from(&paths, &mut "piped: 1\n".as_bytes(), max_file);
        let folder = format!("{}/", self.0.display());
        let names = files.iter().map(|file| file.name().replace(&folder, "")).collect();
        let problems = problems.iter().map(|problem| problem.one_line().replace(&folder, "")).collect();
        (names, problems)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn reads_directories_in_byte_order_and_files_once() {
    let scratch = Scratch::new("order").with(&[
        ("b.yaml", ""),
        ("a.yml", ""),
        ("B.json", ""),
        ("sub/deep/z.yaml", ""),
        ("sub.yaml", ""),
        ("notes.txt", ""),
        (".hidden.yaml", ""),
        (".git/x.yaml", ""),
    ]);
    let (names, problems) = scratch.load(&["sub.yaml", "-", "", "notes.txt", "sub"], MAX_FILE);
    assert_eq!(names, ["sub.yaml", "<stdin>", "B.json", "a.yml", "b.yaml", "sub/deep/z.yaml", "notes.txt"]);
    assert_eq!(problems, [""; 0]);
}

#[test]
fn says_what_cannot_be_read_and_goes_on() {
    let scratch = Scratch::new("errors").with(&[("empty/readme.md", ""), ("good.yaml", "a: 1\n")]);
    fs::write(scratch.0.join("big.yaml"), vec![b' '; (1 << 20) + 1]).unwrap();
    fs::write(scratch.0.join("latin.yaml"), b"caf\xe9: 1\n").unwrap();
    let (names, problems) =
        scratch.load(&["nope.yaml", "empty", "big.yaml", "latin.yaml", "good.yaml"], 1 << 20);
    assert_eq!(names, ["good.yaml"]);
    assert_eq!(
        problems,
        [
            "error[unreadable]: cannot read `nope.yaml`: no such file or directory",
            "warning[no-files]: no .yaml, .yml or .json files in `empty`",
            "error[too-large]: `big.yaml` is larger than 1 MiB, the limit for one file (split it into several files)",
            "latin.yaml:1:4: error[not-utf8]: not UTF-8 text: bad byte at offset 3 (manifests are UTF-8 text)",
        ]
    );
    let (files, problems) = load(&[scratch.0.join("good.yaml")]);
    assert_eq!((files[0].text(), problems.is_empty()), ("a: 1\n", true));
}

#[cfg(unix)]
#[test]
fn survives_links_in_circles_and_to_nowhere() {
    let scratch = Scratch::new("links").with(&[("dir/a.yaml", ""), ("other/b.yaml", "")]);
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, scratch.0.join(at)).unwrap();
    link("..", "dir/up");
    link("nowhere", "dir/broken.yaml");
    link("nowhere", "dir/broken.txt");
    link("self.yaml", "dir/self.yaml");
    link("../other", "dir/other");
    let (names, problems) = scratch.load(&["dir"], MAX_FILE);
    assert_eq!(names, ["dir/a.yaml", "dir/other/b.yaml"]);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert_eq!(problems[0], "error[unreadable]: cannot read `dir/broken.yaml`: no such file or directory");
    assert!(problems[1].starts_with("error[unreadable]: cannot read `dir/self.yaml`: "), "{problems:?}");
    assert_eq!(problems[2], "error[directory-loop]: `dir/up/dir` is a link to a directory it is in");
}

#[test]
fn a_problem_of_the_standard_input_has_its_name() {
    let (files, problems) = load_from(&["-".into()], &mut &b"\xff\xfea\0"[..], 10);
    assert!(files.is_empty());
    let lines: Vec<_> = problems.iter().map(Diagnostic::one_line).collect();
    let expected = "<stdin>:1:1: error[not-utf8]: not UTF-8 text: bad byte at offset 0 \
        (this looks like UTF-16: save the file as UTF-8)";
    assert_eq!(lines, [expected]);
}
