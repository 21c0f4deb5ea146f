//! The real server with the console, a private PostgreSQL and people to sign in as: what a browser's tests run against.
//!
//! `console_server [--port=N] [--slots=N] [--fail=POINT] [--hold=POINT]` prints one line of JSON when it is up: where it is, who can sign in, and where
//! its faults are set. It ends with its standard input.
//!
//! Owns: nothing. Calls: the kit's console. Called by: the console's Playwright set-up. After a crash: the cluster's watchdog removes the database.

use std::process::ExitCode;
use tenantry_testkit::console::{Wish, run};

#[tokio::main]
async fn main() -> ExitCode {
    match Wish::parse(std::env::args().skip(1)) {
        Ok(wish) => {
            run(&wish).await;
            ExitCode::SUCCESS
        }
        Err(word) => {
            eprintln!("{word}\nusage: console_server [--port=N] [--slots=N] [--fail=POINT] [--hold=POINT]");
            ExitCode::FAILURE
        }
    }
}
