//! SQL of psql sessions, and the DDL of their logins.
//!
//! Owns: `psql_sessions`; logins `…_psql_…`. Calls: pg. Called by: psql.
//! Invariants: a login exists exactly while its row is `open`: both change in one transaction. After a crash: one transaction or none.

use crate::{
    Result,
    placement::store::access::{current_database, lock_database_acl},
};
use chrono::{DateTime, Utc};
use tenantry_pg::{
    self as pg, ControlTx, FromRow, Row,
    sql::{quote_ident, quote_literal},
};
use tenantry_types::TenantId;
use uuid::Uuid;

#[expect(clippy::too_many_arguments, reason = "one argument per column")]
pub(super) async fn insert(
    tx: &ControlTx,
    id: Uuid,
    tenant: TenantId,
    login: &str,
    role: &str,
    verifier: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- psql::insert
         INSERT INTO psql_sessions (id, tenant_id, login, role_name, verifier, status, requested_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, 'requested', $6, $7)",
        &[&id, &tenant.0, &login, &role, &verifier, &now, &expires_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn status(tx: &ControlTx, id: Uuid) -> Result<Option<String>> {
    let rows = tx.last("-- psql::status\nSELECT status FROM psql_sessions WHERE id = $1", &[&id]).await?;
    Ok(rows.first().map(|row| row.get("status")).transpose()?)
}

pub(super) struct Session {
    id: Uuid,
    pub(super) login: String,
    role: String,
    verifier: String,
    pub(super) expires_at: DateTime<Utc>,
    schema: String,
    /// Whether its tenant serves requests.
    pub(super) serves: bool,
}

impl FromRow for Session {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            id: row.get("id")?,
            login: row.get("login")?,
            role: row.get("role_name")?,
            verifier: row.get("verifier")?,
            expires_at: row.get("expires_at")?,
            schema: row.get("schema_name")?,
            serves: row.get("serves")?,
        })
    }
}

/// Sessions that want a login, and those whose time is over.
pub(super) async fn due(tx: &ControlTx, now: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let rows = tx
        .query(
            "-- psql::due
             SELECT id FROM psql_sessions
             WHERE status = 'requested' OR (status = 'open' AND expires_at <= $1) ORDER BY requested_at",
            &[&now],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("id")?)).collect()
}

/// One of them, for this transaction alone; none where another worker has it or is done with it.
pub(super) async fn hold(tx: &ControlTx, id: Uuid, now: DateTime<Utc>) -> Result<Option<Session>> {
    Ok(tx
        .optional(
            "-- psql::hold
             -- Schema and role are the slot's: the login that may ask for a session may not write these.
             SELECT s.id, s.login, h.role_name, s.verifier, s.expires_at, h.schema_name, t.status = 'active' AS serves
             FROM psql_sessions s JOIN slots h ON h.tenant_id = s.tenant_id AND h.state = 'claimed'
                                  JOIN tenants t ON t.id = s.tenant_id
             WHERE s.id = $1 AND (s.status = 'requested' OR (s.status = 'open' AND s.expires_at <= $2))
             FOR UPDATE OF s SKIP LOCKED",
            &[&id, &now],
        )
        .await?)
}

/// Every session of a tenant that is not at its end, held for this transaction.
pub(super) async fn of_tenant(tx: &ControlTx, tenant: TenantId) -> Result<Vec<Session>> {
    Ok(tx
        .all(
            "-- psql::of_tenant
             SELECT s.id, s.login, s.role_name, s.verifier, s.expires_at, '' AS schema_name, false AS serves
             FROM psql_sessions s WHERE s.tenant_id = $1 AND s.status IN ('requested', 'open') FOR UPDATE",
            &[&tenant.0],
        )
        .await?)
}

/// Two connections, until it expires, member of the tenant's role and of nothing else.
pub(super) async fn make_login(tx: &ControlTx, session: &Session) -> Result<()> {
    let (login, role) = (quote_ident(&session.login), quote_ident(&session.role));
    let database = quote_ident(&current_database(tx).await?);
    lock_database_acl(tx).await?;
    tx.batch(&format!(
        "CREATE ROLE {login} LOGIN INHERIT NOCREATEROLE NOCREATEDB CONNECTION LIMIT 2 PASSWORD {verifier} VALID UNTIL {until};
         ALTER ROLE {login} SET search_path = {schema};
         ALTER ROLE {login} SET idle_in_transaction_session_timeout = '10min';
         GRANT CONNECT ON DATABASE {database} TO {login};
         GRANT {role} TO {login};",
        verifier = quote_literal(&session.verifier),
        until = quote_literal(&session.expires_at.to_rfc3339()),
        schema = quote_literal(&session.schema),
    ))
    .await?;
    tx.query(
        "-- psql::opened\nUPDATE psql_sessions SET status = 'open', verifier = '' WHERE id = $1",
        &[&session.id],
    )
    .await?;
    Ok(())
}

/// Ends whoever is still connected, then drops the login. Repeatable.
pub(super) async fn drop_login(tx: &ControlTx, session: &Session, now: DateTime<Utc>) -> Result<()> {
    drop_role(tx, &session.login).await?;
    tx.query(
        "-- psql::ended
         UPDATE psql_sessions SET status = 'ended', verifier = '', ended_at = $2 WHERE id = $1",
        &[&session.id, &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn drop_role(tx: &ControlTx, name: &str) -> Result<()> {
    let known = tx.query("-- psql::known\nSELECT 1 FROM pg_roles WHERE rolname = $1", &[&name]).await?;
    if known.is_empty() {
        return Ok(());
    }
    let login = quote_ident(name);
    let database = quote_ident(&current_database(tx).await?);
    lock_database_acl(tx).await?;
    // Only a member may end a login's backends and drop what it owns, and its membership goes with the login.
    tx.batch(&format!("GRANT {login} TO CURRENT_USER; REVOKE CONNECT ON DATABASE {database} FROM {login}; ALTER ROLE {login} NOLOGIN"))
        .await?;
    tx.query(
        "-- psql::terminate
         SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity WHERE usename = $1",
        &[&name],
    )
    .await?;
    // Nobody can be kept from making a large object or setting default privileges, and a role that has any cannot be dropped.
    Ok(tx.batch(&format!("DROP OWNED BY {login}; DROP ROLE {login}")).await?)
}
