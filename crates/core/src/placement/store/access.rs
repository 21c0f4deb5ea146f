//! Who may do what on the control plane: one table, applied as grants and row-level security.
//!
//! Owns: installation; logins, grants and policies of `public`. Calls: pg. Called by: placement's set-up.
//! Invariants: every table of `public` is in the list (`every_control_table_has_a_rule`); a table with a tenant column has row-level security
//! for the control login (`the_control_login_sees_one_tenant`); a wrong master key changes nothing (`another_master_key_is_refused`). After a crash: applied in one transaction, or not.

use crate::{Error, Result};
use std::fmt::Write;
use tenantry_pg::{
    ControlTx,
    roles::{Installation, hex},
    sql::{quote_ident, quote_literal},
};

/// What the logins may do with a table.
pub(super) struct Rule {
    pub(super) table: &'static str,
    pub(super) platform: &'static str,
    pub(super) control: &'static str,
    /// The column by which the control login is confined; empty where no row belongs to a tenant.
    pub(super) tenant: &'static str,
}

const fn rule(
    table: &'static str,
    platform: &'static str,
    control: &'static str,
    tenant: &'static str,
) -> Rule {
    Rule { table, platform, control, tenant }
}

/// In place of a column: the users who are members of the tenant.
pub(super) const OWN_MEMBERS: &str = "own_members";

