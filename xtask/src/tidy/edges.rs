//! Who may depend on whom: the arrows of the architecture, read from the `Cargo.toml` files.
//!
//! Owns: no tables. Calls: `tree`. Called by: `tidy`.
//! Invariants: a crate without a row may not exist; only the named crates reach a driver, an HTTP stack or a terminal
//! (`an_arrow_too_many_is_found`, `a_wall_breached_is_found`).
//! After a crash: nothing is left.

use super::{Finding, tree::Tree};
use toml::{Table, Value};

/// A folder of `crates/` and the crates of the house that its product may use. Tests look at the house from outside, through the
/// test kit, and may name any of its crates.
const EDGES: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("pg", &["types"]),
    ("durable", &["types", "pg"]),
    ("llm", &[]),
    ("core", &["types", "pg", "durable", "llm"]),
    ("server", &["types", "pg", "durable", "llm", "core"]),
    ("cli", &["types"]),
    ("tenantry", &["server", "cli"]),
    ("testkit", &["types", "pg", "durable", "llm", "core", "server"]),
];

/// Packages from outside that only these crates may name, in their product or their tests, and why. The test kit calls the router
/// in process.
const WALLS: &[(&str, &[&str], &str)] = &[
    ("tokio-postgres", &["pg"], "rows are reached through its scope alone"),
    ("postgres-protocol", &["pg"], "rows are reached through its scope alone"),
    ("axum", &["server", "testkit"], "HTTP has one home"),
    ("axum-server", &["server"], "HTTP has one home"),
    ("tower", &["server", "testkit"], "HTTP has one home"),
    ("tower-http", &["server"], "HTTP has one home"),
    ("utoipa-axum", &["server"], "HTTP has one home"),
    (
        "ureq",
        &["cli", "server"],
        "only the command line is a client of the API; the server asks issuers for their keys",
    ),
    ("comfy-table", &["cli"], "only the command line draws for people"),
    ("indicatif", &["cli"], "only the command line draws for people"),
];

/// Packages that no crate of the domain may name, whatever the other walls say.
const NEVER: &[(&str, &[&str])] =
    &[("core", &["clap", "reqwest", "hyper", "sqlx", "diesel"]), ("types", &["tokio", "reqwest", "clap"])];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.texts().filter_map(|(path, text)| {
        let folder = path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some((path, folder, text))
    });
    manifests.flat_map(|(path, folder, text)| check_manifest(path, folder, text)).collect()
}

fn check_manifest(path: &str, folder: &str, text: &str) -> Vec<Finding> {
    let manifest: Table = match text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Finding::new(path, 1, format!("cannot be read: {error}"))],
    };
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == folder) else {
        let text = format!(
            "`{folder}` has no row in `EDGES`: add it to xtask/src/tidy/edges.rs and to the architecture page"
        );
        return vec![Finding::new(path, 1, text)];
    };
    dependencies(&manifest)
        .into_iter()
        .filter_map(|(package, for_tests)| {
            let problem = refusal(folder, allowed, &package, for_tests)?;
            let line = text.lines().position(|line| line.contains(&package)).map_or(1, |index| index + 1);
            Some(Finding::new(path, line, problem))
        })
        .collect()
}

fn refusal(folder: &str, allowed: &[&str], package: &str, for_tests: bool) -> Option<String> {
    if let Some(house) = package.strip_prefix("tenantry-") {
        if house == "testkit" {
            return (!for_tests).then(|| "`testkit` is for tests: move it to [dev-dependencies]".to_owned());
        }
        let fine = for_tests || allowed.contains(&house) || house == folder;
        return (!fine).then(|| {
            format!(
                "`{folder}` may not use `{house}` (it may use: {}): turn the arrow round or move the code",
                list(allowed)
            )
        });
    }
    if let Some((_, homes, why)) =
        WALLS.iter().find(|(name, homes, _)| *name == package && !homes.contains(&folder))
    {
        let home = homes.first().copied().unwrap_or_default();
        return Some(format!("only `{home}` names `{package}`, as {why}: call `{home}` instead"));
    }
    let never = NEVER.iter().any(|(name, packages)| *name == folder && packages.contains(&package));
    never.then(|| format!("`{folder}` may not name `{package}`: it belongs to a crate above"))
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Every package named, under its real name, and whether only tests use it.
fn dependencies(manifest: &Table) -> Vec<(String, bool)> {
    let targets =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
    let mut found = Vec::new();
    for table in targets.filter_map(Value::as_table).chain([manifest]) {
        for (section, for_tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
                let renamed = value.get("package").and_then(Value::as_str);
                found.push((renamed.unwrap_or(name).to_owned(), for_tests));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folder: &str, manifest: &str) -> Vec<String> {
        let path = format!("crates/{folder}/Cargo.toml");
        check(&Tree::of(&[(&path, manifest)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_too_many_is_found() {
        for (folder, manifest) in [
            ("types", "[dependencies]\ntenantry-pg.workspace = true\n"),
            ("pg", "[dependencies]\ntenantry-core.workspace = true\n"),
            ("cli", "[dependencies]\nserver = { package = \"tenantry-server\", path = \"../server\" }\n"),
            ("core", "[target.'cfg(unix)'.dependencies]\ntenantry-server.workspace = true\n"),
            ("core", "[dependencies]\ntenantry-testkit.workspace = true\n"),
        ] {
            assert_eq!(found(folder, manifest).len(), 1, "{folder}: {manifest}");
        }
        let told = found("pg", "[dependencies]\nserde = \"1\"\ntenantry-core.workspace = true\n");
        assert_eq!(
            told,
            [
                "crates/pg/Cargo.toml:3: `pg` may not use `core` (it may use: types): turn the arrow round or move the code"
            ]
        );
        assert_eq!(found("extra", "").len(), 1, "a crate needs a row");
        assert!(found("core", "[dependencies]\ntenantry-pg.workspace = true\n[dev-dependencies]\ntenantry-testkit.workspace = true\n").is_empty());
        assert!(
            found("pg", "[dev-dependencies]\ntenantry-core.workspace = true\n").is_empty(),
            "tests see the whole house"
        );
    }

    #[test]
    fn a_wall_breached_is_found() {
        for (package, homes, _) in WALLS {
            let manifest = format!("[dependencies]\n{package}.workspace = true\n");
            assert_eq!(found("core", &manifest).len(), 1, "{package}");
            assert!(homes.iter().all(|home| found(home, &manifest).is_empty()), "{package}");
            let for_tests = manifest.replace("dependencies", "dev-dependencies");
            assert_eq!(found("tenantry", &for_tests).len(), 1, "{package}");
        }
        for package in ["clap", "reqwest"] {
            assert_eq!(found("core", &format!("[dependencies]\n{package} = \"1\"\n")).len(), 1);
        }
        assert_eq!(found("core", "[dependencies]\n[broken\n").len(), 1);
    }
}
