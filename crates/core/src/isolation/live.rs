//! The live part of the proof: what must be refused is tried, from every tenant's scope.
//!
//! Owns: nothing. Calls: tenancy, pg, attempt, plan, placement (which tables of `public` tenants' requests may use). Called by: isolation.
//! Invariants: each tenant tries and is tried (`plan`); the same statements on its own tables must be done, or a refusal would show nothing (`a_proof_without_controls_fails`); nothing that
//! is tried is committed (pg's `attempt`). After a crash: PostgreSQL rolls back; the report is begun anew.

use super::{
    Fleet, Prover, plan,
    progress::Progress,
    store::{
        self, Relation,
        attempt::{self, Attempt, CONTROLS, Share, Verdict},
    },
    tally::Tally,
};
use crate::{Error, Result, authz::ProofScope, placement::inspect, tenancy::ATTEMPT};
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeSet, HashMap};
use tenantry_types::{WorkspaceId, isolation::IsolationLayer};

/// Tenants that try at the same time. More would keep requests waiting for connections.
const SIDE_BY_SIDE: usize = 2;
/// Times that a tenant is tried whose tables somebody else has locked. Each statement waits for a while by itself.
const LOCKED: usize = 3;
/// Tenants whose tables are in memory at once.
const SLICE: usize = 100;

/// The checks, each with what it promises.
pub(super) const CHECKS: &[(&str, &str)] = &[
    (CONTROLS, "The attempts are sound: the same statements on a tenant's own tables are done."),
    ("foreign_schemas", "A tenant makes nothing in another tenant's schema."),
    ("foreign_tables", "A tenant neither reads nor writes, empties or copies another tenant's tables."),
    ("foreign_sequences", "A tenant neither reads nor advances another tenant's sequences."),
    (
        "foreign_workspaces",
        "A workspace sees no row of another, changes none, adds none, and moves none there.",
    ),
    ("control_plane_rows", "In `public` a tenant's requests see and change rows of their own tenant alone."),
    ("control_plane_schemas", "The login of the control plane enters no tenant's schema."),
];

/// Somebody who tries.
struct Actor<'a> {
    one: &'a Fleet,
    targets: Vec<&'a Fleet>,
    /// Whether the proof is about it. One that only tries the tenant that the proof is about shows no more than that its own attempts are sound: what is
    /// open elsewhere is not that tenant's.
    about: bool,
    /// Of what is possible on others' tables.
    share: Share,
    /// Of what is possible on its own.
    own: Share,
}

/// How many tenants try.
pub(super) fn parts(tenants: usize, only: Option<usize>) -> usize {
    only.map_or(tenants, |only| 1 + plan::peers(only, tenants).count())
}

/// Every tenant of the ring tries those that follow it. `only` is the place of the one tenant that it is about: it tries its peers, and is tried by them.
pub(super) async fn prove(
    prover: &Prover,
    ring: &[Fleet],
    only: Option<usize>,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<()> {
    progress.begin(IsolationLayer::Live, parts(ring.len(), only)).await;
    let mut done = 0;
    let (places, about): (Vec<usize>, _) = match only {
        None => ((0..ring.len()).collect(), None),
        Some(only) => (std::iter::once(only).chain(plan::peers(only, ring.len())).collect(), Some(only)),
    };
    let sampled = plan::sampled(only.is_some(), ring.len());
    let tries = |place: usize| -> Vec<usize> {
        match about {
            None => plan::tried_by(place, ring.len()).collect(),
            Some(about) if about == place => plan::peers(place, ring.len()).collect(),
            Some(about) => vec![about],
        }
    };
    for slice in places.chunks(SLICE) {
        let involved: BTreeSet<usize> =
            slice.iter().flat_map(|place| tries(*place)).chain(slice.iter().copied()).collect();
        let involved: Vec<&Fleet> = involved.into_iter().map(|place| &ring[place]).collect();
        let relations = relations(prover, &involved).await?;
        prover.ctx.faults.at("isolation.relations")?;
        let mut trying = stream::iter(slice.iter().copied())
            .map(|place| {
                let targets = tries(place).into_iter().map(|other| &ring[other]).collect();
                let about = about.is_none_or(|about| about == place);
                let (one, relations) = (&ring[place], &relations);
                let share = if sampled { Share::Turn(place) } else { Share::Whole };
                let own = if only.is_some() { Share::Whole } else { share };
                let actor = Actor { one, targets, about, share, own };
                async move { (one, each(prover, actor, relations).await) }
            })
            .buffer_unordered(SIDE_BY_SIDE);
        while let Some((one, tried)) = trying.next().await {
            done += 1;
            match tried {
                Ok(judged) => {
                    for (check, verdict) in judged {
                        tally.attempted(check, verdict);
                    }
                }
                // The others are tried all the same: what is wrong with one must not hide what is open elsewhere.
                Err(error) => {
                    if !tally.untried(format!("as {}: {error}", one.tenant.slug)) {
                        return Ok(());
                    }
                }
            }
            progress.at(done, tally.checks()).await;
        }
    }
    Ok(())
}

type BySchema = HashMap<String, Vec<Relation>>;

async fn relations(prover: &Prover, tenants: &[&Fleet]) -> Result<BySchema> {
    let schemas: Vec<String> = tenants.iter().map(|one| one.tenant.schema_name.to_string()).collect();
    let roles: Vec<String> = tenants.iter().map(|one| one.tenant.role_name.to_string()).collect();
    let found = prover
        .owner
        .run("list_relations", (schemas, roles), |tx, (schemas, roles)| {
            Box::pin(async move {
                store::without_jit(tx).await?;
                store::relations(tx, schemas, roles).await
            })
        })
        .await?;
    let mut by_schema = BySchema::new();
    for relation in found {
        by_schema.entry(relation.schema.clone()).or_default().push(relation);
    }
    Ok(by_schema)
}

fn of<'a>(relations: &'a BySchema, one: &Fleet) -> &'a [Relation] {
    relations.get(&*one.tenant.schema_name).map_or(&[], Vec::as_slice)
}

