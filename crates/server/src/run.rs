//! Starting and stopping: sockets, signals, drains.
//!
//! Owns: nothing. Calls: app, http. Called by: commands, dev.
//! Invariants: every socket is bound before anything is served or started; SIGTERM and SIGINT take no new connection, let requests in flight
//! end within the grace, and end streams at once (`sigterm_drains`). After a crash: nothing is left.

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
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The router with every layer, as it is served.
pub fn router(config: &Config, app: &App) -> Router {
    let foundation = Foundation::new(config, app.metrics.clone(), system_ids());
    http::apply(http::router::routes(app), foundation)
}

/// The sockets of a process, bound and not served yet.
#[derive(Debug)]
pub struct Sockets {
    api: Bound,
    /// `None` where the metrics are served beside the API.
    metrics: Option<Bound>,
}

/// The API's socket, and the metrics' where they have one of their own.
///
/// # Errors
/// When an address or the certificate cannot be used.
pub fn bind(config: &Config) -> Result<Sockets, ListenError> {
    let tls = config.tls_cert.clone().zip(config.tls_key.clone());
    let api = listener::bind(&ListenerConfig::new(config.listen, tls))?;
    let apart =
        |addr| ListenerConfig { setting: "TENANTRY_METRICS_LISTEN", ..ListenerConfig::new(addr, None) };
    let metrics = config.metrics_listen.map(|addr| listener::bind(&apart(addr))).transpose()?;
    Ok(Sockets { api, metrics })
}

impl Sockets {
    /// Where the API listens.
    pub fn addr(&self) -> SocketAddr {
        self.api.addr()
    }

    /// Where the metrics are, if not beside the API.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Bound::addr)
    }

    /// How this machine reaches the API.
    pub fn url(&self, config: &Config) -> String {
        let mut addr = self.addr();
        if addr.ip() == IpAddr::V4(Ipv4Addr::UNSPECIFIED) {
            addr.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{}://{addr}", scheme(config))
    }

    /// Puts the port that the system chose into the public URL, unless that was configured.
    pub fn settle_public_url(&self, config: &mut Config) {
        if config.listen.port() == 0 && config.public_url == format!("{}://{}", scheme(config), config.listen)
        {
            config.public_url = self.url(config);
        }
    }
}

fn scheme(config: &Config) -> &'static str {
    if config.tls() { "https" } else { "http" }
}

/// Serves the API, and the metrics on their own address where there is one, until `stop` becomes true.
///
/// # Errors
/// When a socket is closed under it.
pub async fn serve(
    config: &Config,
    app: App,
    sockets: Sockets,
    stop: watch::Receiver<bool>,
) -> Result<(), ListenError> {
    let Sockets { api, metrics } = sockets;
    let api =
        api.run(router(config, &app), stopped_streams(app.clone(), stop.clone()), config.shutdown_grace);
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
