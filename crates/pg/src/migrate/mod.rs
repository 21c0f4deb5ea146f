//! Migrations in Flyway's naming and history, so that existing files are adopted as they are.
//!
//! Owns: the history tables. Calls: sql, transaction. Called by: core's placement.
//! Invariants: Flyway's own `validate` agrees with a schema that was migrated here (golden checksums in `checksum`, the table in `history`).
//! After a crash: what was not committed is rolled back; the next run goes on.

mod apply;
mod checksum;
mod file;
pub mod history;
pub mod script;
mod set;

pub use apply::{Applied, MigrateError, apply};
pub use checksum::checksum;
pub use file::{FileKind, FileName, FileNameError, Version};
pub use set::{FileProblem, MigrationFile, MigrationFileError, MigrationSet};

/// Name of the history of our own tables in a tenant's schema, which Flyway does not know.
pub const SYSTEM_HISTORY: &str = "_schema_history";
