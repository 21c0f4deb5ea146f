//! The only crate that talks to PostgreSQL: connections, pools, transactions, the tenant scope, migrations, the private cluster.
//!
//! Owns: no tables. Calls: types. Called by: durable, core, server wiring, testkit.
//! Invariants: tenant rows are reached through [`TenantTx`] alone, and that only with a [`ScopeMinter`]; every setting is
//! transaction-local; a connection whose end of transaction was not confirmed is closed (tests in `tests/scope`).
//! After a crash: PostgreSQL rolls back what was open; the next start of a private cluster recovers it.

mod attempt;
pub mod bootstrap;
pub mod cluster;
mod connect;
mod connection;
mod control;
mod copy;
mod error;
mod listen;
pub mod migrate;
mod observe;
mod pool;
mod presence;
pub mod roles;
mod row;
mod run;
pub mod sql;
mod statements;
pub mod task;
mod tenant;
mod transaction;

pub use attempt::Outcome;
pub use connect::{Login, SslMode, Target, TargetError};
pub use control::ControlTx;
pub use copy::{CopyIn, CopyOut, WideNames, WideTx};
pub use error::{Error, ErrorKind, TxError};
pub use listen::Listener;
pub use observe::{Observer, Quiet};
pub use pool::{Pool, PoolSettings, PoolStatus};
pub use presence::Presence;
pub use row::{FromRow, Param, Row};
pub use run::BoxFuture;
pub use tenant::{ScopeMinter, ScopeNames, TenantPools, TenantTx};
