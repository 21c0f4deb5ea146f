//! What a command touches outside itself: two writers, the clock, the environment, and becoming another program.
//!
//! Owns: the seam between commands and the process. Calls: settings, clock. Called by: lib, tests.
//! Invariants: a command gets everything from here, so a test replaces all of it (`testing::Hands`).
//! After a crash: nothing is left.

use crate::{clock::Clock, clock::WallClock, settings};
use std::{
    io::{IsTerminal, Write},
    os::unix::process::CommandExt,
    path::PathBuf,
    process,
};

/// The outside of a command.
pub(crate) struct World<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Progress, hints, errors.
    pub err: &'a mut dyn Write,
    /// Whether `out` is a terminal.
    pub out_is_terminal: bool,
    /// Whether `err` is a terminal.
    pub err_is_terminal: bool,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Looks up an environment variable.
    pub lookup: &'a dyn Fn(&str) -> Option<String>,
    /// The current folder.
    pub folder: PathBuf,
    /// The proxy of the environment, for servers beyond this machine.
    pub proxy: Option<ureq::Proxy>,
    /// Becomes another program; returns only when that failed.
    pub exec: &'a dyn Fn(&mut process::Command) -> std::io::Error,
}

impl<'a> World<'a> {
    /// The world of this process.
    pub(crate) fn of_process(out: &'a mut std::io::Stdout, err: &'a mut std::io::Stderr) -> Self {
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        Self {
            out,
            err,
            out_is_terminal,
            err_is_terminal,
            clock: &WallClock,
            lookup: &settings::environment,
            folder: std::env::current_dir().unwrap_or_default(),
            proxy: settings::environment_proxy(),
            exec: &|command| command.exec(),
        }
    }
}
