//! Address and password in, a session out.
//!
//! Owns: nothing. Calls: back-off, passwords, sessions, tokens, audit. Called by: sign-in. Invariants: see the module.
//! After a crash: a session exists whole, or the user signs in again.

use super::{
    Asked, Opened, SignIn, Visit, back_off::Subjects, bad_credentials, bearing, signed_in, store,
    store::OfPlatform,
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    identity::{
        Email,
        passwords::{self, Verdict},
        sessions::{self, NewSession},
        tokens::Bearing,
        users::{self, User},
    },
};
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    SessionId, UserId,
    identity::{LogIn, Proof, SessionKind},
};

/// Failures in a row after which an operator is locked.
const OPERATOR_FAILURES: i32 = 5;

/// What is known before the password was compared.
struct Found {
    user: Option<User>,
    platform: OfPlatform,
}

/// An attempt whose password was right.
#[derive(Clone)]
struct Attempt {
    this: SignIn,
    visit: Visit,
    user: User,
    rehashed: Option<String>,
    subjects: Subjects,
    asked: Asked,
    as_operator: bool,
    kind: SessionKind,
    session: SessionId,
    secret: Proof,
}

/// An attempt that failed.
struct Failure {
    this: SignIn,
    visit: Visit,
    user: Option<User>,
    subjects: Subjects,
}

impl SignIn {
    /// Signs somebody in.
    ///
    /// # Errors
    /// 401 `bad_credentials` for whoever is not let in, with one text; 403 where the named tenant is not theirs; 422 for bad fields; 429 after failures; 503
    /// where too many wait.
    pub async fn log_in(&self, visit: &Visit, wish: &LogIn) -> Result<Opened> {
        let mut fields = Fields::default();
        let email = fields.parsed("/email", wish.email.parse::<Email>());
        fields.proof("/password", &wish.password);
        let asked = Asked::read(&mut fields, wish.tenant.as_deref(), wish.workspace.as_deref());
        if wish.operator && wish.tenant.is_some() {
            fields.wrong("/tenant", "not_allowed", "an operator is in no tenant");
        }
        fields.check()?;
        let email = email.ok_or_else(bad_credentials)?;
        let subjects = Subjects::of(&self.installation, email.as_str(), visit.address);
        let Found { user, platform } = self.find(&email, &subjects).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let verdict = self.passwords.check(&wish.password, hash).await?;
        // All of it after the hash: who is turned away for another reason costs the same.
        let may = match platform {
            OfPlatform::LockedOperator => false,
            OfPlatform::Operator => true,
            OfPlatform::Nothing => !wish.operator,
        };
        let user = match user {
            Some(user) if verdict != Verdict::Wrong && may && user.disabled_at.is_none() => user,
            user => return Err(self.turn_away(visit, user, subjects).await),
        };
        let rehashed = match verdict {
            Verdict::Outdated => Some(self.passwords.hash(&wish.password).await?),
            Verdict::Right | Verdict::Wrong => None,
        };
        let attempt = Attempt {
            this: self.clone(),
            visit: visit.clone(),
            user,
            rehashed,
            subjects,
            asked,
            as_operator: wish.operator,
            kind: if wish.cookie { SessionKind::Cookie } else { SessionKind::Token },
            session: SessionId(self.ctx.uuid()),
            secret: sessions::new_secret()?,
        };
        self.let_in(attempt).await
    }

    /// Whose address and password these are, for a deed that is no sign-in; counted like one.
    ///
    /// # Errors
    /// As [`Self::log_in`].
    pub async fn prove(&self, visit: &Visit, email: &Email, password: &Proof) -> Result<UserId> {
        let subjects = Subjects::of(&self.installation, email.as_str(), visit.address);
        let Found { user, platform } = self.find(email, &subjects).await?;
        let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
        let verdict = self.passwords.check(password, hash).await?;
        let user = match user {
            Some(user)
                if verdict != Verdict::Wrong
                    && platform != OfPlatform::LockedOperator
                    && user.disabled_at.is_none() =>
            {
                user
            }
            user => return Err(self.turn_away(visit, user, subjects).await),
        };
        let id = user.id;
        let input = (self.ctx.now(), subjects, user);
        self.platform
            .run("prove_password", input, |tx, (now, subjects, user)| {
                Box::pin(async move {
                    if !users::store::hold(tx, user).await? {
                        return Err(bad_credentials());
                    }
                    subjects.admit(tx, *now).await?;
                    subjects.succeeded(tx).await
                })
            })
            .await?;
        Ok(id)
    }

    /// The hash of a new account's password. `known` is what anybody would guess first.
    ///
    /// # Errors
    /// 422 at `/password` for one that is too short or too easy, 503 where too many wait.
    pub async fn hash_new(&self, password: &Proof, known: &[String]) -> Result<String> {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let mut fields = Fields::default();
        passwords::judge_new(&mut fields, "/password", password, &known);
        fields.check()?;
        self.passwords.hash(password).await
    }

