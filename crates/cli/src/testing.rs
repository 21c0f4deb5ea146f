//! What the tests of this crate stand on: a scripted HTTP server, hands that run a command line, samples.
//!
//! Owns: nothing. Calls: dispatch. Called by: tests only. Invariants: no environment, no clock, no waiting.
//! After a crash: a folder under the temporary folder.

use crate::{
    Command, Global,
    api::Api,
    clock::{Clock, WallClock},
    commands::dispatch,
    settings::Settings,
    world::World,
};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{CommandFactory, Parser};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tenantry_types::run::{Run, Step};

pub(crate) const NOW: &str = "2026-03-04T12:00:00Z";
pub(crate) const RUN: &str = "run_00000000000000000000000009";

/// The command line as the binary has it.
#[derive(Debug, Parser)]
#[command(name = "tenantry")]
pub(crate) struct Line {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

pub(crate) fn parse(line: &str) -> Result<Line, clap::Error> {
    Line::try_parse_from(std::iter::once("tenantry").chain(line.split_whitespace()))
}

/// A time that passes only when somebody pauses.
pub(crate) struct TestClock {
    now: Cell<DateTime<Utc>>,
    pauses: RefCell<Vec<u128>>,
}

impl Default for TestClock {
    fn default() -> Self {
        Self { now: Cell::new(NOW.parse().unwrap()), pauses: RefCell::default() }
    }
}

impl TestClock {
    /// The pauses so far, in milliseconds.
    pub(crate) fn pauses(&self) -> Vec<u128> {
        self.pauses.borrow().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        self.now.get()
    }

    fn pause(&self, length: Duration) {
        self.pauses.borrow_mut().push(length.as_millis());
        self.now.set(self.now.get() + length);
    }
}

/// A folder that goes when it is dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tenantry-cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub method: String,
    pub target: String,
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut seen = Self { method, target, body: String::new(), headers: Vec::new() };
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            seen.headers.push((name.to_owned(), value.to_owned()));
        }
        let length = seen.header("content-length").map_or(0, |text| text.parse().unwrap());
        reader.take(length).read_to_string(&mut seen.body).unwrap();
        seen
    }
}

pub(crate) type Reply = Box<dyn FnOnce(&mut TcpStream) + Send>;

/// Answers with whatever `reply` writes; the connection is closed behind it.
pub(crate) fn with(reply: impl FnOnce(&mut TcpStream) + Send + 'static) -> Reply {
    Box::new(reply)
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    let body = body.to_owned();
    with(move |stream| {
        let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    })
}

/// Done, with nothing to say.
pub(crate) fn nothing() -> Reply {
    with(|stream| stream.write_all(b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\n").unwrap())
}

/// What signing in answers: tokens with this in their name.
pub(crate) fn signed_in_json(mark: &str) -> String {
    format!(
        r#"{{"access_token":"access-{mark}","token_type":"Bearer","expires_in":900,"refresh_token":"refresh-{mark}","session_id":"ses_00000000000000000000000004","user_id":"usr_00000000000000000000000005","tenant_id":"ten_00000000000000000000000002","tenant":"acme","workspace_id":"wsp_00000000000000000000000003"}}"#
    )
}

/// An event stream in chunks; without its `end` the connection is cut in the middle.
pub(crate) fn sse(chunks: &[&str], end: bool) -> Reply {
    let mut text = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for chunk in chunks {
        write!(text, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
    }
    text.push_str(if end { "0\r\n\r\n" } else { "40\r\nevent: st" });
    with(move |stream| stream.write_all(text.as_bytes()).unwrap())
}

/// Answers one request after the other with the replies it was given, then is gone.
pub(crate) struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let notes = Arc::clone(&seen);
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let request = Seen::read(&stream);
                notes.lock().unwrap().push(request);
                reply(&mut stream);
            }
        });
        Self { url, seen }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// An address at which nothing listens.
pub(crate) fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub(crate) fn api(url: &str) -> Api<'static> {
    let settings = Settings::find(Some(url), Some("test-token"), &|_| None, Path::new("/nowhere"));
    Api::new(settings.unwrap(), None, &WallClock).unwrap()
}

/// Runs command lines in a world of its own.
pub(crate) struct Hands {
    vars: BTreeMap<String, String>,
    closed: bool,
    typed: Option<String>,
    piped: String,
    ahead: TimeDelta,
    url: String,
}

