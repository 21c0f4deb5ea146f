//! What is remembered of requests that name another tenant than their identity's, and which events of it are due.
//!
//! Owns: nothing. Calls: nothing. Called by: mismatches.
//! Invariants: an identity that is remembered makes one event a minute (`tries_of_a_minute_are_one_event`); a tenant makes ten a minute in the names of its identities and one for
//! all others, however many there are and whether they are remembered or not (`a_tenants_events_are_bounded`); who is pushed out by others leaves behind what was counted
//! (`nothing_is_lost_of_who_is_pushed_out`); what is remembered is bounded (`a_crowd_is_bounded`).
//! After a crash: nothing is left.

use super::MISMATCH;
use crate::{audit::Deed, authz::Actor, ctx::Request};
use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    num::NonZeroUsize,
    str::FromStr as _,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tenantry_types::{Slug, TenantId};

/// What two events of an identity are apart, and what a tenant's events are counted over.
const APART: TimeDelta = TimeDelta::minutes(1);
/// Identities that are remembered; whoever falls out and comes back is taken for new.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// Events of a tenant in a minute that are each of one identity.
const OWN: usize = 10;
/// Names that one event tells, of tenants and of identities.
const TOLD: usize = 10;

#[derive(Default)]
pub(super) struct Noted(Mutex<Memory>);

struct Memory {
    identities: LruCache<String, Tries>,
    /// Those that had an event in the last minute, or have one to come. Identities of no tenant are together.
    tenants: HashMap<Option<TenantId>, Minute>,
}

/// An identity that is remembered.
struct Tries {
    request: Request,
    since: Tried,
    /// When its last event was taken.
    told: Option<DateTime<Utc>>,
}

/// What was tried since the last event.
#[derive(Default)]
struct Tried {
    requests: u64,
    claimed: BTreeSet<String>,
}

/// The events of a tenant.
#[derive(Default)]
struct Minute {
    /// When the first of them was taken; none: nothing keeps the next one from being taken.
    began: Option<DateTime<Utc>>,
    own: usize,
    rest: Option<Rest>,
}

/// Of identities that got no event of their own.
struct Rest {
    last: Request,
    tried: Tried,
    /// At most as many: one that was pushed out and came back may be counted again.
    identities: u64,
    /// Those with most requests.
    most: BTreeMap<String, u64>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { identities: LruCache::new(REMEMBERED), tenants: HashMap::new() }
    }
}

impl Noted {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something waits to be written down.
    pub(super) fn some(&self) -> bool {
        let memory = self.lock();
        memory.identities.iter().any(|(_, tries)| tries.since.requests > 0)
            || memory.tenants.values().any(|minute| minute.rest.is_some())
    }

    pub(super) fn add(&self, request: Request, claimed: &str) {
        // Text that can be no slug is not kept: it could be anything.
        let claimed =
            Slug::from_str(claimed).map_or_else(|_| "(no slug)".to_owned(), |slug| slug.to_string());
        let identity = request.actor.principal();
        let mut memory = self.lock();
        let Memory { identities, tenants } = &mut *memory;
        if !identities.contains(&identity) {
            let new = Tries { request: request.clone(), since: Tried::default(), told: None };
            if let Some((_, gone)) = identities.push(identity.clone(), new)
                && gone.since.requests > 0
            {
                tenants.entry(gone.request.actor.tenant_id()).or_default().fold(&gone.request, gone.since);
            }
        }
        if let Some(tries) = identities.get_mut(&identity) {
            tries.request = request;
            tries.since.add(1, [claimed]);
        }
    }

    /// The events whose time has come. They are taken: what fails to be written is not tried again.
    pub(super) fn due(&self, now: DateTime<Utc>) -> Vec<(Request, Deed)> {
        let mut memory = self.lock();
        let Memory { identities, tenants } = &mut *memory;
        let mut events = Vec::new();
        tenants.retain(|_, minute| {
            if minute.began.is_some_and(|began| now < began + APART) {
                return true;
            }
            let Some(rest) = minute.rest.take() else { return false };
            events.push(rest.event());
            *minute = Minute { began: Some(now), ..Minute::default() };
            true
        });
        let mut due: Vec<&mut Tries> = identities
            .iter_mut()
            .map(|(_, tries)| tries)
            .filter(|tries| tries.since.requests > 0 && tries.told.is_none_or(|told| now >= told + APART))
            .collect();
        // Whoever tries most is told of by name.
        due.sort_by_key(|tries| Reverse(tries.since.requests));
        for tries in due {
            tries.told = Some(now);
            let since = std::mem::take(&mut tries.since);
            let minute = tenants.entry(tries.request.actor.tenant_id()).or_default();
            minute.began.get_or_insert(now);
            if minute.own < OWN {
                minute.own += 1;
                let after = json!({"claimed": since.claimed, "requests": since.requests});
                events.push((tries.request.clone(), deed(&tries.request, after)));
            } else {
                minute.fold(&tries.request, since);
            }
        }
        events
    }
}

