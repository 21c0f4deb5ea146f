//! One connection: the driver's client, what it has prepared, whom it has served, what the server warned of.
//!
//! Owns: nothing. Calls: connect, statements, task. Called by: pool.
//! Invariants: lives in one place at a time; ends when dropped. After a crash: the server ends it.

use crate::{
    Error, Login, Target,
    statements::{Plan, Statements},
    task,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use tenantry_types::TenantId;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, Statement, error::Severity};

pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) born: Instant,
    /// Tenants whose catalogue entries this backend has cached.
    pub(crate) known: HashSet<TenantId>,
    statements: Mutex<Statements>,
    /// The statement that sets a scope, prepared once. `None` behind a pooler.
    pub(crate) enter: Option<Statement>,
    warnings: Arc<Mutex<Vec<String>>>,
    /// The driver's half; the socket goes with it.
    driver: AbortHandle,
}

impl Connection {
    pub(crate) async fn open(
        target: &Target,
        login: &Login,
        named_statements: usize,
        enter: Option<&'static str>,
    ) -> Result<Self, Error> {
        let (client, mut connection) = target.connect(login).await?;
        let warnings = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&warnings);
        // The driver's half: it ends by itself when the client is dropped.
        let driver = task::detached(async move {
            while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice))
                        if notice.parsed_severity() == Some(Severity::Warning)
                            || notice.severity() == "WARNING" =>
                    {
                        heard
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(notice.message().to_owned());
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "connection ended");
                        break;
                    }
                }
            }
        })
        .abort_handle();
        let enter = match enter {
            Some(sql) if named_statements > 0 => Some(
                client
                    .prepare(sql)
                    .await
                    .map_err(|source| Error::Connect { user: login.user.clone(), source })?,
            ),
            _ => None,
        };
        Ok(Self {
            client,
            born: Instant::now(),
            known: HashSet::new(),
            statements: Mutex::new(Statements::new(named_statements)),
            enter,
            warnings,
            driver,
        })
    }

    /// Closes the socket under whatever is on its way: the backend ends at its next word, instead of sending all that it was asked for.
    pub(crate) fn sever(&self) {
        self.driver.abort();
    }

    pub(crate) fn plan(&self, role: &Arc<str>, sql: &'static str) -> Plan {
        self.statements().plan(role, sql)
    }

    pub(crate) fn prepared(&self, role: &Arc<str>, sql: &'static str, statement: Statement) {
        self.statements().prepared(role, sql, statement);
    }

    pub(crate) fn forget_statements(&self) {
        self.statements().clear();
    }

    pub(crate) fn statement_count(&self) -> usize {
        self.statements().prepared_count()
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, Statements> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
