//! Brings one schema to the version of a set of files, inside the caller's transaction.
//!
//! Owns: the history table of the schema. Calls: set, history. Called by: core's placement (slots, control plane).
//! Invariants: files and their history rows commit together (`a_failing_file_leaves_no_schema`); a file that changed after it ran is refused
//! (`a_changed_file_is_refused`); a file's settings end with it (`a_file_leaves_no_settings_behind`). After a crash: PostgreSQL rolls all of it back.

use super::{MigrationFile, MigrationSet, history};
use crate::{
    ControlTx, Error, FromRow, Row,
    pool::mark,
    sql::{quote_ident, quote_literal},
};
use std::fmt::Write;

/// Why a schema is not at its version.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A statement of a file failed.
    #[error("{script}: {message}{position}", message = .source.db_message().unwrap_or_else(|| .source.to_string()))]
    File {
        /// The file.
        script: String,
        /// Where in it, as ` (line N)`, when PostgreSQL says so.
        position: String,
        /// PostgreSQL's answer.
        source: Error,
    },
    /// A file is not what it was when it ran.
    #[error(
        "{script} was changed after it ran here (checksum {ran} then, {now} now): restore it and put the change into a new file"
    )]
    Changed {
        /// The file.
        script: String,
        /// As recorded.
        ran: i32,
        /// As computed.
        now: i32,
    },
    /// The history names a version that the files do not have.
    #[error("version {0} ran here, but no file has it: this binary or folder is older than the schema")]
    Unknown(String),
    /// A file asks to run outside a transaction.
    #[error(
        "{0} must run outside a transaction (`-- tenantry:no-transaction`), which is not possible while a schema is being made: put what new schemas need into a file without that line"
    )]
    NeedsNoTransaction(String),
    /// The history could not be read or written.
    #[error(transparent)]
    Database(#[from] Error),
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Files that ran now.
    pub files: usize,
    /// The version that the schema has now; `0` without versioned files.
    pub version: String,
}

/// Runs every pending file of `set` in `schema` and records it in the table `history`. `fresh` says that the schema was made in this
/// very transaction, so that there is nothing to look up. The search path is `public` afterwards.
///
/// # Errors
/// [`MigrateError`]; the transaction is then over.
pub async fn apply(
    tx: &ControlTx,
    schema: &str,
    set: &MigrationSet,
    history: &str,
    fresh: bool,
) -> Result<Applied, MigrateError> {
    let ran = if fresh { Vec::new() } else { read(tx, schema, history).await? };
    let pending = pending(set, &ran)?;
    let version = set.target().map_or_else(|| "0".to_owned(), |version| version.as_str().to_owned());
    if pending.is_empty() {
        return Ok(Applied { files: 0, version });
    }
    let table = format!("{}.{}", quote_ident(schema), quote_ident(history));
    let mut records = if ran.is_empty() { history::create_history(schema, history) } else { String::new() };
    for (rank, file) in (ran.len() + 1..).zip(&pending) {
        // Before each: the file before may have left another path, as those of pg_dump do.
        tx.batch(&format!("SET LOCAL search_path TO {}", quote_ident(schema))).await?;
        let began = mark();
        tx.batch(&file.sql).await.map_err(|source| failed(file, source))?;
        record(&mut records, &table, rank, file, began.elapsed().as_millis());
    }
    // What a file set for its session would outlive the transaction on this connection.
    records.push_str("RESET ROLE; RESET ALL; SET LOCAL search_path TO public;");
    tx.batch(&records).await?;
    Ok(Applied { files: pending.len(), version })
}

fn record(records: &mut String, table: &str, rank: usize, file: &MigrationFile, took_ms: u128) {
    let version = file.version().map_or_else(|| "NULL".to_owned(), |version| quote_literal(version.as_str()));
    // Writing to a String cannot fail.
    let _ = writeln!(
        records,
        "INSERT INTO {table} VALUES ({rank}, {version}, {}, '{}', {}, {}, current_user, now(), {took_ms}, true);",
        quote_literal(&file.description),
        history::TYPE_SQL,
        quote_literal(&file.script),
        file.checksum,
    );
}

fn failed(file: &MigrationFile, source: Error) -> MigrateError {
    let position = source
        .position()
        .map(|at| 1 + file.sql.chars().take(at.saturating_sub(1)).filter(|c| *c == '\n').count())
        .map_or_else(String::new, |line| format!(" (line {line})"));
    MigrateError::File { script: file.script.clone(), position, source }
}

struct Ran {
    version: Option<String>,
    script: String,
    checksum: Option<i32>,
}

impl FromRow for Ran {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self { version: row.get("version")?, script: row.get("script")?, checksum: row.get("checksum")? })
    }
}

async fn read(tx: &ControlTx, schema: &str, history: &str) -> Result<Vec<Ran>, Error> {
    let exists = tx
        .query(
            "-- migrate::history_exists
             SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relname = $2 AND n.nspname = $1",
            &[&schema, &history],
        )
        .await?;
    if exists.is_empty() {
        return Ok(Vec::new());
    }
    tx.batch(&format!("SET LOCAL search_path TO {}", quote_ident(schema))).await?;
    let ran = match history {
        history::HISTORY_TABLE => {
            tx.all("SELECT version, script, checksum FROM flyway_schema_history ORDER BY installed_rank", &[])
                .await?
        }
        _ => {
            tx.all("SELECT version, script, checksum FROM _schema_history ORDER BY installed_rank", &[])
                .await?
        }
    };
    tx.batch("SET LOCAL search_path TO public").await?;
    Ok(ran)
}

/// The files that have not run, in order: versioned ones, then repeatable ones that are new or changed.
fn pending<'a>(set: &'a MigrationSet, ran: &[Ran]) -> Result<Vec<&'a MigrationFile>, MigrateError> {
    for row in ran.iter().filter(|row| row.version.is_some()) {
        let file = set.versioned().iter().find(|file| file.script == row.script);
        let file = file.ok_or_else(|| MigrateError::Unknown(row.version.clone().unwrap_or_default()))?;
        if row.checksum.is_some_and(|ran| ran != file.checksum) {
            return Err(MigrateError::Changed {
                script: file.script.clone(),
                ran: row.checksum.unwrap_or_default(),
                now: file.checksum,
            });
        }
    }
    let last = |file: &MigrationFile| ran.iter().rev().find(|row| row.script == file.script);
    let versioned = set.versioned().iter().filter(|file| last(file).is_none());
    let repeatable = set
        .repeatable()
        .iter()
        .filter(|file| last(file).is_none_or(|row| row.checksum != Some(file.checksum)));
    let pending: Vec<_> = versioned.chain(repeatable).collect();
    match pending.iter().find(|file| !file.transactional) {
        Some(file) => Err(MigrateError::NeedsNoTransaction(file.script.clone())),
        None => Ok(pending),
    }
}
