//! Adoption: a schema that exists already becomes a tenant, and can become again what it was.
//!
//! Owns: adoptions. Calls: placement, registry, pg. Called by: provisioning (steps), server (where a tenant comes from).
//! Invariants: no row is touched (`no_row_is_touched`); what would pierce the fence, or leave it, is refused by name before anything is changed
//! (`what_pierces_the_fence_is_refused`); giving back leaves the schema as it was found (`giving_back_restores_everything`).
//! After a crash: each function is part of its caller's transaction; `give_back` works from the record, whatever was done.

mod model;
mod shape;
mod store;

pub use model::{Inspection, Taken};

use crate::{
    Error, Result,
    ctx::Ctx,
    placement::{self, Home, Left, Source, Template},
    registry,
};
use chrono::{DateTime, Utc};
use model::{Obstacle, baseline, refuse};
use std::collections::BTreeSet;
use store::values::Value;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ErrorCode, TenantId, WorkspaceId,
    adopt::{AdoptTenant, Adopted, AdoptionReport, Fence},
};

/// Distinct workspaces that the rows of an adopted schema may name.
pub const MOST_WORKSPACES: usize = 1000;

/// What can be told of a wish without looking at the database: the server has no way into the schema.
///
/// # Errors
/// 422 for a name or version that cannot be.
pub fn check(wish: &AdoptTenant) -> Result<()> {
    model::check_name(&wish.schema)?;
    wish.baseline.as_deref().map_or(Ok(()), |version| model::check_version(version).map(drop))
}

/// Looks at a schema that is to be adopted, and changes nothing. `named` is the version that the caller says its tables have.
///
/// # Errors
/// 422 for a name or version that cannot be, or a schema that is not there; 409 with everything that stands in the way.
pub async fn inspect(
    tx: &ControlTx,
    schema: &str,
    template: &Template,
    named: Option<&str>,
) -> Result<Inspection> {
    model::check_name(schema)?;
    let named = named.map(model::check_version).transpose()?;
    if placement::store::is_ours(tx, schema).await? {
        return Err(Error::refused(
            ErrorCode::Conflict,
            format!("The schema {schema} is a tenant's or a slot's already."),
        ));
    }
    let found = store::schema(tx, schema).await?.ok_or_else(|| model::no_such_schema(schema))?;
    store::briefly(tx).await?;
    let obstacles = obstacles(tx, schema, &found).await?;
    if !obstacles.is_empty() {
        return Err(refuse(schema, &obstacles));
    }
    let history = store::history(tx, schema).await?;
    let (baseline, has_history) = baseline(history.as_deref(), named, schema)?;
    let tables = store::tables(tx, schema).await?;
    let theirs = shape::read(tx, schema).await?;
    let ours = shape::of_template(tx, template).await?;
    let stamped = if template.is_built_in() { ours.stamped(&theirs) } else { BTreeSet::new() };
    let (workspaces, tenant_id, mut remarks) = named_by_rows(tx, schema, &stamped).await?;
    registry::store::refuse_known_workspaces(tx, &workspaces).await?;
    remarks.extend(store::obstacles::remarks(tx, schema).await?);
    let prior = Home::prior(tx, schema).await?;
    let report = AdoptionReport {
        schema: schema.to_owned(),
        baseline,
        has_history,
        bytes: tables.iter().map(|table| table.bytes).sum(),
        fenced_by_schema: tables
            .iter()
            .filter(|table| table.fence == Fence::Schema)
            .map(|table| table.name.clone())
            .collect(),
        tables,
        workspaces,
        tenant_id,
        differences: shape::differences(&ours, &theirs),
        grants: prior.grants.iter().map(placement::Grant::told).collect(),
        in_use: store::in_use(tx, schema).await?,
        remarks,
    };
    Ok(Inspection { report, oid: found.oid, stamped, prior })
}

async fn obstacles(tx: &ControlTx, schema: &str, found: &store::Found) -> Result<Vec<Obstacle>> {
    let mut obstacles = store::obstacles::strangers(tx, schema, found).await?;
    obstacles.extend(store::obstacles::pierced(tx, schema, Home::system_tables()).await?);
    obstacles.extend(store::obstacles::references(tx, schema).await?);
    Ok(obstacles)
}

/// Workspaces, the tenant, and tables with rows of no workspace.
async fn named_by_rows(
    tx: &ControlTx,
    schema: &str,
    stamped: &BTreeSet<String>,
) -> Result<(Vec<WorkspaceId>, Option<TenantId>, Vec<String>)> {
    let (mut workspaces, mut tenants, mut remarks) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for value in store::values::read(tx, schema, stamped, MOST_WORKSPACES + 1).await? {
        match value {
            Value::Workspace(id) => drop(workspaces.insert(id)),
            Value::Tenant(id) => drop(tenants.insert(id)),
            Value::Nobody(table) => remarks.push(format!(
                "{table} has rows without a workspace_id: no workspace will see them; give them one"
            )),
        }
    }
    if workspaces.len() > MOST_WORKSPACES {
        return Err(Error::refused(
            ErrorCode::Conflict,
            format!("The rows of {schema} name more than {MOST_WORKSPACES} workspaces, which is more than a tenant is adopted with."),
        )
        .next("See that workspace_id is a division inside one customer, not the customer; else split the schema first."));
    }
    if tenants.len() > 1 {
        return Err(Error::refused(
            ErrorCode::Conflict,
            format!("The rows of {schema} name more than one tenant in tenant_id: a schema is one tenant's."),
        )
        .next("Split the schema by tenant_id first."));
    }
    Ok((workspaces.into_iter().map(WorkspaceId).collect(), tenants.into_iter().next().map(TenantId), remarks))
}

