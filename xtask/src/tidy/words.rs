//! Words that belong in certain places alone.
//!
//! Owns: no tables. Calls: `tree`. Called by: `tidy`.
//! Invariants: the key to tenant rows is named by `pg` and `core::tenancy` alone (`a_second_key_holder_is_found`); no file
//! knows the machine it was written on (`a_machine_path_is_found`).
//! After a crash: nothing is left.

use super::{Finding, tree::Tree};

/// Where `ScopeMinter` may be named: it opens every tenant's rows.
const MINTER_HOMES: &[&str] = &["crates/pg/", "crates/core/src/tenancy/", "crates/core/src/tenancy.rs"];

/// Folders of a machine. Split, so that this file does not name them.
const MACHINE_FOLDERS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Files that name such a folder for a reason: (path, folder, reason).
const MACHINE_EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "crates/pg/src/cluster/place.rs",
        MACHINE_FOLDERS[1],
        "its tests take made-up data folders below it as input",
    ),
    (
        "crates/pg/src/cluster/place.rs",
        MACHINE_FOLDERS[2],
        "its tests take made-up data folders below it as input",
    ),
];

/// Nobody but its homes names the minter of scopes.
pub(super) fn scope_minter(tree: &Tree) -> Vec<Finding> {
    let strangers = tree.sources().filter(|(path, _)| {
        path.starts_with("crates/") && !MINTER_HOMES.iter().any(|home| path.starts_with(home))
    });
    let named = strangers.flat_map(|(path, source)| {
        let lines = source.code.iter().enumerate().filter(|(_, line)| has_word(line, "ScopeMinter"));
        lines.map(move |(index, _)| {
            let text = "`ScopeMinter` is for `core::tenancy` alone: reach tenant rows through a scope, with `tenancy.run`";
            Finding::new(path, index + 1, text)
        })
    });
    named.collect()
}

/// No file names a folder of the machine it was written on.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (index, line) in text.lines().enumerate() {
            for folder in MACHINE_FOLDERS {
                let excused =
                    MACHINE_EXCEPTIONS.iter().any(|(file, named, _)| *file == path && named == folder);
                if !excused && starts_a_path(line, folder) {
                    let text = format!(
                        "names `{folder}…` of some machine: use a relative path, or a folder made for the purpose"
                    );
                    findings.push(Finding::new(path, index + 1, text));
                }
            }
        }
    }
    findings
}

/// Whether the folder stands in the line as the start of a path, not inside a longer one or an address.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "._-~}/".contains(character))
    })
}

/// Whether the word stands in the text with no letter, digit or underscore next to it.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(joins) && !text[at + word.len()..].starts_with(joins))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_key_holder_is_found() {
        let tree = Tree::of(&[
            ("crates/server/src/a.rs", "use pg::ScopeMinter;\n"),
            (
                "crates/server/src/b.rs",
                "// ScopeMinter is not ours\nlet x = \"ScopeMinter\"; struct MyScopeMinterX;\n",
            ),
            ("crates/core/src/tenancy/mod.rs", "use pg::ScopeMinter;\n"),
            ("crates/core/src/tenancy_else.rs", "\nuse pg::ScopeMinter;\n"),
            ("crates/pg/src/tenant.rs", "pub struct ScopeMinter;\n"),
        ]);
        let found = scope_minter(&tree);
        assert_eq!(
            found.iter().map(|finding| (finding.file.as_str(), finding.line)).collect::<Vec<_>>(),
            [("crates/core/src/tenancy_else.rs", 2), ("crates/server/src/a.rs", 1)]
        );
    }

    #[test]
    fn a_machine_path_is_found() {
        for folder in MACHINE_FOLDERS {
            for line in
                [format!("cd {folder}x"), format!("\"{folder}\""), format!("a={folder}b"), folder.to_string()]
            {
                assert_eq!(machine_paths(&Tree::of(&[("Makefile", &line)])).len(), 1, "{line}");
            }
            for line in [
                format!("https://example.org{folder}x"),
                format!("target{folder}x"),
                format!("${{DIR}}{folder}x"),
            ] {
                assert!(machine_paths(&Tree::of(&[("Makefile", &line)])).is_empty(), "{line}");
            }
        }
    }
}
