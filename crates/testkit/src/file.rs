//! A file that a test gives to what it tests, gone with the test.
//!
//! Owns: nothing. Calls: nothing. Called by: the test application, tests.
//! Invariants: no other process and no other call uses its path. After a crash: it stays in the folder for temporary files.

use crate::database::scratch;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file that is removed when it is dropped.
#[derive(Debug)]
pub struct TestFile(PathBuf);

impl TestFile {
    /// With that text; `what` is part of its name.
    pub fn new(what: &str, text: &str) -> Self {
        let path = scratch(what);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // What cannot be removed is litter, and no reason to fail a test that has passed.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_when_it_is_dropped() {
        let file = TestFile::new("file", "text");
        let path = file.path().to_owned();
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
        drop(file);
        assert!(!path.exists());
    }
}
