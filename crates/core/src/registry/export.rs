//! The list of tenants as CSV, in pieces.
//!
//! Owns: nothing. Calls: list, audit (how a cell is written). Called by: server.
//! Invariants: a tenant that is there from the beginning to the end is in it once, whatever is made meanwhile (`the_list_is_exported_whole`).
//! After a crash: the client's connection breaks in the middle; nothing is left.

use super::list::{self, ListTenants};
use crate::{Result, audit::csv_cell};
use chrono::{DateTime, Utc};
use tenantry_pg::Pool;
use tenantry_types::{page::MAX_LIMIT, tenant::Tenant};

const NAMES: [&str; 12] = [
    "slug",
    "name",
    "status",
    "plan_tier",
    "schema_name",
    "schema_bytes",
    "last_activity_at",
    "admin_email",
    "created_at",
    "updated_at",
    "deleted_at",
    "id",
];

/// An export that goes on.
pub struct TenantExport {
    platform: Pool,
    query: ListTenants,
    begun: bool,
    ended: bool,
}

impl TenantExport {
    /// Of the list with this filter and order; its limit and cursor count for nothing.
    ///
    /// # Errors
    /// 422 for a filter or sort that cannot be.
    pub fn begin(platform: &Pool, query: ListTenants) -> Result<Self> {
        let query = ListTenants { limit: Some(MAX_LIMIT), cursor: None, ..query };
        list::check(&query)?;
        Ok(Self { platform: platform.clone(), query, begun: false, ended: false })
    }

    /// The next piece, of whole lines; `None` at the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if self.ended {
            return Ok(None);
        }
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            text.push_str(&NAMES.join(","));
            text.push_str("\r\n");
        }
        let page = list::list(&self.platform, "", self.query.clone()).await?;
        page.items.iter().for_each(|tenant| line(&mut text, tenant));
        self.query.cursor = page.next_cursor;
        self.ended = self.query.cursor.is_none();
        Ok(Some(text))
    }
}

fn line(text: &mut String, tenant: &Tenant) {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let maybe = |at: Option<DateTime<Utc>>| at.map(time).unwrap_or_default();
    let cells = [
        tenant.slug.to_string(),
        tenant.name.clone(),
        tenant.status.to_string(),
        tenant.plan_tier.to_string(),
        tenant.schema_name.clone(),
        tenant.schema_bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        maybe(tenant.last_activity_at),
        tenant.admin_email.clone(),
        time(tenant.created_at),
        time(tenant.updated_at),
        maybe(tenant.deleted_at),
        tenant.id.to_string(),
    ];
    text.push_str(&cells.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}
