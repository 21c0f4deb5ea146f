//! Links of the documentation, and what the pages refer to that promise something.
//!
//! Owns: no tables. Calls: `tree`. Called by: `tidy`.
//! Invariants: a link into the repository leads to a file, and its anchor to a heading (`a_dead_link_is_found`); a test,
//! file or command that a page of promises names is there, in a row or in prose (`a_dead_reference_is_found`).
//! After a crash: nothing is left.

use super::{
    Finding,
    tree::{Tree, has_extension},
    words::has_word,
};

/// The pages that promise something.
const PROMISES: &[&str] = &[
    "docs/requirements.md",
    "docs/security/controls.md",
    "docs/security/isolation-strategy.md",
    "docs/security/threat-model.md",
];

/// Every relative link of every page leads somewhere.
pub(super) fn links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| has_extension(path, "md")) {
        for (line, target) in targets(text) {
            if let Some(problem) = dead(tree, path, &target) {
                findings.push(Finding::new(path, line, problem));
            }
        }
    }
    findings
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// What stands in `](…)`, outside inline code.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let plain: String = line.split('`').step_by(2).collect();
        for (at, mark) in plain.match_indices("](") {
            let rest = &plain[at + mark.len()..];
            let target = rest.split([')', ' ']).next().unwrap_or(rest);
            found.push((number, target.to_owned()));
        }
    }
    found
}

fn dead(tree: &Tree, page: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let Some(path) = resolve(page, file) else {
        return Some(format!(
            "link `{target}` leads out of the repository: link to a page in it, or to an address"
        ));
    };
    if !path.is_empty() && !tree.exists(&path) {
        return Some(format!("dead link `{target}`: there is no `{path}`"));
    }
    let anchor = anchor.filter(|_| has_extension(&path, "md"))?;
    let text = tree.text(&path)?;
    let found = prose(text).any(|(_, line)| line.starts_with('#') && slug(line) == anchor);
    (!found).then(|| format!("dead link `{target}`: `{path}` has no heading `{anchor}`"))
}

