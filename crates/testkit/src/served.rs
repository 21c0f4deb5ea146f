//! A test application behind a real socket.
//!
//! Owns: nothing. Calls: server's wiring. Called by: the stress test.
//! Invariants: requests in flight end before it has stopped (`strangers_who_hang_up_see_nothing_of_others`). After a crash: the socket is closed.

use crate::{TestApp, database::within};
use std::net::SocketAddr;
use tenantry_server::run;
use tokio::{sync::watch, task::JoinHandle};

/// A server in this process.
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<bool>,
}

impl TestApp {
    /// Listens on a port of its own until stopped, or until what this returns is dropped.
    pub fn serve(&self) -> Served {
        let bound = run::bind(&self.config).unwrap_or_else(|error| panic!("{error}"));
        let (address, (stop, stopped)) = (bound.addr(), watch::channel(false));
        let (config, app) = (self.config.clone(), self.app.clone());
        let serving =
            tenantry_pg::task::detached(
                async move { run::serve(&config, app, bound, stopped).await.is_ok() },
            );
        Served { address, stop, serving }
    }
}

impl Served {
    /// Takes no more connections, and waits until those that are there have ended.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let ended = within("the end of the server", self.serving).await;
        assert!(ended.unwrap_or_else(|error| panic!("{error}")), "the server's socket failed");
    }
}
