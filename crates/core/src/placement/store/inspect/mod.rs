//! What the catalogue says of the fence, looked at from outside: of each tenant's home, and of what all homes share.
//!
//! Owns: nothing. Calls: pg, access (the rules of `public`). Called by: placement's home (a new home), isolation (the proof).
//! Invariants: what is found is told by the name of its check and of the object (`each_break_is_named`); a home is found through `pg_depend`, so that looking at
//! one costs the same in a large fleet (`pg_class_is_never_read_whole`); one statement for all that is looked at when a home is made, and one for what the proof adds. After a crash: nothing is left.

mod homes;
mod installation;
mod public;

use super::access::{OWN_MEMBERS, RULES};
use crate::{Error, Result, placement::Home};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row, roles::Installation};
use tenantry_types::TenantId;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which check, such as `workspace_policy`.
    pub check: String,
    /// Objects that were looked at.
    pub examined: i64,
    /// Of these, how many are not as they should be.
    pub broken: i64,
    /// Up to twenty of them, each with what is wrong.
    pub examples: Vec<String>,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            check: row.get("name")?,
            examined: row.get("examined")?,
            broken: row.get("broken")?,
            examples: row.get("examples")?,
        })
    }
}

/// Examples that are kept of what one check found.
const EXAMPLES: usize = 20;

/// A table of `public`, as far as the login of tenants' requests is concerned.
pub(crate) struct ControlTable {
    pub(crate) name: &'static str,
    /// Whether that login may do anything with it.
    pub(crate) open: bool,
    /// The column that holds the tenant, where rows are a tenant's.
    pub(crate) confined_by: Option<&'static str>,
}

/// Every table of `public`.
pub(crate) fn control_tables() -> impl Iterator<Item = ControlTable> {
    RULES.iter().map(|rule| ControlTable {
        name: rule.table,
        open: !rule.control.is_empty(),
        confined_by: Some(rule.tenant).filter(|column| !matches!(*column, "" | OWN_MEMBERS)),
    })
}

/// The homes that somebody lives in or will, or the one of a tenant. A slot whose fence did not hold when it was made is never handed out, and is not among them.
pub(crate) async fn all(
    tx: &ControlTx,
    installation: &Installation,
    only: Option<TenantId>,
) -> Result<Vec<Home>> {
    let rows = tx
        .query(
            "-- inspect::all
             SELECT tenant_id, schema_name, role_name, cell, shard_id FROM slots
             WHERE state <> 'broken' AND ($1::uuid IS NULL OR tenant_id = $1) ORDER BY schema_name",
            &[&only.map(|tenant| tenant.0)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let (role, cell): (String, i32) = (row.get("role_name")?, row.get("cell")?);
            Ok(Home {
                tenant: TenantId(row.get("tenant_id")?),
                schema: row.get("schema_name")?,
                wide_role: format!("{role}_wide"),
                role,
                cell,
                cell_login: installation.cell(cell),
                shard: row.get("shard_id")?,
                fingerprint: String::new(),
            })
        })
        .collect()
}

/// The statement that looks at homes, for whoever wants to see its plan.
pub const LOOK_AT_HOMES: &str = homes::LOOK;

/// The checks of a home, each with what it promises.
pub(crate) const HOMES: &[(&str, &str)] = homes::CHECKS;
/// Those that the proof adds to them.
pub(crate) const FURTHER: &[(&str, &str)] = homes::FURTHER_CHECKS;
/// The checks of what all homes share.
pub(crate) const INSTALLATION: &[(&str, &str)] = installation::CHECKS;

/// Looks at homes, as far as one is looked at when it is made. Every check of [`HOMES`] is in the answer, once. As the owner, or as a server.
pub(crate) async fn homes(tx: &ControlTx, homes: &[Home]) -> Result<Vec<Found>> {
    look(tx, homes::LOOK, HOMES, homes).await
}

/// The rest that the proof looks at. Every check of [`FURTHER`] is in the answer, once. As the owner.
pub(crate) async fn further(tx: &ControlTx, homes: &[Home]) -> Result<Vec<Found>> {
    look(tx, homes::LOOK_FURTHER, FURTHER, homes).await
}

async fn look(
    tx: &ControlTx,
    statement: &'static str,
    checks: &[(&str, &str)],
    homes: &[Home],
) -> Result<Vec<Found>> {
    let names = |name: fn(&Home) -> &String| homes.iter().map(|home| name(home).clone()).collect::<Vec<_>>();
    let found: Vec<Found> = tx
        .all(
            statement,
            &[
                &names(|home| &home.schema),
                &names(|home| &home.role),
                &names(|home| &home.wide_role),
                &names(|home| &home.cell_login),
            ],
        )
        .await?;
    whole(checks, found)
}

/// Looks at logins, cells, memberships and what PUBLIC may do, and at the tables of `public`. As the owner.
pub(crate) async fn installation(
    tx: &ControlTx,
    installation: &Installation,
    per_cell: i64,
) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = tx.all(installation::LOOK, &[&installation.prefix(), &per_cell]).await?;
    found.push(public::look(tx, installation).await?);
    whole(INSTALLATION, found)
}

/// In the order of the list. A check without an object to look at has no row: it examined nothing.
fn whole(checks: &[(&str, &str)], mut found: Vec<Found>) -> Result<Vec<Found>> {
    let all = checks
        .iter()
        .map(|(check, _)| match found.iter().position(|one| one.check == *check) {
            Some(at) => found.swap_remove(at),
            None => Found { check: (*check).to_owned(), examined: 0, broken: 0, examples: Vec::new() },
        })
        .collect();
    match found.first() {
        None => Ok(all),
        Some(unknown) => {
            Err(Error::Fault(format!("the look has a check that is not in the list: {}", unknown.check)))
        }
    }
}
