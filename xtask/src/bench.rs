//! Runs every bench: each figure stands beside its floor or peer from the same run; JSON goes to `target/bench/`.
//!
//! Owns: no tables. Calls: the benches, as programs. Called by: `cargo xtask bench`, `make bench`.
//! Invariants: arguments go to the benches as they are (`--tenants N`, `--samples N`). After a crash: nothing is left.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

/// A package, its bench, and its words; where `None`, the caller's, since the others have fleets of their own size.
const BENCHES: [(&str, &str, Option<&[&str]>); 9] = [
    ("tenantry-pg", "scope", Some(&[])),
    ("tenantry-pg", "scope", Some(&["--tenants", "5000"])),
    ("tenantry", "stack", Some(&[])),
    ("tenantry", "isolation", Some(&[])),
    ("tenantry", "proof", Some(&[])),
    ("tenantry", "identity", Some(&[])),
    ("tenantry", "life", Some(&[])),
    ("tenantry", "provisioning", None),
    ("tenantry", "fleet", None),
];

pub(super) fn run(root: &Path, arguments: &[String]) -> ExitCode {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for (package, bench, words) in BENCHES {
        let mut command = Command::new(&cargo);
        command.current_dir(root);
        command.args(["bench", "--quiet", "--locked", "--package", package, "--bench", bench, "--"]);
        match words {
            Some(words) => command.args(words),
            None => command.args(arguments),
        };
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => {
                eprintln!("bench: {bench} ended with {status}");
                return ExitCode::FAILURE;
            }
            Err(error) => {
                eprintln!("bench: cargo cannot be run: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
