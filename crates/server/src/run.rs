//! Starting and stopping: sockets, signals, drains.
//!
//! Owns: nothing. Calls: app, http. Called by: commands, dev.
//! Invariants: SIGTERM and SIGINT take no new connection, let requests in flight end within the grace, and end streams at once
//! (`sigterm_drains`). After a crash: nothing is left.

use crate::{
    app::App,
    config::Config,
    http::{
        self, Foundation,
        listener::{self, Bound, ListenError, ListenerConfig},
        middleware::system_ids,
    },
};
use axum::{Router, routing::get};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The router with every layer, as it is served.
pub fn router(config: &Config, app: &App) -> Router {
    let foundation = Foundation::new(config, app.metrics.clone(), system_ids());
    http::apply(http::router::routes(app), foundation)
}

/// The API's socket.
///
/// # Errors
/// When the address or the certificate cannot be used.
pub fn bind(config: &Config) -> Result<Bound, ListenError> {
    let tls = config.tls_cert.clone().zip(config.tls_key.clone());
    listener::bind(&ListenerConfig::new(config.listen, tls))
}

/// Serves the API, and the metrics on their own address where there is one, until `stop` becomes true.
///
/// # Errors
/// When a socket is closed under it, or the metrics' address cannot be used.
pub async fn serve(config: &Config, app: App, bound: Bound, stop: watch::Receiver<bool>) -> Result<(), ListenError> {
    let metrics = config.metrics_listen.map(|addr| listener::bind(&ListenerConfig::new(addr, None))).transpose()?;
    let api = bound.run(router(config, &app), stopped_streams(app.clone(), stop.clone()), config.shutdown_grace);
    match metrics {
        None => api.await,
        Some(bound) => {
            let router = Router::new().route("/metrics", get(http::health::open_metrics)).with_state(app);
            tokio::try_join!(api, bound.run(router, stopped(stop), config.shutdown_grace)).map(|_| ())
        }
    }
}

async fn stopped_streams(app: App, stop: watch::Receiver<bool>) {
    stopped(stop).await;
    app.stop_streams();
}

/// Ends when `stop` becomes true, or its sender is gone.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Becomes true at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the system gives no signals.
pub fn stop_on_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (sender, stop) = watch::channel(false);
    // Ends with the process.
    tenantry_pg::task::detached(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        sender.send_replace(true);
        // Kept, so that receivers see `true` and not a closed channel only.
        sender.closed().await;
    });
    Ok(stop)
}
