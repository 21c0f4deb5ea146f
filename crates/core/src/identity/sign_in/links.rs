//! Links by mail: to set another password, and to prove a mailbox. And another password for who is signed in.
//!
//! Owns: nothing of its own; writes `one_time_tokens` through the store. Calls: mail, users, sessions, back-off, audit. Called by: sign-in, invitations.
//! Invariants: a link opens once, for its time, and for the address it went to (`a_reset_link_opens_once`); asking tells nothing about who has an account
//! (`asking_for_a_link_tells_nothing`); a new password ends every other session (`a_new_password_ends_other_sessions`). After a crash: each deed is one transaction, done or not.

use super::{SignIn, Visit, back_off::Subjects, store, store::NewLink, store::Purpose};
use crate::{
    Error, Fields, Result,
    access::News,
    audit::{self, Deed},
    ctx::Request,
    identity::{
        Email,
        passwords::{self, Verdict},
        sessions::{self, Why},
        users::{self, User},
    },
    mail::{self, Mail},
};
use chrono::{DateTime, TimeDelta, Utc};
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, UserId,
    identity::{ChangePassword, PasswordReset, Proof, VerifyEmail},
};

/// How long a link to set a password opens.
const RESET: TimeDelta = TimeDelta::hours(1);
/// How long a link to prove a mailbox opens.
const VERIFY: TimeDelta = TimeDelta::hours(24);

/// A link that somebody asked for.
struct Ask {
    this: SignIn,
    email: Email,
    subjects: Subjects,
    purpose: Purpose,
    token: Proof,
}

/// A link that came, or a password that was known, with the password to be.
struct Change {
    this: SignIn,
    caller: Request,
    user: User,
    hash: String,
    by: By,
}

/// What allows a new password.
enum By {
    Link([u8; 32]),
    /// The old one; counted like a sign-in.
    Password(Subjects),
}

impl SignIn {
    /// Asks for a link, or sets the password with one. True where it was set.
    ///
    /// # Errors
    /// 422 for bad fields and for a link that does not open; 429 for an address that asked or failed too often.
    pub async fn reset_password(&self, visit: &Visit, wish: &PasswordReset) -> Result<bool> {
        let mut fields = Fields::default();
        let email = wish.email.as_ref().map(|email| fields.parsed("/email", email.parse::<Email>()));
        for (pointer, proof) in [("/token", &wish.token), ("/password", &wish.password)] {
            if let Some(proof) = proof {
                fields.proof(pointer, proof);
            }
        }
        match (email, &wish.token, &wish.password) {
            (Some(email), None, None) => {
                fields.check()?;
                if let Some(email) = email {
                    let asking = self.asking(visit, &email, Purpose::ResetPassword)?;
                    self.asks.take("ask_for_link", async move {
                        match asking.run().await {
                            // Who asks for another's account learns nothing of how often others did.
                            Err(Error::TooMany { .. }) => Ok(()),
                            other => other,
                        }
                    });
                }
                Ok(false)
            }
            (None, Some(token), Some(password)) => {
                fields.check()?;
                self.set_by_link(visit, token, password).await.map(|()| true)
            }
            (email, token, _) => {
                let pointer = match (email, token) {
                    (Some(_), Some(_)) => "/token",
                    (Some(_), None) | (None, Some(_)) => "/password",
                    (None, None) => "/email",
                };
                fields.wrong(pointer, "invalid", "send `email` alone, or `token` with `password`");
                fields.check().map(|()| false)
            }
        }
    }

    /// Proves the mailbox with a link's token, or asks for another link. True where it was proven.
    ///
    /// # Errors
    /// 401 for who asks without being signed in; 422 for a link that does not open; 429 for who asked too often.
    pub async fn verify_email(
        &self,
        visit: &Visit,
        caller: Option<&Request>,
        wish: &VerifyEmail,
    ) -> Result<bool> {
        let Some(token) = &wish.token else {
            let person = caller.and_then(|caller| caller.actor.person());
            let person = person.ok_or_else(super::super::look::refused)?;
            let email = person.email.parse::<Email>().map_err(|error| Error::Fault(error.to_string()))?;
            // Waited for: it is the caller's own address, and there is nothing to be told apart.
            return self.asking(visit, &email, Purpose::VerifyEmail)?.run().await.map(|()| false);
        };
        let mut fields = Fields::default();
        fields.proof("/token", token);
        fields.check()?;
        let input = (self.clone(), visit.clone(), sessions::hash_of(token.expose()));
        self.platform
            .run("verify_email", input, |tx, (this, visit, hash)| {
                Box::pin(this.prove_mailbox(tx, visit, hash))
            })
            .await?;
        Ok(true)
    }

