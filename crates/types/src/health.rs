//! Health on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: ops, server, cli. After a crash: nothing is left.

use crate::{run::Millis, tier::words};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// How a part is doing.
    CheckStatus {
        /// As it should be.
        Ok = "ok",
        /// Works, but somebody should look.
        Warn = "warn",
        /// Does not work.
        Failing = "failing",
    } "ok, warn, failing"
}

/// One part that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Which part.
    pub name: String,
    /// How it is doing.
    pub status: CheckStatus,
    /// What was seen; for operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// How long the look took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<Millis>,
}

/// All parts together: as bad as the worst.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// The worst of the parts.
    pub status: CheckStatus,
    /// Version of the server.
    pub version: String,
    /// The parts; empty unless asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl Health {
    /// As bad as the worst.
    pub fn of(version: &str, checks: Vec<Check>) -> Self {
        let status = checks.iter().map(|check| check.status).max().unwrap_or(CheckStatus::Ok);
        Self { status, version: version.to_owned(), checks }
    }
}
