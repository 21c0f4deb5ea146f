//! A connection that listens: wake-ups for speed. Whoever uses it polls as well, for truth.
//!
//! Owns: nothing. Calls: connect, task. Called by: core's worker, server's live streams.
//! Invariants: a lost connection is made again with growing pauses and announced as a wake-up, since something may have been missed
//! (`a_lost_listener_wakes_its_users`); the presence it tells of is that of a connection which is open (`a_listener_is_present`). After a
//! crash: PostgreSQL ends the backend, by which others see that the process is gone.

use crate::{Error, Login, Presence, Target, sql::quote_ident, task};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

/// Counts wake-ups of one channel. Clone the receiver, wait for a change, then look at the tables.
pub struct Listener {
    changed: watch::Receiver<u64>,
    presence: watch::Receiver<Option<Presence>>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    /// Starts to listen where this pool connects to, as whom it connects.
    pub fn beside(pool: &crate::Pool, channel: &str) -> Self {
        let (target, login) = pool.place();
        Self::start(target, login, channel)
    }

    /// Starts to listen; connects in the background and again whenever the connection is lost.
    pub fn start(target: Target, login: Login, channel: &str) -> Self {
        let (sender, changed) = watch::channel(0);
        let (present, presence) = watch::channel(None);
        let channel: Arc<str> = Arc::from(quote_ident(channel));
        // Detached from its maker, ended by Drop.
        let task = task::detached(async move {
            let mut pause = Duration::from_millis(100);
            loop {
                if let Err(error) = listen(&target, &login, &channel, &sender, &present, &mut pause).await {
                    tracing::debug!(%error, "listener lost its connection");
                }
                present.send_replace(None);
                sender.send_modify(|count| *count += 1);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        });
        Self { changed, presence, task }
    }

    /// The connection by which others see that this process is there; none while it is not connected.
    pub fn presence(&self) -> watch::Receiver<Option<Presence>> {
        self.presence.clone()
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
    present: &watch::Sender<Option<Presence>>,
    pause: &mut Duration,
) -> Result<(), Error> {
    let (client, mut connection) = target.connect(login).await?;
    let statement = format!("LISTEN {channel}");
    let mut subscribe = std::pin::pin!(async {
        let row = client.query_one(Presence::SQL, &[]).await?;
        client.batch_execute(&statement).await.map(|()| row)
    });
    let mut subscribed = false;
    loop {
        tokio::select! {
            answer = &mut subscribe, if !subscribed => {
                let row = answer.map_err(|source| Error::Db { during: "listen", source })?;
                present.send_replace(Some(Presence::of(&row)?));
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