impl Tried {
    fn add(&mut self, requests: u64, claimed: impl IntoIterator<Item = String>) {
        self.requests = self.requests.saturating_add(requests);
        for name in claimed {
            if self.claimed.len() < TOLD {
                self.claimed.insert(name);
            }
        }
    }
}

impl Minute {
    /// Puts what an identity tried to the rest.
    fn fold(&mut self, request: &Request, since: Tried) {
        let rest = self.rest.get_or_insert_with(|| Rest {
            last: request.clone(),
            tried: Tried::default(),
            identities: 0,
            most: BTreeMap::new(),
        });
        rest.last = request.clone();
        let identity = request.actor.principal();
        rest.identities += u64::from(!rest.most.contains_key(&identity));
        *rest.most.entry(identity).or_default() += since.requests;
        rest.tried.add(since.requests, since.claimed);
        if rest.most.len() > TOLD {
            let least = rest.most.iter().min_by_key(|(_, requests)| **requests).map(|(who, _)| who.clone());
            if let Some(who) = least {
                rest.most.remove(&who);
            }
        }
    }
}

impl Rest {
    /// Nobody's in particular: the platform itself tells it, under the id of the last request.
    fn event(self) -> (Request, Deed) {
        let mut most: Vec<_> = self.most.into_iter().collect();
        most.sort_by_key(|(_, requests)| Reverse(*requests));
        let most: Vec<Value> = most
            .into_iter()
            .map(|(identity, requests)| json!({"identity": identity, "requests": requests}))
            .collect();
        let after = json!({
            "claimed": self.tried.claimed,
            "requests": self.tried.requests,
            "identities": self.identities,
            "most": most,
        });
        let deed = Deed { workspace: None, ..deed(&self.last, after) };
        (Request { actor: Actor::System, request_id: self.last.request_id, address: None }, deed)
    }
}

