//! The security checklist: each control with what shows it, for `tenantry doctor --security`.
//!
//! Owns: nothing. Calls: store. Called by: server's doctor.
//! Invariants: what nobody has looked at, or not lately, is not called well (`what_was_not_proved_is_no_green`); what is held by the build and not by a look says so; every item of the list is
//! told, those that are not there yet too (`the_checklist_is_whole`). After a crash: it only reads.

use super::store::{self, KeyFacts};
use crate::{
    Result,
    authz::{Need, operations},
    ctx::Ctx,
};
use chrono::{DateTime, TimeDelta, Utc};
use tenantry_pg::Pool;
use tenantry_types::{
    health::{Check, CheckStatus},
    isolation::{IsolationCheck, IsolationLayer, IsolationReport, IsolationStatus},
};

/// Hours for which a proof of isolation counts as fresh.
const FRESH: i64 = 24;

/// Checks of the proof that look at each table's guard.
const GUARDS: &[&str] = &["row_security", "workspace_policy", "no_other_policy", "control_plane"];

/// How requests come to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// The server's own listener speaks TLS.
    Tls,
    /// Proxies that are trusted stand in front; whether they speak TLS is told by the public URL.
    Proxy {
        /// The public URL begins with `https`.
        https: bool,
    },
    /// Plain text, from this machine alone.
    Loopback,
}

/// What the checklist judges beside what it looks up itself.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The newest proof over all tenants that came to its end.
    pub proof: Option<IsolationReport>,
    /// Whether the secrets in the database open.
    pub secrets: Check,
    /// How requests come in.
    pub front: Front,
}

/// Every item of the checklist.
///
/// # Errors
/// The database's.
pub async fn security(platform: &Pool, ctx: &Ctx, evidence: Evidence) -> Result<Vec<Check>> {
    let now = ctx.now();
    let keys = platform.run("count_keys", now, |tx, now| Box::pin(store::keys(tx, *now))).await?;
    Ok(judge(&evidence, &keys, now))
}

fn judge(evidence: &Evidence, keys: &KeyFacts, now: DateTime<Utc>) -> Vec<Check> {
    let proof = evidence.proof.as_ref();
    vec![
        guarded(proof, now),
        tokens(),
        fresh(proof, now),
        scoped(keys),
        missing("limits_per_workspace", "limits are told, and not enforced yet"),
        missing("metering_per_workspace", "nothing is metered yet"),
        Check { name: "secrets_encrypted".to_owned(), ..evidence.secrets.clone() },
        built(
            "statements_parameterised",
            "every statement is a constant of the program and names in DDL are quoted in one place: held by `cargo xtask tidy` when this version was built, and not looked at here",
        ),
        built(
            "inputs_validated",
            "every body, query and path is read by a type with its bounds: held by the tests of this version (`bad_bodies_are_refused_and_nothing_is_written`), and not looked at here",
        ),
        tls(evidence.front),
    ]
}

fn item(name: &str, status: CheckStatus, detail: String, advice: &str) -> Check {
    Check {
        name: name.to_owned(),
        status,
        detail: Some(detail),
        advice: (status != CheckStatus::Ok).then(|| advice.to_owned()),
        duration_ms: None,
    }
}

fn missing(name: &str, detail: &str) -> Check {
    item(
        name,
        CheckStatus::Warn,
        detail.to_owned(),
        "Not in this version; docs/security/controls.md says what stands.",
    )
}

fn built(name: &str, detail: &str) -> Check {
    item(name, CheckStatus::Ok, detail.to_owned(), "")
}

const PROVE: &str = "`tenantry verify isolation` makes a proof and names what is open.";

/// Whether what was seen at that time is still to be called well.
fn lately(ended: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - ended < TimeDelta::hours(FRESH)
}

