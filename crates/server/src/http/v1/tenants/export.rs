//! `POST /v1/tenants/{slug}/export`.
//!
//! Owns: nothing. Calls: core's archive. Called by: `http::router`.
//! Invariants: a body that ends as bodies do is a whole archive; what broke off ends with the connection (`a_database_that_goes_away_ends_the_stream_visibly`).
//! After a crash: the client has a file without a manifest.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use tenantry_core::{Error, archive::Export, authz::Action};
use tenantry_types::{Problem, archive::MEDIA_TYPE};
use tokio::sync::watch;

/// Streams one tenant's data as a portable archive.
///
/// A tar of every table's rows in PostgreSQL's COPY text format, from one consistent picture, with a manifest of checksums as its end. In
/// any state of the tenant but `provisioning`. An archive without its end is not whole: `tenantry tenant export` checks that.
#[utoipa::path(post, path = "/tenants/{slug}/export", operation_id = "export_tenant", tag = "tenants", params(("slug" = String, Path)), responses(
    (status = 200, description = "The archive.", content_type = "application/x-tar", body = Vec<u8>),
    (status = 404, description = "`not_found`", body = Problem),
    (status = 409, description = "`conflict`: the tenant is still being made, or a table cannot be read as a whole", body = Problem)))]
pub async fn export(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ExportTenant)?;
    let export = app.archives.export(&caller, &slug).await?;
    let disposition = format!("attachment; filename=\"{}\"", export.file_name);
    let pieces = stream::unfold((export, app.stopping()), |(mut export, mut stopping)| async move {
        let piece = next(&mut export, &mut stopping).await?;
        Some((piece, (export, stopping)))
    });
    let headers = [(header::CONTENT_TYPE, MEDIA_TYPE.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// The next bytes, or the end that a process makes which stops.
async fn next(export: &mut Export, stopping: &mut watch::Receiver<bool>) -> Option<Result<Vec<u8>, Error>> {
    tokio::select! {
        biased;
        _ = stopping.wait_for(|stopping| *stopping) => Some(Err(Error::Fault("the process stops".to_owned()))),
        piece = export.next() => piece,
    }
}
