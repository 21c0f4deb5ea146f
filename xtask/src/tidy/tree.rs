//! The files that the rules look at.
//!
//! Owns: no tables. Calls: git, to know which files count. Called by: every rule.
//! Invariants: only files that git knows or would add are read (`ignored_files_are_not_read`).
//! After a crash: nothing is left.

use super::rust::{self, Source};
use std::{collections::BTreeMap, fs, io, path::Path, process::Command};

/// Text files by their path from the root, `/` between folders. Other files are there without text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
    sources: BTreeMap<String, Source>,
}

impl Tree {
    /// Reads the work tree: tracked files and new ones that no ignore rule names.
    pub(crate) fn load(root: &Path) -> io::Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()?;
        if !listed.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).trim().to_owned()));
        }
        let mut files = BTreeMap::new();
        for path in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|path| !path.is_empty()) {
            match fs::read(root.join(path)) {
                Ok(bytes) => files.insert(path.to_owned(), String::from_utf8(bytes).ok()),
                // Tracked but deleted in the work tree, or a link to a folder.
                Err(_) => continue,
            };
        }
        Ok(Self::new(files))
    }

    fn new(files: BTreeMap<String, Option<String>>) -> Self {
        let sources = files
            .iter()
            .filter(|(path, _)| has_extension(path, "rs"))
            .filter_map(|(path, text)| Some((path.clone(), rust::read(text.as_deref()?))))
            .collect();
        Self { files, sources }
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|&(path, text)| (path.to_owned(), Some(text.to_owned()))).collect())
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Every text file: path and text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Every Rust file, cut into code, strings and comments.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// The Rust files of the product: below `crates/`, without files that are tests as a whole.
    pub(crate) fn product(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources().filter(|(path, _)| path.starts_with("crates/") && !is_test_file(path))
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether a file or a folder of this path is there.
    pub(crate) fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(next, _)| next.starts_with(&folder))
    }
}

/// Whether the path ends in `.extension`.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Whether the file holds tests and what they need, and nothing else.
pub(crate) fn is_test_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("crates/testkit/")
        || path.contains("/tests/")
        || path.contains("/benches/")
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, process};

    #[test]
    fn ignored_files_are_not_read() {
        let root = env::temp_dir().join(format!("tenantry-tidy-{}", process::id()));
        fs::create_dir_all(root.join("target")).unwrap();
        for (path, text) in [
            (".gitignore", "/target\n"),
            ("target/made.rs", "x"),
            ("kept.rs", "fn f() {}"),
            ("logo.png", "\u{0}"),
        ] {
            fs::write(root.join(path), text).unwrap();
        }
        fs::write(root.join("logo.png"), b"\x89PNG\xff").unwrap();
        assert!(Command::new("git").args(["init", "--quiet"]).current_dir(&root).status().unwrap().success());
        let tree = Tree::load(&root).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(tree.texts().map(|(path, _)| path).collect::<Vec<_>>(), [".gitignore", "kept.rs"]);
        assert!(tree.exists("logo.png") && !tree.exists("target"));
    }

    #[test]
    fn folders_exist_by_their_files() {
        let tree = Tree::of(&[("docs/adr/0001.md", "")]);
        assert!(
            tree.exists("docs/adr") && tree.exists("docs") && !tree.exists("doc") && !tree.exists("docs/ad")
        );
    }
}
