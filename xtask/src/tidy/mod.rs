//! `cargo xtask tidy`: rules of the house that no compiler checks.
//!
//! Owns: no tables. Calls: its rules, git. Called by: `main`.
//! Invariants: each rule has a test that breaks it and sees it fail (in the rule's own file); every finding names a file, a
//! line and what to do (`findings_read_like_compiler_errors`); only files that git knows or would add are read
//! (`ignored_files_are_not_read`).
//! After a crash: nothing is left.

mod docs;
mod edges;
mod modules;
mod rust;
mod sql;
mod tree;
mod words;

use std::{fmt, path::Path, process::ExitCode};
use tree::Tree;

/// Something to put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    text: String,
}

impl Finding {
    fn new(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// Each rule looks at the whole tree and says what it finds.
const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    edges::check,
    modules::heads,
    modules::sizes,
    modules::names,
    sql::homes,
    sql::ownership,
    words::scope_minter,
    words::machine_paths,
    docs::links,
    docs::requirements,
];

fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    findings.sort();
    findings
}

/// Checks the repository at `root`; status 1 where there is something to put right.
pub(crate) fn run(root: &Path) -> ExitCode {
    let tree = match Tree::load(root) {
        Ok(tree) => tree,
        Err(error) => {
            eprintln!("tidy: cannot read the repository: {error}");
            return ExitCode::FAILURE;
        }
    };
    let findings = check(&tree);
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing to put right", tree.len());
        ExitCode::SUCCESS
    } else {
        eprintln!("tidy: {} to put right", findings.len());
        ExitCode::FAILURE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_like_compiler_errors() {
        let tree = Tree::of(&[("crates/core/src/utils.rs", "fn f() {}\n")]);
        let told: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|line| line.starts_with("crates/core/src/utils.rs:1: ")), "{told:?}");
    }
}
