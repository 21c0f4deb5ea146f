//! A connection that listens: wake-ups for speed. Whoever uses it polls as well, for truth.
//!
//! Owns: nothing. Calls: connect, task. Called by: core's worker, server's live streams.
//! Invariants: a lost connection is made again with growing pauses and announced as a wake-up, since something may have been missed
//! (`a_lost_listener_wakes_its_users`). After a crash: nothing is left.

use crate::{Error, Login, Target, sql::quote_ident, task};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

/// Counts wake-ups of one channel. Clone the receiver, wait for a change, then look at the tables.
pub struct Listener {
    changed: watch::Receiver<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    /// Starts to listen; connects in the background and again whenever the connection is lost.
    pub fn start(target: Target, login: Login, channel: &str) -> Self {
        let (sender, changed) = watch::channel(0);
        let channel: Arc<str> = Arc::from(quote_ident(channel));
        // Detached from its maker, ended by Drop.
        let task = task::detached(async move {
            let mut pause = Duration::from_millis(100);
            loop {
                if let Err(error) = listen(&target, &login, &channel, &sender, &mut pause).await {
                    tracing::debug!(%error, "listener lost its connection");
                }
                sender.send_modify(|count| *count += 1);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        });
        Self { changed, task }
    }

    /// A receiver that changes with every wake-up.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    target: &Target,
    login: &Login,
    channel: &str,
    sender: &watch::Sender<u64>,
    pause: &mut Duration,
) -> Result<(), Error> {
    let (client, mut connection) = target.connect(login).await?;
    let statement = format!("LISTEN {channel}");
    let mut subscribe = std::pin::pin!(client.batch_execute(&statement));
    let mut subscribed = false;
    loop {
        tokio::select! {
            answer = &mut subscribe, if !subscribed => {
                answer.map_err(|source| Error::Db { during: "listen", source })?;
                subscribed = true;
                *pause = Duration::from_millis(100);
                sender.send_modify(|count| *count += 1);
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => sender.send_modify(|count| *count += 1),
                Some(Ok(_)) => {}
                Some(Err(source)) => return Err(Error::Db { during: "listen", source }),
                None => return Ok(()),
            },
        }
    }
}
