//! The socket that sets faults: `GET /faults` shows them, `PUT /faults` adds one, `DELETE /faults` takes all away and
//! `DELETE /faults/POINT` one; whoever waited goes on.
//!
//! Owns: nothing. Calls: the kit's faults, core's catalogue of steps. Called by: `console`.
//! Invariants: a point that no run passes is refused, so that no test waits for what cannot come (`a_point_that_is_none_is_refused`).
//! After a crash: nothing is left.

use crate::{
    TestFaults,
    axum::{
        Json, Router,
        extract::{Path, State},
        http::StatusCode,
        response::{IntoResponse, Response},
        routing::{delete, get},
        serve as serve_router,
    },
};
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use tenantry_core::provisioning;
use tokio::net::TcpListener;

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    /// It fails.
    Fail,
    /// Whoever comes there waits.
    Hold,
}

/// A fault: `{"point": "create.verify.before", "does": "fail"}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Kind, step and moment: `create.place.before`, `create.place.undo.after`.
    pub point: String,
    /// What happens there.
    pub does: Does,
}

const MOMENTS: [&str; 4] = ["before", "after", "undo.before", "undo.after"];

impl Setting {
    pub(super) fn check(&self) -> Result<(), String> {
        let known = provisioning::catalogue().iter().any(|(kind, steps)| {
            let mut points =
                steps.iter().flat_map(|step| MOMENTS.map(|moment| format!("{kind}.{step}.{moment}")));
            points.any(|point| point == self.point)
        });
        if known { Ok(()) } else { Err(format!("no run passes {}", self.point)) }
    }

    pub(super) fn set(&self, faults: &TestFaults) {
        match self.does {
            Does::Fail => faults.arm(&self.point),
            Does::Hold => faults.hold(&self.point),
        }
    }
}

/// Listens on a loopback port of its own, until the process ends.
pub(super) async fn serve(faults: TestFaults) -> SocketAddr {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    let router = Router::new()
        .route("/faults", get(show).put(set).delete(clear))
        .route("/faults/{point}", delete(release))
        .with_state(faults);
    tenantry_pg::task::detached(async move { serve_router(listener, router).await });
    address
}

async fn show(State(faults): State<TestFaults>) -> Response {
    Json(faults.armed()).into_response()
}

async fn set(State(faults): State<TestFaults>, Json(setting): Json<Setting>) -> Response {
    match setting.check() {
        Ok(()) => {
            setting.set(&faults);
            show(State(faults)).await
        }
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
    }
}

async fn release(State(faults): State<TestFaults>, Path(point): Path<String>) -> Response {
    faults.release(&point);
    show(State(faults)).await
}

async fn clear(State(faults): State<TestFaults>) -> Response {
    faults.disarm();
    show(State(faults)).await
}