/// Tables, as the last proof saw them. A guard that was open then is told however long ago it was; that all were whole counts for a while.
fn guarded(proof: Option<&IsolationReport>, now: DateTime<Utc>) -> Check {
    let name = "tables_guarded";
    let Some((proof, ended)) = proof.and_then(|proof| Some((proof, proof.finished_at?))) else {
        return item(name, CheckStatus::Warn, "nobody has looked yet".to_owned(), PROVE);
    };
    let guards = || {
        let of_the_catalogue = |check: &&IsolationCheck| check.layer == IsolationLayer::Catalogue;
        proof.checks.iter().filter(of_the_catalogue).filter(|check| GUARDS.contains(&check.name.as_str()))
    };
    let (looked, open) = guards().fold((0, 0), |sum, check| (sum.0 + check.examined, sum.1 + check.open));
    let first = guards().find_map(|check| check.evidence.first());
    let seen = format!(
        "{looked} guards of tables looked at by {} at {}, {open} of them open",
        proof.id,
        ended.format("%F %H:%M UTC")
    );
    match (looked, first) {
        (0, _) => item(name, CheckStatus::Warn, format!("{} looked at no table", proof.id), PROVE),
        (_, Some(first)) => item(name, CheckStatus::Failing, format!("{seen}: {first}"), PROVE),
        _ if open > 0 => item(name, CheckStatus::Failing, seen, PROVE),
        _ if lately(ended, now) => item(name, CheckStatus::Ok, seen, PROVE),
        _ => item(name, CheckStatus::Warn, seen, PROVE),
    }
}

/// The table of operations, which the server asks before any handler runs.
fn tokens() -> Check {
    let open: Vec<_> = operations().filter(|(_, need)| *need == Need::Open).map(|(id, _)| id).collect();
    let detail = format!(
        "{} operations, of which {} ask for no identity: {}; all others are refused without one, which the tests of this version hold (`every_operation_needs_an_identity`)",
        operations().count(),
        open.len(),
        open.join(", ")
    );
    item("tokens_on_protected_routes", CheckStatus::Ok, detail, "")
}

fn fresh(proof: Option<&IsolationReport>, now: DateTime<Utc>) -> Check {
    let name = "isolation_proof_fresh";
    let Some((proof, ended)) = proof.and_then(|proof| Some((proof, proof.finished_at?))) else {
        return item(name, CheckStatus::Warn, "isolation was never proved here".to_owned(), PROVE);
    };
    let told = format!(
        "{} {} at {}, {} attempts, {} refused, {} open",
        proof.id,
        proof.status,
        ended.format("%F %H:%M UTC"),
        proof.attempts,
        proof.refusals,
        proof.open
    );
    let status = match proof.status {
        IsolationStatus::Passed if lately(ended, now) => CheckStatus::Ok,
        IsolationStatus::Passed => CheckStatus::Warn,
        _ => CheckStatus::Failing,
    };
    item(name, status, told, PROVE)
}

fn scoped(keys: &KeyFacts) -> Check {
    let KeyFacts { good, confined, lasting, astray } = keys;
    let detail = format!(
        "{good} keys that open something, each of one workspace; {confined} are confined to scopes beside, {lasting} never end by themselves, {astray} are of no workspace of their tenant"
    );
    let status = if *astray == 0 { CheckStatus::Ok } else { CheckStatus::Failing };
    item(
        "keys_scoped",
        status,
        detail,
        "Revoke the keys whose workspace is not their tenant's: the foreign key of `api_keys` is gone.",
    )
}

