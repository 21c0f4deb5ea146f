//! A proxy between pool and server: it can withhold every answer, counts flights, and can ask the server what a connection
//! looks like between two transactions, which no borrower could.

use crate::world::{must, within};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tenantry_pg::{Target, task};
use tenantry_testkit::{TestDatabase, cluster};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::{mpsc, oneshot, watch},
};

/// What COMMIT looks like: a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

type Question = (&'static str, oneshot::Sender<String>);

#[derive(Default)]
struct State {
    withholding: bool,
    heard: Vec<u8>,
    answered: bool,
    flights: usize,
    connections: Vec<mpsc::UnboundedSender<Question>>,
}

impl State {
    fn has_heard(&self, bytes: &[u8]) -> bool {
        self.heard.windows(bytes.len()).any(|window| window == bytes)
    }
}

pub(crate) struct Proxy {
    pub(crate) target: Target,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Counts what passed in either direction, and what the test did.
    events: watch::Sender<usize>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self) {
        self.events.send_modify(|count| *count += 1);
    }

    fn heard(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.answered || state.flights == 0 {
            state.flights += 1;
            state.answered = false;
        }
        if state.withholding {
            state.heard.extend_from_slice(bytes);
        }
    }

    fn may_answer(&self) -> bool {
        let mut state = self.state();
        let may = !state.withholding || state.has_heard(COMMIT);
        state.answered |= may;
        may
    }
}

impl Proxy {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0").await);
        let port = must(listener.local_addr()).port();
        let shared = Arc::new(Shared { state: Mutex::default(), events: watch::Sender::new(0) });
        let url =
            format!("postgresql://nobody@127.0.0.1:{port}/{}?sslmode=disable", database.target.database());
        let accepting = Arc::clone(&shared);
        task::detached(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                task::detached(async move { relay(client, &shared).await });
            }
        });
        Self { target: must(Target::parse(&url)).0, shared }
    }

    /// From now on no answer reaches the client until its COMMIT was heard.
    pub(crate) fn withhold(&self) {
        let mut state = self.shared.state();
        (state.withholding, state.answered, state.flights) = (true, false, 0);
        state.heard.clear();
    }

    /// Lets answers through again.
    pub(crate) fn release(&self) {
        self.shared.state().withholding = false;
        self.shared.event();
    }

    /// How often the client sent something new after an answer, the first time included, since `withhold`.
    pub(crate) fn flights(&self) -> usize {
        self.shared.state().flights
    }

    pub(crate) fn heard_commit(&self) -> bool {
        self.shared.state().has_heard(COMMIT)
    }

    /// Waits until the client has sent this.
    pub(crate) async fn hears(&self, text: &str) {
        let mut events = self.shared.events.subscribe();
        let heard = events.wait_for(|_| self.shared.state().has_heard(text.as_bytes()));
        must(within(text, heard).await.map(drop));
    }

    /// Waits for so many chunks in either direction from now on.
    pub(crate) async fn events(&self, wanted: usize) {
        let mut events = self.shared.events.subscribe();
        let before = *events.borrow();
        must(events.wait_for(|now| *now >= before + wanted).await.map(drop));
    }

    /// Asks the server on every open connection: what a statement sent outside any transaction of ours would see, and at the
    /// end `I` where no transaction is open.
    pub(crate) async fn ask(&self, sql: &'static str) -> Vec<String> {
        let connections = self.shared.state().connections.clone();
        let mut answers = Vec::new();
        for connection in connections {
            let (reply, answer) = oneshot::channel();
            if connection.send((sql, reply)).is_ok()
                && let Ok(answer) = within("an answer to the proxy", answer).await
            {
                answers.push(answer);
            }
        }
        answers
    }
}

async fn relay(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let socket = cluster().socket_dir().join(format!(".s.PGSQL.{}", cluster().port()));
    let mut server = UnixStream::connect(socket).await?;
    let (asks, mut asked) = mpsc::unbounded_channel();
    shared.state().connections.push(asks);
    let mut events = shared.events.subscribe();
    let (mut up, mut down, mut held) = (vec![0; 65536], vec![0; 65536], Vec::new());
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                length => {
                    shared.heard(&up[..length]);
                    shared.event();
                    server.write_all(&up[..length]).await?;
                }
            },
            read = server.read(&mut down) => match read? {
                0 => return Ok(()),
                length => held.extend_from_slice(&down[..length]),
            },
            Some((sql, reply)) = asked.recv() => {
                // Nobody waits for the answer when the test has failed.
                let _ = reply.send(question(&mut server, sql).await?);
            }
            _ = events.changed() => {}
        }
        if !held.is_empty() && shared.may_answer() {
            client.write_all(&held).await?;
            held.clear();
            shared.event();
        }
    }
}

/// A simple query of the proxy's own: the values of its rows, then the state of the transaction.
async fn question(server: &mut UnixStream, sql: &str) -> io::Result<String> {
    let length = u32::try_from(sql.len() + 5).map_err(io::Error::other)?;
    let message = [b"Q", length.to_be_bytes().as_slice(), sql.as_bytes(), b"\0"].concat();
    server.write_all(&message).await?;
    let mut values = Vec::new();
    loop {
        let kind = server.read_u8().await?;
        let mut body = vec![0; server.read_u32().await? as usize - 4];
        server.read_exact(&mut body).await?;
        match kind {
            b'D' => values.extend(columns(&body)),
            b'E' => values.push(String::from_utf8_lossy(&body).into_owned()),
            b'Z' => {
                values.push(char::from(body[0]).to_string());
                return Ok(values.join(" "));
            }
            _ => {}
        }
    }
}

/// The columns of a `DataRow`; NULL as `-`.
fn columns(body: &[u8]) -> Vec<String> {
    let (mut rest, mut columns) = (&body[2..], Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (value, after) = after.split_at(length.unwrap_or(0));
        columns.push(length.map_or_else(|| "-".to_owned(), |_| String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    columns
}