/// The path a link means, from the root; `None` above it.
fn resolve(page: &str, file: &str) -> Option<String> {
    if file.is_empty() {
        return Some(page.to_owned());
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = if file.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchor that a heading gets.
fn slug(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ if character.is_alphanumeric() => Some(character.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

/// Every test, file and command in backticks in these pages is there.
pub(super) fn requirements(tree: &Tree) -> Vec<Finding> {
    PROMISES.iter().flat_map(|page| promises(tree, page)).collect()
}

fn promises(tree: &Tree, path: &str) -> Vec<Finding> {
    let Some(page) = tree.text(path) else { return Vec::new() };
    let mut findings = Vec::new();
    for (number, line) in prose(page) {
        for name in line.split('`').skip(1).step_by(2) {
            if let Some(problem) = missing(tree, name.trim()) {
                findings.push(Finding::new(path, number, problem));
            }
        }
    }
    findings
}

fn missing(tree: &Tree, name: &str) -> Option<String> {
    let word = |text: &str| {
        text.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
    };
    if let Some(target) = name.strip_prefix("make ").and_then(|rest| rest.split(' ').next()) {
        let found = tree
            .text("Makefile")
            .is_some_and(|text| text.lines().any(|line| line.starts_with(&format!("{target}:"))));
        return (!found).then(|| format!("`{name}`: the Makefile has no target `{target}`"));
    }
    if let Some(task) = name.strip_prefix("cargo xtask ").and_then(|rest| rest.split(' ').next()) {
        let quoted = format!("Some(\"{task}\")");
        let found = tree.text("xtask/src/main.rs").is_some_and(|text| text.contains(&quoted));
        return (!found).then(|| format!("`{name}`: xtask has no task `{task}`"));
    }
    if let Some(command) = name.strip_prefix("tenantry ").and_then(|rest| rest.split(' ').next()) {
        return (word(command) && !command.starts_with('-') && !has_command(tree, command))
            .then(|| format!("`{name}`: the command line has no `{command}`"));
    }
    if name.contains("::") && name.split("::").all(word) {
        return missing_test(tree, name);
    }
    let is_path = name.contains('/')
        && !name.starts_with(['/', '-', '.'])
        && name.split('/').all(|part| !part.is_empty())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "_-./".contains(character))
        && name.rsplit('/').next().is_some_and(|last| last.contains('.'));
    (is_path && !tree.exists(name)).then(|| format!("`{name}`: there is no such file"))
}

/// `crate::module::test`: the function must be in that crate; without a crate's name in front, anywhere.
fn missing_test(tree: &Tree, name: &str) -> Option<String> {
    let (first, _) = name.split_once("::")?;
    let (_, test) = name.rsplit_once("::")?;
    let first = first.trim_start_matches("tenantry_");
    let home = if first == "xtask" { "xtask/".to_owned() } else { format!("crates/{first}/") };
    let known = tree.exists(home.trim_end_matches('/'));
    let found = tree
        .sources()
        .filter(|(path, _)| !known || path.starts_with(&home))
        .any(|(_, source)| source.code.iter().any(|line| has_word(line, "fn") && has_word(line, test)));
    (!found).then(|| format!("`{name}`: no function `{test}` there; name the test that proves it"))
}

/// A subcommand is a variant of a clap enum: `verify` is `Verify`, `migrate-control` is `MigrateControl`.
fn has_command(tree: &Tree, command: &str) -> bool {
    let variant: String = command
        .split('-')
        .flat_map(|part| {
            part.chars()
                .enumerate()
                .map(|(at, character)| if at == 0 { character.to_ascii_uppercase() } else { character })
        })
        .collect();
    let homes = ["crates/cli/src/", "crates/server/src/", "crates/tenantry/src/"];
    tree.product()
        .filter(|(path, _)| homes.iter().any(|home| path.starts_with(home)))
        .any(|(_, source)| source.product_code().any(|(_, line)| has_word(line, &variant)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_dead_link_is_found() {
        let page = |text: &str| {
            let tree = Tree::of(&[
                ("docs/a.md", text),
                ("docs/adr/0001-x.md", "# A Title: `x`, with care!\n"),
                ("README.md", ""),
            ]);
            links(&tree).len()
        };
        for text in [
            "[x](b.md)",
            "[x](adr/0002.md)",
            "[x](../../up.md)",
            "[x](adr/0001-x.md#none)",
            "# A\n[x](#b)",
            "![i](i.png)",
            "[x](../READ.md \"t\")",
        ] {
            assert_eq!(page(text), 1, "{text}");
        }
        for text in [
            "[x](adr/0001-x.md)",
            "[x](adr/0001-x.md#a-title-x-with-care)",
            "[x](../README.md)",
            "[x](/README.md)",
            "[x](adr)",
            "[x](adr/)",
            "# B c\n[x](#b-c)",
            "[x](https://example.org/b.md)",
            "[x](mailto:a@example.org)",
            "```\n[x](b.md)\n```",
            "`[x](b.md)`",
        ] {
            assert_eq!(page(text), 0, "{text}");
        }
    }

    #[test]
    fn a_dead_reference_is_found() {
        let found = |home: &str, name: &str, (before, after): (&str, &str)| {
            let page = format!("# What is promised\n\n{before}`{name}`{after}\n");
            requirements(&Tree::of(&[
                (home, &page),
                ("Makefile", "demo: build\n\techo\n"),
                ("xtask/src/main.rs", "match task { Some(\"tidy\") => {} }\n"),
                ("crates/cli/src/args.rs", "enum Command { Doctor, MigrateControl }\n// Readiness\n"),
                ("crates/pg/src/sql.rs", "fn a_test() {}\n// fn gone() {}\n"),
                ("crates/core/src/lib.rs", "async fn other_test() {}\n"),
            ]))
            .len()
        };
        let places = [("| what | how |\n|---|---|\n| a | ", " |"), ("It holds, see ", ".")];
        let problems = |name: &str| {
            let of_page = |home: &&str| places.map(|place| found(home, name, place));
            let counts: BTreeSet<usize> = PROMISES.iter().flat_map(of_page).collect();
            assert_eq!(counts.len(), 1, "{name}: the pages are held to the same, in rows and in prose");
            counts.into_iter().sum::<usize>()
        };
        for dead in [
            "pg::sql::gone",
            "pg::sql::other_test",
            "some::thing",
            "crates/pg/src/gone.rs",
            "make nothing",
            "cargo xtask bench",
            "tenantry readiness",
        ] {
            assert_eq!(problems(dead), 1, "{dead}");
        }
        for fine in [
            "pg::sql::tests::a_test",
            "tenantry_core::other_test",
            "anything::a_test",
            "crates/pg/src/sql.rs",
            "make demo",
            "cargo xtask tidy",
            "tenantry doctor --security",
            "tenantry migrate-control",
            "GET /v1/tenants",
            "application/json",
            "tenants.slug",
            "tenantry --help",
        ] {
            assert_eq!(problems(fine), 0, "{fine}");
        }
    }
}
