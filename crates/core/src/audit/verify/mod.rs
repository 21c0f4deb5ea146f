//! Verification: is a chain what was sealed, event by event, from the first to the one that its head names.
//!
//! Owns: nothing. Calls: links, store. Called by: server.
//! Invariants: a changed, removed, inserted, reordered row and a cut tail are each found and named (`each_kind_of_tampering_is_found_and_named`); events
//! that are sealed meanwhile are no findings; memory does not grow with the chain. After a crash: nothing is left.

mod links;

use super::{
    chain::BEGINNING,
    filter::{PLATFORM, Whose, whose},
    read::Trail,
    store::{self, Head},
};
use crate::{Error, Fields, Result};
use links::Links;
use tenantry_pg::roles::hex;
use tenantry_types::{
    TenantId,
    audit::{AuditHead, AuditProblem, AuditProblemKind, AuditVerification},
};
use uuid::Uuid;

/// Events in one look.
const BATCH: i64 = 2_000;

/// Problems that are told; the others are counted.
const TOLD: usize = 100;

/// Verifies the chain of a tenant, by slug or id, or of the `platform`. Not named: the caller's own, which is the platform's for an operator.
///
/// # Errors
/// 404 for a tenant that is absent or not the caller's to see, 422 for what can be no tenant.
pub async fn verify(trail: &Trail, tenant: Option<&str>) -> Result<AuditVerification> {
    let own = trail.own().map_or(Uuid::nil(), |tenant| tenant.0);
    let Some(text) = tenant else { return verify_chain(trail, own).await };
    let Some(whose) = whose(text) else {
        let mut fields = Fields::default();
        fields.wrong("tenant", "invalid", "must be a slug, an id (`ten_…`), or `platform`");
        return Err(fields.check().err().unwrap_or_else(Error::not_found));
    };
    let chain = trail
        .run("find_audit_chain", whose, |tx, whose| {
            Box::pin(async move {
                match whose {
                    Whose::Slug(slug) => Ok(store::chains_of_slug(tx, slug).await?.first().copied()),
                    Whose::Chain(chain) => {
                        let known = chain.is_nil() || store::knows(tx, *chain).await?;
                        Ok::<_, Error>(Some(*chain).filter(|_| known))
                    }
                }
            })
        })
        .await?;
    // Row-level security shows nothing of another's chain, and nothing looks like a chain that is whole.
    let chain =
        chain.filter(|chain| trail.own().is_none_or(|own| own.0 == *chain)).ok_or_else(Error::not_found)?;
    verify_chain(trail, chain).await
}

/// Verifies the next chain behind one, of all that the caller may see; `None` behind the last. The id is where to go on.
///
/// # Errors
/// The database's.
pub async fn verify_next(trail: &Trail, after: Option<Uuid>) -> Result<Option<(Uuid, AuditVerification)>> {
    let next =
        trail.run("next_audit_chain", after, |tx, after| Box::pin(store::next_chain(tx, *after))).await?;
    match next {
        Some(chain) => Ok(Some((chain, verify_chain(trail, chain).await?))),
        None => Ok(None),
    }
}

async fn verify_chain(trail: &Trail, chain: Uuid) -> Result<AuditVerification> {
    // The head first: what is sealed from now on lies beyond it.
    let head = trail.run("audit_head", chain, |tx, chain| Box::pin(store::head(tx, *chain))).await?;
    let top = head.as_ref().map_or(i64::MAX, |head| head.seq);
    let mut links = Links::default();
    let mut behind = (i64::MIN, "-infinity".to_owned());
    loop {
        let rows = trail
            .run("audit_in_order", (chain, behind, top), |tx, (chain, behind, top)| {
                Box::pin(store::in_order(tx, *chain, behind, *top, BATCH))
            })
            .await?;
        let Some(last) = rows.last() else { break };
        behind = (last.place.seq, last.place.sealed_at.clone());
        for row in rows {
            links.push(row);
        }
    }
    let beyond = trail
        .run("audit_beyond", (chain, TOLD), |tx, (chain, most)| {
            Box::pin(store::beyond_the_head(tx, *chain, i64::try_from(*most).unwrap_or(i64::MAX)))
        })
        .await?;
    let (events, mut problems) = links.end(head.as_ref().map(|head| (head.seq, head.hash.as_slice())));
    if head.is_none() && !beyond.is_empty() {
        problems.push(links::problem(
            0,
            None,
            AuditProblemKind::Truncated,
            "the chain has events and no head",
        ));
    } else {
        problems.extend(beyond.iter().map(|row| {
            let why = format!("the head says that the chain ends with {top}");
            links::problem(row.place.seq, Some(row), AuditProblemKind::Inserted, why)
        }));
    }
    Ok(told(chain, head, events, problems))
}

fn told(chain: Uuid, head: Option<Head>, events: i64, mut problems: Vec<AuditProblem>) -> AuditVerification {
    let more = problems.len().saturating_sub(TOLD);
    problems.truncate(TOLD);
    let (seq, hash, slug) =
        head.map_or((0, BEGINNING.to_vec(), None), |head| (head.seq, head.hash, head.slug));
    AuditVerification {
        chain: if chain.is_nil() { PLATFORM.to_owned() } else { TenantId(chain).to_string() },
        tenant: slug,
        events,
        head: AuditHead { seq, hash: hex(&hash) },
        ok: problems.is_empty(),
        problems,
        more_problems: i64::try_from(more).unwrap_or(i64::MAX),
    }
}
