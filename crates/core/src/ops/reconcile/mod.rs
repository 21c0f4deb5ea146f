//! The reconciler: compares what the registry says with what PostgreSQL has, mends what is safe, and tells of the rest.
//!
//! Owns: `findings`. Calls: placement, psql, pg. Called by: the worker's duties; doctor reads the findings.
//! Invariants: it looks at the state of things, not at what happened, so a look that was missed is made good by the next; it never drops a
//! schema (`an_orphan_schema_is_told_and_kept`); what it drops, nothing depends on (`a_stray_role_is_dropped`); what cannot
//! be mended is told, and keeps nothing else from being mended and told (`a_role_that_stays_does_not_spoil_the_look`). After a crash: what was
//! mended is, each by itself; the findings are those of the last whole look.

pub(super) mod store;

use crate::{Result, ctx::Ctx, psql};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenantry_pg::{ControlTx, ErrorKind, Pool, TxError, roles::Installation};

/// Something that is not as the registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `orphan_schema`, `missing_schema`, …
    pub kind: &'static str,
    /// What: the schema's, role's or tenant's name.
    pub name: String,
    /// What it is, and what can be done.
    pub detail: String,
}

/// One look. Returns what is left for a person.
///
/// # Errors
/// The database's; what was mended by then stays so.
pub(crate) async fn look(
    tx: &ControlTx,
    owner: &Pool,
    ctx: &Ctx,
    installation: &Installation,
) -> Result<Vec<Finding>> {
    let now = ctx.now();
    let mut found = mend(tx, owner, installation, now).await?;
    for (kind, what) in KINDS {
        for name in store::found(tx, kind).await? {
            found.push(Finding { kind, detail: format!("{name}: {what}"), name });
        }
    }
    let rows = found.iter().map(|f| json!({"kind": f.kind, "name": f.name, "detail": f.detail})).collect();
    store::keep(tx, rows, now).await?;
    Ok(found)
}

/// What a look asks for, and what a person is told of it.
const KINDS: [(&str, &str); 5] = [
    (
        "orphan_schema",
        "a schema of a tenant's name that no slot knows. It may hold data: look at it, then drop it or adopt it under another name",
    ),
    ("missing_schema", "a tenant's schema or role is gone. Restore it from a backup, or purge the tenant"),
    (
        "homeless_tenant",
        "the tenant has no slot. Restore the table `slots` from a backup, or purge the tenant",
    ),
    (
        "orphan_slot",
        "a claimed slot whose tenant is gone. Its schema may hold data: look at it before it is dropped",
    ),
    (
        "stranded_tenant",
        "the tenant is being made or removed, and no run is at work on it. Its last run says why; roll that back or retry it",
    ),
];

/// What is safe: roles and logins that nothing knows and nothing depends on, and warm slots that are not whole. Each role in a transaction
/// of its own, so that one that stays does not keep the rest. Returns what could not be mended.
async fn mend(
    tx: &ControlTx,
    owner: &Pool,
    installation: &Installation,
    now: DateTime<Utc>,
) -> Result<Vec<Finding>> {
    let mut left = Vec::new();
    for role in store::stray_roles(tx, &installation.tenant_role("")).await? {
        tracing::warn!(role, "a role that no slot knows is dropped");
        let dropped =
            owner.run("drop_stray_role", role.clone(), |tx, role| Box::pin(store::drop_role(tx, role)));
        left.extend(unmended("stray_role", role, dropped.await)?);
    }
    for login in store::stray_logins(tx, &installation.psql("")).await? {
        tracing::warn!(login, "a psql login that no session knows is dropped");
        let dropped =
            owner.run("drop_stray_login", login.clone(), |tx, login| Box::pin(psql::drop_stray(tx, login)));
        left.extend(unmended("stray_login", login, dropped.await)?);
    }
    for schema in store::broken_slots(tx, now).await? {
        tracing::error!(schema, "a warm slot has lost its schema or role; it is never handed out");
    }
    Ok(left)
}

/// What PostgreSQL refused to drop, for a person. What it could not be asked is an error of the look.
fn unmended(kind: &'static str, name: String, dropped: Result<()>) -> Result<Option<Finding>> {
    let Err(error) = dropped else { return Ok(None) };
    if error.pg().is_some_and(|error| error.kind() == ErrorKind::Unavailable) {
        return Err(error);
    }
    tracing::warn!(kind, name, %error, "what nothing knows could not be dropped");
    let detail = format!(
        "{name}: nothing of ours knows this role, and it could not be dropped: {error}. Drop it by hand"
    );
    Ok(Some(Finding { kind, name, detail }))
}
