//! psql sessions: temporary logins, member of one tenant's role alone.
//!
//! Owns: `psql_sessions`; logins `…_psql_…`. Calls: registry, placement, audit, idempotency. Called by: server (asks), worker (makes and ends).
//! Invariants: the login cannot leave its tenant (`a_psql_session_cannot_leave`); it expires, and the worker ends and drops it
//! (`an_expired_psql_session_is_ended`); a retry with the same idempotency key gets the session that was asked for
//! (`a_session_that_was_not_waited_for_is_had_by_a_retry`).
//! After a crash: the row says what exists; the worker's next look finishes it.

mod store;

use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    ctx::{self, Ctx, Request},
    idempotency::{self, Answer, Once},
    placement::{self, Placement},
    registry,
    wake::Waker,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use tenantry_pg::{
    ControlTx, Pool, Target,
    roles::{Installation, hex, scram_verifier},
};
use tenantry_types::{
    ErrorCode, TenantId, WorkspaceId,
    tenant::{CreatePsqlSession, PsqlSession},
};
use tokio::sync::watch;
use uuid::Uuid;

/// What the server needs to ask for sessions.
#[derive(Clone)]
pub struct Psql {
    /// The platform login.
    pub platform: Pool,
    /// Clock and ids.
    pub ctx: Ctx,
    /// Names.
    pub installation: Installation,
    /// Where psql shall connect to: the server, never a pooler, which does not know the login.
    pub target: Target,
    /// Tells the worker.
    pub waker: Waker,
    /// How long a caller waits for the worker; [`PATIENCE`] outside tests.
    pub patience: Duration,
}

/// How long a caller waits for the worker.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Purpose of the seeds that passwords are made from.
const PASSWORD_SEED: &str = "psql password";

/// A session that was asked for: what is kept of it, and what its answer is made of again.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    session: Uuid,
    login: String,
    workspace: WorkspaceId,
    schema_name: String,
    expires_at: DateTime<Utc>,
}

impl Psql {
    /// Opens a session into a workspace of a tenant; with `once`, one session however often it is asked for.
    ///
    /// # Errors
    /// 404 for an unknown tenant or workspace, 409 where the tenant is not placed or does not serve requests, or the session has ended, 422 for
    /// bad fields, 503 when no worker answers; those of [`idempotency::begin`] and [`idempotency::Kept::seed`].
    pub async fn open(
        &self,
        request: &Request,
        once: Option<Once>,
        slug: &str,
        wish: CreatePsqlSession,
        woken: watch::Receiver<u64>,
    ) -> Result<Answer<PsqlSession>> {
        let minutes = wish.minutes.unwrap_or(60);
        if !(1..=480).contains(&minutes) {
            let mut fields = Fields::default();
            fields.wrong("/minutes", "out_of_range", "must be 1 to 480");
            fields.check()?;
        }
        let input =
            (self.clone(), request.clone(), once, slug.to_owned(), wish, TimeDelta::minutes(minutes.into()));
        let asked = self
            .platform
            .run("request_psql", input, |tx, (this, request, once, slug, wish, life)| {
                Box::pin(async move {
                    let Some(kept) = idempotency::begin(tx, &this.ctx, once.as_ref()).await? else {
                        return this
                            .ask(tx, request, once.as_ref(), slug, wish, *life)
                            .await
                            .map(Answer::first);
                    };
                    let asked: Asked = kept.read()?;
                    let once = once.as_ref().ok_or_else(|| Error::Fault("kept without a key".to_owned()))?;
                    let seed = kept.seed(once, PASSWORD_SEED, asked.session)?;
                    Ok(Answer::again((asked, seed)))
                })
            })
            .await?;
        self.waker.wake();
        // Also when it was asked for before: whoever asked may have gone away before the worker came.
        self.wait(asked.value.0.session, woken).await?;
        Ok(asked.map(|(asked, seed)| PsqlSession {
            host: self.target.host(),
            port: self.target.port(),
            database: self.target.database().to_owned(),
            user: asked.login,
            password: password(&seed),
            ssl_mode: self.target.ssl_mode().as_str().to_owned(),
            schema_name: asked.schema_name,
            workspace_id: asked.workspace,
            workspace_uuid: asked.workspace.0,
            expires_at: asked.expires_at,
        }))
    }

