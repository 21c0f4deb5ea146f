//! What strangers ask for and nobody waits for: links and invitations by mail.
//!
//! Owns: nothing. Calls: pg's detached tasks. Called by: sign-in's links, invitations' joining.
//! Invariants: how long an answer takes says nothing about what there was to do, because it is given before (`nobody_waits_for_an_ask`); however many ask,
//! a few are dealt with at once, so many wait, and the rest is let fall (`asks_do_not_pile_up`). After a crash: what was asked for is lost; who misses it asks again.

use crate::Result;
use std::sync::Arc;
use tenantry_pg::task;
use tokio::sync::Semaphore;

/// Asks that are dealt with at once: each takes a connection from those who are signed in.
const AT_ONCE: usize = 4;
/// Asks that wait or are dealt with: some seconds' work, and some megabytes.
const WAITING: u32 = 256;

/// Deals with asks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Asks {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Asks {
    fn default() -> Self {
        let places = usize::try_from(WAITING).unwrap_or(AT_ONCE);
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Arc::new(Semaphore::new(places)) }
    }
}

impl Asks {
    /// Deals with it when it is its turn, whether the caller waits or not; lets it fall where too many wait already.
    pub(crate) fn take(&self, name: &'static str, work: impl Future<Output = Result<()>> + Send + 'static) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!(name, "too many wait: what a stranger asked for is let fall");
            return;
        };
        let turns = Arc::clone(&self.turns);
        // Not waited for: how long it takes would tell whether there is something to do.
        task::detached(async move {
            let _place = place;
            let Ok(_turn) = turns.acquire_owned().await else { return };
            if let Err(error) = work.await {
                tracing::warn!(name, %error, "what a stranger asked for was not dealt with");
            }
        });
    }

    /// Returns when everything that was asked for so far is dealt with. What is asked for meanwhile is let fall.
    pub async fn settled(&self) {
        // Never closed, so there is no error to tell of.
        drop(self.places.acquire_many(WAITING).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn asks_do_not_pile_up() {
        let (asks, gate) = (Asks::default(), Arc::new(Semaphore::new(0)));
        let (inside, most, done) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..WAITING + 50 {
            let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
            let (most, done) = (Arc::clone(&most), Arc::clone(&done));
            asks.take("test", async move {
                most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                drop(gate.acquire().await);
                inside.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
        }
        // Nothing ran yet: whoever asked was answered without it.
        assert_eq!(done.load(Ordering::SeqCst), 0);
        while inside.load(Ordering::SeqCst) < AT_ONCE {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        asks.settled().await;
        assert_eq!(most.load(Ordering::SeqCst), AT_ONCE);
        assert_eq!(done.load(Ordering::SeqCst), usize::try_from(WAITING).unwrap());
    }
}
