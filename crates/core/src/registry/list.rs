//! The list of tenants: filter, sort, cursor.
//!
//! Owns: nothing (reads tenants, `tenant_samples`). Calls: store. Called by: registry, its export.
//! Invariants: a page begins right after the last row of the one before, whatever was inserted in between (`pages_neither_skip_nor_repeat`);
//! each sort has a statement of its own and, but for what is sampled, an index. After a crash: nothing is left.

use super::TenantRecord;
use super::store::select_tenant_with;
use crate::{Fields, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use tenantry_pg::{self as pg, ControlTx, FromRow, Pool, Row};
use tenantry_types::{
    Slug, Tier,
    page::{DEFAULT_LIMIT, MAX_LIMIT, Page},
    tenant::{Tenant, TenantStatus},
};
use uuid::Uuid;

/// What a caller may ask of the list; every field as text, as it comes.
#[derive(Debug, Clone, Default)]
pub struct ListTenants {
    /// A status.
    pub status: Option<String>,
    /// A tier.
    pub plan_tier: Option<String>,
    /// A part of slug, name or admin e-mail, in any case.
    pub q: Option<String>,
    /// `created_at`, `slug`, `name`, `schema_bytes`, `last_activity_at`; with `-` in front descending.
    pub sort: Option<String>,
    /// Items on the page.
    pub limit: Option<u16>,
    /// From the page before.
    pub cursor: Option<String>,
}

/// An order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    /// Oldest first.
    #[serde(rename = "created_at")]
    Created,
    /// Newest first.
    #[serde(rename = "-created_at")]
    CreatedDesc,
    /// By slug.
    #[serde(rename = "slug")]
    Slug,
    /// By slug, backwards.
    #[serde(rename = "-slug")]
    SlugDesc,
    /// By name.
    #[serde(rename = "name")]
    Name,
    /// By name, backwards.
    #[serde(rename = "-name")]
    NameDesc,
    /// The lightest first.
    #[serde(rename = "schema_bytes")]
    Bytes,
    /// The heaviest first.
    #[serde(rename = "-schema_bytes")]
    BytesDesc,
    /// The longest without a sign of life first.
    #[serde(rename = "last_activity_at")]
    Activity,
    /// The last that something happened in first.
    #[serde(rename = "-last_activity_at")]
    ActivityDesc,
}

/// Where the page before ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    sort: Sort,
    key: String,
    id: Uuid,
}

/// A row of the list: the tenant, and what was last seen of it.
pub(super) struct Shown {
    record: TenantRecord,
    schema_bytes: Option<i64>,
    last_activity_at: Option<DateTime<Utc>>,
    sampled_at: Option<DateTime<Utc>>,
}

impl FromRow for Shown {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            record: TenantRecord::from_row(row)?,
            schema_bytes: row.get("schema_bytes")?,
            last_activity_at: row.get("last_activity_at")?,
            sampled_at: row.get("sampled_at")?,
        })
    }
}

impl Shown {
    pub(super) fn to_wire(&self, public_url: &str) -> Tenant {
        Tenant {
            schema_bytes: self.schema_bytes,
            last_activity_at: self.last_activity_at,
            sampled_at: self.sampled_at,
            ..self.record.to_wire(public_url)
        }
    }
}

struct Query {
    status: Option<String>,
    tier: Option<String>,
    pattern: Option<String>,
    sort: Sort,
    limit: i64,
    after: Option<Cursor>,
}

pub(super) async fn list(platform: &Pool, public_url: &str, query: ListTenants) -> Result<Page<Tenant>> {
    let query = parse(&query)?;
    let (sort, limit) = (query.sort, query.limit);
    let mut rows = platform.run("list_tenants", query, |tx, query| Box::pin(page(tx, query))).await?;
    // One more row than asked for tells whether there is a next page.
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = rows.last().filter(|_| more).map(|last| encode(&cursor_after(sort, last)));
    Ok(Page { items: rows.iter().map(|row| row.to_wire(public_url)).collect(), next_cursor })
}

