//! Wake-ups: tells workers and live streams that there is something to look at. Speed, not truth: all of them poll too.
//!
//! Owns: the channels `tenantry`, `tenantry_trail`, `tenantry_proof`. Calls: pg. Called by: whoever made work; heard through pg's `Listener`.
//! Invariants: never inside the transaction it tells of, since NOTIFY serialises commits; many wishes become one NOTIFY
//! (`a_burst_is_one_notification`). After a crash: a lost wake-up is made good by the next poll.

use std::sync::Arc;
use tenantry_pg::{Pool, task};
use tokio::sync::Notify;

/// The channel of PostgreSQL's NOTIFY for runs, and for whatever has no channel of its own.
pub const CHANNEL: &str = "tenantry";

/// Audit events wait to be sealed. Apart, since every mutation of a tenant's tells of one: who waits for runs looks at much that none of them touches.
pub const TRAIL: &str = "tenantry_trail";

/// A proof of isolation was asked for.
pub const PROOF: &str = "tenantry_proof";

/// All of them, for whoever listens.
pub const CHANNELS: [&str; 3] = [CHANNEL, TRAIL, PROOF];

/// Sends wake-ups. Cheap to clone; the sender's task ends with the last clone.
#[derive(Clone)]
pub struct Waker {
    wish: Arc<Notify>,
    _task: Arc<AbortOnDrop>,
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Waker {
    /// Starts the task that sends to [`CHANNEL`].
    pub fn start(pool: Pool) -> Self {
        Self::on(pool, CHANNEL)
    }

    /// The same on a channel of its own.
    pub fn on(pool: Pool, channel: &'static str) -> Self {
        let wish = Arc::new(Notify::new());
        let wished = Arc::clone(&wish);
        let task = task::detached(async move {
            loop {
                wished.notified().await;
                if let Err(error) =
                    pool.run("wake", channel, |tx, channel| Box::pin(store::notify(tx, channel))).await
                {
                    tracing::debug!(%error, "wake-up not sent; pollers will find the work");
                }
            }
        });
        Self { wish, _task: Arc::new(AbortOnDrop(task)) }
    }

    /// Asks for a wake-up, after the commit that made the work.
    pub fn wake(&self) {
        self.wish.notify_one();
    }
}

mod store {
    use tenantry_pg::{ControlTx, Error};

    pub(super) async fn notify(tx: &ControlTx, channel: &str) -> Result<(), Error> {
        tx.last("-- wake::notify\nSELECT pg_notify($1, '')::text", &[&channel]).await.map(drop)
    }
}