    /// Another password for the caller, who knows the one until now. The caller's session stays, others end.
    ///
    /// # Errors
    /// 422 for a wrong or bad password; 409 where there is none to change; 429 after failures; 403 for who is no person.
    pub async fn change_password(&self, caller: &Request, wish: &ChangePassword) -> Result<()> {
        let mut fields = Fields::default();
        fields.proof("/current_password", &wish.current_password);
        fields.proof("/password", &wish.password);
        fields.check()?;
        let user = self.user(sessions::person(caller)?.id).await?.ok_or_else(Error::not_found)?;
        if user.password_hash.is_none() {
            return Err(Error::refused(ErrorCode::Conflict, "You have no password yet.")
                .next("Ask for a link with POST /v1/auth/password-reset to set one."));
        }
        judge(&user, &wish.password)?;
        let subjects = Subjects::of(&self.installation, &user.email, caller.address);
        let counted = (self.ctx.now(), subjects.clone());
        self.platform
            .run("may_change_password", counted, |tx, (now, subjects)| Box::pin(subjects.admit(tx, *now)))
            .await?;
        let hash = user.password_hash.as_deref();
        if self.passwords.check(&wish.current_password, hash).await? == Verdict::Wrong {
            let counted = (self.ctx.now(), subjects);
            self.platform
                .run("password_change_failed", counted, |tx, (now, subjects)| {
                    Box::pin(subjects.failed(tx, *now))
                })
                .await?;
            let mut fields = Fields::default();
            fields.wrong("/current_password", "wrong", "is not your password");
            return fields.check();
        }
        let hash = self.passwords.hash(&wish.password).await?;
        let by = By::Password(subjects);
        self.change(Change { this: self.clone(), caller: caller.clone(), user, hash, by }).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.platform.run("find_user", id, |tx, id| Box::pin(users::store::by_id(tx, *id))).await
    }

    fn asking(&self, visit: &Visit, email: &Email, purpose: Purpose) -> Result<Ask> {
        Ok(Ask {
            this: self.clone(),
            email: email.clone(),
            subjects: Subjects::of_link(&self.installation, email.as_str(), visit.address),
            purpose,
            token: sessions::new_secret()?,
        })
    }

    async fn set_by_link(&self, visit: &Visit, token: &Proof, password: &Proof) -> Result<()> {
        let hash = sessions::hash_of(token.expose());
        let input = (self.ctx.now(), hash);
        let user = self
            .platform
            .run("find_reset_link", input, |tx, (now, hash)| {
                Box::pin(async move {
                    match store::user_of_link(tx, hash, Purpose::ResetPassword, *now).await? {
                        Some(id) => users::store::by_id(tx, id).await,
                        None => Ok(None),
                    }
                })
            })
            .await?
            .ok_or_else(closed)?;
        // Before the link is used: who is told that a password is too easy tries again with the same link.
        judge(&user, password)?;
        let phc = self.passwords.hash(password).await?;
        let caller = visit.by_nobody();
        self.change(Change { this: self.clone(), caller, user, hash: phc, by: By::Link(hash) }).await
    }

    async fn change(&self, change: Change) -> Result<()> {
        self.access
            .change(
                &self.platform,
                "change_password",
                change,
                |tx, change| Box::pin(change.make(tx)),
                |()| News::everywhere(),
            )
            .await
    }

    async fn prove_mailbox(&self, tx: &ControlTx, visit: &Visit, hash: &[u8; 32]) -> Result<()> {
        let now = self.ctx.now();
        let user = store::user_of_link(tx, hash, Purpose::VerifyEmail, now).await?.ok_or_else(closed)?;
        let found = users::store::by_id(tx, user).await?.ok_or_else(closed)?;
        if !store::use_link(tx, hash, now).await?
            || !users::store::mark_verified(tx, user, &found.email, now).await?
        {
            return Err(closed());
        }
        let deed = Deed {
            action: "user.verify_email",
            target_kind: "user",
            target: user.to_string(),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, &visit.by_nobody(), &deed).await
    }

    /// Mails a link in the deed's own transaction, where mail goes out at all.
    async fn post(&self, tx: &ControlTx, user: &User, purpose: Purpose, token: &Proof) -> Result<()> {
        let now = self.ctx.now();
        let hash = sessions::hash_of(token.expose());
        let until = lasts(purpose, now);
        store::insert_link(
            tx,
            &NewLink { hash: &hash, user: user.id, purpose, email: &user.email, until },
            now,
        )
        .await?;
        if self.mails {
            return mail::enqueue(
                tx,
                &self.vault,
                &self.ctx,
                &letter(&self.public_url, user, purpose, token),
            )
            .await;
        }
        // Never the link itself: whoever reads the log would have the account.
        tracing::warn!(user = %user.id, "a link was asked for, and no mail server is configured to send it");
        Ok(())
    }
}

