//! `cargo xtask codegen [--check]`: files that are made from the code, and checked in so that a change of them is seen in review.
//!
//! Owns: the list of generated files. Calls: the product's binary, through cargo. Called by: `main`.
//! Invariants: `--check` changes nothing, and names each stale file and the command that renews it (`a_stale_file_is_named`).
//! After a crash: a file may be half written; run it again.

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
};

/// A file, and the arguments of `tenantry` that print it.
const GENERATED: &[(&str, &str)] = &[
    ("openapi/v1.json", "openapi"),
    ("docs/configuration.md", "config-reference"),
    ("docs/security/authz-matrix.md", "authz-matrix"),
];

const RENEW: &str = "cargo xtask codegen";

/// Writes the files below `root`, or compares them; status 1 where one is stale or cannot be made.
pub(crate) fn run(root: &Path, check: bool) -> ExitCode {
    let mut well = true;
    for (file, arguments) in GENERATED {
        let outcome = generate(root, arguments)
            .and_then(|text| if check { compare(root, file, &text) } else { write(root, file, &text) });
        if let Err(problem) = outcome {
            eprintln!("{problem}");
            well = false;
        }
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn generate(root: &Path, arguments: &str) -> Result<String, String> {
    // The cargo that runs this task, so that toolchain and target folder are the same.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--package", "tenantry", "--", arguments]).current_dir(root);
    let output = cargo.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`tenantry {arguments}` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    String::from_utf8(output.stdout)
        .map_err(|error| format!("`tenantry {arguments}` printed no text: {error}"))
}

fn compare(root: &Path, file: &str, text: &str) -> Result<(), String> {
    let found = fs::read_to_string(root.join(file)).unwrap_or_default();
    if found == text {
        return Ok(());
    }
    let line = found.lines().zip(text.lines()).take_while(|(there, made)| there == made).count() + 1;
    Err(format!("{file}:{line}: is not what the code says: run `{RENEW}` and commit the change"))
}

fn write(root: &Path, file: &str, text: &str) -> Result<(), String> {
    let path = root.join(file);
    if fs::read_to_string(&path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("{file} cannot be written: {error}"))?;
    println!("wrote {file}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_named() {
        let root = std::env::temp_dir().join(format!("tenantry-test-{}-codegen", std::process::id()));
        let text = "one\ntwo\n";
        let stale = compare(&root, "docs/page.md", text).unwrap_err();
        assert!(stale.starts_with("docs/page.md:1: ") && stale.contains(RENEW), "{stale}");
        write(&root, "docs/page.md", text).unwrap();
        assert_eq!(compare(&root, "docs/page.md", text), Ok(()));
        let stale = compare(&root, "docs/page.md", "one\n2\n").unwrap_err();
        assert!(stale.starts_with("docs/page.md:2: "), "{stale}");
        fs::remove_dir_all(root).unwrap();
    }
}
