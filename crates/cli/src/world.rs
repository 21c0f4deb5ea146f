//! What a command touches outside itself: two writers and a reader, the clock, the environment, and becoming another program.
//!
//! Owns: the seam between commands and the process. Calls: settings, clock, terminal. Called by: lib, tests.
//! Invariants: a command gets everything from here, so a test replaces all of it (`testing::Hands`).
//! After a crash: nothing is left.

use crate::{clock::Clock, clock::WallClock, settings, terminal};
use std::{
    io::{BufRead, IsTerminal, Write},
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
    /// What a person types.
    pub input: &'a mut dyn BufRead,
    /// Whether a person is there to be asked: `input` is a terminal.
    pub input_is_terminal: bool,
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
    /// Reads a line of `input`, a terminal, that is not shown.
    pub hidden: &'a dyn Fn(&mut dyn BufRead) -> std::io::Result<String>,
    /// Becomes another program; returns only when that failed.
    pub exec: &'a dyn Fn(&mut process::Command) -> std::io::Error,
}

impl<'a> World<'a> {
    /// The world of this process.
    pub(crate) fn of_process(
        input: &'a mut std::io::StdinLock<'static>,
        out: &'a mut std::io::Stdout,
        err: &'a mut std::io::Stderr,
    ) -> Self {
        let input_is_terminal = input.is_terminal();
        let (out_is_terminal, err_is_terminal) = (out.is_terminal(), err.is_terminal());
        Self {
            out,
            err,
            input,
            input_is_terminal,
            out_is_terminal,
            err_is_terminal,
            clock: &WallClock,
            lookup: &settings::environment,
            folder: std::env::current_dir().unwrap_or_default(),
            proxy: settings::environment_proxy(),
            hidden: &terminal::hidden_line,
            exec: &|command| command.exec(),
        }
    }
}
