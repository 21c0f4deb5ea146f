//! What the proof over HTTP counts, and what it looks for in every answer.
//!
//! Owns: the checks of the layer. Calls: nothing. Called by: proof.
//! Invariants: a piece of another tenant is found wherever it stands, and what the request itself named is no find (`a_marker_is_found_and_an_echo_is_not`). After a crash: nothing is left.

use super::talking::{Answer, Asked};
use tenantry_types::isolation::{IsolationCheck, IsolationLayer};

pub(super) const CONTROLS: &str = "http_controls";
pub(super) const TENANT: &str = "http_foreign_tenant";
pub(super) const IDS: &str = "http_foreign_ids";
pub(super) const WORKSPACE: &str = "http_foreign_workspace";
pub(super) const MARKER: &str = "http_no_marker";
pub(super) const ROWS: &str = "http_rows_untouched";

/// Names and promises, and whether they count attempts.
const CHECKS: &[(&str, &str, bool)] = &[
    (CONTROLS, "The requests are sound: what is asked for is there for its own tenant.", false),
    (TENANT, "A request that names another tenant is answered like one that names an unknown tenant.", true),
    (IDS, "What belongs to another tenant is answered byte for byte like what does not exist.", true),
    (
        WORKSPACE,
        "What belongs to another workspace is answered byte for byte like what does not exist.",
        true,
    ),
    (MARKER, "No answer holds an id, a name or anything else of another tenant.", false),
    (ROWS, "After all of it the other tenant and the other workspace see what they saw before.", false),
];

pub(super) struct Counts {
    checks: Vec<IsolationCheck>,
    markers: Vec<String>,
}

impl Counts {
    pub(super) fn new(markers: &[String]) -> Self {
        let none = |(name, promise, attempted): &(&str, &str, bool)| {
            IsolationCheck::new(IsolationLayer::Http, name, promise, *attempted)
        };
        Self { checks: CHECKS.iter().map(none).collect(), markers: markers.to_vec() }
    }

    /// Says in the report what was not asked.
    pub(super) fn not_asked(&mut self, told: &str) {
        for known in self.checks.iter_mut().filter(|known| known.name == CONTROLS) {
            known.promise = format!("{} {told}", known.promise);
        }
    }

    /// One attempt or look, with what was wrong.
    pub(super) fn count(&mut self, check: &str, fault: Option<String>) {
        let Some(known) = self.checks.iter_mut().find(|known| known.name == check) else { return };
        known.count(1, i64::from(fault.is_some()), fault);
    }

    /// Looks for the other tenant in an answer. What the request said itself may come back.
    pub(super) fn look(&mut self, who: &str, asked: &Asked, answer: &Answer) {
        let echo = |marker: &&String| !asked.says(marker);
        let found = self.markers.iter().filter(echo).find(|marker| answer.holds(marker));
        let fault = found.map(|marker| format!("{who}: {asked}: {} with {marker}", answer.status));
        self.count(MARKER, fault);
    }

    /// What was counted so far.
    pub(super) fn checks(&self) -> &[IsolationCheck] {
        &self.checks
    }

    pub(super) fn into_checks(self) -> Vec<IsolationCheck> {
        self.checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;

    #[test]
    fn a_marker_is_found_and_an_echo_is_not() {
        let mut counts = Counts::new(&["agt_7".to_owned(), "rival".to_owned()]);
        let told = |body: &str, header: &str| Answer {
            status: 404,
            headers: vec![("x-told".to_owned(), header.to_owned())],
            body: body.to_owned(),
        };
        let asked = Asked::new(Method::GET, "/v1/agents/agt_7");
        for answer in [told("no agt_7", ""), told("nothing", "")] {
            counts.look("key", &asked, &answer);
        }
        for answer in [told("it is the rival's", ""), told("", "rival")] {
            counts.look("key", &asked, &answer);
        }
        let checks = counts.into_checks();
        let check = checks.iter().find(|check| check.name == MARKER).unwrap();
        assert_eq!((check.examined, check.held, check.open), (4, 2, 2));
        assert_eq!(check.evidence[0], "key: GET /v1/agents/agt_7: 404 with rival");
    }
}