/// Refuses what [`list`] would refuse.
pub(super) fn check(query: &ListTenants) -> Result<()> {
    parse(query).map(drop)
}

fn parse(query: &ListTenants) -> Result<Query> {
    let mut fields = Fields::default();
    let status =
        query.status.as_deref().and_then(|text| fields.parsed("status", text.parse::<TenantStatus>()));
    let tier = query.plan_tier.as_deref().and_then(|text| fields.parsed("plan_tier", text.parse::<Tier>()));
    let sort = match query.sort.as_deref().unwrap_or("-created_at") {
        "created_at" => Sort::Created,
        "-created_at" => Sort::CreatedDesc,
        "slug" => Sort::Slug,
        "-slug" => Sort::SlugDesc,
        "name" => Sort::Name,
        "-name" => Sort::NameDesc,
        "schema_bytes" => Sort::Bytes,
        "-schema_bytes" => Sort::BytesDesc,
        "last_activity_at" => Sort::Activity,
        "-last_activity_at" => Sort::ActivityDesc,
        _ => {
            fields.wrong(
                "sort",
                "invalid",
                "must be created_at, slug, name, schema_bytes or last_activity_at, with - in front for descending",
            );
            Sort::Created
        }
    };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        fields.wrong("limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}"));
    }
    let after = query.cursor.as_deref().and_then(|text| {
        let cursor = decode(text).filter(|cursor| cursor.sort == sort);
        if cursor.is_none() {
            fields.wrong("cursor", "invalid", "must be the next_cursor of a page with the same sort");
        }
        cursor
    });
    let pattern = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(|q| {
        if q.chars().count() > 100 {
            fields.wrong("q", "too_long", "must have at most 100 characters");
        }
        if q.contains('\0') {
            fields.wrong("q", "invalid_character", "must not contain U+0000");
        }
        format!("%{}%", q.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
    });
    fields.check()?;
    let word = |known: &'static str| known.to_owned();
    Ok(Query {
        status: status.map(TenantStatus::as_str).map(word),
        tier: tier.map(Tier::as_str).map(word),
        pattern,
        sort,
        limit: i64::from(limit),
        after,
    })
}

fn cursor_after(sort: Sort, shown: &Shown) -> Cursor {
    let last = &shown.record;
    let key = match sort {
        Sort::Created | Sort::CreatedDesc => last.created_at.to_rfc3339(),
        Sort::Slug | Sort::SlugDesc => last.slug.to_string(),
        Sort::Name | Sort::NameDesc => last.name.clone(),
        // Whoever was not seen yet counts as the statement has it.
        Sort::Bytes | Sort::BytesDesc => shown.schema_bytes.unwrap_or(0).to_string(),
        Sort::Activity | Sort::ActivityDesc => shown.last_activity_at.unwrap_or_default().to_rfc3339(),
    };
    Cursor { sort, key, id: last.id.0 }
}

fn encode(cursor: &Cursor) -> String {
    // Serialising two strings and an id cannot fail.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn decode(text: &str) -> Option<Cursor> {
    let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let timed =
        matches!(cursor.sort, Sort::Created | Sort::CreatedDesc | Sort::Activity | Sort::ActivityDesc);
    if matches!(cursor.sort, Sort::Bytes | Sort::BytesDesc) {
        return cursor.key.parse::<i64>().is_ok().then_some(cursor);
    }
    // A year that PostgreSQL reads otherwise than we do, or U+0000, is no key of a row.
    let usable = match cursor.key.parse::<DateTime<Utc>>() {
        Ok(time) if timed => (1..=9999).contains(&time.year()),
        Err(_) if timed => false,
        _ => !cursor.key.contains('\0'),
    };
    usable.then_some(cursor)
}

