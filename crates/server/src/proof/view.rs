//! What a tenant of the proof, or its second workspace, sees of itself: the control before, and the witness after.
//!
//! Owns: nothing. Calls: the API, as the tenant's own identities. Called by: proof.
//! Invariants: what moves by itself is no difference, and everything else is (`only_what_moves_by_itself_is_left_aside`). After a crash: nothing is left.

use super::{
    making::{Identity, Ids},
    operations::Operation,
    talking::{Answer, Talk},
};
use serde_json::Value;
use std::collections::BTreeMap;
use tenantry_core::Result;

/// Fields that time or a mere look changes.
const MOVING: &[&str] = &["last_used_at", "seen_at"];

/// Answers by identity and path.
pub(super) struct View(BTreeMap<String, Answer>);

impl View {
    /// Every collection and every single thing that there is to see, whether or not this identity may.
    pub(super) async fn of(
        talk: &Talk,
        operations: &[Operation],
        identities: &[&Identity],
        ids: &Ids,
    ) -> Result<Self> {
        let mut view = BTreeMap::new();
        for identity in identities {
            for operation in operations.iter().filter(|operation| !operation.moves && !operation.open) {
                for id in seen(operation, ids) {
                    let asked = operation.asked(&id, "");
                    let answer = talk.ask(Some(&identity.token), &asked).await?;
                    view.insert(format!("{}: {asked}", identity.name), still(answer, operation));
                }
            }
        }
        Ok(Self(view))
    }

    /// What was asked, and what another view of the same answers differently.
    pub(super) fn changes<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = Option<String>> + 'a {
        self.0.iter().map(|(asked, before)| {
            let after = later.0.get(asked).filter(|after| *after == before);
            after.is_none().then(|| format!("{asked}: answers something else than before"))
        })
    }

    /// Whether something that was answered well has this in it.
    pub(super) fn shows(&self, id: &str) -> bool {
        self.0.values().any(|answer| answer.status == 200 && answer.holds(id))
    }
}

/// The ids that an operation is to be looked at with: one that is empty where it needs none.
fn seen(operation: &Operation, ids: &Ids) -> Vec<String> {
    match operation.kind() {
        Some(kind) if operation.shows() => ids.get(kind).cloned().unwrap_or_default(),
        None if operation.lists().is_some() => vec![String::new()],
        _ => Vec::new(),
    }
}

fn still(mut answer: Answer, operation: &Operation) -> Answer {
    let mut json = answer.json();
    // A session's end goes before whoever uses it.
    let ends = operation.lists() == Some("sessions");
    calm(&mut json, &|name| MOVING.contains(&name) || (ends && name == "expires_at"));
    answer.body = json.to_string();
    // With what moves, the length does.
    answer.headers.retain(|(name, _)| name != "content-length");
    answer
}

fn calm(value: &mut Value, moves: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !moves(name));
            fields.values_mut().for_each(|value| calm(value, moves));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| calm(item, moves)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::operations;
    use serde_json::json;

    #[test]
    fn only_what_moves_by_itself_is_left_aside() {
        let all = operations::all();
        let listing = |kind: &str| all.iter().find(|one| one.lists() == Some(kind)).unwrap().clone();
        let told = |body: Value| {
            let length = body.to_string().len().to_string();
            let headers = vec![("content-length".to_owned(), length)];
            Answer { status: 200, headers, body: body.to_string() }
        };
        let item = |name: &str, used: &str, ends: &str| {
            told(json!({"items": [{"name": name, "last_used_at": used, "expires_at": ends}]}))
        };
        let keys = listing("api-keys");
        assert_eq!(still(item("a", "", "2"), &keys), still(item("a", "3", "2"), &keys));
        assert_ne!(still(item("a", "1", "2"), &keys), still(item("b", "1", "2"), &keys));
        assert_ne!(still(item("a", "1", "2"), &keys), still(item("a", "1", "9"), &keys));
        let sessions = listing("sessions");
        assert_eq!(still(item("a", "1", "2"), &sessions), still(item("a", "1", "9"), &sessions));
    }
}
