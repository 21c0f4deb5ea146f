//! A tenant as a portable archive: what is in it, how it is written, and how it is looked at before anybody believes it.
//!
//! A plain tar: `archive.json` first (whose it is, what it was made from, tables and columns), then the rows of each table in PostgreSQL's
//! COPY text format, cut into parts of bounded size, then `manifest.json` with the checksum of everything before it, and
//! `manifest.sha256` with its own. A stream that broke has neither, so it can never pass for a whole.
//!
//! Owns: nothing. Calls: nothing. Called by: core's archive (writes, checks, loads), cli (checks).
//! Invariants: what is written is whole to the checker, however it is cut on the way (`what_is_written_is_whole`); one changed byte anywhere
//! is found (`a_changed_byte_is_found`); nothing is allocated by a length that the archive tells (`no_bytes_panic_or_allocate`).
//! After a crash: nothing is left.

mod check;
mod sum;
pub mod tar;
mod write;

pub use check::{Check, Refusal, RefusalKind, Whole};
pub use sum::{RowSum, row_end};
pub use write::{PART_ROOM, Writer};

use crate::Tier;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The format that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 1;
/// The first member.
pub const HEAD: &str = "archive.json";
/// The checksums of all before it.
pub const MANIFEST: &str = "manifest.json";
/// The last member: the checksum of the manifest, as `sha256sum -c` reads it.
pub const SEAL: &str = "manifest.sha256";
/// The media type of an archive.
pub const MEDIA_TYPE: &str = "application/x-tar";
/// The largest part of a table, in bytes: what a writer holds in memory.
pub const PART_BYTES: usize = 4 << 20;
/// The largest head, in bytes.
pub const HEAD_BYTES: usize = 8 << 20;
/// The largest manifest, in bytes: some hundred thousand members.
pub const MANIFEST_BYTES: usize = 32 << 20;

/// `archive.json`: whose rows these are, and what they need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORMAT`]
    pub format: u32,
    /// Name and version of the product that wrote it.
    pub product: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The tenant, without keys and without anything secret.
    pub tenant: ArchivedTenant,
    /// Its workspaces, the default one first.
    pub workspaces: Vec<ArchivedWorkspace>,
    /// Version of the tenant's migrations.
    pub schema_version: String,
    /// Digest of the migration files that its schema was made from.
    pub template: String,
    /// Its tables, in the order of the archive.
    pub tables: Vec<ArchivedTable>,
    /// What is not in the archive, in words for people.
    pub left_out: Vec<String>,
}

/// The tenant's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedTenant {
    /// Bare UUID, as rows carry it.
    pub id: Uuid,
    /// Its slug then.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Its plan.
    pub plan_tier: Tier,
    /// Who answered for it.
    pub admin_email: String,
    /// E-mail domains whose people may join.
    pub allowed_domains: Vec<String>,
    /// Its own number, where it had one. So are the next two.
    pub max_agents: Option<i32>,
    /// See `max_agents`.
    pub max_tasks_per_month: Option<i32>,
    /// See `max_agents`.
    pub storage_limit_gb: Option<i32>,
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedWorkspace {
    /// Bare UUID, as rows carry it.
    pub id: Uuid,
    /// Unique in the tenant.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Whether it is the one that is used when none is named.
    pub is_default: bool,
    /// When it was archived, if it was.
    pub archived_at: Option<DateTime<Utc>>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedTable {
    /// As PostgreSQL knows it, unquoted.
    pub name: String,
    /// The folder of its parts in the archive. A name may hold anything; a path may not.
    pub folder: String,
    /// Columns in the order of the rows; generated ones are left out.
    pub columns: Vec<ArchivedColumn>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedColumn {
    /// As PostgreSQL knows it, unquoted.
    pub name: String,
    /// Its type, as PostgreSQL prints it.
    #[serde(rename = "type")]
    pub kind: String,
}

/// `manifest.json`: what came before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`]
    pub format: u32,
    /// Every member before this one, in order.
    pub members: Vec<MemberSum>,
    /// Every table, in the order of the head.
    pub tables: Vec<TableSum>,
    /// Where sequences stood after the rows were read.
    pub sequences: Vec<SequenceAt>,
}

/// A member and its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberSum {
    /// Its path.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// A table and the sum of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// As PostgreSQL knows it, unquoted.
    pub name: String,
    /// How many rows.
    pub rows: u64,
    /// Bytes of all rows.
    pub bytes: u64,
    /// The sum, modulo 2^256, of the SHA-256 of every row with its newline, in lower-case hexadecimal: the same for the same rows in any
    /// order, because another server may sort texts differently.
    pub rows_sha256: String,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceAt {
    /// As PostgreSQL knows it, unquoted.
    pub name: String,
    /// The last value it gave; none where it was never used.
    pub last: Option<i64>,
}

/// The folder of a table's parts: its place in the head, and as much of its name as every file system takes.
pub fn folder(place: usize, name: &str) -> String {
    let plain: String = name
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .collect();
    format!("tables/{:04}-{plain}", place + 1)
}

/// The path of a part, counted from 1.
pub fn part(folder: &str, number: u64) -> String {
    format!("{folder}/{number:06}.copy")
}

/// What [`SEAL`] says of a manifest.
fn seal_of(manifest: &[u8]) -> String {
    use sha2::Digest;
    format!("{}  {MANIFEST}\n", hex(&sha2::Sha256::digest(manifest)))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