/// Of each attempt its check, and what came of it.
type Tried = Vec<(&'static str, Verdict)>;

/// What one tenant tries. Whoever is removed meanwhile is neither asked nor tried: what is not there refuses nothing.
async fn each(prover: &Prover, mut actor: Actor<'_>, relations: &BySchema) -> Result<Tried> {
    let mut left = LOCKED;
    loop {
        let tried = all_of(prover, &actor, relations).await;
        if tried.as_ref().is_ok_and(|tried| tried.iter().all(|(_, verdict)| *verdict == Verdict::Holds)) {
            return tried;
        }
        let waited = |(_, verdict): &(_, Verdict)| matches!(verdict, Verdict::Busy(_));
        let again = left > 1 && tried.as_ref().is_ok_and(|tried| tried.iter().any(waited));
        left -= usize::from(again);
        let fleet = prover.fleet().await?;
        let there = |one: &Fleet| fleet.iter().any(|now| now.tenant.schema_name == one.tenant.schema_name);
        let before = actor.targets.len();
        actor.targets.retain(|target| there(target));
        match (there(actor.one), actor.targets.len() == before && !again) {
            (false, _) => return Ok(Vec::new()),
            (true, true) => return tried,
            (true, false) => {}
        }
    }
}

async fn all_of(prover: &Prover, actor: &Actor<'_>, relations: &BySchema) -> Result<Tried> {
    let Actor { one, targets, about, share, own: share_of_own } = actor;
    let mut own: Vec<Attempt> =
        of(relations, one).iter().flat_map(|relation| attempt::own(relation, *share_of_own)).collect();
    let nothing = own.is_empty().then(|| attempt::without_control(&one.tenant.slug));
    if !about {
        own.truncate(1);
    }
    let foreign = targets.iter().flat_map(|target| {
        let schema = attempt::foreign_schema(&target.tenant.schema_name);
        std::iter::once(schema)
            .chain(of(relations, target).iter().flat_map(|relation| attempt::foreign(relation, *share)))
    });
    let mut done = in_scope(prover, one, one.workspace, own.into_iter().chain(foreign).collect()).await?;
    done.extend(nothing);
    if *about {
        // From another workspace of its own; where it has but one, from one that does not exist.
        let elsewhere = one.second.unwrap_or_else(|| WorkspaceId(prover.ctx.uuid()));
        let rows = of(relations, one)
            .iter()
            .flat_map(|relation| attempt::other_workspace(relation, one.workspace, *share_of_own))
            .collect();
        done.extend(in_scope(prover, one, elsewhere, rows).await?);
    }
    done.extend(in_control(prover, actor, relations).await?);
    Ok(done)
}

async fn in_scope(
    prover: &Prover,
    actor: &Fleet,
    workspace: WorkspaceId,
    attempts: Vec<Attempt>,
) -> Result<Tried> {
    let scope = ProofScope::mint(&actor.tenant, workspace);
    let statements = attempts.iter().map(|attempt| attempt.sql.clone()).collect();
    let outcomes = prover.tenancy.attempt(&scope, statements).await?;
    Ok(judged(actor, &attempts, &outcomes))
}

/// The same on the control plane, where all of a tenant's requests share one login.
async fn in_control(prover: &Prover, actor: &Actor<'_>, relations: &BySchema) -> Result<Tried> {
    let Actor { one, targets, about, share, .. } = actor;
    let mut attempts = vec![attempt::own_row(one.tenant.id)];
    attempts.extend(targets.iter().filter_map(|target| target.member).map(attempt::foreign_member));
    // Every table against one tenant: row-level security asks for the own id, and does not know the others apart.
    if let Some(target) = targets.first() {
        for (_, table) in inspect::control_tables().enumerate().filter(|(index, _)| share.has(*index)) {
            match table.confined_by {
                Some(column) if table.open => {
                    attempts.extend(attempt::foreign_rows(table.name, column, target.tenant.id));
                }
                _ if *about && !table.open => {
                    attempts.push(attempt::closed("control_plane_rows", "public", table.name));
                }
                _ => {}
            }
        }
    }
    let foreign =
        targets.iter().flat_map(|target| of(relations, target)).filter(|relation| relation.kind != "S");
    for (_, relation) in foreign.enumerate().filter(|(index, _)| share.has(*index)) {
        attempts.push(attempt::closed("control_plane_schemas", &relation.schema, &relation.name));
    }
    let statements = attempts.iter().map(|attempt| attempt.sql.clone()).collect();
    let outcomes =
        prover.control.attempt_for(one.tenant.id, ATTEMPT, statements).await.map_err(Error::from)?;
    Ok(judged(one, &attempts, &outcomes))
}

fn judged(actor: &Fleet, attempts: &[Attempt], outcomes: &[tenantry_pg::Outcome]) -> Tried {
    attempts
        .iter()
        .zip(outcomes)
        .map(|(attempt, outcome)| {
            let told = |what| format!("as {}: {what}", actor.tenant.slug);
            let verdict = match attempt.judge(outcome) {
                Verdict::Holds => Verdict::Holds,
                Verdict::Open(fault) => Verdict::Open(told(fault)),
                Verdict::Busy(why) => Verdict::Busy(told(why)),
            };
            (attempt.check, verdict)
        })
        .collect()
}
