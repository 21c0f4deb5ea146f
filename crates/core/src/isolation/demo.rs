//! Isolation, shown: one attempt to cross, with PostgreSQL's own words.
//!
//! Owns: nothing. Calls: tenancy. Called by: `tenantry dev --demo`.
//! Invariants: only SQLSTATE 42501 counts as refused; a positive control shows that the attempt itself is sound
//! (`the_demo_shows_a_real_refusal`). After a crash: nothing is left.

mod store;

use crate::{
    Error, Result,
    authz::TenantScope,
    tenancy::{ATTEMPT, Tenancy},
};
use tenantry_pg::ErrorKind;

/// What came of an attempt to cross.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// PostgreSQL's SQLSTATE.
    pub sql_state: String,
    /// PostgreSQL's message.
    pub message: String,
}

/// Reads a row of `target`'s agents with `intruder`'s identity. The same statement with `target`'s own identity must find one first.
///
/// # Errors
/// A fault when the attempt succeeded, was refused for another reason, or the control found nothing.
pub async fn attempt_foreign_read(
    tenancy: &Tenancy,
    intruder: &TenantScope,
    target: &TenantScope,
) -> Result<Refusal> {
    let schema = target.tenant().schema_name.to_string();
    let control = tenancy
        .run(target, "isolation_control", schema.clone(), |tx, schema| {
            Box::pin(store::read_agents_of(tx, schema))
        })
        .await?;
    if control == 0 {
        return Err(Error::Fault(
            "the control read found no row, so a refusal would prove nothing".to_owned(),
        ));
    }
    let attempt = tenancy
        .run(intruder, ATTEMPT, schema, |tx, schema| Box::pin(store::read_agents_of(tx, schema)))
        .await;
    match attempt {
        Err(Error::Database(error)) if error.kind() == ErrorKind::Denied => Ok(Refusal {
            sql_state: error.sql_state().unwrap_or_default().to_owned(),
            message: error.db_message().unwrap_or_default(),
        }),
        Err(other) => Err(other),
        Ok(rows) => Err(Error::Fault(format!("a foreign identity read {rows} rows"))),
    }
}
