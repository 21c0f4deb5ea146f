//! A session goes on: new tokens for the last one, another workspace, or the end.
//!
//! Owns: nothing. Calls: sessions, tokens, audit. Called by: sign-in.
//! Invariants: a refresh token is good once; when it comes again, whoever sent it, the session ends (`a_used_refresh_token_ends_the_session`,
//! `of_two_refreshes_at_once_one_wins_and_the_session_ends`); logging out twice is like once (`logging_out_again_changes_nothing`). After a crash: the token was used or not; where the answer was lost, the user signs in again.

use super::{Asked, Opened, SignIn, Visit, bearing, signed_in};
use crate::{
    Error, Fields, Result,
    access::News,
    audit::{self, Deed},
    authz::{Actor, Person, ProvenBy, tenant_inactive},
    ctx::Request,
    identity::{
        Credential,
        look::refused,
        sessions::{self, Open, Why},
        tokens::Bearing,
    },
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    SessionId, UserId,
    identity::{LogOut, Proof, Refresh, SessionKind, SignedIn, SwitchWorkspace},
};

/// A refresh token that is to be used.
struct Turn {
    this: SignIn,
    visit: Visit,
    hash: [u8; 32],
    next: Proof,
    asked: Asked,
}

/// A session that is to end.
enum Ending {
    /// That of a refresh token.
    Refresh([u8; 32]),
    /// That of a cookie.
    Cookie([u8; 32]),
    Session(UserId, SessionId),
}

/// What became of it.
enum Turned {
    On(Box<Bearing>),
    /// It came before: the session has ended.
    Again,
    /// It is none, or its session is over.
    Refused,
}

impl SignIn {
    /// New tokens for the last refresh token, or for the cookie where there is none.
    ///
    /// # Errors
    /// 401 for a token that is none, was used, or whose session is over; 403 where the named tenant is not the user's; 422 for bad fields.
    pub async fn refresh(&self, visit: &Visit, cookie: Option<&str>, wish: &Refresh) -> Result<Opened> {
        let mut fields = Fields::default();
        if let Some(token) = &wish.refresh_token {
            fields.proof("/refresh_token", token);
        }
        let asked = Asked::read(&mut fields, wish.tenant.as_deref(), wish.workspace.as_deref());
        fields.check()?;
        match (&wish.refresh_token, cookie) {
            (Some(token), _) => self.turn(visit, token, asked).await,
            (None, Some(cookie)) => self.by_cookie(cookie, asked).await,
            (None, None) => Err(refused()),
        }
    }

    async fn turn(&self, visit: &Visit, token: &Proof, asked: Asked) -> Result<Opened> {
        if !sessions::is_secret(token.expose()) {
            return Err(refused());
        }
        // First: what fails after the turn costs the user the session.
        let signer = self.tokens.signer().await?;
        let (hash, next) = (sessions::hash_of(token.expose()), sessions::new_secret()?);
        let turn = Turn { this: self.clone(), visit: visit.clone(), hash, next: next.clone(), asked };
        let turned = self
            .access
            .change(
                &self.platform,
                "refresh_session",
                turn,
                |tx, turn| Box::pin(turn.take(tx)),
                |turned| News::everywhere().when(matches!(turned, Turned::Again)),
            )
            .await?;
        match turned {
            Turned::On(bearing) => {
                let mut answer = signed_in(&bearing, &signer)?;
                answer.refresh_token = Some(next);
                Ok(Opened { answer, cookie: None })
            }
            Turned::Again | Turned::Refused => Err(refused()),
        }
    }

    async fn by_cookie(&self, cookie: &str, asked: Asked) -> Result<Opened> {
        if !sessions::is_secret(cookie) {
            return Err(refused());
        }
        let signer = self.tokens.signer().await?;
        let input = (self.ctx.now(), sessions::hash_of(cookie), asked, self.lasting);
        let found = self
            .platform
            .run("refresh_by_cookie", input, |tx, (now, hash, asked, lasting)| {
                Box::pin(async move {
                    let Some(open) = sessions::store::by_cookie(tx, hash, *now).await? else {
                        return Ok::<_, Error>(None);
                    };
                    sessions::used(tx, &open, lasting, *now).await?;
                    bearing(tx, (open.user, open.id), open.as_operator, asked, *now).await
                })
            })
            .await?;
        let mut answer = signed_in(&found.ok_or_else(refused)?, &signer)?;
        answer.csrf_token = Some(sessions::csrf_token(&self.installation, cookie));
        Ok(Opened { answer, cookie: None })
    }

    /// Ends the session of a refresh token; without one, that of the access token or cookie. One that is over stays so, and is no error.
    ///
    /// # Errors
    /// 401 where nothing says which session, as no access token does that has expired; 422 for bad fields; the database's.
    pub async fn log_out(&self, visit: &Visit, credential: Option<&Credential>, wish: &LogOut) -> Result<()> {
        let mut fields = Fields::default();
        if let Some(token) = &wish.refresh_token {
            fields.proof("/refresh_token", token);
        }
        fields.check()?;
        let ending = match (&wish.refresh_token, credential) {
            // What else came may have expired: whoever holds this token needs nothing more.
            (Some(token), _) => Ending::Refresh(sessions::hash_of(token.expose())),
            (None, Some(Credential::Cookie(cookie))) => Ending::Cookie(sessions::hash_of(cookie)),
            (None, Some(Credential::Bearer(token))) => self.named_by(token).await?,
            (None, None) => return Err(refused()),
        };
        let input = (self.clone(), visit.clone(), ending);
        self.access
            .change(
                &self.platform,
                "log_out",
                input,
                |tx, (this, visit, ending)| Box::pin(this.leave(tx, visit, ending)),
                |ended| News::everywhere().when(*ended),
            )
            .await
            .map(drop)
    }

