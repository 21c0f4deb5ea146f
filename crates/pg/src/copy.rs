//! COPY as a stream, out of PostgreSQL and into it, and the transaction that reads one tenant across its workspaces.
//!
//! Owns: nothing. Calls: transaction, pool, tenant. Called by: core's `tenancy` (opens), core's archive (reads, loads).
//! Invariants: rows are read as fast as they are taken and no faster, so a stream holds a few of them (the driver reads the socket when the
//! last row was taken); a stream that was left half-way costs its connection, which no pool sees again (`a_copy_left_half_way_poisons_nothing`);
//! the wide transaction reads one picture and writes nothing (`the_wide_role_reads_all_workspaces_and_writes_nothing`).
//! After a crash: PostgreSQL rolls back.

use crate::{
    ControlTx, Error, FromRow, Param, Row, ScopeMinter, TenantPools,
    connection::Connection,
    control::statements,
    transaction::{InFlight, Prologue, Tx},
};
use futures_util::{SinkExt, StreamExt};
use std::{io::Cursor, pin::Pin, sync::Arc, time::Duration};
use tenantry_types::TenantId;
use tokio_postgres::{CopyInSink, CopyOutStream};

/// What PostgreSQL has to know to read a tenant across its workspaces. Not a permission: [`TenantPools::read_all`] wants the minter too.
#[derive(Debug, Clone)]
pub struct WideNames {
    /// For metrics and check-out.
    pub tenant: TenantId,
    /// The tenant's schema, unquoted.
    pub schema: Arc<str>,
    /// The role of its scopes.
    pub role: Arc<str>,
    /// The role that may read every workspace's rows.
    pub wide_role: Arc<str>,
    /// The cell whose login is a member of both.
    pub cell: i32,
}

impl TenantPools {
    /// A transaction that sees every row of a tenant as of its first statement, and may change none. Each statement may take `patience`.
    /// Dropped without [`WideTx::finish`] its connection is closed.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Connect`].
    pub async fn read_all(
        &self,
        _: &ScopeMinter,
        names: &WideNames,
        name: &'static str,
        patience: Duration,
    ) -> Result<WideTx, Error> {
        let prologue = Prologue::Wide {
            tenant: names.tenant,
            role: Arc::clone(&names.wide_role),
            patience_ms: patience.as_millis().to_string(),
        };
        let lease = self.cell(names.cell).lease(Some(names.tenant)).await?;
        Ok(WideTx { tx: Tx::new(name, lease, prologue), role: Arc::clone(&names.role) })
    }
}

/// A read-only transaction across the workspaces of one tenant.
pub struct WideTx {
    tx: Tx,
    role: Arc<str>,
}

impl WideTx {
    statements!();

    /// Streams the result of `COPY … TO STDOUT`; the text was made of names of the catalogue, quoted.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'_>, Error> {
        CopyOut::begin(&self.tx, sql).await
    }

    /// Takes locks that let others read and write and keep them from changing tables; the text was made of names of the catalogue, quoted.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn hold(&self, sql: &str) -> Result<(), Error> {
        self.tx.batch(sql).await
    }

    /// Goes on as the role of the tenant's scopes, which may look at sequences and sees no rows without a workspace.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn as_scope_role(&self) -> Result<(), Error> {
        let sql = "-- copy::as_scope_role\nSELECT pg_catalog.set_config('role', $1, true)";
        self.tx.send(sql, &[&&*self.role], false).await.map(drop)
    }

    /// Ends the transaction and gives the connection back.
    ///
    /// # Errors
    /// [`Error`]; there is nothing to lose but the connection.
    pub async fn finish(self) -> Result<(), Error> {
        self.tx.finish(false).await
    }
}

impl ControlTx {
    /// Streams the result of `COPY … TO STDOUT`; the text was made of names of the catalogue, quoted.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'_>, Error> {
        CopyOut::begin(&self.tx, sql).await
    }

    /// Takes the rows of `COPY … FROM STDIN`; the text was made of names of the catalogue, quoted. No other statement may be sent until
    /// [`CopyIn::finish`]; dropped before, the transaction is over.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn<'_>, Error> {
        let copy = self.tx.client()?.copy_in(sql);
        let (sink, in_flight, _) = self.tx.begin_copy(copy).await?;
        Ok(CopyIn { tx: &self.tx, sink: Box::pin(sink), in_flight })
    }
}

/// Rows on their way out.
pub struct CopyOut<'a> {
    tx: &'a Tx,
    stream: Pin<Box<CopyOutStream>>,
    connection: &'a Connection,
    /// `None` once all rows came, or the stream failed.
    in_flight: Option<InFlight<'a>>,
}

impl<'a> CopyOut<'a> {
    async fn begin(tx: &'a Tx, sql: &str) -> Result<Self, Error> {
        let copy = tx.client()?.copy_out(sql);
        let (stream, in_flight, connection) = tx.begin_copy(copy).await?;
        Ok(Self { tx, stream: Box::pin(stream), connection, in_flight: Some(in_flight) })
    }

    /// Adds what comes next, in text format one row with its newline, to `buffer`; false when there is no more.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn next_into(&mut self, buffer: &mut Vec<u8>) -> Result<bool, Error> {
        match self.stream.next().await {
            Some(Ok(row)) => {
                buffer.extend_from_slice(&row);
                Ok(true)
            }
            Some(Err(source)) => {
                drop(self.in_flight.take());
                Err(self.tx.failed(source))
            }
            None => {
                if let Some(in_flight) = self.in_flight.take() {
                    in_flight.answered();
                }
                Ok(false)
            }
        }
    }
}

impl Drop for CopyOut<'_> {
    fn drop(&mut self) {
        // The driver would read all that is left before it let go of the connection.
        if self.in_flight.is_some() {
            self.connection.sever();
        }
    }
}

/// Rows on their way in.
pub struct CopyIn<'a> {
    tx: &'a Tx,
    sink: Pin<Box<CopyInSink<Cursor<Vec<u8>>>>>,
    in_flight: InFlight<'a>,
}

impl CopyIn<'_> {
    /// Sends bytes; they may begin and end anywhere in a row.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn send(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        match self.sink.send(Cursor::new(bytes)).await {
            Ok(()) => Ok(()),
            // The driver only knows that nobody listens any more; why comes with the end.
            Err(sent) => match self.sink.as_mut().finish().await {
                Err(source) => Err(self.tx.failed(source)),
                Ok(_) => Err(self.tx.failed(sent)),
            },
        }
    }

    /// Says that this was all. Returns the number of rows.
    ///
    /// # Errors
    /// [`Error`]; the transaction is then over.
    pub async fn finish(mut self) -> Result<u64, Error> {
        match self.sink.as_mut().finish().await {
            Ok(rows) => {
                self.in_flight.answered();
                Ok(rows)
            }
            Err(source) => Err(self.tx.failed(source)),
        }
    }
}
