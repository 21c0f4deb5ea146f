//! Sees to it that a throw-away cluster does not outlive the process that made it, however that ends.
//!
//! Owns: two small shells, each in a process group of its own. Calls: `sh`, `pg_ctl`, `rm`. Called by: `cluster`.
//! Invariants: when the holder is gone, so are the server, the data and the lock, in this order
//! (`ephemeral_goes_when_its_holder_is_killed`); Ctrl-C in the terminal does not reach it before the holder
//! (they are not in the terminal's group).
//! After a crash of ours: this is what repairs it. After a crash of the machine: a folder marked `ephemeral` stays,
//! which a later throw-away cluster of the same name replaces.

use super::error::ClusterError;
use super::find::Binaries;
use super::place::Claim;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// The server's user alone may stop it, and we alone may be able to remove its folder: so there are two shells, and the
/// second waits for the end of the first.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// Nothing is ever written: the pipe's closing is the message.
    hold: Option<PipeWriter>,
    stopper: Child,
    remover: Child,
}

const STOP: &str = r#"
trap '' HUP INT TERM
while read -r _; do :; done
"$1" -D "$2" -m immediate -t 30 stop
"#;

/// Renamed first, so that nobody who comes now finds half of it. `rm` is repeated because an orphaned `initdb` or backend
/// may still be writing.
const REMOVE: &str = r#"
trap '' HUP INT TERM
while read -r _; do :; done
for dir; do
  gone="$dir.gone.$$"
  mv -- "$dir" "$gone" || gone="$dir"
  n=0
  until rm -rf -- "$gone" || [ "$n" -ge 50 ]; do n=$((n + 1)); sleep 0.1; done
done
"#;

impl Watchdog {
    pub(super) fn start(claim: &Claim, binaries: &Binaries) -> Result<Self, ClusterError> {
        let run_as = &claim.place.run_as;
        let failed =
            |source| ClusterError::Run { program: "sh".to_owned(), user: run_as.name().to_owned(), source };
        let (waiting, hold) = pipe().map_err(failed)?;
        let (done, doing) = pipe().map_err(failed)?;
        let remover = remover(claim, done).map_err(failed)?;
        // From here on a failure closes `doing` or `hold`, which ends the remover.
        let stopper = stopper(claim, binaries, waiting, doing).map_err(failed)?;
        Ok(Self { hold: Some(hold), stopper, remover })
    }
}

// Each command is dropped with its function: it holds our copy of the pipe's end, which must not stay open.

fn stopper(
    claim: &Claim,
    binaries: &Binaries,
    waiting: PipeReader,
    doing: PipeWriter,
) -> std::io::Result<Child> {
    let mut shell = claim.place.run_as.command("sh");
    shell.args(["-c", STOP, "sh"]).arg(binaries.program("pg_ctl")).arg(claim.place.pg());
    shell.stdin(waiting).stdout(doing).stderr(Stdio::null()).process_group(0).spawn()
}

fn remover(claim: &Claim, done: PipeReader) -> std::io::Result<Child> {
    // The lock travels along as its output, so that nobody claims the folder before it is gone.
    let lock = claim.lock.try_clone()?;
    let mut shell = Command::new("sh");
    shell.args(["-c", REMOVE, "sh"]).arg(&claim.place.base);
    for dir in [&claim.place.asked, &claim.socket_dir] {
        if !dir.starts_with(&claim.place.base) {
            shell.arg(dir);
        }
    }
    shell.current_dir("/").stdin(done).stdout(lock).stderr(Stdio::null()).process_group(0).spawn()
}

impl Drop for Watchdog {
    /// Lets it do its work, and waits for it.
    fn drop(&mut self) {
        drop(self.hold.take());
        for (name, child) in [("stopper", &mut self.stopper), ("remover", &mut self.remover)] {
            if let Err(error) = child.wait() {
                tracing::warn!(%error, name, "the watchdog of a throw-away cluster was not waited for");
            }
        }
    }
}
