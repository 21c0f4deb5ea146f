//! Mail: written with the deed that it tells of, sent by the worker.
//!
//! Owns: `mails`. Calls: secrets, pg. Called by: identity's modules (enqueue), the worker (sends), doctor (reads); the server brings the [`Mailer`].
//! Invariants: a deed that is rolled back sends nothing, and what is committed is sent (`mail_goes_out_once`); one attempt hands a mail over once,
//! however many workers look (`two_workers_send_a_mail_once`); a text is sealed while it waits and gone afterwards (`a_mail_is_sealed_and_then_gone`); a
//! server that is down delays and loses nothing (`a_mail_server_that_is_down_is_tried_again`); no tenant's mails hold up those of nobody's
//! (`one_tenants_flood_holds_up_nobodys_sign_in`). After a crash: an attempt whose end nobody wrote down counts
//! as failed, and the next one comes when it is due: then a mail may arrive twice, with one Message-ID.

pub(crate) mod store;

use crate::{Error, Result, ctx::Ctx, secrets::Vault};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use store::{Claimed, End};
use tenantry_pg::{BoxFuture, ControlTx, Pool};
use tenantry_types::TenantId;
use uuid::Uuid;

/// What the texts are sealed for.
const PURPOSE: &str = "mail";

/// Minutes between an attempt and the next: eight attempts in something less than a day. Longer than any attempt lasts, since the time of the next
/// is what keeps other workers away.
const BACK_OFF: [i64; 7] = [1, 5, 15, 60, 180, 360, 720];

/// Most characters of an error that is kept.
const LONGEST_ERROR: usize = 300;

/// A mail to one person.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text. May hold a link that opens a door.
    pub text: String,
}

/// A mail on its way out.
pub struct Letter {
    /// The same for every attempt.
    pub id: Uuid,
    /// What is sent.
    pub mail: Mail,
}

/// Why a mail was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// Another attempt may go better.
    #[error("{0}")]
    ForNow(String),
    /// The mail server will never take it.
    #[error("{0}")]
    ForGood(String),
}

/// Hands mail over to a mail server.
pub trait Mailer: Send + Sync + 'static {
    /// One attempt, which ends within 50 seconds.
    ///
    /// # Errors
    /// Why it was not taken.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, std::result::Result<(), Undelivered>>;
}

/// Puts a mail that no tenant causes into the deed's own transaction.
///
/// # Errors
/// The vault's and the database's; the deed must then fail too.
pub async fn enqueue(tx: &ControlTx, vault: &Vault, ctx: &Ctx, mail: &Mail) -> Result<()> {
    put(tx, vault, ctx, None, mail).await
}

/// The same for a mail that people of a tenant cause, or whoever asks to join it: it goes out when nobody else's is due.
///
/// # Errors
/// Those of [`enqueue`].
pub(crate) async fn enqueue_for(
    tx: &ControlTx,
    vault: &Vault,
    ctx: &Ctx,
    tenant: TenantId,
    mail: &Mail,
) -> Result<()> {
    put(tx, vault, ctx, Some(tenant), mail).await
}

async fn put(tx: &ControlTx, vault: &Vault, ctx: &Ctx, tenant: Option<TenantId>, mail: &Mail) -> Result<()> {
    // Addresses that stand in for one that an external issuer did not tell (RFC 2606): nobody has a mailbox there.
    if mail.to.ends_with(".invalid") {
        return Ok(());
    }
    let id = ctx.uuid();
    let sealed = vault.seal(PURPOSE, None, &id.to_string(), mail.text.as_bytes())?;
    let subject: String = mail.subject.chars().filter(|c| !c.is_control()).take(200).collect();
    store::insert(tx, (id, tenant), &mail.to, &subject, sealed, ctx.now()).await
}

/// The worker's means to send.
#[derive(Clone)]
pub struct Post {
    /// The owner's pool.
    pub owner: Pool,
    /// Clock.
    pub ctx: Ctx,
    /// Opens what [`enqueue`] sealed.
    pub vault: Vault,
    /// Where mail goes.
    pub mailer: Arc<dyn Mailer>,
}

impl Post {
    /// One attempt at the mail that is due the longest, one of no tenant before others. False where none is due.
    ///
    /// # Errors
    /// The database's. That a mail could not be sent is none: it is written down.
    pub async fn send_next(&self) -> Result<bool> {
        let now = self.ctx.now();
        let claimed = self
            .owner
            .run("claim_mail", now, |tx, now| Box::pin(store::claim(tx, *now, next(0, *now))))
            .await?;
        let Some(claimed) = claimed else { return Ok(false) };
        let (id, attempt) = (claimed.id, claimed.attempt);
        let end = match self.attempt(claimed).await {
            Ok(()) => End::Sent,
            Err(Undelivered::ForNow(why)) => match after(attempt, self.ctx.now()) {
                Some(due) => End::Later(due, short(&why)),
                None => End::Failed(short(&why)),
            },
            Err(Undelivered::ForGood(why)) => End::Failed(short(&why)),
        };
        if let End::Later(_, why) | End::Failed(why) = &end {
            tracing::warn!(mail = %id, attempt, why, "a mail was not sent");
        }
        let input = (id, attempt, end, self.ctx.now());
        self.owner
            .run("end_mail", input, |tx, (id, attempt, end, now)| {
                Box::pin(store::end(tx, *id, *attempt, end, *now))
            })
            .await?;
        Ok(true)
    }

    async fn attempt(&self, claimed: Claimed) -> std::result::Result<(), Undelivered> {
        let Claimed { id, attempt, to, subject, sealed } = claimed;
        if usize::try_from(attempt).unwrap_or(usize::MAX) > BACK_OFF.len() + 1 {
            return Err(Undelivered::ForGood("the last attempt did not come to its end".to_owned()));
        }
        let opened = self.vault.open(PURPOSE, None, &id.to_string(), &sealed);
        let text = opened.map_err(|error: Error| Undelivered::ForNow(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|error| Undelivered::ForGood(error.to_string()))?;
        self.mailer.send(&Letter { id, mail: Mail { to, subject, text } }).await
    }
}

/// Forgets mails that ended before then, and whom they went to.
///
/// # Errors
/// The database's.
pub(crate) async fn forget(tx: &ControlTx, before: DateTime<Utc>) -> Result<()> {
    store::forget(tx, before).await
}

/// When the attempt after this many is due at the earliest.
fn next(attempts: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::minutes(BACK_OFF.get(attempts).or(BACK_OFF.last()).copied().unwrap_or(60))
}

/// The same after attempt number `attempt`, counted from 1; none after the last.
fn after(attempt: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let done = usize::try_from(attempt).unwrap_or(usize::MAX).saturating_sub(1);
    (done < BACK_OFF.len()).then(|| next(done, now))
}

fn short(why: &str) -> String {
    why.chars().filter(|c| !c.is_control()).take(LONGEST_ERROR).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_attempts_in_a_day() {
        let begin = DateTime::<Utc>::UNIX_EPOCH;
        let (mut at, mut attempts) = (begin, 1);
        while let Some(due) = after(attempts, at) {
            assert!(due - at >= TimeDelta::minutes(1), "an attempt may still be under way");
            (at, attempts) = (due, attempts + 1);
        }
        assert_eq!(attempts, 8);
        assert!(at - begin > TimeDelta::hours(20) && at - begin < TimeDelta::days(1), "{}", at - begin);
    }
}