pub(super) const RULES: &[Rule] = &[
    rule("flyway_schema_history", "SELECT", "", ""),
    rule("installation", "SELECT", "", ""),
    rule("locks", "SELECT", "", ""),
    rule("tiers", "SELECT", "SELECT", ""),
    rule("shards", "SELECT", "", ""),
    rule("cells", "SELECT", "", ""),
    rule("slots", "SELECT, UPDATE (state, claimed_at)", "", ""),
    rule("tenants", "SELECT, INSERT, UPDATE, DELETE", "SELECT, UPDATE (access_version)", "id"),
    rule("tenant_samples", "SELECT", "", "tenant_id"),
    rule("workspaces", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE", "tenant_id"),
    rule("api_keys", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "tenant_id"),
    rule(
        "users",
        "SELECT, INSERT, UPDATE, DELETE",
        "SELECT (id, email, name, email_verified_at)",
        "own_members",
    ),
    rule("external_identities", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("external_organisations", "SELECT, INSERT, UPDATE", "", "tenant_id"),
    rule("external_memberships", "SELECT, INSERT, UPDATE", "", ""),
    rule("memberships", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE", "tenant_id"),
    rule("former_members", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "tenant_id"),
    rule("sessions", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("refresh_tokens", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("one_time_tokens", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("sign_in_failures", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("signing_keys", "SELECT, INSERT, UPDATE", "", ""),
    rule("operators", "SELECT, INSERT, UPDATE", "", ""),
    rule("access_grants", "SELECT, INSERT, UPDATE", "SELECT, UPDATE (ended_at, ended_by)", "tenant_id"),
    rule("mails", "SELECT, INSERT, DELETE", "INSERT", "tenant_id"),
    rule("webhook_deliveries", "SELECT, INSERT, DELETE", "", ""),
    rule("provisioning_runs", "SELECT, INSERT, UPDATE", "", ""),
    rule("provisioning_steps", "SELECT, INSERT, UPDATE", "", ""),
    rule("outbox", "SELECT, INSERT, UPDATE (position)", "", ""),
    rule("outbox_clock", "SELECT, UPDATE", "", ""),
    rule("jobs", "SELECT", "", ""),
    rule("schedules_due", "SELECT", "", ""),
    rule("findings", "SELECT", "", ""),
    rule("isolation_reports", "SELECT, INSERT", "", ""),
    rule("invitations", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE", "tenant_id"),
    rule("adoptions", "SELECT", "", "tenant_id"),
    rule("psql_sessions", "SELECT, INSERT", "", ""),
    rule("audit_unsealed", "SELECT, INSERT", "SELECT, INSERT", "tenant_id"),
    rule("audit_events", "SELECT", "SELECT", "chain"),
    rule("audit_heads", "SELECT", "SELECT", "chain"),
    rule("audit_sealing", "SELECT", "", ""),
    rule("audit_sweep", "SELECT", "", ""),
    rule("audit_due", "SELECT, INSERT", "", ""),
    rule("idempotency_keys", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE", "tenant_id"),
    rule("archives", "SELECT, INSERT, UPDATE, DELETE", "", ""),
    rule("archive_chunks", "SELECT, INSERT", "", ""),
    rule("archive_workspaces", "SELECT", "", ""),
];

/// Makes the logins and applies the rules, unless both are as they should be. Returns whether anything was applied.
pub(in crate::placement) async fn apply(
    tx: &ControlTx,
    installation: &Installation,
    migrated: bool,
) -> Result<bool> {
    let wanted = rules_sql(installation);
    let fingerprint = {
        use sha2::{Digest, Sha256};
        hex(&Sha256::digest(wanted.as_bytes()))
    };
    let rows = tx
        .query("-- access::recorded\nSELECT prefix, key_check, access_check FROM installation", &[])
        .await?;
    let recorded: Option<(String, String, String)> = match rows.first() {
        Some(row) => Some((row.get("prefix")?, row.get("key_check")?, row.get("access_check")?)),
        None => None,
    };
    if let Some((prefix, _, _)) = &recorded
        && prefix != installation.prefix()
    {
        return Err(Error::Fault(format!(
            "this database was set up as {prefix}, and its name now gives {}: a renamed or copied database keeps its roles' names; rename it back, or restore into a database of the old name",
            installation.prefix()
        )));
    }
    let key_check = installation.key_check();
    if let Some((_, recorded, _)) = &recorded {
        refuse_other_key(installation, recorded)?;
    }
    if !migrated && recorded.is_some_and(|(_, key, access)| key == key_check && access == fingerprint) {
        return Ok(false);
    }
    require_createrole(tx).await?;
    make_login(tx, &installation.platform(), &installation.verifier(&installation.platform()), "public")
        .await?;
    make_login(tx, &installation.control(), &installation.verifier(&installation.control()), "public")
        .await?;
    let cells = tx.query("-- access::cells\nSELECT login FROM cells", &[]).await?;
    for row in &cells {
        let login: String = row.get("login")?;
        make_login(tx, &login, &installation.verifier(&login), "").await?;
    }
    tx.batch(&wanted).await?;
    tx.query(
        "-- access::record
         INSERT INTO installation (prefix, key_check, access_check) VALUES ($1, $2, $3)
         ON CONFLICT (only_row) DO UPDATE SET key_check = $2, access_check = $3",
        &[&installation.prefix(), &key_check, &fingerprint],
    )
    .await?;
    Ok(true)
}

/// A wrong key would set every login's password anew, and lock out the processes that have the right one.
fn refuse_other_key(installation: &Installation, recorded: &str) -> Result<()> {
    let known = recorded.is_empty()
        || recorded == installation.key_check()
        || installation.previous_key_check().is_some_and(|previous| recorded == previous);
    if known {
        return Ok(());
    }
    Err(Error::Fault(
        "this database was set up with another master key: set TENANTRY_MASTER_KEY to that one; to change it, set TENANTRY_MASTER_KEY_PREVIOUS \
         to that one as well; if it is lost, run UPDATE installation SET key_check = '' as the owner first"
            .to_owned(),
    ))
}

/// The worker's key must be the one that set-up recorded, or follow it: else the logins that it makes would have passwords that nobody knows.
pub(in crate::placement) async fn refuse_unrecorded_key(
    tx: &ControlTx,
    installation: &Installation,
) -> Result<()> {
    let rows = tx.query("-- access::recorded_key\nSELECT key_check FROM installation", &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Fault("run `tenantry migrate-control` first".to_owned()))?;
    refuse_other_key(installation, &row.get::<String>("key_check")?)
}

async fn require_createrole(tx: &ControlTx) -> Result<()> {
    let lacking = tx
        .query(
            "-- access::require_createrole
             SELECT rolname::text AS owner FROM pg_roles WHERE rolname = current_user AND NOT (rolcreaterole OR rolsuper)",
            &[],
        )
        .await?;
    match lacking.first() {
        None => Ok(()),
        Some(row) => {
            let owner = quote_ident(&row.get::<String>("owner")?);
            Err(Error::Fault(format!(
                "{owner} may not make roles, and every tenant has roles of its own: let an administrator run ALTER ROLE {owner} CREATEROLE"
            )))
        }
    }
}

/// Makes a login, or sets its password and settings where it exists. It inherits nothing and may connect to this database alone.
pub(in crate::placement) async fn make_login(
    tx: &ControlTx,
    login: &str,
    verifier: &str,
    path: &str,
) -> Result<()> {
    let known = tx.query("-- access::login\nSELECT 1 FROM pg_roles WHERE rolname = $1", &[&login]).await?;
    let (role, verb) = (quote_ident(login), if known.is_empty() { "CREATE" } else { "ALTER" });
    let database = current_database(tx).await?;
    lock_database_acl(tx).await?;
    tx.batch(&format!(
        "{verb} ROLE {role} LOGIN NOINHERIT NOCREATEROLE NOCREATEDB PASSWORD {password};
         ALTER ROLE {role} SET search_path = {path};
         ALTER ROLE {role} SET statement_timeout = '30s';
         ALTER ROLE {role} SET idle_in_transaction_session_timeout = '60s';
         ALTER ROLE {role} SET lock_timeout = '10s';
         GRANT CONNECT ON DATABASE {database} TO {role};",
        password = quote_literal(verifier),
        path = quote_literal(path),
        database = quote_ident(&database),
    ))
    .await?;
    Ok(())
}

/// GRANT and REVOKE on the database change its one row in the catalogue, and PostgreSQL refuses two that do so at once.
pub(crate) async fn lock_database_acl(tx: &ControlTx) -> Result<()> {
    super::lock(tx, "database_acl").await
}

pub(crate) async fn current_database(tx: &ControlTx) -> Result<String> {
    let rows = tx.query("-- access::current_database\nSELECT current_database()::text AS name", &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Fault("no current database".to_owned()))?;
    Ok(row.get("name")?)
}

fn rules_sql(installation: &Installation) -> String {
    let (platform, control) = (quote_ident(&installation.platform()), quote_ident(&installation.control()));
    let mut sql = String::from(
        "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$;
         REVOKE ALL ON SCHEMA public FROM PUBLIC;\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(sql, "GRANT USAGE ON SCHEMA public TO {platform}, {control};");
    for Rule { table, platform: all, control: own, tenant } in RULES {
        let _ = writeln!(sql, "REVOKE ALL ON public.{table} FROM PUBLIC, {platform}, {control};");
        let _ = writeln!(sql, "GRANT {all} ON public.{table} TO {platform};");
        if !own.is_empty() {
            let _ = writeln!(sql, "GRANT {own} ON public.{table} TO {control};");
        }
        if tenant.is_empty() {
            continue;
        }
        let own_rows = match *tenant {
            // Reads memberships as the login that asks: of these it sees its own tenant's.
            OWN_MEMBERS => "id IN (SELECT user_id FROM public.memberships)".to_owned(),
            column => format!("{column} = nullif(current_setting('tenantry.tenant_id', true), '')::uuid"),
        };
        let _ = writeln!(
            sql,
            "ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY;
             DROP POLICY IF EXISTS tenantry_platform ON public.{table};
             CREATE POLICY tenantry_platform ON public.{table} TO {platform} USING (true) WITH CHECK (true);
             DROP POLICY IF EXISTS tenantry_control ON public.{table};
             CREATE POLICY tenantry_control ON public.{table} TO {control} USING ({own_rows});"
        );
    }
    sql
}
