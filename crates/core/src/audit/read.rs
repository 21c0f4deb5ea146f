//! Reading the trail: who may read what, and a page of it.
//!
//! Owns: nothing. Calls: authz, store. Called by: server, export, verify, ops.
//! Invariants: a tenant's identity reads through the login that row-level security confines to its tenant (`a_key_sees_its_own_trail_only`).
//! After a crash: nothing is left.

use super::{
    chain::{Event, Sealed},
    filter::{Cursor, Filter},
    store::{self, Listed},
};
use crate::{
    Error, Result,
    authz::{Action, Actor},
};
use tenantry_pg::{BoxFuture, ControlTx, Pool, roles::hex};
use tenantry_types::{EventId, TenantId, WorkspaceId, audit::AuditEvent, page::Page};

/// The trail as an actor may see it.
#[derive(Clone)]
pub struct Trail {
    pool: Pool,
    own: Option<TenantId>,
}

impl Trail {
    /// Operators see all of it, through the platform's login; a tenant's identity sees its tenant's, through the login that is confined to it.
    ///
    /// # Errors
    /// 403 for whoever may not read it.
    pub fn of(actor: &Actor, platform: &Pool, control: &Pool) -> Result<Self> {
        actor.may(Action::ReadAudit)?;
        Ok(match actor {
            Actor::Operator(_) | Actor::System => Self { pool: platform.clone(), own: None },
            // Who may read and is no operator reads the trail of their own tenant.
            own => Self { pool: control.clone(), own: Some(own.tenant_id().ok_or_else(Error::not_found)?) },
        })
    }

    /// The one tenant whose trail this is; `None`: everybody's.
    pub fn own(&self) -> Option<TenantId> {
        self.own
    }

    pub(super) async fn run<I, T, W>(&self, name: &'static str, input: I, work: W) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        match self.own {
            Some(tenant) => self.pool.run_for(tenant, name, input, work).await,
            None => self.pool.run(name, input, work).await,
        }
    }
}

/// A page of the trail, newest first; the unsealed tail stands before everything that is sealed.
///
/// # Errors
/// The database's.
pub async fn list(trail: &Trail, filter: Filter) -> Result<Page<AuditEvent>> {
    let limit = filter.limit;
    let mut rows = trail
        .run("list_audit_events", filter, |tx, filter| {
            Box::pin(async move {
                let found = filter.find(tx).await?;
                let limit = i64::try_from(filter.limit + 1).unwrap_or(i64::MAX);
                store::page(tx, &found, limit).await
            })
        })
        .await?;
    // One more row than asked for tells whether there is a next page.
    let more = rows.len() > limit;
    rows.truncate(limit);
    let cursor = rows.last().filter(|_| more).map(|last| match last {
        Listed::Sealed(sealed) => Cursor::Position(sealed.place.position),
        Listed::Unsealed(event) => Cursor::Arrived(event.arrived),
    });
    let items = rows.iter().map(told).collect::<Result<_>>()?;
    Ok(Page { items, next_cursor: cursor.and_then(Cursor::text) })
}

/// An event by its id, sealed or not yet. A tenant's role chooses the ids of its own events: of several that bear the same, this is the first.
///
/// # Errors
/// 404 where there is none in this trail.
pub async fn show(trail: &Trail, id: EventId) -> Result<AuditEvent> {
    let found = trail.run("show_audit_event", id, |tx, id| Box::pin(store::by_id(tx, *id))).await?;
    told(&found.ok_or_else(Error::not_found)?)
}

/// The position of the newest sealed event: where a reader begins who wants to hear only what comes. 0 where there is none.
///
/// # Errors
/// The database's.
pub async fn head(trail: &Trail) -> Result<i64> {
    let own = trail.own;
    trail.run("audit_head", own, |tx, own| Box::pin(store::newest(tx, *own))).await
}

/// Sealed events behind a position, in order, `limit` at the most; each with its own.
///
/// # Errors
/// The database's.
pub async fn since(trail: &Trail, after: i64, limit: i64) -> Result<Vec<(i64, AuditEvent)>> {
    let input = (trail.own, after, limit);
    let sealed = trail
        .run("audit_since", input, |tx, (own, after, limit)| Box::pin(store::since(tx, *own, *after, *limit)))
        .await?;
    sealed.iter().map(|one| Ok((one.place.position, wire(&one.event, Some(one))?))).collect()
}

fn told(row: &Listed) -> Result<AuditEvent> {
    match row {
        Listed::Unsealed(event) => wire(event, None),
        Listed::Sealed(sealed) => wire(&sealed.event, Some(sealed)),
    }
}

fn wire(event: &Event, sealed: Option<&Sealed>) -> Result<AuditEvent> {
    let strange = |what: &str| Error::Fault(format!("audit event {}: {what} cannot be read", event.id));
    let time = |text: &str| text.parse().map_err(|_| strange("a time"));
    let value = |text: &Option<String>| match text {
        Some(text) => serde_json::from_str(text).map(Some).map_err(|_| strange("a value")),
        None => Ok(None),
    };
    Ok(AuditEvent {
        id: EventId(event.id),
        sealed: sealed.is_some(),
        seq: sealed.map(|sealed| sealed.place.seq),
        hash: sealed.map(|sealed| hex(&sealed.hash)),
        sealed_at: sealed.map(|sealed| time(&sealed.place.sealed_at)).transpose()?,
        occurred_at: time(&event.occurred_at)?,
        tenant_id: event.tenant_id.map(TenantId),
        workspace_id: event.workspace_id.map(WorkspaceId),
        actor_kind: event.actor_kind.parse().map_err(|_| strange("the actor's kind"))?,
        actor: event.actor.clone(),
        action: event.action.clone(),
        target_kind: event.target_kind.clone(),
        target: event.target.clone(),
        request_id: event.request_id.clone(),
        address: event.address.as_deref().map(plain_address),
        before: value(&event.before)?,
        after: value(&event.after)?,
    })
}

/// An address without the length of a mask that covers it whole.
fn plain_address(text: &str) -> String {
    let whole = if text.contains(':') { "/128" } else { "/32" };
    text.strip_suffix(whole).unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_plain() {
        for (stored, shown) in
            [("192.0.2.7/32", "192.0.2.7"), ("2001:db8::7/128", "2001:db8::7"), ("10.0.0.0/8", "10.0.0.0/8")]
        {
            assert_eq!(plain_address(stored), shown);
        }
    }
}