impl Ask {
    async fn run(self) -> Result<()> {
        let platform = self.this.platform.clone();
        platform.run("ask_for_link", self, |tx, ask| Box::pin(ask.send(tx))).await
    }

    /// Counts the ask, and mails a link where there is a user who needs one.
    async fn send(&self, tx: &ControlTx) -> Result<()> {
        let (this, now) = (&self.this, self.this.ctx.now());
        self.subjects.admit(tx, now).await?;
        store::failed(tx, &self.subjects.account, now).await?;
        if let Some(address) = &self.subjects.address {
            store::failed(tx, address, now).await?;
        }
        let user = users::store::by_email(tx, &self.email).await?;
        let needy = |user: &User| {
            let proven = self.purpose == Purpose::VerifyEmail && user.email_verified_at.is_some();
            user.disabled_at.is_none() && !proven
        };
        match user.filter(needy) {
            Some(user) => this.post(tx, &user, self.purpose, &self.token).await,
            None => Ok(()),
        }
    }
}

impl Change {
    async fn make(&self, tx: &ControlTx) -> Result<()> {
        let Self { this, caller, user, .. } = self;
        let now = this.ctx.now();
        let kept = match &self.by {
            By::Link(hash) => {
                let still = store::user_of_link(tx, hash, Purpose::ResetPassword, now).await?;
                if still != Some(user.id) || !store::use_link(tx, hash, now).await? {
                    return Err(closed());
                }
                users::store::mark_verified(tx, user.id, &user.email, now).await?;
                let subjects = Subjects::of(&this.installation, &user.email, None);
                subjects.succeeded(tx).await?;
                None
            }
            By::Password(subjects) => {
                if !users::store::hold(tx, user).await? {
                    return Err(super::bad_credentials());
                }
                subjects.admit(tx, now).await?;
                subjects.succeeded(tx).await?;
                sessions::session_of(caller)
            }
        };
        users::store::set_password(tx, user.id, &self.hash, now).await?;
        store::close_links(tx, user.id, Purpose::ResetPassword, now).await?;
        let deed = Deed {
            action: match self.by {
                By::Link(_) => "user.reset_password",
                By::Password(_) => "user.change_password",
            },
            target_kind: "user",
            target: user.id.to_string(),
            ..Deed::default()
        };
        audit::record(tx, &this.ctx, caller, &deed).await?;
        sessions::revoke_others(tx, &this.ctx, caller, (user.id, kept), Why::Password).await?;
        Ok(())
    }
}

fn judge(user: &User, password: &Proof) -> Result<()> {
    let mut fields = Fields::default();
    passwords::judge_new(&mut fields, "/password", password, &[&user.email, &user.name, "tenantry"]);
    fields.check()
}

/// Used, over, or never there: one answer.
fn closed() -> Error {
    let mut fields = Fields::default();
    fields.wrong("/token", "invalid", "the link was used, is too old, or is none: ask for another");
    fields.check().err().unwrap_or_else(Error::not_found)
}

fn lasts(purpose: Purpose, now: DateTime<Utc>) -> DateTime<Utc> {
    match purpose {
        Purpose::ResetPassword => now + RESET,
        Purpose::VerifyEmail => now + VERIFY,
    }
}

fn letter(base: &str, user: &User, purpose: Purpose, token: &Proof) -> Mail {
    let subject = match purpose {
        Purpose::ResetPassword => "Set a new password",
        Purpose::VerifyEmail => "Confirm your e-mail address",
    };
    Mail { to: user.email.clone(), subject: subject.to_owned(), text: text(base, &user.name, purpose, token) }
}

fn text(base: &str, name: &str, purpose: Purpose, token: &Proof) -> String {
    let token = token.expose();
    match purpose {
        Purpose::ResetPassword => format!(
            "Hello {name},\n\nsomebody, probably you, asked for a new password. Set it here within an hour:\n\n\
             {base}/reset-password#token={token}\n\nIf it was not you, do nothing: your password stays.\n"
        ),
        Purpose::VerifyEmail => format!(
            "Hello {name},\n\nconfirm within a day that this is your address:\n\n\
             {base}/verify-email#token={token}\n\nIf you have no account here, do nothing.\n"
        ),
    }
}
