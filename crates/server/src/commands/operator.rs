//! `bootstrap-operator`: the first operator, and the way back in for one who is locked out.
//!
//! Owns: nothing. Calls: core's identity, through the owner's login. Called by: commands.
//! Invariants: a password comes from standard input, without showing at a terminal (`a_password_is_typed_twice`), or is made here and printed once; it is
//! never an argument, which others on the machine can see (`a_password_is_no_argument`). After a crash: one transaction or none; run it again.

use super::{Failure, owner};
use crate::config::Config;
use std::{
    fmt::Write as _,
    io::{self, BufRead, IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
};
use tenantry_core::{
    Error,
    ctx::{self, Ctx},
    identity::{self, Bootstrap, Bootstrapped, Passwords},
};
use tenantry_pg::{Pool, PoolSettings, Quiet};
use tenantry_types::{OperatorRole, identity::Proof};

/// Reads a line of a terminal without showing it.
pub type HiddenLine = fn(&mut dyn BufRead) -> io::Result<String>;

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
    /// Ask for the password at a terminal; elsewhere the first line of standard input is it [default: make one and print it]
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
pub(super) async fn bootstrap(
    config: Config,
    args: BootstrapArgs,
    hidden: HiddenLine,
) -> Result<(), Failure> {
    let (target, login) = owner(&config)?;
    let settings = PoolSettings { size: 1, named_statements: 0, ..PoolSettings::default() };
    let pool = Pool::new(target.with_public_path(), login, settings, Arc::new(Quiet));
    let ctx = Ctx::system();
    if args.unlock {
        let operator = identity::unlock(&pool, &ctx, &args.email).await.map_err(told)?;
        return said(&format!("{} ({}) can sign in", operator.user_id, operator.role));
    }
    let (password, generated) = if args.password_stdin { (given(hidden)?, None) } else { generate()? };
    let wish = Bootstrap {
        email: args.email,
        name: args.name.unwrap_or_default(),
        role: args.role,
        password: Some(Proof::new(password)),
    };
    let passwords = Passwords::new(config.identity.hashing())?;
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
    Ok(writeln!(io::stdout(), "{text}")?)
}

fn given(hidden: HiddenLine) -> Result<String, Failure> {
    let mut input = io::stdin().lock();
    if input.is_terminal() {
        return typed(&mut input, &mut io::stderr(), hidden);
    }
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Typed twice: nobody sees what they type.
fn typed(input: &mut dyn BufRead, asking: &mut dyn Write, hidden: HiddenLine) -> Result<String, Failure> {
    let mut ask = |prompt: &str| -> Result<String, Failure> {
        write!(asking, "{prompt}: ")?;
        asking.flush()?;
        let line = hidden(input);
        writeln!(asking)?;
        Ok(line?)
    };
    let first = ask("Password")?;
    if ask("The same again")? == first {
        return Ok(first);
    }
    Err("the two are not the same; nothing was done".into())
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

    fn line(input: &mut dyn BufRead) -> io::Result<String> {
        let mut line = String::new();
        input.read_line(&mut line).map(|_| line.trim_end().to_owned())
    }

    #[test]
    fn a_password_is_typed_twice() {
        let ask = |keys: &str| {
            let mut shown = Vec::new();
            let typed = typed(&mut keys.as_bytes(), &mut shown, line).map_err(|error| error.to_string());
            assert_eq!(String::from_utf8(shown).unwrap(), "Password: \nThe same again: \n");
            typed
        };
        assert_eq!(ask("seven red kettles\nseven red kettles\n"), Ok("seven red kettles".to_owned()));
        assert_eq!(
            ask("seven red kettles\nseven red ketles\n"),
            Err("the two are not the same; nothing was done".to_owned())
        );
    }

    #[test]
    fn a_generated_password_is_another_each_time() {
        let (one, other) = (generate().unwrap().0, generate().unwrap().0);
        assert!(one.len() == 40 && one != other);
    }
}