fn tls(front: Front) -> Check {
    let name = "tls_enforced";
    match front {
        Front::Tls => item(name, CheckStatus::Ok, "the listener speaks TLS 1.3 and nothing else".to_owned(), ""),
        Front::Proxy { https: true } => item(
            name,
            CheckStatus::Ok,
            "the listener takes what trusted proxies send, and the public URL is https; the proxies' own TLS is not looked at here".to_owned(),
            "",
        ),
        Front::Proxy { https: false } => item(
            name,
            CheckStatus::Failing,
            "trusted proxies stand in front, and the public URL is not https".to_owned(),
            "Set TENANTRY_PUBLIC_URL to the https address that the proxy serves.",
        ),
        Front::Loopback => item(
            name,
            CheckStatus::Warn,
            "the listener speaks plain text, to this machine alone".to_owned(),
            "Set TENANTRY_TLS_CERT and TENANTRY_TLS_KEY, or TENANTRY_TRUSTED_PROXIES, before anybody else is let in.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_types::IsolationReportId;
    use uuid::Uuid;

    const KEYS: KeyFacts = KeyFacts { good: 2, confined: 1, lasting: 1, astray: 0 };

    fn proof(status: IsolationStatus, ended: DateTime<Utc>, open: i64) -> IsolationReport {
        let mut check = IsolationCheck::new(IsolationLayer::Catalogue, "row_security", "", false);
        check.count(9, open, (open > 0).then(|| "tenant_x.agents".to_owned()));
        IsolationReport {
            id: IsolationReportId(Uuid::nil()),
            status,
            tenant: None,
            seed: 1,
            sampled: false,
            requested_by: String::new(),
            requested_at: ended,
            started_at: Some(ended),
            finished_at: Some(ended),
            duration_ms: None,
            progress: None,
            software: String::new(),
            tenants: 1,
            attempts: 3,
            refusals: 3,
            open,
            checks: vec![check],
            error: None,
        }
    }

    fn judged(proof: Option<IsolationReport>, keys: &KeyFacts, front: Front) -> Vec<(String, &'static str)> {
        let secrets = item("secrets", CheckStatus::Ok, "2 open".to_owned(), "");
        let checks = judge(&Evidence { proof, secrets, front }, keys, DateTime::UNIX_EPOCH);
        assert!(checks.iter().all(|check| check.detail.is_some()));
        assert!(checks.iter().all(|check| (check.status == CheckStatus::Ok) == check.advice.is_none()));
        checks.into_iter().map(|check| (check.name, check.status.as_str())).collect()
    }

    #[test]
    fn the_checklist_is_whole() {
        let fresh = proof(IsolationStatus::Passed, DateTime::UNIX_EPOCH - TimeDelta::hours(23), 0);
        let told = judged(Some(fresh), &KEYS, Front::Tls);
        let told: Vec<_> = told.iter().map(|(name, status)| (name.as_str(), *status)).collect();
        assert_eq!(
            told,
            [
                ("tables_guarded", "ok"),
                ("tokens_on_protected_routes", "ok"),
                ("isolation_proof_fresh", "ok"),
                ("keys_scoped", "ok"),
                ("limits_per_workspace", "warn"),
                ("metering_per_workspace", "warn"),
                ("secrets_encrypted", "ok"),
                ("statements_parameterised", "ok"),
                ("inputs_validated", "ok"),
                ("tls_enforced", "ok"),
            ]
        );
    }

    #[test]
    fn what_was_not_proved_is_no_green() {
        let of = |proof, name: &str| {
            let told = judged(proof, &KEYS, Front::Loopback);
            told.into_iter().find(|(told, _)| told == name).map(|(_, status)| status)
        };
        let hours = |hours| DateTime::UNIX_EPOCH - TimeDelta::hours(hours);
        let unended = || IsolationReport { finished_at: None, ..proof(IsolationStatus::Passed, hours(1), 0) };
        for (made, guarded, fresh) in [
            (None, "warn", "warn"),
            (Some(unended()), "warn", "warn"),
            (Some(proof(IsolationStatus::Passed, hours(23), 0)), "ok", "ok"),
            (Some(proof(IsolationStatus::Passed, hours(25), 0)), "warn", "warn"),
            (Some(proof(IsolationStatus::Passed, hours(24 * 365), 0)), "warn", "warn"),
            (Some(proof(IsolationStatus::Failed, hours(1), 1)), "failing", "failing"),
            (Some(proof(IsolationStatus::Failed, hours(25), 1)), "failing", "failing"),
            (Some(proof(IsolationStatus::Failed, hours(1), 0)), "ok", "failing"),
        ] {
            assert_eq!(of(made.clone(), "tables_guarded"), Some(guarded), "{made:?}");
            assert_eq!(of(made.clone(), "isolation_proof_fresh"), Some(fresh), "{made:?}");
        }
        let old = guarded(Some(&proof(IsolationStatus::Passed, hours(25), 0)), DateTime::UNIX_EPOCH);
        assert!(old.detail.is_some_and(|told| told.contains("1969-12-30 23:00 UTC")), "when it was is told");
        assert_eq!(of(None, "tls_enforced"), Some("warn"));
        let astray = KeyFacts { astray: 1, ..KEYS };
        let told = judged(None, &astray, Front::Proxy { https: false });
        let failing: Vec<_> =
            told.iter().filter(|(_, status)| *status == "failing").map(|(name, _)| name.as_str()).collect();
        assert_eq!(failing, ["keys_scoped", "tls_enforced"]);
    }
}
