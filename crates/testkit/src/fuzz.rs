//! Random changes of what proves an identity: none may pass, and none may break anything.
//!
//! Owns: nothing. Calls: core's parsers, the router. Called by: tests, `make fuzz`.
//! Invariants: the same seed gives the same changes (`a_seed_repeats_itself`), so that what was found once is found again.
//! After a crash: nothing is left.

use crate::{Client, OPERATOR, TestApp};
use serde_json::json;
use std::str::FromStr;
use tenantry_core::{
    identity::{Email, Environment, KeyText},
    secrets::Vault,
};
use tenantry_pg::roles::MasterKey;

/// Makes changes. A small generator of its own: what is wanted is speed and the same again, not secrecy.
#[derive(Debug, Clone)]
pub struct Fuzzer(u64);

/// Bytes at which parsers turn.
const TURNS: &[u8] = b"._-=+/ \t0aZ{}[]\"',:;\\%~\x80\xc3\xff";

impl Fuzzer {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        // All zeros would stay so.
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        // Marsaglia's xorshift, 64 bits.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..start + self.below((length - start).min(24) + 1)
    }

    /// One of the corpus with one to four changes.
    pub fn change(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(4) {
            self.change_once(&mut bytes, corpus);
        }
        bytes.truncate(8 << 10);
        bytes
    }

    fn change_once(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let (at, turn) = (self.below(bytes.len()), TURNS[self.below(TURNS.len())]);
        match self.below(9) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            1 if !bytes.is_empty() => bytes[at] = turn,
            2 => bytes.insert(at, turn),
            3 => drop(bytes.drain(self.range(bytes.len()))),
            4 => {
                let again = bytes[self.range(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            5 => bytes.truncate(at),
            6 => {
                let other = &corpus[self.below(corpus.len())];
                let (cut, tail) = (self.below(other.len()), at);
                bytes.truncate(tail);
                bytes.extend_from_slice(&other[cut..]);
            }
            7 => bytes[at..]
                .iter_mut()
                .for_each(|byte| *byte ^= if byte.is_ascii_alphabetic() { 0x20 } else { 0 }),
            _ => {
                // Whole parts change places, as between two tokens of one kind.
                let mut parts: Vec<&[u8]> = bytes.split(|byte| matches!(byte, b'.' | b'_')).collect();
                let (one, two) = (self.below(parts.len()), self.below(parts.len()));
                parts.swap(one, two);
                *bytes = parts.join(&turn);
            }
        }
    }
}

/// What parsers must do with any bytes: answer, and take nothing for valid that was changed. Returns how many were tried.
pub fn parsers(fuzzer: &mut Fuzzer, rounds: usize) -> usize {
    let key = || KeyText::generate(Environment::Dev).map(|key| key.expose().into_bytes());
    let keys: Vec<Vec<u8>> = (0..4).filter_map(|_| key().ok()).collect();
    let emails: Vec<Vec<u8>> =
        [&b"ada@example.com"[..], b"a.b+c@xn--d.example", b"A@B.example"].map(<[u8]>::to_vec).to_vec();
    let vault = Vault::new(&MasterKey::new([1; 32]), Some(&MasterKey::new([2; 32])));
    let sealed: Vec<Vec<u8>> =
        (0..4).filter_map(|n| vault.seal("fuzz", None, "one", &[7; 40][..n * 10]).ok()).collect();
    for _ in 0..rounds {
        let changed = fuzzer.change(&keys);
        let text = String::from_utf8_lossy(&changed);
        if KeyText::from_str(&text).is_ok() {
            // The checksum tells slips of the pen from keys; it is public, so a key that passes is not yet anybody's.
            assert!(text.starts_with("tnt_") && text.is_ascii(), "taken for a key: {text:?}");
        }
        let text = String::from_utf8_lossy(&fuzzer.change(&emails)).into_owned();
        if let Ok(email) = Email::from_str(&text) {
            assert!(
                email.as_str().is_ascii() && !email.domain().is_empty(),
                "taken for an address: {text:?}"
            );
            assert_eq!(
                Email::from_str(email.as_str()).as_ref(),
                Ok(&email),
                "reads otherwise again: {text:?}"
            );
        }
        let changed = fuzzer.change(&sealed);
        let opened = vault.open("fuzz", None, "one", &changed);
        assert!(opened.is_err() || sealed.contains(&changed), "opened though it was changed: {changed:?}");
    }
    rounds * 3
}

/// Tokens to begin with.
pub struct Corpus {
    /// Each good for `GET /v1/me`.
    pub good: Vec<Vec<u8>>,
    /// The same, and tokens of the same shapes that nobody signed.
    all: Vec<Vec<u8>>,
}

/// `{"alg":"none"}`; `EdDSA` with a path for a key's id; `HS256` with an address to fetch a key from.
const HEADS: [&str; 3] = [
    "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0",
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ii4uLy4uL2V0Yy9wYXNzd2QifQ",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImsiLCJqa3UiOiJodHRwOi8veC5leGFtcGxlLyJ9",
];

/// An owner's claims, with texts where numbers belong.
const CLAIMS: &str = "eyJzdWIiOiJ1c3JfMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEiLCJ0aWQiOiJ0ZW5fMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDEiLCJyb2xlIjoib3duZXIiLCJhdWQiOiJ0ZW5hbnRyeSIsImlzcyI6Imh0dHA6Ly8xMjcuMC4wLjE6MCIsImlhdCI6MSwibmJmIjoiMCIsImV4cCI6Ijk5OTk5OTk5OTkifQ";

impl Corpus {
    /// These good ones, and the bad ones that go with them.
    pub fn of(good: Vec<String>) -> Self {
        let good: Vec<Vec<u8>> = good.into_iter().map(String::into_bytes).collect();
        let signatures = [String::new(), "A".repeat(43), "A".repeat(86)];
        let jwts =
            HEADS.iter().flat_map(|head| signatures.iter().map(move |end| format!("{head}.{CLAIMS}.{end}")));
        let grant = format!("tng_{}_00000000", "0".repeat(64));
        let bad = jwts.chain([grant]).map(String::into_bytes);
        Self { all: good.iter().cloned().chain(bad).collect(), good }
    }
}

/// Tokens of a new tenant, and the operator's.
pub async fn corpus(app: &TestApp) -> Corpus {
    let acme = app.tenant("acme").await;
    let admin = app.key("acme", &json!({"name": "admin", "role": "admin"})).await;
    let tokens = vec![OPERATOR.to_owned(), acme.key.key, admin.key];
    for token in &tokens {
        app.anyone.clone().with_token(Some(token)).get("/v1/me").await.expect(200);
    }
    Corpus::of(tokens)
}

/// Sends changed tokens: each is refused like any other, and nothing breaks. Returns how many were sent.
pub async fn tokens(client: &Client, corpus: &Corpus, fuzzer: &mut Fuzzer, rounds: usize) -> usize {
    let mut sent = 0;
    for _ in 0..rounds {
        let mut changed = fuzzer.change(&corpus.all);
        // What no header can hold never arrives; around a header's value blanks are no part of it.
        changed.retain(|byte| *byte >= 0x20 && *byte != 0x7f);
        let changed = changed.trim_ascii();
        if changed.is_empty() || corpus.good.iter().any(|good| good == changed) {
            continue;
        }
        let reply =
            client.clone().with_bytes("authorization", &[b"Bearer ", changed].concat()).get("/v1/me").await;
        let told = (reply.status.as_u16(), reply.code());
        assert_eq!(told, (401, "unauthenticated"), "{:?}: {}", String::from_utf8_lossy(changed), reply.text);
        sent += 1;
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself() {
        let corpus = vec![b"tnt_dev_00_11_22".to_vec(), b"a.b.c".to_vec()];
        let run = |seed| {
            let mut fuzzer = Fuzzer::new(seed);
            (0..200).map(|_| fuzzer.change(&corpus)).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(9));
    }

    #[test]
    fn changed_texts_are_refused_or_read_alike() {
        assert_eq!(parsers(&mut Fuzzer::new(0x7e4a_17e5), 20_000), 60_000);
    }
}
