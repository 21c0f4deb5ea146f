//! The binary: dispatches to the server's commands and to the CLI's. Nothing else.
//!
//! Owns: nothing. Calls: server, cli. Called by: people and service managers.
//! Invariants: no two commands or flags collide (`the_whole_command_line_is_sound`). After a crash: start again.

use clap::{CommandFactory, Parser};
use std::process::ExitCode;

// Requests make and drop many small things on every thread: with glibc's allocator that took a seventh of the server's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An isolated, metered, multi-tenant backend on your PostgreSQL.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, about, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    global: tenantry_cli::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(flatten)]
    Server(tenantry_server::commands::Command),
    #[command(flatten)]
    Client(tenantry_cli::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Server(command) => tenantry_server::commands::execute(command, tenantry_cli::hidden_line),
        Command::Client(command) => tenantry_cli::run(&arguments.global, &command, &Arguments::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
