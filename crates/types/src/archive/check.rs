//! Looks at an archive as it streams by: structure, order, every checksum. Holds a block, the head and the manifest, never the rows.
//!
//! Owns: nothing. Calls: archive's tar and sums. Called by: core's archive (upload, load), cli.
//! Invariants: only a whole archive passes (`a_changed_byte_is_found`, `an_archive_that_stops_is_truncated`,
//! `members_out_of_order_are_refused`); memory grows with what came, never with what a header announces (`no_bytes_panic_or_allocate`).
//! After a crash: nothing is left.

use super::{
    FORMAT, HEAD, HEAD_BYTES, Head, MANIFEST, MANIFEST_BYTES, Manifest, MemberSum, PART_BYTES, RowSum, SEAL,
    TableSum, hex, part, seal_of, tar,
};
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Why bytes are no whole archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member} {why}")]
pub struct Refusal {
    /// The kind, for programs.
    pub kind: RefusalKind,
    /// The member; `the archive` where none can be named.
    pub member: String,
    /// What is wrong with it, as the rest of a sentence.
    pub why: String,
}

/// Kinds of [`Refusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// It ends too early.
    Truncated,
    /// It is no tar of plain files.
    NotTar,
    /// A member is where it does not belong.
    Order,
    /// Bytes are not those that the manifest was written for.
    Checksum,
    /// A head or manifest that does not say what it should.
    Malformed,
    /// Another format.
    Format,
}

impl RefusalKind {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::NotTar => "not_tar",
            Self::Order => "order",
            Self::Checksum => "checksum",
            Self::Malformed => "malformed",
            Self::Format => "format",
        }
    }
}

/// The name in a [`Refusal`] where no member can be named.
const NOBODY: &str = "the archive";

fn refuse<T>(kind: RefusalKind, member: &str, why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { kind, member: member.to_owned(), why: why.into() })
}

/// An archive that was looked at from end to end.
#[derive(Debug, Clone)]
pub struct Whole {
    /// Its first member.
    pub head: Head,
    /// Its last.
    pub manifest: Manifest,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of all of it, in lower-case hexadecimal.
    pub sha256: String,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Head,
    Part(usize),
    Manifest,
    Seal,
}

enum State {
    Header,
    Data { left: u64, role: Role },
    Padding { left: usize },
    End,
}

/// Checks an archive in pieces of any size.
pub struct Check {
    state: State,
    block: Vec<u8>,
    name: String,
    size: u64,
    content: Sha256,
    json: Vec<u8>,
    head: Option<Head>,
    manifest: Option<Manifest>,
    /// What the seal of that manifest has to say.
    seal: String,
    sealed: bool,
    members: Vec<MemberSum>,
    tables: Vec<TableSum>,
    rows: RowSum,
    /// The table whose parts are read or come next, and how many of them came.
    table: usize,
    parts: u64,
    /// A table whose last row has no end.
    torn: Option<String>,
    zeros: u64,
    bytes: u64,
    all: Sha256,
}

impl Default for Check {
    fn default() -> Self {
        Self {
            state: State::Header,
            block: Vec::with_capacity(tar::BLOCK),
            name: String::new(),
            size: 0,
            content: Sha256::new(),
            json: Vec::new(),
            head: None,
            manifest: None,
            seal: String::new(),
            sealed: false,
            members: Vec::new(),
            tables: Vec::new(),
            rows: RowSum::default(),
            table: 0,
            parts: 0,
            torn: None,
            zeros: 0,
            bytes: 0,
            all: Sha256::new(),
        }
    }
}