/// Records what is going to be done, and all that its undo needs. Repeatable.
///
/// # Errors
/// A fault where the tenant's row says that another schema was adopted; the database's.
pub async fn record(tx: &ControlTx, home: &Home, inspection: &Inspection, now: DateTime<Utc>) -> Result<()> {
    if store::insert(tx, home, inspection, now).await? {
        return Ok(());
    }
    Err(Error::Fault(format!("{} was adopted from another schema", home.tenant)))
}

/// Makes the inspected schema the tenant's home, in one transaction. Repeatable.
///
/// # Errors
/// 409 where the schema has changed since it was inspected, or its rows are another tenant's, or a table stayed in use.
pub async fn take_over(
    tx: &ControlTx,
    home: &Home,
    template: &Template,
    inspection: &Inspection,
    now: DateTime<Utc>,
) -> Result<Taken> {
    let AdoptionReport { schema, baseline, tenant_id, .. } = &inspection.report;
    if store::schema(tx, &home.schema).await?.is_some_and(|found| found.oid == inspection.oid) {
        let (workspaces, ..) = named_by_rows(tx, &home.schema, &BTreeSet::new()).await?;
        return Ok(Taken { relations: home.relations(tx).await?, workspaces });
    }
    if let Some(other) = tenant_id.filter(|id| *id != home.tenant) {
        return Err(Error::refused(
            ErrorCode::Conflict,
            format!(
                "The rows of {schema} carry the tenant's id {other} in tenant_id, and no row is touched."
            ),
        )
        .next(format!("Ask again with tenant_id {other}.")));
    }
    let found = store::schema(tx, schema).await?.filter(|found| found.oid == inspection.oid);
    let found = found.ok_or_else(|| model::changed(schema))?;
    let obstacles = obstacles(tx, schema, &found).await?;
    if !obstacles.is_empty() {
        return Err(refuse(schema, &obstacles));
    }
    if Home::prior(tx, schema).await? != inspection.prior {
        return Err(model::changed(schema));
    }
    let from = Source { schema, baseline, now };
    let relations = home.take_over(tx, template, &from, &inspection.stamped).await?;
    // Again, now that nobody can write: somebody may have made a workspace since.
    let (workspaces, ..) = named_by_rows(tx, &home.schema, &BTreeSet::new()).await?;
    registry::store::refuse_known_workspaces(tx, &workspaces).await?;
    Ok(Taken { relations, workspaces })
}

/// The workspaces of an adopted tenant: those that its rows name, under their own ids, the first as the default one; a new one where they
/// name none. Repeatable. Returns how many.
///
/// # Errors
/// The database's.
pub async fn seed(tx: &ControlTx, ctx: &Ctx, tenant: TenantId, named: &[WorkspaceId]) -> Result<usize> {
    let fresh = [WorkspaceId(ctx.uuid())];
    let ids = if named.is_empty() { &fresh } else { named };
    for (number, id) in (1..).zip(ids) {
        let (slug, name) = match number {
            1 => ("default".to_owned(), "Default".to_owned()),
            number => (format!("workspace-{number}"), format!("Workspace {number}")),
        };
        registry::store::insert_workspace(tx, *id, tenant, &slug, &name, number == 1, ctx.now()).await?;
    }
    Ok(ids.len())
}

/// Undo of [`record`] and [`take_over`]: the schema has its name, grants and comment back, and nothing of ours is left in it. Its rows
/// stay as they are now. Repeatable; without a record there is nothing to do. Returns the name that it has again.
///
/// # Errors
/// 409 where the name is another schema's by now, or a table stayed in use; a fault where the schema is gone.
pub async fn give_back(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<Option<String>> {
    let Some(record) = store::hold(tx, tenant).await? else { return Ok(None) };
    let left = Left {
        tenant,
        schema: record.schema,
        role: record.role,
        source: record.source,
        source_oid: record.source_oid,
    };
    Home::give_back(tx, &left, &record.prior).await?;
    store::undone(tx, tenant, now).await?;
    Ok(Some(left.source))
}

/// Ends the possibility of [`give_back`]: before a purge, which drops the schema like any other. Repeatable.
///
/// # Errors
/// The database's.
pub async fn keep_for_good(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    Home::forget_origin(tx, tenant).await?;
    store::delete(tx, tenant).await
}

/// Where a tenant comes from; `None` where it was not adopted.
///
/// # Errors
/// The database's.
pub async fn origin(platform: &Pool, tenant: TenantId) -> Result<Option<Adopted>> {
    platform.run("adoption_origin", tenant, |tx, tenant| Box::pin(store::origin(tx, *tenant))).await
}

/// Its tables that the schema alone fences; none where the tenant was not adopted.
pub(crate) async fn fenced_by_schema(tx: &ControlTx, tenant: TenantId) -> Result<Vec<String>> {
    Ok(store::origin(tx, tenant).await?.map(|adopted| adopted.fenced_by_schema).unwrap_or_default())
}
