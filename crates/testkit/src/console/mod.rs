//! A server for a browser's tests: the application behind a socket with its worker, people in it, and a second socket that sets its faults.
//!
//! Owns: nothing. Calls: the test application. Called by: `console_server`.
//! Invariants: what a browser meets is the product; faults are set from outside it, at points that exist (`a_point_that_is_none_is_refused`).
//! After a crash: the cluster's watchdog removes the database.

mod control;
mod people;

pub use control::{Does, Setting};
pub use people::{OPERATOR_EMAIL, PASSWORD, Person, Scene, Tenant};

use crate::{TestApp, TestFaults};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
};
use tokio::task::spawn_blocking;

/// How it is started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// Where the console is; a free port where none is named.
    pub port: u16,
    /// Warm slots. With none a tenant is made step by step by the worker, so that a test can look on.
    pub slots: usize,
    /// Faults that are set from the start.
    pub settings: Vec<Setting>,
}

impl Wish {
    /// Of the words of a command line.
    ///
    /// # Errors
    /// What is wrong with the first word that is.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wish = Self::default();
        for word in words {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("{word} is no --name=value"))?;
            let number = || value.parse::<u16>().map_err(|error| format!("{word}: {error}"));
            match name {
                "--port" => wish.port = number()?,
                "--slots" => wish.slots = usize::from(number()?),
                "--fail" => wish.settings.push(Setting { point: value.to_owned(), does: Does::Fail }),
                "--hold" => wish.settings.push(Setting { point: value.to_owned(), does: Does::Hold }),
                _ => return Err(format!("{name} is unknown")),
            }
        }
        wish.settings.iter().try_for_each(Setting::check)?;
        Ok(wish)
    }
}

/// Runs until standard input ends.
pub async fn run(wish: &Wish) {
    // Told to the application before it listens: links and cookies name it.
    let port = if wish.port == 0 { free_port() } else { wish.port };
    let listen = format!("127.0.0.1:{port}");
    let app = TestApp::builder().slots(wish.slots).set("TENANTRY_LISTEN", &listen).start().await;
    let worker = app.start_worker();
    let scene = people::enter(&app).await;
    for setting in &wish.settings {
        setting.set(&app.faults);
    }
    let control = control::serve(app.faults.clone()).await;
    let served = app.serve();
    let line = json!({
        "url": format!("http://{}", served.address), "control_url": format!("http://{control}"),
        "operator_token": crate::OPERATOR, "scene": scene,
    });
    say(&line.to_string());
    let ended = spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    let _ = ended.unwrap_or_else(|error| panic!("{error}"));
    // Whoever waits at a point would keep the process.
    TestFaults::disarm(&app.faults);
    app.app.stop_streams();
    drop(worker);
    served.stop().await;
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap_or_else(|error| panic!("{error}"));
    socket.local_addr().unwrap_or_else(|error| panic!("{error}")).port()
}

fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap_or_else(|error| panic!("{error}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Wish, String> {
        Wish::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn a_point_that_is_none_is_refused() {
        let wish = parse(&["--port=8200", "--slots=2", "--fail=create.verify.before"]).unwrap();
        let setting = Setting { point: "create.verify.before".to_owned(), does: Does::Fail };
        assert_eq!(wish, Wish { port: 8200, slots: 2, settings: vec![setting] });
        for words in [
            &["--fail=create.verify"],
            &["--hold=create.fly.before"],
            &["--port=x"],
            &["8200"],
            &["--prot=1"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
