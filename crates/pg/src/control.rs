//! Transactions on the control plane, and the statements that every kind of transaction offers.
//!
//! Owns: nothing. Calls: run, transaction. Called by: core's stores, migrations, tenant.
//! Invariants: the login that row-level security confines gets its tenant with BEGIN (core's `the_control_login_sees_one_tenant`).
//! After a crash: PostgreSQL rolls back.

use crate::{
    BoxFuture, Error, FromRow, Param, Pool, Row, TxError,
    run::{Handle, run},
    transaction::{Prologue, Tx},
};
use tenantry_types::TenantId;

/// A transaction on the control plane (`public`), or of the owner.
pub struct ControlTx {
    pub(crate) tx: Tx,
}

macro_rules! statements {
    () => {
        /// Rows of a statement.
        ///
        /// # Errors
        /// [`Error`]; the transaction is then over.
        pub async fn query(&self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<Row>, Error> {
            self.tx.send(sql, params, false).await
        }

        /// Rows of the transaction's last statement; COMMIT travels with it, so nothing may be left to decide.
        ///
        /// # Errors
        /// [`Error`]; nothing was committed, unless the connection broke.
        pub async fn last(&self, sql: &'static str, params: &[&dyn Param]) -> Result<Vec<Row>, Error> {
            self.tx.send(sql, params, true).await
        }

        /// Rows of a statement, read.
        ///
        /// # Errors
        /// [`Error`], also where a row has another shape.
        pub async fn all<T: FromRow>(
            &self,
            sql: &'static str,
            params: &[&dyn Param],
        ) -> Result<Vec<T>, Error> {
            self.query(sql, params).await?.iter().map(T::from_row).collect()
        }

        /// The row of a statement that has one at most.
        ///
        /// # Errors
        /// [`Error`], also for more than one row.
        pub async fn optional<T: FromRow>(
            &self,
            sql: &'static str,
            params: &[&dyn Param],
        ) -> Result<Option<T>, Error> {
            let rows = self.query(sql, params).await?;
            match rows.as_slice() {
                [] => Ok(None),
                [row] => T::from_row(row).map(Some),
                more => Err(Error::RowCount { during: self.tx.name, got: more.len() }),
            }
        }

        /// The row of a statement that has exactly one.
        ///
        /// # Errors
        /// [`Error`], also for none or more than one row.
        pub async fn one<T: FromRow>(&self, sql: &'static str, params: &[&dyn Param]) -> Result<T, Error> {
            self.optional(sql, params).await?.ok_or(Error::RowCount { during: self.tx.name, got: 0 })
        }
    };
}
pub(crate) use statements;

impl Handle for ControlTx {
    fn wrap(tx: Tx) -> Self {
        Self { tx }
    }
    fn unwrap(self) -> Tx {
        self.tx
    }
}

impl ControlTx {
    statements!();

    /// Several statements at once, without parameters: DDL that we wrote or quoted ourselves.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.tx.batch(sql).await
    }

    /// Fails when PostgreSQL warned since the last call: in DDL a warning means that something was not done.
    ///
    /// # Errors
    /// [`Error::Warned`] with the warnings.
    pub fn refuse_warnings(&self) -> Result<(), Error> {
        let warnings = self.tx.take_warnings();
        if warnings.is_empty() {
            Ok(())
        } else {
            Err(Error::Warned { during: self.tx.name, warnings: warnings.join("; ") })
        }
    }
}

impl Pool {
    /// Runs `work` in a transaction that ends even when the caller goes away. `work` may run more than once.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn run<I, T, E, W>(&self, name: &'static str, input: I, work: W) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: TxError,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        run(self.clone(), name, Prologue::Plain, input, work).await
    }

    /// The same, seeing one tenant's rows only: row-level security confines the control login by this id.
    ///
    /// # Errors
    /// What `work` answers, or what the database did.
    pub async fn run_for<I, T, E, W>(
        &self,
        tenant: TenantId,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: TxError,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    {
        run(self.clone(), name, Prologue::Tenant(tenant), input, work).await
    }
}
