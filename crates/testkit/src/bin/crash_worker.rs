//! The process that the crash harness kills; with `matrix`, the harness itself.
//!
//! `crash_worker PLAN` does what the plan says. `crash_worker matrix REPORT [KIND …]` tries every pair of crashes, prints a table,
//! writes the report as JSON, and ends with 1 where a difference was found.
//!
//! Owns: nothing. Calls: the kit's crash harness. Called by: tests/crash, `make crash-matrix`. After a crash: that is what it is for.

use std::{path::Path, process::ExitCode};
use tenantry_testkit::crash;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["matrix", report, kinds @ ..] => crash::matrix_main(Path::new(report), kinds),
        [plan] => crash::main(plan),
        _ => {
            eprintln!("usage: crash_worker PLAN | crash_worker matrix REPORT [KIND …]");
            ExitCode::FAILURE
        }
    }
}
