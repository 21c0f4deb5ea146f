//! What an agent may look like.
//!
//! Owns: nothing. Calls: nothing. Called by: agents.
//! Invariants: bounds are the table's own CHECKs, told before the database has to (`bounds_are_told_by_field`). After a crash: nothing is left.

use crate::{Fields, Result};
use serde_json::{Map, Value};
use tenantry_types::{
    AgentId,
    agent::{AgentStatus, CreateAgent, UpdateAgent},
    page::{DEFAULT_LIMIT, MAX_LIMIT},
};

/// What a caller may ask of the list; every field as text, as it comes.
#[derive(Debug, Clone, Default)]
pub struct ListAgents {
    /// A status.
    pub status: Option<String>,
    /// Items on the page.
    pub limit: Option<u16>,
    /// From the page before.
    pub cursor: Option<String>,
}

pub(super) struct Query {
    pub(super) status: Option<String>,
    pub(super) limit: usize,
    pub(super) after: Option<AgentId>,
}

impl ListAgents {
    pub(super) fn parse(self) -> Result<Query> {
        let mut fields = Fields::default();
        let status = self.status.and_then(|text| fields.parsed("status", text.parse::<AgentStatus>()));
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            fields.wrong("limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}"));
        }
        let after = self.cursor.and_then(|text| {
            let id = text.parse().ok();
            if id.is_none() {
                fields.wrong("cursor", "invalid", "must be the next_cursor of a page");
            }
            id
        });
        fields.check()?;
        Ok(Query { status: status.map(|s| s.as_str().to_owned()), limit: usize::from(limit), after })
    }
}

pub(super) fn check_create(wish: &CreateAgent) -> Result<()> {
    let mut fields = Fields::default();
    fields.line("/name", &wish.name, 100);
    fields.line("/role", &wish.role, 100);
    prompt(&mut fields, wish.personality_prompt.as_deref());
    capabilities(&mut fields, &wish.capabilities);
    permissions(&mut fields, &wish.tool_permissions);
    fields.check()
}

/// Returns the status that is wished for, if any.
pub(super) fn check_update(wish: &UpdateAgent) -> Result<Option<AgentStatus>> {
    let mut fields = Fields::default();
    if let Some(name) = &wish.name {
        fields.line("/name", name, 100);
    }
    if let Some(role) = &wish.role {
        fields.line("/role", role, 100);
    }
    prompt(&mut fields, wish.personality_prompt.as_ref().and_then(Option::as_deref));
    if let Some(words) = &wish.capabilities {
        capabilities(&mut fields, words);
    }
    if let Some(tools) = &wish.tool_permissions {
        permissions(&mut fields, tools);
    }
    let status = wish.status.as_deref().and_then(|text| fields.parsed("/status", text.parse()));
    fields.check()?;
    Ok(status)
}

fn prompt(fields: &mut Fields, text: Option<&str>) {
    if let Some(text) = text {
        fields.text("/personality_prompt", text, 20_000);
    }
}

fn capabilities(fields: &mut Fields, words: &[String]) {
    if words.len() > 50 {
        fields.wrong("/capabilities", "too_many", "must have at most 50 words");
    }
    for (place, word) in words.iter().enumerate() {
        fields.line(&format!("/capabilities/{place}"), word, 100);
    }
}

fn permissions(fields: &mut Fields, tools: &Map<String, Value>) {
    if tools.len() > 100 {
        fields.wrong("/tool_permissions", "too_many", "must have at most 100 entries");
    }
    if tools.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)) {
        fields.wrong("/tool_permissions", "invalid_character", "must not contain U+0000");
    }
}

/// PostgreSQL's jsonb has no place for U+0000.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn bounds_are_told_by_field() {
        let wish = CreateAgent {
            name: String::new(),
            role: "r".repeat(101),
            personality_prompt: Some("p".repeat(20_001)),
            capabilities: vec![String::new(); 51],
            tool_permissions: [("x".to_owned(), Value::from("\0"))].into_iter().collect(),
        };
        let backslash = [("x".to_owned(), Value::from("\\u0000"))].into_iter().collect();
        let mut fine = Fields::default();
        permissions(&mut fine, &backslash);
        assert!(fine.check().is_ok(), "the text of an escape is no U+0000");
        let Err(Error::Refused { errors, .. }) = check_create(&wish) else { panic!("must refuse") };
        let mut pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        let word = |pointer: &str| pointer.starts_with("/capabilities/");
        pointers.dedup_by(|one, other| word(one) && word(other));
        assert_eq!(
            pointers,
            [
                "/name",
                "/role",
                "/personality_prompt",
                "/capabilities",
                "/capabilities/0",
                "/tool_permissions"
            ]
        );
    }
}