/// One statement per sort: key, its type, comparison, direction.
macro_rules! page_by {
    ($key:literal, $type:literal, $after:literal, $direction:literal) => {
        select_tenant_with!(
            "page",
            ", s.schema_bytes, s.last_activity_at, s.sampled_at",
            concat!(
                "LEFT JOIN tenant_samples s ON s.tenant_id = t.id
                 WHERE ($1 IS NULL OR t.status = $1) AND ($2 IS NULL OR t.plan_tier = $2)
                   AND ($3 IS NULL OR t.slug ILIKE $3 OR t.name ILIKE $3 OR t.admin_email ILIKE $3)
                   AND ($4 IS NULL OR (",
                $key,
                ", t.id) ",
                $after,
                " ($4::",
                $type,
                ", $5))
                 ORDER BY ",
                $key,
                " ",
                $direction,
                ", t.id ",
                $direction,
                " LIMIT $6"
            )
        )
    };
}

/// A tenant by its slug, with what was last seen of it.
pub(super) async fn by_slug(tx: &ControlTx, slug: &str) -> Result<Option<Shown>> {
    if Slug::stored(slug).is_none() {
        return Ok(None);
    }
    Ok(tx
        .optional(
            select_tenant_with!(
                "show",
                ", s.schema_bytes, s.last_activity_at, s.sampled_at",
                "LEFT JOIN tenant_samples s ON s.tenant_id = t.id WHERE t.slug = $1"
            ),
            &[&slug],
        )
        .await?)
}

async fn page(tx: &ControlTx, query: &Query) -> Result<Vec<Shown>> {
    let sql = match query.sort {
        Sort::Created => page_by!("t.created_at", "timestamptz", ">", "ASC"),
        Sort::CreatedDesc => page_by!("t.created_at", "timestamptz", "<", "DESC"),
        Sort::Slug => page_by!("t.slug", "text", ">", "ASC"),
        Sort::SlugDesc => page_by!("t.slug", "text", "<", "DESC"),
        Sort::Name => page_by!("t.name", "text", ">", "ASC"),
        Sort::NameDesc => page_by!("t.name", "text", "<", "DESC"),
        Sort::Bytes => page_by!("coalesce(s.schema_bytes, 0)", "bigint", ">", "ASC"),
        Sort::BytesDesc => page_by!("coalesce(s.schema_bytes, 0)", "bigint", "<", "DESC"),
        Sort::Activity => {
            page_by!("coalesce(s.last_activity_at, to_timestamp(0))", "timestamptz", ">", "ASC")
        }
        Sort::ActivityDesc => {
            page_by!("coalesce(s.last_activity_at, to_timestamp(0))", "timestamptz", "<", "DESC")
        }
    };
    let (key, id) = query.after.as_ref().map(|cursor| (cursor.key.clone(), cursor.id)).unzip();
    Ok(tx.all(sql, &[&query.status, &query.tier, &query.pattern, &key, &id, &(query.limit + 1)]).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_round_trip(key in "\\PC{0,60}", id: u128) {
            let cursor = Cursor { sort: Sort::Name, key, id: Uuid::from_u128(id) };
            prop_assert_eq!(decode(&encode(&cursor)), Some(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_or_refused(text in "\\PC{0,200}") {
            let _ = decode(&text);
        }
    }

    #[test]
    fn a_cursor_of_another_sort_is_refused() {
        let cursor = encode(&Cursor { sort: Sort::Slug, key: "acme".to_owned(), id: Uuid::nil() });
        let query =
            ListTenants { cursor: Some(cursor), sort: Some("name".to_owned()), ..ListTenants::default() };
        assert!(parse(&query).is_err());
        let forged = encode(&Cursor { sort: Sort::Created, key: "yesterday".to_owned(), id: Uuid::nil() });
        assert!(decode(&forged).is_none(), "a time that is none would be PostgreSQL's error instead of ours");
    }
}
