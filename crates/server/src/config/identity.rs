//! How people sign in: what tokens say, how long sessions last, what a password's hash costs.
//!
//! Owns: nothing. Calls: core's identity. Called by: config, app. After a crash: nothing is left.

use chrono::TimeDelta;
use tenantry_core::identity::{HashingCost, Lasting};

/// Values of the keys from `TENANTRY_TOKEN_AUDIENCE` to `TENANTRY_ARGON2_PARALLELISM`.
#[derive(Debug, Clone, Default)]
pub struct IdentityConfig {
    /// `TENANTRY_TOKEN_AUDIENCE`.
    pub token_audience: String,
    /// `TENANTRY_ACCESS_TOKEN_MINUTES`, 1 to 60.
    pub access_token_minutes: i64,
    /// `TENANTRY_SESSION_IDLE_DAYS`, 1 to 365.
    pub session_idle_days: i64,
    /// `TENANTRY_SESSION_DAYS`, 1 to 365.
    pub session_days: i64,
    /// `TENANTRY_COOKIE_IDLE_HOURS`, 1 to 720.
    pub cookie_idle_hours: i64,
    /// `TENANTRY_COOKIE_DAYS`, 1 to 365.
    pub cookie_days: i64,
    /// `TENANTRY_ARGON2_MEMORY_KIB`, 64 to 1048576.
    pub argon2_memory_kib: u32,
    /// `TENANTRY_ARGON2_ITERATIONS`, 1 to 20.
    pub argon2_iterations: u32,
    /// `TENANTRY_ARGON2_PARALLELISM`, 1 to 8.
    pub argon2_parallelism: u32,
}

impl IdentityConfig {
    /// How long an access token holds.
    pub fn access_token(&self) -> TimeDelta {
        TimeDelta::minutes(self.access_token_minutes)
    }

    /// How long sessions last.
    pub fn lasting(&self) -> Lasting {
        Lasting {
            token_idle: TimeDelta::days(self.session_idle_days),
            token_most: TimeDelta::days(self.session_days),
            cookie_idle: TimeDelta::hours(self.cookie_idle_hours),
            cookie_most: TimeDelta::days(self.cookie_days),
        }
    }

    /// What a password's hash costs.
    pub fn hashing(&self) -> HashingCost {
        HashingCost {
            memory_kib: self.argon2_memory_kib,
            iterations: self.argon2_iterations,
            parallelism: self.argon2_parallelism,
        }
    }
}
