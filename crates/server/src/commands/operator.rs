//! `bootstrap-operator`: the first operator, and the way back in for one who is locked out.
//!
//! Owns: nothing. Calls: core's identity, through the owner's login. Called by: commands.
//! Invariants: a password comes from standard input or is made here and printed once; it is never an argument, which others on the machine can see
//! (`a_password_is_no_argument`). After a crash: one transaction or none; run it again.

use super::{Failure, owner};
use crate::config::Config;
use std::{
    fmt::Write as _,
    io::{BufRead, Write as _},
    path::PathBuf,
    sync::Arc,
};
use tenantry_core::{
    Error,
    ctx::{self, Ctx},
    identity::{self, Bootstrap, Bootstrapped, HashingCost, Passwords},
};
use tenantry_pg::{Pool, PoolSettings, Quiet};
use tenantry_types::{OperatorRole, identity::Proof};

/// What a first password costs to hash; the next sign-in makes the hash anew where the server is configured otherwise.
const COST: HashingCost = HashingCost { memory_kib: 19_456, iterations: 2, parallelism: 1 };

/// Flags of `bootstrap-operator`.
#[derive(Debug, clap::Args)]
pub struct BootstrapArgs {
    /// Address that the operator signs in with
    #[arg(long)]
    pub email: String,
    /// Their name
    #[arg(long, required_unless_present = "unlock")]
    pub name: Option<String>,
    /// auditor, support or admin
    #[arg(long, default_value = "admin")]
    pub role: OperatorRole,
    /// Read the password from the first line of standard input [default: make one and print it]
    #[arg(long)]
    pub password_stdin: bool,
    /// Let an operator sign in again who was locked out by failed attempts
    #[arg(long, conflicts_with_all = ["name", "password_stdin"])]
    pub unlock: bool,
    /// TOML file with keys of docs/configuration.md
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs it.
pub(super) async fn bootstrap(config: Config, args: BootstrapArgs) -> Result<(), Failure> {
    let (target, login) = owner(&config)?;
    let settings = PoolSettings { size: 1, named_statements: 0, ..PoolSettings::default() };
    let pool = Pool::new(target.with_public_path(), login, settings, Arc::new(Quiet));
    let ctx = Ctx::system();
    if args.unlock {
        let operator = identity::unlock(&pool, &ctx, &args.email).await.map_err(told)?;
        return said(&format!("{} ({}) can sign in", operator.user_id, operator.role));
    }
    let (password, generated) = if args.password_stdin { (first_line()?, None) } else { generate()? };
    let wish = Bootstrap {
        email: args.email,
        name: args.name.unwrap_or_default(),
        role: args.role,
        password: Some(Proof::new(password)),
    };
    let passwords = Passwords::new(COST)?;
    match identity::bootstrap(&pool, &ctx, &passwords, wish).await.map_err(told)? {
        Bootstrapped::Made(operator) => {
            let mut text = format!("{} is an operator ({})", operator.user_id, operator.role);
            if let Some(password) = generated {
                // Writing to a String cannot fail.
                let _ = write!(text, "\npassword, shown this once: {password}");
            }
            said(&text)
        }
        Bootstrapped::MadeOfUser(operator) => said(&format!(
            "{} is an operator ({}), and keeps the password they have",
            operator.user_id, operator.role
        )),
    }
}

fn said(text: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// 160 random bits.
fn generate() -> Result<(String, Option<String>), Failure> {
    let text = tenantry_pg::roles::hex(&ctx::random::<20>()?);
    Ok((text.clone(), Some(text)))
}

/// A refusal as people read it: each flag that is wrong, and what to do.
fn told(error: Error) -> Failure {
    let Error::Refused { detail, errors, next_steps, .. } = error else { return error.into() };
    let mut lines: Vec<String> = errors
        .iter()
        .map(|field| format!("--{} {}", field.pointer.trim_start_matches('/'), field.detail))
        .collect();
    if lines.is_empty() {
        lines.push(detail);
        lines.extend(next_steps);
    }
    lines.join("\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: BootstrapArgs,
    }

    fn parsed(line: &str) -> Result<BootstrapArgs, clap::Error> {
        Line::try_parse_from(line.split_whitespace()).map(|line| line.args)
    }

    #[test]
    fn a_password_is_no_argument() {
        let args = parsed("x --email a@example.com --name Ada").unwrap();
        assert_eq!((args.role, args.password_stdin), (OperatorRole::Admin, false));
        for wrong in [
            "x --email a@example.com",
            "x --email a@example.com --name Ada --password secret",
            "x --email a@example.com --name Ada --role king",
            "x --email a@example.com --unlock --password-stdin",
        ] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
        assert!(parsed("x --email a@example.com --unlock").unwrap().unlock);
    }

    #[test]
    fn a_generated_password_is_another_each_time() {
        let (one, other) = (generate().unwrap().0, generate().unwrap().0);
        assert!(one.len() == 40 && one != other);
    }
}
