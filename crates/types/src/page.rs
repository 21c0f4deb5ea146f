//! Lists: a page of items and the cursor to the next.
//!
//! Owns: nothing. Calls: nothing. Called by: server, cli. After a crash: nothing is left.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Items on a page when the caller does not say.
pub const DEFAULT_LIMIT: u16 = 50;
/// Items on a page at the most.
pub const MAX_LIMIT: u16 = 200;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order that was asked for.
    pub items: Vec<T>,
    /// Pass as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
}
