//! Requests that name another tenant than their identity's: counted by identity, written down now and then.
//!
//! Owns: nothing. Calls: audit. Called by: server's authentication.
//! Invariants: a request waits for no such write, and an identity makes one event a minute at most, however many tenants it tries
//! (`a_mismatch_is_written_down_once_a_minute`); the event is in the trail of the identity's own tenant, and is the same whether the tenant that was named exists or
//! not (`a_mismatch_tells_nothing_of_the_other`); what is remembered is bounded (`tests::a_crowd_is_bounded`).
//! After a crash: what was counted since an identity's last event is lost; the request itself was refused, logged and in the metrics.

use crate::{
    Result,
    audit::{self, Deed},
    ctx::{Ctx, Request},
};
use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use serde_json::json;
use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    str::FromStr as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tenantry_pg::{Pool, task};
use tenantry_types::Slug;
use tokio::sync::Notify;

/// The action of such an event.
pub(crate) const MISMATCH: &str = "tenant.mismatch";
/// What two events of an identity are apart.
const APART: TimeDelta = TimeDelta::minutes(1);
/// Identities that are remembered; whoever falls out is written down as if they came for the first time.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// Names that one event tells.
const TOLD: usize = 10;

/// Takes notes. Cheap to clone; the task that writes them down ends with the last clone.
#[derive(Clone)]
pub struct Mismatches {
    platform: Pool,
    ctx: Ctx,
    pending: Arc<Pending>,
    _task: Arc<AbortOnDrop>,
}

#[derive(Default)]
struct Pending {
    noted: Noted,
    wish: Notify,
    /// Whoever writes: one at a time, so that what was taken is written when the next one comes.
    turn: tokio::sync::Mutex<()>,
}

struct Noted(Mutex<LruCache<String, Tries>>);

/// What an identity has tried since its last event.
struct Tries {
    request: Request,
    claimed: BTreeSet<String>,
    count: u64,
    /// When its last event was taken.
    told: Option<DateTime<Utc>>,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Noted {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Mismatches {
    /// Starts the task that writes them down, through the platform's login.
    pub fn start(platform: Pool, ctx: Ctx) -> Self {
        let pending = Arc::<Pending>::default();
        let (waiting, pool, clock) = (Arc::clone(&pending), platform.clone(), ctx.clone());
        let task = task::detached(async move {
            loop {
                // What is not due yet is looked at again when it can be.
                let patience = if waiting.noted.some() { Duration::from_mins(1) } else { Duration::MAX };
                let _ = tokio::time::timeout(patience, waiting.wish.notified()).await;
                if let Err(error) = waiting.write(&pool, &clock).await {
                    tracing::warn!(%error, "requests that named another tenant than their identity's are not written down");
                }
            }
        });
        Self { platform, ctx, pending, _task: Arc::new(AbortOnDrop(task)) }
    }

    /// Notes that a request was refused since it names `claimed`, which is not its identity's tenant.
    pub fn note(&self, request: Request, claimed: &str) {
        self.pending.noted.add(request, claimed);
        self.pending.wish.notify_one();
    }

    /// Writes down at once what is due; what is being written is written when this returns.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&self) -> Result<()> {
        self.pending.write(&self.platform, &self.ctx).await
    }
}

impl Pending {
    async fn write(&self, platform: &Pool, ctx: &Ctx) -> Result<()> {
        let _turn = self.turn.lock().await;
        let due = self.noted.due(ctx.now());
        if due.is_empty() {
            return Ok(());
        }
        platform
            .run("audit_mismatches", (ctx.clone(), due), |tx, (ctx, due)| {
                Box::pin(async move {
                    for (request, deed) in due {
                        audit::record(tx, ctx, request, deed).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

impl Noted {
    fn lock(&self) -> MutexGuard<'_, LruCache<String, Tries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something waits to be written down.
    fn some(&self) -> bool {
        self.lock().iter().any(|(_, tries)| tries.count > 0)
    }

    fn add(&self, request: Request, claimed: &str) {
        let mut noted = self.lock();
        let identity = request.actor.principal();
        let tries = noted.get_or_insert_mut(identity, || Tries {
            request: request.clone(),
            claimed: BTreeSet::new(),
            count: 0,
            told: None,
        });
        tries.request = request;
        tries.count = tries.count.saturating_add(1);
        // Text that can be no slug is not kept: it could be anything.
        let claimed =
            Slug::from_str(claimed).map_or_else(|_| "(no slug)".to_owned(), |slug| slug.to_string());
        if tries.claimed.len() < TOLD {
            tries.claimed.insert(claimed);
        }
    }

    /// The events whose time has come. They are taken: what fails to be written is not tried again.
    fn due(&self, now: DateTime<Utc>) -> Vec<(Request, Deed)> {
        let mut noted = self.lock();
        let due = noted
            .iter_mut()
            .map(|(_, tries)| tries)
            .filter(|tries| tries.count > 0 && tries.told.is_none_or(|told| now >= told + APART));
        due.map(|tries| {
            tries.told = Some(now);
            let (count, claimed) = (std::mem::take(&mut tries.count), std::mem::take(&mut tries.claimed));
            (tries.request.clone(), deed(&tries.request, count, &claimed))
        })
        .collect()
    }
}

fn deed(request: &Request, count: u64, claimed: &BTreeSet<String>) -> Deed {
    let place = request.actor.place();
    Deed {
        tenant: place.map(|place| place.tenant.id),
        workspace: place.map(|place| place.workspace),
        action: MISMATCH,
        target_kind: "tenant",
        target: place.map_or_else(|| "-".to_owned(), |place| place.tenant.slug.to_string()),
        before: None,
        after: Some(json!({"claimed": claimed, "requests": count})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::Actor;

    fn by(actor: Actor) -> Request {
        Request { actor, request_id: "r1".to_owned(), address: None }
    }

    fn told(noted: &Noted, now: DateTime<Utc>) -> Vec<serde_json::Value> {
        noted.due(now).into_iter().filter_map(|(_, deed)| deed.after).collect()
    }

    #[test]
    fn tries_of_a_minute_are_one_event() {
        let (noted, now) = (Noted::default(), DateTime::UNIX_EPOCH);
        noted.add(by(Actor::operator()), "rival");
        assert_eq!(told(&noted, now), [json!({"claimed": ["rival"], "requests": 1})]);
        for slug in ["rival", "nobody", "'; DROP", "rival"] {
            noted.add(by(Actor::operator()), slug);
        }
        assert!(told(&noted, now + TimeDelta::seconds(59)).is_empty() && noted.some());
        let rest = json!({"claimed": ["(no slug)", "nobody", "rival"], "requests": 4});
        assert_eq!(told(&noted, now + APART), [rest]);
        assert!(told(&noted, now + APART + APART).is_empty() && !noted.some());
    }

    #[test]
    fn a_crowd_is_bounded() {
        let noted = Noted::default();
        for number in 0..3_000 {
            noted.add(by(Actor::operator()), &format!("tenant-{number}"));
        }
        let events = told(&noted, DateTime::UNIX_EPOCH);
        assert_eq!(events[0]["claimed"].as_array().map(Vec::len), Some(TOLD));
        assert_eq!(events[0]["requests"], 3_000);
        for number in 0..3_000_u128 {
            let mut noted = noted.lock();
            let request = by(Actor::operator());
            noted.put(number.to_string(), Tries { request, claimed: BTreeSet::new(), count: 1, told: None });
        }
        assert_eq!(noted.lock().len(), REMEMBERED.get());
    }
}
