//! SQL of isolation's attempts.
//!
//! Owns: nothing (reads tenant.agents by its real name). Calls: pg. Called by: isolation. After a crash: nothing is left.

use crate::Result;
use tenantry_pg::{TenantTx, sql::quote_ident};

/// Reads a schema by its real name, past the substitution of `tenant.`: what an injected or mistaken statement would do.
pub(super) async fn read_agents_of(tx: &TenantTx, schema: &str) -> Result<usize> {
    Ok(tx.probe(&format!("SELECT id FROM {}.agents LIMIT 1", quote_ident(schema))).await?)
}
