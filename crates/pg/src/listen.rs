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

/// Counts wake-ups of some channels. Clone a receiver, wait for a change, then look at the tables.
pub struct Listener {
    heard: Arc<Heard>,
    presence: watch::Receiver<Option<Presence>>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    /// Starts to listen where this pool connects to, as whom it connects.
    pub fn beside(pool: &crate::Pool, channels: &[&'static str]) -> Self {
        let (target, login) = pool.place();
        Self::start(target, login, channels)
    }

    /// Starts to listen; connects in the background and again whenever the connection is lost.
    pub fn start(target: Target, login: Login, channels: &[&'static str]) -> Self {
        let each = channels.iter().map(|channel| (*channel, watch::Sender::new(0))).collect();
        let heard = Arc::new(Heard { any: watch::Sender::new(0), each });
        let (present, presence) = watch::channel(None);
        let hearing = Arc::clone(&heard);
        // Detached from its maker, ended by Drop.
        let task = task::detached(async move {
            let mut pause = Duration::from_millis(100);
            loop {
                if let Err(error) = listen(&target, &login, &hearing, &present, &mut pause).await {
                    tracing::debug!(%error, "listener lost its connection");
                }
                present.send_replace(None);
                hearing.all();
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        });
        Self { heard, presence, task }
    }

    /// The connection by which others see that this process is there; none while it is not connected.
    pub fn presence(&self) -> watch::Receiver<Option<Presence>> {
        self.presence.clone()
    }

    /// A receiver that changes with every wake-up of any channel.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.heard.any.subscribe()
    }

    /// A receiver that changes with every wake-up of this channel; of any, where it is none that is listened to.
    pub fn subscribe_to(&self, channel: &str) -> watch::Receiver<u64> {
        self.heard.of(channel).unwrap_or(&self.heard.any).subscribe()
    }
}

/// What was heard: of any channel, and of each.
struct Heard {
    any: watch::Sender<u64>,
    each: Vec<(&'static str, watch::Sender<u64>)>,
}

impl Heard {
    fn of(&self, channel: &str) -> Option<&watch::Sender<u64>> {
        self.each.iter().find_map(|(name, sender)| (*name == channel).then_some(sender))
    }

    fn one(&self, channel: &str) {
        [Some(&self.any), self.of(channel)].into_iter().flatten().for_each(count);
    }

    /// Something of each may have been missed.
    fn all(&self) {
        std::iter::once(&self.any).chain(self.each.iter().map(|(_, sender)| sender)).for_each(count);
    }
}

fn count(sender: &watch::Sender<u64>) {
    sender.send_modify(|count| *count += 1);
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    target: &Target,
    login: &Login,
    heard: &Heard,
    present: &watch::Sender<Option<Presence>>,
    pause: &mut Duration,
) -> Result<(), Error> {
    let (client, mut connection) = target.connect(login).await?;
    let statement: String =
        heard.each.iter().map(|(channel, _)| format!("LISTEN {};", quote_ident(channel))).collect();
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
                heard.all();
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(told))) => heard.one(told.channel()),
                Some(Ok(_)) => {}
                Some(Err(source)) => return Err(Error::Db { during: "listen", source }),
                None => return Ok(()),
            },
        }
    }
}