    /// The session of an access token that has not expired, whether it still holds or not.
    async fn named_by(&self, token: &str) -> Result<Ending> {
        let verified = self.tokens.verify(token).await?;
        match verified.proven_by {
            ProvenBy::Session(session) => Ok(Ending::Session(verified.user, session)),
            ProvenBy::Issuer(_) => Err(refused()),
        }
    }

    async fn leave(&self, tx: &ControlTx, visit: &Visit, ending: &Ending) -> Result<bool> {
        let meant = match ending {
            Ending::Refresh(hash) => {
                sessions::store::lock_refresh(tx, hash).await?.map(|it| (it.user, it.session))
            }
            Ending::Cookie(hash) => {
                sessions::store::by_cookie(tx, hash, self.ctx.now()).await?.map(|it| (it.user, it.id))
            }
            Ending::Session(user, session) => Some((*user, *session)),
        };
        let Some((user, session)) = meant else { return Ok(false) };
        let caller = visit.by(actor_of(user, session));
        sessions::revoke(tx, &self.ctx, &caller, (user, session), Why::LogOut).await
    }

    /// A token of the same session for another workspace.
    ///
    /// # Errors
    /// 403 `tenant_inactive` where the caller is no member of it, it is unknown, archived, or its tenant does not serve: one answer; 403 for who signed in
    /// elsewhere; 422 for bad fields.
    pub async fn switch_workspace(&self, caller: &Request, wish: &SwitchWorkspace) -> Result<SignedIn> {
        let mut fields = Fields::default();
        let asked = Asked::read(&mut fields, Some(&wish.tenant), wish.workspace.as_deref());
        fields.check()?;
        let user = sessions::person(caller)?.id;
        let session = sessions::session_of(caller).ok_or_else(not_ours)?;
        let signer = self.tokens.signer().await?;
        let input = (self.clone(), caller.clone(), (user, session), asked);
        let bearing = self
            .platform
            .run("switch_workspace", input, |tx, (this, caller, ids, asked)| {
                Box::pin(this.switch(tx, caller, *ids, asked))
            })
            .await?;
        signed_in(&bearing, &signer)
    }

    async fn switch(
        &self,
        tx: &ControlTx,
        caller: &Request,
        ids: (UserId, SessionId),
        asked: &Asked,
    ) -> Result<Bearing> {
        let found = bearing(tx, ids, false, asked, self.ctx.now()).await?.ok_or_else(refused)?;
        let place = found.place.as_ref().ok_or_else(tenant_inactive)?;
        let deed = Deed {
            tenant: Some(place.tenant.id),
            workspace: Some(place.workspace),
            action: "session.switch_workspace",
            target_kind: "session",
            target: ids.1.to_string(),
            after: Some(json!({"user_id": ids.0, "workspace_id": place.workspace})),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, caller, &deed).await?;
        Ok(found)
    }
}

impl Turn {
    async fn take(&self, tx: &ControlTx) -> Result<Turned> {
        let (this, now) = (&self.this, self.this.ctx.now());
        let Some(found) = sessions::store::lock_refresh(tx, &self.hash).await? else {
            return Ok(Turned::Refused);
        };
        if found.used {
            // Somebody has a copy. Who of the two is the user nobody can tell, so both are out.
            let caller = self.visit.by_nobody();
            let ids = (found.user, found.session);
            // Told once: a spent token that is sent for ever must not make every server forget for ever.
            let ended = sessions::revoke(tx, &this.ctx, &caller, ids, Why::Reuse).await?;
            return Ok(if ended { Turned::Again } else { Turned::Refused });
        }
        let open = sessions::store::by_id(tx, found.session, now).await?;
        let Some(open) = open.filter(|_| found.expires_at > now) else { return Ok(Turned::Refused) };
        let ids = (open.user, open.id);
        let Some(bearing) = bearing(tx, ids, open.as_operator, &self.asked, now).await? else {
            return Ok(Turned::Refused);
        };
        sessions::store::use_refresh(tx, &self.hash, now).await?;
        let until = this.prolong(tx, &open, now).await?;
        let next = sessions::hash_of(self.next.expose());
        sessions::store::insert_refresh(tx, open.id, &next, until, now).await?;
        Ok(Turned::On(Box::new(bearing)))
    }
}

impl SignIn {
    async fn prolong(&self, tx: &ControlTx, open: &Open, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let until = self.lasting.until(SessionKind::Token, open.created_at, now);
        sessions::store::touch(tx, open.id, until, now).await?;
        Ok(until)
    }
}

fn not_ours() -> Error {
    Error::refused(
        tenantry_types::ErrorCode::Forbidden,
        "You signed in with another issuer: its token says where you work.",
    )
}

/// Whoever holds a token of the session, for the audit trail: by id alone.
fn actor_of(user: UserId, session: SessionId) -> Actor {
    let person =
        Person { id: user, email: String::new(), name: String::new(), proven_by: ProvenBy::Session(session) };
    Actor::User(Box::new(person))
}
