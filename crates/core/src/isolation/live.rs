//! The live part of the proof: what must be refused is tried, from every tenant's scope.
//!
//! Owns: nothing. Calls: tenancy, pg, attempt, plan, placement (which tables of `public` tenants' requests may use). Called by: isolation.
//! Invariants: each tenant tries and is tried (`plan`); the same statements on its own tables must be done, or a refusal would show nothing (`a_proof_without_controls_fails`); nothing that
//! is tried is committed (pg's `attempt`). After a crash: PostgreSQL rolls back; the report is begun anew.

use super::{
    Fleet, Prover, plan,
    store::{
        self, Relation,
        attempt::{self, Attempt},
    },
    tally::Tally,
};
use crate::{Error, Result, authz::ProofScope, placement::inspect, tenancy::ATTEMPT};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::HashMap;
use tenantry_types::WorkspaceId;

/// Tenants that try at the same time. More would keep requests waiting for connections.
const SIDE_BY_SIDE: usize = 2;
/// Tenants whose tables are in memory at once.
const SLICE: usize = 100;

/// The checks, each with what it promises.
pub(super) const CHECKS: &[(&str, &str)] = &[
    ("controls", "The attempts are sound: the same statements on a tenant's own tables are done."),
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

/// Every tenant of the ring tries those that follow it. `only` is the place of the one tenant that it is about: it tries all others, and is tried by them.
pub(super) async fn prove(
    prover: &Prover,
    ring: &[Fleet],
    only: Option<usize>,
    tally: &mut Tally,
) -> Result<()> {
    let pairs = |place: usize| -> Vec<usize> {
        match only {
            None => plan::tried_by(place, ring.len()).collect(),
            Some(only) if only == place => {
                (0..ring.len()).filter(|other| *other != place).take(plan::PAIRS).collect()
            }
            Some(only) => vec![only],
        }
    };
    let places: Vec<usize> = (0..ring.len()).collect();
    for slice in places.chunks(SLICE) {
        let involved: Vec<&Fleet> = {
            let mut all: Vec<usize> =
                slice.iter().flat_map(|place| pairs(*place)).chain(slice.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            all.into_iter().map(|place| &ring[place]).collect()
        };
        let relations = relations(prover, &involved).await?;
        prover.ctx.faults.at("isolation.relations")?;
        let tried = stream::iter(slice.iter().copied())
            .map(|place| {
                let targets: Vec<&Fleet> = pairs(place).into_iter().map(|other| &ring[other]).collect();
                one(prover, &ring[place], targets, &relations)
            })
            .buffer_unordered(SIDE_BY_SIDE);
        let tried: Vec<Tried> = tried.try_collect().await?;
        for (attempt, fault) in tried.into_iter().flatten() {
            tally.attempted(attempt.check, fault);
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
            Box::pin(store::relations(tx, schemas, roles))
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

type Tried = Vec<(Attempt, Option<String>)>;

/// What one tenant tries, and what was wrong with what came of it. Whoever is removed meanwhile is neither asked nor tried: what is not there refuses nothing.
async fn one(
    prover: &Prover,
    actor: &Fleet,
    mut targets: Vec<&Fleet>,
    relations: &BySchema,
) -> Result<Tried> {
    loop {
        let tried = all_of(prover, actor, &targets, relations).await;
        if tried.as_ref().is_ok_and(|tried| tried.iter().all(|(_, fault)| fault.is_none())) {
            return tried;
        }
        let fleet = prover.fleet().await?;
        let there = |one: &Fleet| fleet.iter().any(|now| now.tenant.schema_name == one.tenant.schema_name);
        let before = targets.len();
        targets.retain(|target| there(target));
        match (there(actor), targets.len() == before) {
            (false, _) => return Ok(Vec::new()),
            (true, true) => return tried,
            (true, false) => {}
        }
    }
}

async fn all_of(prover: &Prover, actor: &Fleet, targets: &[&Fleet], relations: &BySchema) -> Result<Tried> {
    let own: Vec<Attempt> = of(relations, actor).iter().flat_map(attempt::own).collect();
    let nothing = own.is_empty().then(|| attempt::without_control(&actor.tenant.slug));
    let foreign = targets.iter().flat_map(|target| {
        let schema = attempt::foreign_schema(&target.tenant.schema_name);
        std::iter::once(schema).chain(of(relations, target).iter().flat_map(attempt::foreign))
    });
    let mut done = in_scope(prover, actor, actor.workspace, own.into_iter().chain(foreign).collect()).await?;
    done.extend(nothing);
    // From another workspace of its own; where it has but one, from one that does not exist.
    let elsewhere = actor.second.unwrap_or_else(|| WorkspaceId(prover.ctx.uuid()));
    let rows = of(relations, actor)
        .iter()
        .flat_map(|relation| attempt::other_workspace(relation, actor.workspace))
        .collect();
    done.extend(in_scope(prover, actor, elsewhere, rows).await?);
    done.extend(in_control(prover, actor, targets, relations).await?);
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
    Ok(judged(actor, attempts, &outcomes))
}

/// The same on the control plane, where all of a tenant's requests share one login.
async fn in_control(
    prover: &Prover,
    actor: &Fleet,
    targets: &[&Fleet],
    relations: &BySchema,
) -> Result<Tried> {
    let mut attempts = vec![attempt::own_row(actor.tenant.id)];
    attempts.extend(targets.iter().map(|target| attempt::foreign_members(target.tenant.id)));
    // Every table against one tenant: row-level security asks for the own id, and does not know the others apart.
    if let Some(target) = targets.first() {
        for table in inspect::control_tables() {
            match table.confined_by {
                Some(column) if table.open => {
                    attempts.extend(attempt::foreign_rows(table.name, column, target.tenant.id));
                }
                _ if !table.open => {
                    attempts.push(attempt::closed("control_plane_rows", "public", table.name));
                }
                _ => {}
            }
        }
    }
    for relation in
        targets.iter().flat_map(|target| of(relations, target)).filter(|relation| relation.kind != "S")
    {
        attempts.push(attempt::closed("control_plane_schemas", &relation.schema, &relation.name));
    }
    let statements = attempts.iter().map(|attempt| attempt.sql.clone()).collect();
    let outcomes =
        prover.control.attempt_for(actor.tenant.id, ATTEMPT, statements).await.map_err(Error::from)?;
    Ok(judged(actor, attempts, &outcomes))
}

fn judged(actor: &Fleet, attempts: Vec<Attempt>, outcomes: &[tenantry_pg::Outcome]) -> Tried {
    attempts
        .into_iter()
        .zip(outcomes)
        .map(|(attempt, outcome)| {
            let fault = attempt.fault(outcome).map(|fault| format!("as {}: {fault}", actor.tenant.slug));
            (attempt, fault)
        })
        .collect()
}
