//! A process of ours: started, listened to, signalled, waited for; and never left behind.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc},
    time::{Duration, Instant},
};

/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// A folder of this test's own, which anybody may enter; removed at the end.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tenantry-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        Self(folder.canonicalize().unwrap_or_else(|error| panic!("{error}")))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.join(name);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
        folder
    }

    /// Written and closed before anybody runs it.
    pub fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.join(name);
        let written = fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)));
        written.unwrap_or_else(|error| panic!("{error}"));
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The binary with these arguments and nothing of this process's environment but PATH.
pub fn tenantry(line: &str) -> Command {
    of_binary(Path::new(env!("CARGO_BIN_EXE_tenantry")), line)
}

/// The same for a copy of the binary.
pub fn of_binary(binary: &Path, line: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(line.split_whitespace()).env_clear().current_dir("/");
    #[expect(clippy::disallowed_methods, reason = "a test hands its PATH to the process that it starts")]
    let path = std::env::var("PATH");
    command.env("PATH", path.unwrap_or_default());
    command
}

/// What a process has said so far.
#[derive(Debug, Default, Clone)]
pub struct Said {
    pub out: String,
    pub err: String,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Fails the test unless the exit code is this one.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "out:\n{}\nerr:\n{}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }
}

type Shared = Arc<(Mutex<Said>, Condvar)>;

/// A running process in a group of its own. Stopped in order when dropped, so that what it started ends too.
pub struct Process {
    pub pid: u32,
    said: Shared,
    readers: Vec<std::thread::JoinHandle<()>>,
    ended: mpsc::Receiver<ExitStatus>,
    status: Option<ExitStatus>,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    Process::start(command).wait()
}

/// The same with this on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Ended {
    let (reader, mut writer) = std::io::pipe().unwrap_or_else(|error| panic!("{error}"));
    // Short enough for the pipe to hold before anybody reads.
    writer.write_all(input.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    drop(writer);
    Process::spawn(command.stdin(reader)).wait()
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    fn spawn(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Shared::default();
        let readers = vec![
            listen(child.stdout.take(), &said, |said| &mut said.out),
            listen(child.stderr.take(), &said, |said| &mut said.err),
        ];
        let (pid, (sender, ended)) = (child.id(), mpsc::channel());
        std::thread::spawn(move || child.wait().map(|status| sender.send(status)));
        Self { pid, said, readers, ended, status: None }
    }

    pub fn said(&self) -> Said {
        self.said.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until what it says lets `found` find something.
    pub fn until<T>(&self, what: &str, mut found: impl FnMut(&Said) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut said = self.said.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = found(&said) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} in time; out:\n{}\nerr:\n{}", said.out, said.err);
            said = self.said.1.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The same for the address in a log line, as the processes for production write it.
    pub fn logged(&self, field: &str) -> String {
        self.until(field, |said| {
            let mut lines =
                said.err.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            lines.find_map(|line| Some(line.get(field)?.as_str()?.to_owned()))
        })
    }

    /// To the process alone.
    pub fn signal(&self, signal: &str) {
        assert!(kill(signal, &self.pid.to_string()), "there is no process {}", self.pid);
    }

    /// To its whole group, as a terminal does.
    pub fn signal_group(&self, signal: &str) {
        assert!(kill(signal, &format!("-{}", self.pid)), "there is no group {}", self.pid);
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Ended {
        let status = self.ended.recv_timeout(PATIENCE);
        let status = status.unwrap_or_else(|_| panic!("it does not end: {:?}", self.said()));
        self.status = Some(status);
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        let Said { out, err } = self.said();
        Ended { code: status.code(), signal: status.signal(), out, err }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            let pid = self.pid.to_string();
            kill("TERM", &pid);
            if self.ended.recv_timeout(Duration::from_secs(30)).is_err() {
                kill("KILL", &pid);
            }
        }
    }
}

fn listen<R: Read + Send + 'static>(
    from: Option<R>,
    said: &Shared,
    part: fn(&mut Said) -> &mut String,
) -> std::thread::JoinHandle<()> {
    let said = Arc::clone(said);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from.unwrap_or_else(|| unreachable!("piped")));
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            part(&mut said.0.lock().unwrap_or_else(PoisonError::into_inner))
                .push_str(&String::from_utf8_lossy(&line));
            said.1.notify_all();
            line.clear();
        }
    })
}

pub fn kill(signal: &str, target: &str) -> bool {
    // `--` is not known to every shell.
    let command = format!("kill -{signal} {target}");
    Command::new("sh")
        .args(["-c", &command])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a process runs; one that has ended and was not waited for by its parent does not.
pub fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    let zombie =
        stat.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')));
    !zombie && kill("0", pid)
}

/// Waits until a state of the machine is reached that nobody tells of.
pub fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// The same for something that is asked over the network.
pub async fn until<F: Future<Output = bool>>(what: &str, mut reached: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !reached().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::task::yield_now().await;
    }
}

/// Whether this test runs as root.
pub fn we_are_root(scratch: &Scratch) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(scratch.path()).is_ok_and(|found| found.uid() == 0)
}
