//! `GET /.well-known/jwks.json`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use super::ApiError;
use crate::app::App;
use axum::{Json, extract::State, http::HeaderName, http::header};
use tenantry_types::{Problem, identity::Jwks};

/// The public keys that access tokens verify with.
///
/// A key is published a day before it signs, and until the last token that it signed has ended.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "show_jwks", tag = "sign-in", security(()), responses(
    (status = 200, description = "A JSON Web Key Set (RFC 7517). May be kept for five minutes.", body = Jwks),
    (status = 503, description = "`unavailable`", body = Problem)))]
pub async fn show(State(app): State<App>) -> Result<([(HeaderName, &'static str); 1], Json<Jwks>), ApiError> {
    let keys = app.sign_in.tokens.published().await?;
    Ok(([(header::CACHE_CONTROL, "public, max-age=300")], Json(keys)))
}
