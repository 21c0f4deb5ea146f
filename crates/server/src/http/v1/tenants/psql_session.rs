//! `POST /v1/tenants/{slug}/psql-session`.
//!
//! Owns: nothing. Calls: core's psql. Called by: `http::router`. After a crash: the worker ends what has expired.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    tenant::{CreatePsqlSession, PsqlSession},
};

/// Opens a login for psql that is confined to one tenant: two connections, expiring, audited.
#[utoipa::path(post, path = "/tenants/{slug}/psql-session", operation_id = "open_psql_session", tag = "tenants", params(("slug" = String, Path)),
    request_body = CreatePsqlSession, responses(
        (status = 201, description = "The login; its password is shown this once.", body = PsqlSession),
        (status = 404, description = "`not_found`: tenant or workspace", body = Problem),
        (status = 409, description = "`conflict`: the tenant has no schema yet", body = Problem),
        (status = 422, description = "`invalid`", body = Problem),
        (status = 503, description = "`unavailable`: no worker made the login in time", body = Problem)))]
pub async fn open(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Json(wish): Json<CreatePsqlSession>,
) -> Result<(StatusCode, axum::Json<PsqlSession>), ApiError> {
    caller.actor.may(Action::OpenPsql)?;
    let session = app.psql.open(&caller, &slug, wish, app.woken()).await?;
    Ok((StatusCode::CREATED, axum::Json(session)))
}
