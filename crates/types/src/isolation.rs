//! Isolation reports on the wire: what the proof looked at and tried, and what came of it.
//!
//! Owns: the closed lists of layers and states. Calls: nothing. Called by: isolation, server, cli. After a crash: nothing is left.

use crate::{IsolationReportId, Slug, run::Millis, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// Where a proof is.
    IsolationStatus {
        /// Waits for a worker.
        Pending = "pending",
        /// A worker is at it.
        Running = "running",
        /// Everything that must be refused was, and nothing is open.
        Passed = "passed",
        /// Something is open. The checks name it.
        Failed = "failed",
        /// Something could not be tried, and nothing is open in what was. It proves nothing.
        Broken = "broken",
    } "pending, running, passed, failed, broken"
}

words! {
    /// What a check looks at.
    IsolationLayer {
        /// PostgreSQL's catalogue: owners, grants, policies, roles.
        Catalogue = "catalogue",
        /// Statements that were made from tenants' scopes.
        Live = "live",
        /// Requests to the API.
        Http = "http",
    } "catalogue, live, http"
}

/// One check of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationCheck {
    /// What it looks at.
    pub layer: IsolationLayer,
    /// Its name, such as `workspace_policy`. Stable.
    pub name: String,
    /// What holds where it passes.
    pub promise: String,
    /// Whether it counts attempts, each of which is to be refused; else it counts what was looked at, or controls that are to be done. Reports of
    /// servers before it was written down have it as false.
    #[serde(default)]
    #[schema(required)]
    pub attempted: bool,
    /// Objects looked at, or attempts made.
    pub examined: i64,
    /// Attempts that were refused as they must be; of a look at the catalogue, objects that are as they must be.
    pub held: i64,
    /// What is open.
    pub open: i64,
    /// Up to twenty of what is open, each with what is wrong.
    pub evidence: Vec<String>,
}

impl IsolationCheck {
    /// Evidence that is kept of one check.
    pub const EVIDENCE: usize = 20;

    /// One that has counted nothing yet.
    #[must_use]
    pub fn new(layer: IsolationLayer, name: &str, promise: &str, attempted: bool) -> Self {
        Self {
            layer,
            name: name.to_owned(),
            promise: promise.to_owned(),
            attempted,
            examined: 0,
            held: 0,
            open: 0,
            evidence: Vec::new(),
        }
    }

    /// Counts what was examined, how much of it is open, and what is wrong with it.
    pub fn count(&mut self, examined: i64, open: i64, evidence: impl IntoIterator<Item = String>) {
        self.examined += examined;
        self.held += examined - open;
        self.open += open;
        let room = Self::EVIDENCE.saturating_sub(self.evidence.len());
        self.evidence.extend(evidence.into_iter().take(room));
    }
}

/// How far a proof is that a worker is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationProgress {
    /// What it is at.
    pub layer: IsolationLayer,
    /// Parts that are done: of the catalogue some hundred homes each, then tenants that have tried, then operations of the API that were asked.
    pub done: u32,
    /// Parts that there are.
    pub of: u32,
    /// Checks that have looked at something.
    pub checks: u32,
    /// Attempts so far.
    pub attempts: i64,
    /// Of these, refused as they must be.
    pub refusals: i64,
    /// What was found open so far.
    pub open: i64,
}

/// A proof of isolation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationReport {
    /// Its id.
    pub id: IsolationReportId,
    /// Where it is.
    pub status: IsolationStatus,
    /// The one tenant that it is about; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Slug>,
    /// What decides which pairs of tenants are tried where not all are. The same seed tries the same.
    pub seed: i64,
    /// Whether pairs of tenants were sampled, since there are too many to try all.
    pub sampled: bool,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When a worker began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it took, milliseconds.
    pub duration_ms: Option<Millis>,
    /// While a worker is at it, how far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<IsolationProgress>,
    /// The product and the PostgreSQL that were looked at.
    pub software: String,
    /// Tenants that were looked at.
    pub tenants: i64,
    /// Attempts that were made.
    pub attempts: i64,
    /// Of these, refused as they must be.
    pub refusals: i64,
    /// What is open, of all checks.
    pub open: i64,
    /// Each check.
    pub checks: Vec<IsolationCheck>,
    /// What could not be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks for a proof.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestIsolationReport {
    /// The one tenant that it is to be about, as who tries and as who is tried; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Slug>,
    /// 0 to 4,294,967,295. Decides what is tried where not everything is; absent: a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
    pub seed: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_report_is_read() {
        let mut told =
            serde_json::json!(IsolationCheck::new(IsolationLayer::Http, "http_foreign_ids", "Closed.", true));
        told.as_object_mut().unwrap().remove("attempted");
        let read: IsolationCheck = serde_json::from_value(told).unwrap();
        assert_eq!(read, IsolationCheck::new(IsolationLayer::Http, "http_foreign_ids", "Closed.", false));
    }
}