/// What a command line did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
    /// What the program said that the command became.
    pub became: Option<String>,
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Hands {
    pub(crate) fn new() -> Self {
        Self {
            vars: BTreeMap::new(),
            closed: false,
            typed: None,
            piped: String::new(),
            ahead: TimeDelta::zero(),
            url: "http://server".to_owned(),
        }
    }

    pub(crate) fn at(server: &Server) -> Self {
        let hands = Self::new().var("TENANTRY_URL", server.url()).var("TENANTRY_TOKEN", "test-token");
        Self { url: server.url().to_owned(), ..hands }
    }

    pub(crate) fn var(mut self, key: &str, value: &str) -> Self {
        self.vars.insert(key.to_owned(), value.to_owned());
        self
    }

    /// At a terminal, where this is typed.
    pub(crate) fn types(self, text: &str) -> Self {
        Self { typed: Some(text.to_owned()), ..self }
    }

    /// Where standard input is no terminal, and has this.
    pub(crate) fn pipes(self, text: &str) -> Self {
        Self { piped: text.to_owned(), ..self }
    }

    /// At a later time.
    pub(crate) fn later(self, length: TimeDelta) -> Self {
        Self { ahead: self.ahead + length, ..self }
    }

    /// Without a token in the environment, with this folder for what is kept.
    pub(crate) fn at_home(mut self, folder: &Folder) -> Self {
        self.vars.remove("TENANTRY_TOKEN");
        self.var("XDG_CONFIG_HOME", &folder.path().display().to_string())
    }

    pub(crate) fn closed_output(self) -> Self {
        Self { closed: true, ..self }
    }

    /// Runs `line`; the server reads as `http://server` in what was printed.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let parsed = parse(line).unwrap();
        let (mut out, mut err, mut closed) = (Vec::new(), Vec::new(), Closed);
        let became = RefCell::new(None);
        let exec = |command: &mut std::process::Command| {
            let output = command.env("PATH", "/usr/bin:/bin").output().unwrap();
            *became.borrow_mut() = Some(String::from_utf8(output.stdout).unwrap());
            io::Error::other("came back")
        };
        let clock = TestClock::default();
        clock.now.set(clock.now.get() + self.ahead);
        let mut input = io::Cursor::new(self.typed.clone().unwrap_or_else(|| self.piped.clone()));
        let mut world = World {
            input: &mut input,
            input_is_terminal: self.typed.is_some(),
            out: if self.closed { &mut closed } else { &mut out },
            err: &mut err,
            out_is_terminal: false,
            err_is_terminal: false,
            clock: &clock,
            lookup: &|key| self.vars.get(key).cloned(),
            folder: PathBuf::from("/nowhere"),
            proxy: None,
            hidden: &|input| input.lines().next().unwrap_or_else(|| Ok(String::new())),
            exec: &exec,
        };
        let exit = dispatch(&parsed.global, &parsed.command, &Line::command(), &mut world);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&self.url, "http://server");
        Ran { code: exit.code(), out: text(out), err: text(err), became: became.into_inner() }
    }
}

pub(crate) fn step_json(name: &str, status: &str) -> String {
    let error = if status == "failed" { "\"no slot and no room\"" } else { "null" };
    format!(
        r#"{{"name":"{name}","status":"{status}","started_at":"{NOW}","finished_at":null,"duration_ms":1.25,"attempts":1,"detail":"2 rows","error":{error}}}"#
    )
}

pub(crate) fn run_json(status: &str, steps: &[(&str, &str)]) -> String {
    let steps: Vec<String> = steps.iter().map(|(name, status)| step_json(name, status)).collect();
    let error =
        if matches!(status, "rolled_back" | "needs_attention") { "\"no slot and no room\"" } else { "null" };
    let took = if matches!(status, "pending" | "running") { "null" } else { "41.2" };
    format!(
        r#"{{"id":"{RUN}","kind":"create","tenant_id":"ten_00000000000000000000000002","tenant_slug":"acme","status":"{status}","steps":[{}],"error":{error},"created_at":"2026-03-04T11:56:30Z","started_at":null,"finished_at":null,"duration_ms":{took},"added_later":1}}"#,
        steps.join(",")
    )
}

pub(crate) fn tenant_json(slug: &str, status: &str) -> String {
    format!(
        r#"{{"id":"ten_00000000000000000000000002","slug":"{slug}","name":"Acme Inc.","status":"{status}","plan_tier":"pro","schema_name":"t_x1","admin_email":"a@acme.example","allowed_domains":["acme.example","acme.test"],"limits":{{"agent_minutes_per_month":100000,"api_calls_per_hour":10000,"concurrent_tasks":20,"workspaces":10,"workspace_members":10,"agents":100,"tasks_per_month":null,"storage_gb":50,"queue_priority":2}},"console_url":"https://{slug}.example/console","created_at":"2026-03-04T11:56:30Z","updated_at":"2026-03-01T12:00:00Z"}}"#
    )
}

pub(crate) fn step(name: &str, status: &str) -> Step {
    serde_json::from_str(&step_json(name, status)).unwrap()
}

pub(crate) fn run(status: &str, steps: &[(&str, &str)]) -> Run {
    serde_json::from_str(&run_json(status, steps)).unwrap()
}
