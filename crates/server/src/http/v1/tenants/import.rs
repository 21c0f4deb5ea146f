//! `POST /v1/tenants/import`.
//!
//! Owns: nothing. Calls: core's archive (takes the archive in), provisioning (makes the tenant). Called by: `http::router`.
//! Invariants: nothing is made before the whole archive was checked (`an_archive_that_was_changed_is_refused`), and nothing of a refused one stays
//! (`a_refused_archive_leaves_nothing`). After a crash: an unfinished upload is swept; a run is taken up by a worker.

use super::changed;
use crate::{
    app::App,
    http::{
        ApiError, Query,
        authenticate::Caller,
        extract::too_large,
        idempotency::{self, Streamed},
    },
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use futures_util::StreamExt;
use http_body_util::LengthLimitError;
use serde::Deserialize;
use tenantry_core::{
    Error,
    archive::{STALL, Upload, Uploaded},
    authz::Action,
    provisioning::ImportWish,
};
use tenantry_types::{ErrorCode, Problem, archive::MEDIA_TYPE, tenant::TenantAndRun};

/// The query of an import.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The slug of the new tenant.
    slug: String,
    /// For people; the archive's when absent.
    name: Option<String>,
    /// Who answers for it; the archive's when absent.
    admin_email: Option<String>,
    /// Its plan; the archive's when absent.
    plan_tier: Option<String>,
}

/// Makes a new tenant of an archive.
///
/// The body is the archive. It is checked from end to end while it arrives; then a run makes the tenant and loads the rows.
#[utoipa::path(post, path = "/tenants/import", operation_id = "import_tenant", tag = "tenants",
    params(ImportQuery, ("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)),
    request_body(content = Vec<u8>, content_type = "application/x-tar", description = "An archive that an export wrote."),
    responses(
        (status = 202, description = "The tenant and its run. `Location` is the run's address.", body = TenantAndRun),
        (status = 400, description = "`bad_request`: the body broke off", body = Problem),
        (status = 409, description = "`slug_taken`, or `idempotency_in_flight`", body = Problem),
        (status = 413, description = "`payload_too_large`: more than TENANTRY_IMPORT_MAX_MB", body = Problem),
        (status = 415, description = "`unsupported_media_type`: the body is not sent as `application/x-tar`", body = Problem),
        (status = 422, description = "`invalid`: `errors` names the parameter, or the part of the archive; or `idempotency_key_reused`", body = Problem),
    ))]
pub async fn import(
    State(app): State<App>,
    Caller(caller): Caller,
    key: Streamed,
    query: Result<Query<ImportQuery>, ApiError>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ImportTenant)?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != MEDIA_TYPE) {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "The body is not sent as an archive.")
            .next_step("Send `Content-Type: application/x-tar`."));
    }
    // Whoever may not import learns nothing about how it is asked for.
    let Query(ImportQuery { slug, name, admin_email, plan_tier }) = query?;
    let wish = ImportWish { slug, name, admin_email, plan_tier };
    app.provisioning.admit(&wish, key.is_some()).await?;
    let uploaded = take(app.archives.upload().await?, body).await?;
    // Two archives of one head would be two exports of one moment.
    let told = serde_json::to_vec(&(&wish, &uploaded.head)).map_err(|error| ApiError::internal(&error))?;
    let once = key.once(&app, &told)?;
    let made = match app.provisioning.import(&caller, once, wish, &uploaded).await {
        Ok(made) if !made.replayed => made,
        // Nobody needs this upload: an earlier one of the same request was taken, or none is.
        other @ (Ok(_) | Err(Error::Refused { .. })) => {
            app.archives.discard(uploaded.id).await?;
            other?
        }
        // The run may be there although its answer was lost. What nobody needs is swept.
        Err(error) => return Err(error.into()),
    };
    Ok(changed(&app, &made))
}

/// Reads the body into the upload; given up at the first thing that is wrong.
async fn take(mut upload: Upload, body: Body) -> Result<Uploaded, ApiError> {
    let mut pieces = body.into_data_stream();
    let refusal = loop {
        match tokio::time::timeout(STALL, pieces.next()).await {
            Ok(None) => return Ok(upload.finish().await?),
            Ok(Some(Ok(piece))) => {
                if let Err(error) = upload.push(&piece).await {
                    break error.into();
                }
            }
            Ok(Some(Err(error))) => break broken(&error),
            Err(_) => {
                break ApiError::new(ErrorCode::Timeout, "The archive stopped coming.")
                    .next_step("Send it again.");
            }
        }
    };
    upload.discard().await;
    Err(refusal)
}

/// A body that grew past the limit of its request, or one whose client went away.
fn broken(error: &axum::Error) -> ApiError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<LengthLimitError>() {
            return too_large().next_step("Let the operator raise TENANTRY_IMPORT_MAX_MB.");
        }
        source = cause.source();
    }
    ApiError::bad_request("The body ended before it was complete.")
}
