//! Agents on the wire.
//!
//! Owns: nothing. Calls: nothing. Called by: workload, server, cli. After a crash: nothing is left.

use crate::{AgentId, WorkspaceId, id::TaskId, tier::words};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

words! {
    /// What an agent is doing.
    AgentStatus {
        /// Waits for work.
        Idle = "idle",
        /// Works on `current_task_id`.
        Working = "working",
        /// Cannot go on without help.
        Blocked = "blocked",
        /// Not reachable.
        Offline = "offline",
    } "idle, working, blocked, offline"
}

/// An agent of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// `agt_…`
    pub id: AgentId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// Unique in the workspace.
    pub name: String,
    /// What it is for: `support`, `researcher`.
    pub role: String,
    /// Its standing instructions.
    pub personality_prompt: Option<String>,
    /// What it is doing.
    pub status: AgentStatus,
    /// The task it works on.
    pub current_task_id: Option<TaskId>,
    /// What it can do, as free words.
    pub capabilities: Vec<String>,
    /// Which tools it may use, by name.
    #[schema(value_type = Object)]
    pub tool_permissions: Map<String, Value>,
    /// Counts up with every change; also the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Asks for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAgent {
    /// Unique in the workspace; 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub role: String,
    /// At most 20,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20_000)]
    pub personality_prompt: Option<String>,
    /// At most 50 words of at most 100 characters.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub capabilities: Vec<String>,
    /// At most 100 entries.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub tool_permissions: Map<String, Value>,
}

/// Changes an agent; absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAgent {
    /// Unique in the workspace; 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// 1 to 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub role: Option<String>,
    /// At most 20,000 characters; `null` removes it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "crate::present")]
    #[schema(value_type = Option<String>, max_length = 20_000)]
    pub personality_prompt: Option<Option<String>>,
    /// What it is doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// At most 50 words of at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 50)]
    pub capabilities: Option<Vec<String>>,
    /// At most 100 entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub tool_permissions: Option<Map<String, Value>>,
}