    async fn find(&self, email: &Email, subjects: &Subjects) -> Result<Found> {
        let input = (self.ctx.now(), email.clone(), subjects.clone());
        self.platform
            .run("find_who_signs_in", input, |tx, (now, email, subjects)| {
                Box::pin(async move {
                    subjects.admit(tx, *now).await?;
                    let user = users::store::by_email(tx, email).await?;
                    // Nobody's id finds nobody, with the same work.
                    let id = user.as_ref().map_or(super::NOBODY, |user| user.id);
                    Ok::<_, Error>(Found { platform: store::of_platform(tx, id).await?, user })
                })
            })
            .await
    }

    /// Counts the failure and tells the one refusal.
    async fn turn_away(&self, visit: &Visit, user: Option<User>, subjects: Subjects) -> Error {
        let failure = Failure { this: self.clone(), visit: visit.clone(), user, subjects };
        let counted =
            self.platform.run("sign_in_failed", failure, |tx, failure| Box::pin(failure.count(tx))).await;
        counted.map_or_else(|error| error, |()| bad_credentials())
    }

    async fn let_in(&self, attempt: Attempt) -> Result<Opened> {
        // First: once the session is there, nothing else should be able to fail.
        let signer = self.tokens.signer().await?;
        let (kind, secret) = (attempt.kind, attempt.secret.clone());
        let bearing =
            self.platform.run("sign_in", attempt, |tx, attempt| Box::pin(attempt.enter(tx))).await?;
        let mut answer = signed_in(&bearing, &signer)?;
        match kind {
            SessionKind::Token => {
                answer.refresh_token = Some(secret);
                Ok(Opened { answer, cookie: None })
            }
            SessionKind::Cookie => {
                answer.csrf_token = Some(sessions::csrf_token(&self.installation, secret.expose()));
                Ok(Opened { answer, cookie: Some(secret) })
            }
        }
    }
}

impl Failure {
    /// Counts it, and locks an operator out who failed too often: from signing in. Who is in stays, and so there is nothing to tell other servers.
    async fn count(&self, tx: &ControlTx) -> Result<()> {
        let ctx = &self.this.ctx;
        let now = ctx.now();
        self.subjects.failed(tx, now).await?;
        let id = self.user.as_ref().map(|user| user.id);
        let locked = store::operator_failed(tx, id.unwrap_or(super::NOBODY), OPERATOR_FAILURES, now).await?;
        let caller = self.visit.by_nobody();
        let target = id.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        let deed = |action| Deed { action, target_kind: "user", target: target.clone(), ..Deed::default() };
        audit::record(tx, ctx, &caller, &deed("user.sign_in_failed")).await?;
        if locked {
            audit::record(tx, ctx, &caller, &deed("operator.lock")).await?;
        }
        Ok(())
    }
}

impl Attempt {
    async fn enter(&self, tx: &ControlTx) -> Result<Bearing> {
        let Self { this, user, .. } = self;
        let now = this.ctx.now();
        if !users::store::hold(tx, user).await? {
            return Err(bad_credentials());
        }
        // Again: of many guesses that came side by side those that come after the first failures do not count.
        self.subjects.admit(tx, now).await?;
        if store::of_platform(tx, user.id).await? == OfPlatform::LockedOperator {
            return Err(bad_credentials());
        }
        self.subjects.succeeded(tx).await?;
        store::operator_succeeded(tx, user.id).await?;
        if let (Some(hash), Some(before)) = (&self.rehashed, &user.password_hash) {
            users::store::rehash(tx, user.id, before, hash).await?;
        }
        let hash = sessions::hash_of(self.secret.expose());
        let session = NewSession {
            id: self.session,
            user: user.id,
            kind: self.kind,
            cookie: (self.kind == SessionKind::Cookie).then_some(hash),
            as_operator: self.as_operator,
            until: this.lasting.until(self.kind, now, now),
            address: self.visit.address,
            user_agent: self.visit.user_agent.clone(),
        };
        sessions::store::insert(tx, &session, now).await?;
        if self.kind == SessionKind::Token {
            sessions::store::insert_refresh(tx, session.id, &hash, session.until, now).await?;
        }
        let ids = (user.id, session.id);
        let bearing =
            bearing(tx, ids, self.as_operator, &self.asked, now).await?.ok_or_else(bad_credentials)?;
        let place = bearing.place.as_ref();
        let deed = Deed {
            tenant: place.map(|place| place.tenant.id),
            workspace: place.map(|place| place.workspace),
            action: "user.sign_in",
            target_kind: "user",
            target: user.id.to_string(),
            after: Some(json!({"session_id": session.id, "kind": self.kind, "operator": self.as_operator})),
            ..Deed::default()
        };
        audit::record(tx, &this.ctx, &self.visit.by_user(user, session.id), &deed).await?;
        Ok(bearing)
    }
}
