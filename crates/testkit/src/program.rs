//! The real binary as a server or a worker on a test's database, for what has to be measured as it is run.
//!
//! Owns: nothing. Calls: the binary. Called by: the load, benches.
//! Invariants: it is given what a server is given in production: no owner's credential. After a crash of this process: it is left, without a database, and ends.

use crate::{TestDatabase, cluster};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// A process of ours. Killed when dropped.
pub struct Program {
    child: Child,
    /// Its process id.
    pub pid: u32,
}

impl Program {
    /// A server on a port of its own, and where it listens. `binary` is `env!("CARGO_BIN_EXE_tenantry")`, which only the caller knows.
    pub fn server(binary: &str, database: &TestDatabase, more: &[(&str, &str)]) -> (Self, SocketAddr) {
        let mut environment = database.environment();
        environment.remove("DATABASE_URL");
        let url = cluster().url("nobody", "", database.target.database());
        let (_, place) = url.split_once('@').unwrap_or_else(|| panic!("no place in {url}"));
        environment.insert("TENANTRY_SERVER_URL".to_owned(), format!("postgresql://{place}"));
        environment.insert("TENANTRY_METRICS_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
        environment.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let (program, address) =
            Self::start(binary, &["server", "--listen", "127.0.0.1:0"], &environment, "address");
        (program, address.parse().unwrap_or_else(|error| panic!("{address}: {error}")))
    }

    /// A worker that has begun.
    pub fn worker(binary: &str, database: &TestDatabase, warm_slots: usize) -> Self {
        let mut environment = database.environment();
        environment.remove("TENANTRY_OPERATOR_TOKEN");
        environment.insert("TENANTRY_WARM_SLOTS".to_owned(), warm_slots.to_string());
        Self::start(binary, &["worker"], &environment, "@timestamp").0
    }

    /// Waits for a line of its log with that field, whose value it returns.
    fn start(
        binary: &str,
        words: &[&str],
        environment: &BTreeMap<String, String>,
        field: &'static str,
    ) -> (Self, String) {
        assert!(Path::new(binary).exists(), "{binary} is not there");
        let mut command = Command::new(binary);
        command.args(words).env_clear().envs(environment).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{binary}: {error}"));
        let pid = child.id();
        let errors = child.stderr.take();
        let (sender, found) = mpsc::channel();
        // To the end, so that it never waits for a reader.
        std::thread::spawn(move || {
            let mut lines = errors.map(|errors| BufReader::new(errors).lines()).into_iter().flatten();
            let value = lines.by_ref().map_while(Result::ok).find_map(|line| {
                let line = serde_json::from_str::<serde_json::Value>(&line).ok()?;
                Some(line.get(field)?.as_str()?.to_owned())
            });
            let _ = sender.send(value);
            lines.for_each(drop);
        });
        let program = Self { child, pid };
        let value = found.recv_timeout(Duration::from_mins(1)).ok().flatten();
        (program, value.unwrap_or_else(|| panic!("{words:?} did not start: no line with {field}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
