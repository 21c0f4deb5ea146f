//! `POST /v1/tenants/{slug}/psql-session`.
//!
//! Owns: nothing. Calls: core's psql. Called by: `http::router`. After a crash: the worker ends what has expired.

use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, Required},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    tenant::{CreatePsqlSession, PsqlSession},
};

/// Opens a login for psql that is confined to one tenant: two connections, expiring, audited.
#[utoipa::path(post, path = "/tenants/{slug}/psql-session", operation_id = "open_psql_session", tag = "tenants",
    params(("slug" = String, Path), ("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), request_body = CreatePsqlSession, responses(
        (status = 201, description = "The login; its password is shown this once, and again only to the same request with the same key.", body = PsqlSession),
        (status = 404, description = "`not_found`: tenant or workspace", body = Problem),
        (status = 409, description = "`conflict`: the tenant has no schema yet, or the session of this key has ended; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem),
        (status = 503, description = "`unavailable`: no worker made the login in time", body = Problem)))]
pub async fn open(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Required(once, wish): Required<CreatePsqlSession>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::OpenPsql)?;
    let session = app.psql.open(&caller, Some(once), &slug, wish, app.woken()).await?;
    Ok(idempotency::told(session.replayed, (StatusCode::CREATED, axum::Json(session.value))))
}
