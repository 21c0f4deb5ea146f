//! A mail server: enough of SMTP to take mail, to refuse it, and to be down.
//!
//! Owns: a port of this machine. Calls: nothing. Called by: tests. After a crash: nothing is left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tenantry_pg::task;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct TestMail {
    /// Whom the envelope names.
    pub to: String,
    /// Headers and body, line by line; quoted-printable is undone.
    pub text: String,
}

impl TestMail {
    /// The first link below this path, whole.
    pub fn link(&self, path: &str) -> String {
        let word = self.text.split_whitespace().find(|word| word.contains(path));
        word.unwrap_or_else(|| panic!("no link to {path} in {}", self.text)).to_owned()
    }

    /// The token of that link.
    pub fn token(&self, path: &str) -> String {
        let link = self.link(path);
        let (_, token) = link.split_once("#token=").unwrap_or_else(|| panic!("no token in {link}"));
        token.to_owned()
    }
}

/// How it answers a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes the mail.
    Willing,
    /// Not now: 451.
    Busy,
    /// Never: 550.
    Unwilling,
}

struct State {
    mails: Vec<TestMail>,
    mood: Mood,
    asked: usize,
}

/// A mail server of this test alone. Ends with its runtime.
#[derive(Clone)]
pub struct TestSmtp {
    state: Arc<Mutex<State>>,
    port: u16,
}

impl TestSmtp {
    /// Listens.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().unwrap_or_else(|error| panic!("{error}")).port();
        let state = State { mails: Vec::new(), mood: Mood::Willing, asked: 0 };
        let this = Self { state: Arc::new(Mutex::new(state)), port };
        let server = this.clone();
        task::detached(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                task::detached(async move {
                    // Whoever hangs up has said all.
                    let _ = server.talk(stream).await;
                });
            }
        });
        this
    }

    /// For `TENANTRY_SMTP_URL`.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}?tls=none", self.port)
    }

    /// How it answers from now on.
    pub fn set(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// What it took, in order.
    pub fn mails(&self) -> Vec<TestMail> {
        self.lock().mails.clone()
    }

    /// What it took for this address.
    pub fn mails_to(&self, address: &str) -> Vec<TestMail> {
        self.mails().into_iter().filter(|mail| mail.to == address).collect()
    }

    /// How often it was asked to take a mail.
    pub fn asked(&self) -> usize {
        self.lock().asked
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 test\r\n").await?;
        let mut to = String::new();
        while let Some(line) = lines.next_line().await? {
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match word.as_str() {
                "EHLO" | "HELO" | "MAIL" | "RSET" | "NOOP" => b"250 fine\r\n",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let mut state = self.lock();
                    state.asked += 1;
                    match state.mood {
                        Mood::Willing => b"250 fine\r\n",
                        Mood::Busy => b"451 come back later\r\n",
                        Mood::Unwilling => b"550 nobody of that name\r\n",
                    }
                }
                "DATA" => {
                    writer.write_all(b"354 go on\r\n").await?;
                    let mut text = String::new();
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            break;
                        }
                        text.push_str(line.strip_prefix('.').unwrap_or(&line));
                        text.push('\n');
                    }
                    self.lock().mails.push(TestMail { to: to.clone(), text: plain(&text) });
                    b"250 taken\r\n"
                }
                "QUIT" => {
                    writer.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"502 unknown\r\n",
            };
            writer.write_all(answer).await?;
        }
        Ok(())
    }
}

/// Undoes quoted-printable, in which long lines travel. ASCII alone: what else is in a mail is not looked at.
fn plain(text: &str) -> String {
    if !text.to_ascii_lowercase().contains("content-transfer-encoding: quoted-printable") {
        return text.to_owned();
    }
    let joined = text.replace("=\n", "");
    let mut parts = joined.split('=');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        if let Some(byte) = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            whole.push(char::from(byte));
            whole.push_str(&part[2..]);
        } else {
            whole.push('=');
            whole.push_str(part);
        }
        whole
    })
}
