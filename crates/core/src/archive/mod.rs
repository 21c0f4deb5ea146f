//! A tenant's data out of the installation and into one: portable archives.
//!
//! The server writes an archive from one read-only picture of the tenant, through the role that reads across workspaces, and takes one in
//! piece by piece, believing nothing before all of it was checked. The worker, which alone may write a schema as its owner, loads it.
//!
//! Owns: archives, `archive_chunks`, `archive_workspaces`. Calls: tenancy, registry, placement, audit, pg. Called by: server (export, upload),
//! provisioning (load, workspaces, discard), the worker (sweep).
//! Invariants: what was loaded is row for row what was archived, or the load fails and names the table (`a_tenant_survives_the_round_trip`,
//! `a_row_that_changes_on_the_way_is_named`); memory is bounded by [`tenantry_types::archive::PART_BYTES`] and [`CHUNK_BYTES`] whatever the tenant's size
//! (`a_large_table_travels_in_bounded_parts`); an export that broke shows (`a_database_that_goes_away_ends_the_stream_visibly`).
//! After a crash: an unfinished upload is swept an hour later; loading is one transaction of the worker and starts anew.

mod export;
mod load;
mod rows;
mod store;
mod upload;

pub use export::Export;
pub use load::{ImportedWorkspace, Loaded, discard, head, load, sweep, workspaces};
pub use upload::{Upload, Uploaded};

use crate::{Error, ctx::Ctx, placement::Template, tenancy::Tenancy};
use std::time::Duration;
use tenantry_pg::Pool;
use tenantry_types::{ErrorCode, FieldError};

/// How long an export or an upload may take as a whole.
pub const PATIENCE: Duration = Duration::from_hours(1);
/// How long either waits for a client that neither reads nor sends.
pub const STALL: Duration = Duration::from_mins(1);
/// The bytes of an uploaded archive are kept in pieces of this size.
pub const CHUNK_BYTES: usize = 1 << 20;

/// What the server needs to take tenants out and in. It holds no owner's credential.
#[derive(Clone)]
pub struct Archives {
    /// The platform login.
    pub platform: Pool,
    /// The door to tenant rows.
    pub tenancy: Tenancy,
    /// Clock, ids, faults.
    pub ctx: Ctx,
    /// What tenants' schemas are made of here.
    pub template: Template,
    /// The largest archive that is taken in, in bytes.
    pub largest: u64,
}

/// Name and version of what writes archives.
const PRODUCT: &str = concat!("tenantry ", env!("CARGO_PKG_VERSION"));

/// An archive that cannot be taken: what is wrong with which part of it, and what to do.
fn refused(member: &str, code: &str, why: impl Into<String>, next: &str) -> Error {
    let why = why.into();
    Error::Refused {
        code: ErrorCode::Invalid,
        detail: format!("The archive cannot be imported: {member} {why}."),
        errors: vec![FieldError { pointer: member.to_owned(), code: code.to_owned(), detail: why }],
        next_steps: vec![next.to_owned()],
    }
}
