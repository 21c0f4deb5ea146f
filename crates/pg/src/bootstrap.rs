//! What needs a superuser, once: an owner that is none, and its database. For private clusters and tests; a managed server's
//! administrator does the same by hand (docs/guides/install.md).
//!
//! Owns: nothing. Calls: connection. Called by: server's `dev`, testkit.
//! Invariants: the owner has CREATEROLE and its database, nothing more (`the_owner_is_no_superuser`); no login reaches another database
//! (`psql_cannot_leave_its_tenant`). After a crash: run again.

use crate::{
    Error, Login, Target,
    connection::Connection,
    roles::scram_verifier,
    sql::{quote_ident, quote_literal},
};

/// A session outside any pool, for statements that cannot run in a transaction.
pub struct Superuser {
    connection: Connection,
}

impl Superuser {
    /// Connects.
    ///
    /// # Errors
    /// [`Error::Connect`].
    pub async fn connect(target: &Target, login: &Login) -> Result<Self, Error> {
        Ok(Self { connection: Connection::open(target, login, 0, None).await? })
    }

    /// Runs statements one by one.
    ///
    /// # Errors
    /// The first that fails.
    pub async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.connection
            .client
            .batch_execute(sql)
            .await
            .map_err(|source| Error::Db { during: "bootstrap", source })
    }

    /// One text value, or none.
    ///
    /// # Errors
    /// The statement's.
    pub async fn value(&self, sql: &str) -> Result<Option<String>, Error> {
        let row = self.connection.client.query_opt(sql, &[]).await;
        row.map_err(|source| Error::Db { during: "bootstrap", source })?
            .map(|row| row.try_get(0).map_err(Error::Row))
            .transpose()
    }

    /// Makes the owner, or sets its password where it exists.
    ///
    /// # Errors
    /// The database's.
    pub async fn ensure_owner(&self, owner: &Login) -> Result<(), Error> {
        let role = quote_ident(&owner.user);
        let known = quote_literal(&owner.user);
        let found =
            self.value(&format!("SELECT rolname::text FROM pg_roles WHERE rolname = {known}")).await?;
        let verb = if found.is_some() { "ALTER" } else { "CREATE" };
        let verifier = scram_verifier(owner.passwords.first().map_or("", String::as_str));
        self.execute(&format!(
            "{verb} ROLE {role} LOGIN CREATEROLE NOSUPERUSER PASSWORD {}",
            quote_literal(&verifier)
        ))
        .await
    }

    /// Makes a database that belongs to `owner`, unless it exists.
    ///
    /// # Errors
    /// The database's.
    pub async fn ensure_database(&self, database: &str, owner: &str) -> Result<(), Error> {
        let known = quote_literal(database);
        let found =
            self.value(&format!("SELECT datname::text FROM pg_database WHERE datname = {known}")).await?;
        if found.is_some() {
            return Ok(());
        }
        self.execute(&format!("CREATE DATABASE {} OWNER {}", quote_ident(database), quote_ident(owner))).await
    }

    /// Closes the cluster's own databases to everybody but superusers: PostgreSQL opens them to every login, and a login of ours has nothing to do there.
    ///
    /// # Errors
    /// The database's.
    pub async fn close_other_databases(&self) -> Result<(), Error> {
        self.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; REVOKE CONNECT ON DATABASE template1 FROM PUBLIC").await
    }
}