impl Check {
    /// Takes the next bytes. `rows` gets those that belong to tables, with the table's place in the head; they are believed only once
    /// [`Self::finish`] has passed.
    ///
    /// # Errors
    /// [`Refusal`]; the rest need not be read.
    pub fn push(&mut self, mut bytes: &[u8], rows: &mut dyn FnMut(usize, &[u8])) -> Result<(), Refusal> {
        self.bytes += bytes.len() as u64;
        self.all.update(bytes);
        while !bytes.is_empty() {
            let taken = match self.state {
                State::Header => self.header(bytes)?,
                State::Data { left, role } => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    self.data(&bytes[..taken], role, rows);
                    let left = left - taken as u64;
                    self.state = State::Data { left, role };
                    if left == 0 {
                        self.end_member(role)?;
                    }
                    taken
                }
                State::Padding { left } => {
                    let taken = left.min(bytes.len());
                    self.nothing_in(&bytes[..taken])?;
                    self.state = Self::behind(left - taken);
                    taken
                }
                State::End => {
                    self.nothing_in(bytes)?;
                    self.zeros += bytes.len() as u64;
                    bytes.len()
                }
            };
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// The head, once it came.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether that was all of it, and as the manifest says.
    ///
    /// # Errors
    /// [`RefusalKind::Truncated`] where something is missing.
    pub fn finish(self) -> Result<Whole, Refusal> {
        let ended = matches!(self.state, State::End) && self.zeros >= tar::BLOCK as u64;
        match (self.head, self.manifest) {
            (Some(head), Some(manifest)) if ended => {
                Ok(Whole { head, manifest, bytes: self.bytes, sha256: hex(&self.all.finalize()) })
            }
            _ => {
                let why = format!(
                    "ends after {} bytes, before its manifest and its end: it was not sent or stored whole",
                    self.bytes
                );
                refuse(RefusalKind::Truncated, NOBODY, why)
            }
        }
    }

    fn behind(padding: usize) -> State {
        if padding == 0 { State::Header } else { State::Padding { left: padding } }
    }

    fn nothing_in(&self, bytes: &[u8]) -> Result<(), Refusal> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        refuse(RefusalKind::Checksum, &self.name, "is followed by bytes that should be zero")
    }

    fn header(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let taken = (tar::BLOCK - self.block.len()).min(bytes.len());
        self.block.extend_from_slice(&bytes[..taken]);
        let Ok(block) = tar::Block::try_from(self.block.as_slice()) else { return Ok(taken) };
        self.block.clear();
        let place =
            if self.name.is_empty() { NOBODY.to_owned() } else { format!("the member after {}", self.name) };
        match tar::read(&block) {
            Err(error) => return refuse(RefusalKind::NotTar, &place, error.to_string()),
            Ok(None) if !self.sealed => {
                return refuse(RefusalKind::Truncated, NOBODY, format!("ends without {SEAL}"));
            }
            Ok(None) => self.state = State::End,
            Ok(Some(member)) => self.begin_member(member)?,
        }
        Ok(taken)
    }

    fn begin_member(&mut self, member: tar::Member) -> Result<(), Refusal> {
        let role = self.role(&member.name)?;
        let most = match role {
            Role::Head => HEAD_BYTES,
            Role::Part(_) => PART_BYTES,
            Role::Manifest => MANIFEST_BYTES,
            Role::Seal => tar::BLOCK,
        };
        if member.size > most as u64 || member.size == 0 {
            let why = format!("has {} bytes, and may have 1 to {most}", member.size);
            return refuse(RefusalKind::Malformed, &member.name, why);
        }
        if let Role::Part(table) = role {
            self.close_tables(table);
            self.parts += 1;
        } else if role == Role::Manifest {
            self.close_tables(usize::MAX);
        }
        self.name = member.name;
        self.size = member.size;
        self.content = Sha256::new();
        self.json.clear();
        self.state = State::Data { left: member.size, role };
        Ok(())
    }

    /// What a member of this name is here; refused where it does not belong.
    fn role(&self, name: &str) -> Result<Role, Refusal> {
        let Some(head) = &self.head else {
            return if name == HEAD {
                Ok(Role::Head)
            } else {
                refuse(RefusalKind::Order, name, format!("comes before {HEAD}"))
            };
        };
        if self.manifest.is_some() {
            return if name == SEAL && !self.sealed {
                Ok(Role::Seal)
            } else {
                refuse(RefusalKind::Order, name, format!("comes after {MANIFEST}"))
            };
        }
        if name == MANIFEST {
            return Ok(Role::Manifest);
        }
        let next = head.tables.iter().enumerate().skip(self.table).find(|(place, table)| {
            let number = if *place == self.table { self.parts + 1 } else { 1 };
            part(&table.folder, number) == name
        });
        match next {
            Some((place, _)) => Ok(Role::Part(place)),
            None => refuse(RefusalKind::Order, name, "is not the member that comes next"),
        }
    }