fn deed(request: &Request, after: Value) -> Deed {
    let place = request.actor.place();
    Deed {
        tenant: place.map(|place| place.tenant.id),
        workspace: place.map(|place| place.workspace),
        action: MISMATCH,
        target_kind: "tenant",
        target: place.map_or_else(|| "-".to_owned(), |place| place.tenant.slug.to_string()),
        before: None,
        after: Some(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authz::{KeyActor, Place},
        registry::TenantRecord,
    };
    use tenantry_types::{ApiKeyId, Limits, Role, Tier, WorkspaceId, tenant::TenantStatus};
    use uuid::Uuid;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn by(actor: Actor) -> Request {
        Request { actor, request_id: "r1".to_owned(), address: None }
    }

    fn tenant(number: u128) -> TenantRecord {
        TenantRecord {
            id: TenantId(Uuid::from_u128(number)),
            slug: Slug::from_str(&format!("tenant-{number}")).unwrap(),
            name: String::new(),
            status: TenantStatus::Active,
            tier: Tier::Free,
            schema_name: "".into(),
            role_name: "".into(),
            cell: None,
            schema_version: None,
            access_version: 1,
            limits: Limits {
                agent_minutes_per_month: None,
                api_calls_per_hour: None,
                concurrent_tasks: None,
                workspaces: None,
                workspace_members: None,
                agents: None,
                tasks_per_month: None,
                storage_gb: None,
                queue_priority: 0,
            },
            own: crate::registry::Overrides::default(),
            domain_join_role: None,
            admin_email: String::new(),
            allowed_domains: Vec::new(),
            created_at: NOW,
            updated_at: NOW,
            deleted_at: None,
        }
    }

    /// A request of a tenant's key.
    fn key(of: u128, number: u128) -> Request {
        let workspace = WorkspaceId(Uuid::from_u128(of));
        let place = Place { tenant: tenant(of), workspace, role: Role::Member };
        let id = ApiKeyId(Uuid::from_u128(number));
        by(Actor::ApiKey(Box::new(KeyActor { id, name: String::new(), place, scopes: Vec::new() })))
    }

    fn told(noted: &Noted, now: DateTime<Utc>) -> Vec<Value> {
        noted.due(now).into_iter().filter_map(|(_, deed)| deed.after).collect()
    }

    fn requests(events: &[Value]) -> u64 {
        events.iter().filter_map(|event| event["requests"].as_u64()).sum()
    }

    #[test]
    fn tries_of_a_minute_are_one_event() {
        let noted = Noted::default();
        noted.add(by(Actor::operator()), "rival");
        assert_eq!(told(&noted, NOW), [json!({"claimed": ["rival"], "requests": 1})]);
        for slug in ["rival", "nobody", "'; DROP", "rival"] {
            noted.add(by(Actor::operator()), slug);
        }
        assert!(told(&noted, NOW + TimeDelta::seconds(59)).is_empty() && noted.some());
        let rest = json!({"claimed": ["(no slug)", "nobody", "rival"], "requests": 4});
        assert_eq!(told(&noted, NOW + APART), [rest]);
        assert!(told(&noted, NOW + APART + APART).is_empty() && !noted.some());
    }

    #[test]
    fn a_crowd_is_bounded() {
        let noted = Noted::default();
        for number in 0..3_000 {
            noted.add(by(Actor::operator()), &format!("tenant-{number}"));
        }
        let events = told(&noted, NOW);
        assert_eq!(events[0]["claimed"].as_array().map(Vec::len), Some(TOLD));
        assert_eq!(events[0]["requests"], 3_000);
        for number in 0..3_000 {
            noted.add(key(1, number), &format!("tenant-{number}"));
        }
        let memory = noted.lock();
        assert_eq!((memory.identities.len(), memory.tenants.len()), (REMEMBERED.get(), 2));
        let rest = memory.tenants[&Some(TenantId(Uuid::from_u128(1)))].rest.as_ref().unwrap();
        assert_eq!((rest.most.len(), rest.tried.claimed.len()), (TOLD, TOLD));
        drop(memory);
        // And what was in the last minute is forgotten once it is over.
        let later = |minutes: i32| NOW + APART * minutes;
        let events = [told(&noted, later(1)), told(&noted, later(2))].concat();
        assert_eq!(requests(&events), 3_000);
        assert!(told(&noted, later(3)).is_empty() && noted.lock().tenants.is_empty());
    }

    #[test]
    fn a_tenants_events_are_bounded() {
        let noted = Noted::default();
        let mut events = Vec::new();
        // One more than are remembered, in turn: each is new every time.
        for number in 0..3_003 {
            noted.add(key(1, number % 1_001), "rival");
            events.extend(told(&noted, NOW));
        }
        assert_eq!((events.len(), requests(&events)), (OWN, 10));
        // Another tenant's are told of all the same.
        noted.add(key(2, 5_000), "rival");
        assert_eq!(told(&noted, NOW), [json!({"claimed": ["rival"], "requests": 1})]);
        assert!(told(&noted, NOW + TimeDelta::seconds(59)).is_empty() && noted.some());
        let rest = noted.due(NOW + APART);
        let [(request, deed)] = rest.as_slice() else { panic!("{} events", rest.len()) };
        assert_eq!((deed.tenant, deed.workspace), (Some(TenantId(Uuid::from_u128(1))), None));
        assert_eq!((deed.target.as_str(), request.actor.kind()), ("tenant-1", "system"));
        let after = deed.after.as_ref().unwrap();
        assert_eq!((&after["claimed"], &after["requests"]), (&json!(["rival"]), &json!(2_993)));
        assert!(after["identities"].as_u64().is_some_and(|count| (991..=2_993).contains(&count)), "{after}");
    }

    #[test]
    fn nothing_is_lost_of_who_is_pushed_out() {
        let noted = Noted::default();
        let loud = key(1, 9_999);
        noted.add(loud.clone(), "rival");
        let mut events = told(&noted, NOW);
        for number in 0..9_999 {
            noted.add(loud.clone(), &format!("tenant-{number}"));
        }
        for number in 0..1_000 {
            noted.add(key(1, number), "rival");
        }
        assert!(!noted.lock().identities.contains(&loud.actor.principal()), "it was pushed out");
        events.extend(told(&noted, NOW + TimeDelta::seconds(1)));
        assert_eq!((events.len(), requests(&events)), (OWN, 10));
        let rest = told(&noted, NOW + APART);
        assert_eq!(rest[0]["most"][0], json!({"identity": loud.actor.principal(), "requests": 9_999}));
        assert_eq!((rest.len(), requests(&rest)), (1, 9_999 + 991));
        assert_eq!(rest[0]["identities"], 992);
    }
}
