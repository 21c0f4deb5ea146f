//! Module heads, file sizes and file names.
//!
//! Owns: no tables. Calls: `tree`. Called by: `tidy`.
//! Invariants: every product file says what it owns (`a_missing_head_is_found`) and has at most 600 lines, tests aside
//! (`a_long_file_is_found`); nothing is called utils (`a_drawer_is_found`).
//! After a crash: nothing is left.

use super::{Finding, tree::Tree};

/// Lines of a file without its test modules.
const MAX_LINES: usize = 600;

/// Every product file starts with the head of the style page.
pub(super) fn heads(tree: &Tree) -> Vec<Finding> {
    let headless = tree.product().filter_map(|(path, source)| {
        let head = head(&source.text);
        let text = if head.is_empty() {
            "no module head: start with `//!` lines (what it does; Owns, Calls, Called by; Invariants; After a crash)"
        } else if !head.contains("Owns:") {
            "the module head does not say `Owns:`: name its tables, or say that it owns none"
        } else {
            return None;
        };
        Some(Finding::new(path, 1, text))
    });
    headless.collect()
}

/// The `//!` lines that a file starts with, joined, without their marks.
pub(super) fn head(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

/// No product file is longer than [`MAX_LINES`].
pub(super) fn sizes(tree: &Tree) -> Vec<Finding> {
    let long = tree.product().filter_map(|(path, source)| {
        let lines = source.product_code().count();
        (lines > MAX_LINES).then(|| {
            let text =
                format!("{lines} lines without tests, more than {MAX_LINES}: split it by what its parts do");
            Finding::new(path, MAX_LINES + 1, text)
        })
    });
    long.collect()
}

/// No file is a drawer for whatever fits nowhere.
pub(super) fn names(tree: &Tree) -> Vec<Finding> {
    let drawers = tree.sources().filter(|(path, _)| {
        ["utils.rs", "util.rs"].iter().any(|name| path.rsplit('/').next() == Some(name))
            || path.ends_with("/utils/mod.rs")
    });
    drawers
        .map(|(path, _)| Finding::new(path, 1, "named after nothing: name it after what it does"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "//! What it does.\n//!\n//! Owns: nothing.\n";

    #[test]
    fn a_missing_head_is_found() {
        let tree = Tree::of(&[
            ("crates/core/src/good.rs", HEAD),
            ("crates/core/src/none.rs", "use std::fmt;\n//! Owns: too late\n"),
            ("crates/core/src/half.rs", "//! What it does.\n"),
            ("crates/core/tests/it.rs", "fn t() {}\n"),
            ("crates/core/src/x/tests.rs", "fn t() {}\n"),
        ]);
        let found = heads(&tree);
        assert_eq!(
            found.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(),
            ["crates/core/src/half.rs", "crates/core/src/none.rs"]
        );
    }

    #[test]
    fn a_long_file_is_found() {
        let long = "fn f() {}\n".repeat(MAX_LINES + 1);
        let tested = format!("fn f() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        let tree = Tree::of(&[
            ("crates/core/src/a.rs", &long),
            ("crates/core/src/b.rs", &tested),
            ("crates/core/tests/c.rs", &long),
        ]);
        let found = sizes(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "crates/core/src/a.rs");
    }

    #[test]
    fn a_drawer_is_found() {
        let tree = Tree::of(&[
            ("crates/core/src/utils.rs", HEAD),
            ("xtask/src/utils/mod.rs", HEAD),
            ("crates/core/src/sql.rs", HEAD),
        ]);
        assert_eq!(names(&tree).len(), 2);
    }
}
