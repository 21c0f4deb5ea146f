//! The one home of detached tasks below the server: work that must outlive the future that asked for it.
//!
//! Owns: nothing. Calls: tokio. Called by: connection, pool, listen, core's workers.
//! Invariants: a panic in a task reaches whoever waits for it as an error, never silence.
//! After a crash: nothing is left; PostgreSQL rolls back what the task had open.

use std::future::Future;
use tokio::task::JoinHandle;

/// Runs `future` to its end even when the handle is dropped.
#[expect(clippy::disallowed_methods, reason = "the one home of detached tasks; callers say why in a comment")]
pub fn detached<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}