    /// Sums up the tables before `next`.
    fn close_tables(&mut self, next: usize) {
        let names: Vec<String> =
            self.head.iter().flat_map(|head| &head.tables).map(|table| table.name.clone()).collect();
        while self.table < next.min(names.len()) {
            let rows = std::mem::take(&mut self.rows);
            if !rows.is_whole() {
                self.torn.get_or_insert_with(|| names[self.table].clone());
            }
            self.tables.push(rows.of(&names[self.table]));
            self.table += 1;
            self.parts = 0;
        }
    }

    fn data(&mut self, bytes: &[u8], role: Role, rows: &mut dyn FnMut(usize, &[u8])) {
        self.content.update(bytes);
        match role {
            Role::Head | Role::Manifest | Role::Seal => self.json.extend_from_slice(bytes),
            Role::Part(table) => {
                self.rows.update(bytes);
                rows(table, bytes);
            }
        }
    }

    fn end_member(&mut self, role: Role) -> Result<(), Refusal> {
        self.state = Self::behind(tar::padding(self.size));
        let sum = MemberSum {
            name: self.name.clone(),
            bytes: self.size,
            sha256: hex(&self.content.finalize_reset()),
        };
        match role {
            Role::Head => self.head = Some(sound_head(self.read()?)?),
            Role::Part(_) => {}
            Role::Manifest => {
                let manifest: Manifest = self.read()?;
                self.compare(&manifest)?;
                self.manifest = Some(manifest);
                self.seal = seal_of(&self.json);
                return Ok(());
            }
            Role::Seal if self.json == self.seal.as_bytes() => {
                self.sealed = true;
                return Ok(());
            }
            Role::Seal => {
                return refuse(
                    RefusalKind::Checksum,
                    MANIFEST,
                    format!("is not the one that {SEAL} was written for"),
                );
            }
        }
        self.members.push(sum);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let wrong = |error: serde_json::Error| Refusal {
            kind: RefusalKind::Malformed,
            member: self.name.clone(),
            why: format!("cannot be read: {error}"),
        };
        let Versioned { format } = serde_json::from_slice(&self.json).map_err(wrong)?;
        if format != FORMAT {
            let why = format!("is of format {format}, and this version reads format {FORMAT} alone");
            return refuse(RefusalKind::Format, &self.name, why);
        }
        serde_json::from_slice(&self.json).map_err(wrong)
    }

    /// What came against what the manifest says.
    fn compare(&self, manifest: &Manifest) -> Result<(), Refusal> {
        for (found, told) in self.members.iter().zip(&manifest.members) {
            if found.name != told.name {
                return refuse(
                    RefusalKind::Truncated,
                    &told.name,
                    "is in the manifest and not in the archive",
                );
            }
            if found != told {
                let why = format!(
                    "has {} bytes with SHA-256 {}, and the manifest says {} with {}",
                    found.bytes, found.sha256, told.bytes, told.sha256
                );
                return refuse(RefusalKind::Checksum, &found.name, why);
            }
        }
        if let Some(missing) = manifest.members.get(self.members.len()) {
            return refuse(
                RefusalKind::Truncated,
                &missing.name,
                "is in the manifest and not in the archive",
            );
        }
        if let Some(stranger) = self.members.get(manifest.members.len()) {
            return refuse(RefusalKind::Order, &stranger.name, "is in the archive and not in the manifest");
        }
        if self.tables != manifest.tables {
            let other = self.tables.iter().find(|table| !manifest.tables.contains(table));
            let name =
                other.map_or_else(|| "a table".to_owned(), |table| format!("the table {}", table.name));
            return refuse(
                RefusalKind::Checksum,
                &name,
                "has other rows in the archive than in the manifest",
            );
        }
        if let Some(table) = &self.torn {
            return refuse(
                RefusalKind::Malformed,
                &format!("the table {table}"),
                "ends in the middle of a row",
            );
        }
        Ok(())
    }
}

/// Folders are ours and each a table's own, or parts could not be told apart.
fn sound_head(head: Head) -> Result<Head, Refusal> {
    let strange = head.tables.iter().enumerate().find(|(place, table)| {
        table.folder != super::folder(*place, &table.name) || table.columns.is_empty()
    });
    match strange {
        Some((_, table)) => {
            refuse(RefusalKind::Malformed, HEAD, format!("describes the table {} wrongly", table.name))
        }
        None => Ok(head),
    }
}

#[cfg(test)]
impl Check {
    /// Bytes of memory that grow with the archive.
    pub(super) fn held(&self) -> usize {
        self.block.capacity() + self.json.capacity()
    }
}
