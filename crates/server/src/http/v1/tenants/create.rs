//! `POST /v1/tenants`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`.
//! Invariants: the run goes on when the caller stops waiting (`a_caller_may_stop_waiting`). After a crash: the run is resumed by a worker.

use super::answer;
use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Accepted},
    },
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use std::time::Duration;
use tenantry_core::{authz::Action, provisioning, registry};
use tenantry_types::{
    Problem,
    run::Run,
    tenant::{CreateTenant, Tenant, TenantAndRun},
};

/// Longest wait that `Prefer: wait=N` is granted. Below the time a request may take.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// Makes a tenant.
///
/// Answers at once with the run that makes it; with `Prefer: wait=N` when the run ends, or after N seconds.
#[utoipa::path(post, path = "/tenants", operation_id = "create_tenant", tag = "tenants", request_body = CreateTenant,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when the run ends, or after N seconds (25 at most).")),
    responses(
        (status = 202, description = "The tenant and its run. `Location` is the run's address.", body = TenantAndRun),
        (status = 409, description = "`slug_taken`, or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`: `errors` names each field; or `idempotency_key_reused`", body = Problem),
    ))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Accepted(once, wish): Accepted<CreateTenant>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::CreateTenant)?;
    let woken = app.woken();
    let made = app.provisioning.create(&caller, once, wish).await?;
    let (mut body, replayed) = (made.value, made.replayed);
    if !replayed && body.run.status.is_final() {
        // A run that a worker ends is counted there.
        app.metrics.run_ended(&body.run, true);
    }
    let wait = preferred_wait(&headers);
    if let Some(wait) = wait
        && !body.run.status.is_final()
    {
        body = wait_for_end(&app, body, wait, woken).await?;
    }
    let mut response = answer(&body);
    if wait.is_some() {
        response.headers_mut().insert("preference-applied", HeaderValue::from_static("wait"));
    }
    Ok(idempotency::told(replayed, response))
}

/// `wait=N` among the preferences of RFC 7240.
fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let seconds = preferences
        .flat_map(|value| value.split(','))
        .find_map(|preference| preference.trim().strip_prefix("wait=")?.trim().parse().ok())?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

async fn wait_for_end(
    app: &App,
    body: TenantAndRun,
    wait: Duration,
    mut woken: tokio::sync::watch::Receiver<u64>,
) -> Result<TenantAndRun, ApiError> {
    let deadline = tokio::time::Instant::now() + wait;
    let mut run: Run = body.run;
    while !run.status.is_final() && tokio::time::Instant::now() < deadline {
        // A wake-up for speed, a poll for truth.
        let pause = Duration::from_millis(250).min(deadline - tokio::time::Instant::now());
        let _ = tokio::time::timeout(pause, woken.changed()).await;
        run = provisioning::show(&app.platform, run.id).await?;
    }
    // After a roll-back the tenant is gone; the caller still learns which one it was.
    let tenant: Tenant =
        registry::show(&app.platform, &app.public_url, &run.tenant_slug).await.unwrap_or(body.tenant);
    Ok(TenantAndRun { tenant, run, ..body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences() {
        for (value, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, wait=2", Some(2)),
            ("wait=900", Some(25)),
            ("wait=x", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            assert_eq!(preferred_wait(&headers), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