    async fn ask(
        &self,
        tx: &ControlTx,
        request: &Request,
        once: Option<&Once>,
        slug: &str,
        wish: &CreatePsqlSession,
        life: TimeDelta,
    ) -> Result<(Asked, [u8; 32])> {
        let tenant = registry::store::by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
        if tenant.cell.is_none() {
            return Err(Error::refused(ErrorCode::Conflict, "The tenant has no schema yet."));
        }
        if !tenant.status.serves() {
            let detail = format!("The tenant is {}; only an active one can be looked into.", tenant.status);
            return Err(Error::refused(ErrorCode::Conflict, detail).next("Resume or restore it first."));
        }
        let workspace = registry::store::workspace(tx, tenant.id, wish.workspace.as_deref())
            .await?
            .ok_or_else(Error::not_found)?;
        let (session, now) = (self.ctx.uuid(), self.ctx.now());
        let seed = once.map_or_else(ctx::random, |once| Ok(once.seed(PASSWORD_SEED, session)))?;
        let asked = Asked {
            session,
            login: self.installation.psql(&placement::random_name()?),
            workspace: workspace.id,
            schema_name: tenant.schema_name.to_string(),
            expires_at: now + life,
        };
        let verifier = scram_verifier(&password(&seed));
        let Asked { login, expires_at, .. } = &asked;
        store::insert(tx, session, tenant.id, login, &tenant.role_name, &verifier, now, *expires_at).await?;
        let deed = Deed {
            tenant: Some(tenant.id),
            action: "psql.open",
            target_kind: "tenant",
            target: tenant.id.to_string(),
            after: Some(json!({"login": login, "workspace_id": workspace.id, "expires_at": expires_at})),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, request, &deed).await?;
        idempotency::finish_with_secret(tx, &self.ctx, once, 201, &asked, &seed).await?;
        Ok((asked, seed))
    }

    async fn wait(&self, session: Uuid, mut woken: watch::Receiver<u64>) -> Result<()> {
        let deadline = tokio::time::Instant::now() + self.patience;
        while tokio::time::Instant::now() < deadline {
            let status =
                self.platform.run("psql_status", session, |tx, id| Box::pin(store::status(tx, *id))).await?;
            match status.as_deref() {
                Some("open") => return Ok(()),
                Some("requested") => {}
                Some("ended") => {
                    return Err(Error::refused(ErrorCode::Conflict, "This session has ended.")
                        .next("Send the request with a new Idempotency-Key to get another."));
                }
                other => return Err(Error::Fault(format!("psql session {session} is {other:?}"))),
            }
            // A wake-up for speed, a poll for truth.
            let _ = tokio::time::timeout(Duration::from_millis(200), woken.changed()).await;
        }
        Err(Error::refused(ErrorCode::Unavailable, "No worker made the login in time.")
            .next("See that `tenantry worker` runs, then try again."))
    }
}

/// A password with the 256 bits of its seed.
fn password(seed: &[u8; 32]) -> String {
    hex(seed)
}

/// The worker's part: makes the logins that were asked for, ends those that have expired. Returns how many it touched.
///
/// # Errors
/// The first of the database's, after every session has had its turn; the next look tries again.
pub async fn work(placement: &Placement) -> Result<usize> {
    let now = placement.ctx.now();
    let due = placement.owner.run("due_psql_sessions", now, |tx, now| Box::pin(store::due(tx, *now))).await?;
    let (mut touched, mut failed) = (0, None);
    for id in due {
        // One transaction each: a session that cannot be ended must not keep others from beginning.
        match placement
            .owner
            .run("psql_session", (id, now, placement.installation.psql("")), |tx, (id, now, prefix)| {
                Box::pin(step(tx, *id, *now, prefix))
            })
            .await
        {
            Ok(done) => touched += usize::from(done),
            Err(error) => {
                tracing::error!(session = %id, %error, "a psql session could not be made or ended");
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(touched), Err)
}

/// Ends every session of a tenant, whoever is connected, and drops its logins. Returns how many.
pub(crate) async fn end_all(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<usize> {
    let sessions = store::of_tenant(tx, tenant).await?;
    for session in &sessions {
        store::drop_login(tx, session, now).await?;
    }
    Ok(sessions.len())
}

/// Ends and drops a login that no session knows.
pub(crate) async fn drop_stray(tx: &ControlTx, login: &str) -> Result<()> {
    store::drop_role(tx, login).await
}

/// Makes or ends one login; false when another worker has it.
async fn step(tx: &ControlTx, id: Uuid, now: DateTime<Utc>, prefix: &str) -> Result<bool> {
    let Some(session) = store::hold(tx, id, now).await? else { return Ok(false) };
    if !session.login.starts_with(prefix) {
        // The server writes the row, the owner makes and drops what it names: no login of the platform may be named there.
        return Err(Error::Fault(format!("{} is no psql login", session.login)));
    }
    // A suspension ends the sessions it finds; one that was asked for in that moment is found here.
    if session.expires_at <= now || !session.serves {
        store::drop_login(tx, &session, now).await?;
    } else {
        store::make_login(tx, &session).await?;
    }
    tx.refuse_warnings()?;
    Ok(true)
}
