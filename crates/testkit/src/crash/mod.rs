//! The crash harness: kills a process at every named point of every run, lets another one go on, and compares the world with the registry.
//!
//! Owns: nothing. Calls: the test application, processes of its own (`crash_worker`). Called by: tests/crash, `make crash-matrix`.
//! Invariants: a kind of run without a scenario does not compile, and a step's point that no scenario reaches is a difference
//! (`every_single_crash_leaves_no_difference`); the comparison finds what is planted (`a_planted_difference_is_named`). After a crash: that is the subject.

mod child;
mod matrix;
mod process;
mod report;
mod scenario;
mod stage;
mod world;

pub use matrix::{Depth, kinds, slots, two_workers};
pub use process::main;
pub use report::{KindReport, matrix_main, summary, table};
pub use scenario::{Scenario, Victim, Way};
pub use stage::Stage;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tenantry_core::{
    Error, Result,
    archive::{self, Uploaded},
    authz::Actor,
    ctx::Request,
    provisioning::{Change, ImportWish, Provisioning},
};
use tenantry_types::{adopt::AdoptTenant, run::RunKind, tenant::CreateTenant};
use uuid::Uuid;

/// The point after a server's last commit and before its answer. The harness's own: the code has no name for it.
pub const ANSWER: &str = "server.answer";

/// What a process is to do, and where it is to die.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// The owner's connection.
    pub owner_url: String,
    /// Where it writes each point before it passes it.
    pub trace: PathBuf,
    /// Where it dies.
    pub crash: Option<Crash>,
    /// A point that fails.
    pub fail: Option<String>,
    /// A server's part, or a worker's where there is none.
    pub wish: Option<Wish>,
    /// Slots that a worker keeps ready.
    pub warm_slots: usize,
}

/// A point, and at which passing of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    /// As `Faults::at` is told it.
    pub point: String,
    /// 1 for the first.
    pub nth: usize,
}

/// A run to begin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wish {
    /// Of this kind.
    pub kind: RunKind,
    /// For this tenant.
    pub slug: String,
    /// What an import loads.
    pub archive: Option<Uuid>,
}

/// Asks for the run, as an operator's request does. Returns the first API key where a tenant is made.
pub(crate) async fn ask(provisioning: &Provisioning, wish: &Wish) -> Result<Option<String>> {
    let request = Request { actor: Actor::operator(), request_id: "crash".to_owned(), address: None };
    let slug = wish.slug.clone();
    match wish.kind {
        RunKind::Create => {
            let wish = CreateTenant {
                name: slug.clone(),
                admin_email: format!("admin@{slug}.example"),
                slug,
                ..CreateTenant::default()
            };
            Ok(provisioning.create(&request, None, wish).await?.value.api_key)
        }
        kind @ (RunKind::Suspend | RunKind::Resume | RunKind::Delete | RunKind::Restore | RunKind::Purge) => {
            let change = Change { kind, reason: None, confirm: Some(slug.clone()) };
            provisioning.runs.change(&request, None, &slug, change).await?;
            Ok(None)
        }
        RunKind::Adopt => {
            let wish = AdoptTenant {
                schema: adoptable(&slug),
                name: slug.clone(),
                admin_email: format!("admin@{slug}.example"),
                slug,
                plan_tier: None,
                baseline: Some("1".to_owned()),
                tenant_id: None,
                dry_run: false,
            };
            Ok(provisioning.adopt(&request, None, wish).await?.value.api_key)
        }
        RunKind::Import => {
            let id = wish.archive.ok_or_else(|| Error::Fault("an import without an archive".to_owned()))?;
            let pool = &provisioning.runs.pool;
            let head = pool.run("read_head", id, |tx, id| Box::pin(archive::head(tx, *id))).await?;
            let wish = ImportWish { slug, ..ImportWish::default() };
            let uploaded = Uploaded { id, head, bytes: 0 };
            Ok(provisioning.import(&request, None, wish, &uploaded).await?.value.api_key)
        }
    }
}

/// The schema from which an adoption makes this tenant.
pub(crate) fn adoptable(slug: &str) -> String {
    format!("old_{slug}")
}
