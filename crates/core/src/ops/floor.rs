//! The oldest PostgreSQL releases without a known hole that matters here.
//!
//! Owns: the list. Calls: nothing. Called by: ops. After a crash: nothing is left.
//! Invariants: a major without an entry is judged by its age (`versions_are_judged`).

use tenantry_types::health::{Check, CheckStatus};

/// Major and least minor.
const FLOORS: [(i32, i32); 4] = [(15, 20), (16, 16), (17, 12), (18, 7)];

pub(super) fn check(version_num: i32, version: &str) -> Check {
    let (major, minor) = (version_num / 10_000, version_num % 10_000);
    let floor = FLOORS.iter().find(|(known, _)| *known == major);
    let (status, advice) = match floor {
        Some((_, least)) if minor >= *least => (CheckStatus::Ok, None),
        Some((_, least)) => (
            CheckStatus::Warn,
            Some(format!("Update to {major}.{least} or later: older ones have known holes.")),
        ),
        None if major > 18 => (CheckStatus::Ok, None),
        None => (CheckStatus::Failing, Some("PostgreSQL 15 or later is required.".to_owned())),
    };
    Check {
        name: "postgresql_version".to_owned(),
        status,
        detail: Some(format!("PostgreSQL {version}")),
        advice,
        duration_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged() {
        for (number, status) in [
            (140_022, CheckStatus::Failing),
            (150_018, CheckStatus::Warn),
            (150_020, CheckStatus::Ok),
            (170_011, CheckStatus::Warn),
            (180_007, CheckStatus::Ok),
            (190_000, CheckStatus::Ok),
        ] {
            assert_eq!(check(number, "x").status, status, "{number}");
        }
    }
}
