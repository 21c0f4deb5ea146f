//! The sealed trail as CSV or JSON Lines, in pieces.
//!
//! Owns: nothing. Calls: chain, store. Called by: server.
//! Invariants: what was sealed when an export began is in it, once and in order, and nothing else (`an_export_loses_nothing`); a JSON line has all
//! that its hash is made of (`a_json_export_verifies_by_itself`); no cell begins as a formula does (`cells_are_no_formulas`). After a crash: the client's
//! connection breaks in the middle; nothing is left.

use super::{
    chain::{Sealed, fields},
    filter::{Filter, Found},
    read::Trail,
    store,
};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::{fmt::Write, str::FromStr};
use tenantry_pg::roles::hex;

/// Events in one piece.
const BATCH: i64 = 500;

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// One JSON object per line.
    JsonLines,
}

impl FromStr for Format {
    type Err = &'static str;
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::JsonLines),
            _ => Err("must be csv or jsonl"),
        }
    }
}

impl Format {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// The name that its file should have.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "audit-events.csv",
            Self::JsonLines => "audit-events.jsonl",
        }
    }
}

/// An export that goes on.
pub struct Export {
    trail: Trail,
    found: Found,
    format: Format,
    after: i64,
    top: i64,
    begun: bool,
}

impl Export {
    /// Begins with the oldest event. What is sealed from now on is not part of it: an export ends, however fast the trail grows.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(trail: Trail, filter: Filter, format: Format) -> Result<Self> {
        let (found, top) = trail
            .run("export_audit_events", filter, |tx, filter| {
                Box::pin(async move { Ok::<_, Error>((filter.find(tx).await?, store::top(tx).await?)) })
            })
            .await?;
        Ok(Self { trail, found, format, after: 0, top, begun: false })
    }

    /// The next piece, of whole lines; `None` at the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<String>> {
        let mut text = String::new();
        if !self.begun && self.format == Format::Csv {
            text.push_str(&csv_header());
        }
        let first = !std::mem::replace(&mut self.begun, true);
        let input = (self.found.clone(), self.after, self.top);
        let events = self
            .trail
            .run("export_audit_batch", input, |tx, (found, after, top)| {
                Box::pin(store::batch(tx, found, *after, *top, BATCH))
            })
            .await?;
        match events.last() {
            Some(last) => self.after = last.place.position,
            None if first && !text.is_empty() => return Ok(Some(text)),
            None => return Ok(None),
        }
        for event in &events {
            match self.format {
                Format::Csv => csv_line(&mut text, event),
                Format::JsonLines => json_line(&mut text, event),
            }
        }
        Ok(Some(text))
    }
}

/// Name and text of every column, the hash last. JSON stands in a text, as it was hashed: written as an object, readers would change its numbers.
fn columns(sealed: &Sealed) -> impl Iterator<Item = (&'static str, Option<String>)> {
    let hashed = fields(&sealed.event, &sealed.place, &sealed.prev_hash);
    hashed.into_iter().map(|(name, text)| (column(name), text)).chain([("hash", Some(hex(&sealed.hash)))])
}

fn column(name: &'static str) -> &'static str {
    match name {
        "before" => "before_json",
        "after" => "after_json",
        name => name,
    }
}

fn json_line(text: &mut String, sealed: &Sealed) {
    let number = |name: &str| ["position", "seq", "arrived"].contains(&name);
    let line: Map<String, Value> = columns(sealed)
        .map(|(name, value)| {
            let value = match value {
                Some(digits) if number(name) => digits.parse::<i64>().map_or(Value::Null, Value::from),
                value => Value::from(value),
            };
            (name.to_owned(), value)
        })
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", Value::Object(line));
}

const NAMES: [&str; 20] = [
    "prev_hash",
    "position",
    "chain",
    "seq",
    "sealed_at",
    "arrived",
    "id",
    "occurred_at",
    "tenant_id",
    "workspace_id",
    "actor_kind",
    "actor",
    "action",
    "target_kind",
    "target",
    "request_id",
    "address",
    "before_json",
    "after_json",
    "hash",
];

fn csv_header() -> String {
    format!("{}\r\n", NAMES.join(","))
}

fn csv_line(text: &mut String, sealed: &Sealed) {
    for (place, (_, value)) in columns(sealed).enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(&cell(value.as_deref().unwrap_or_default()));
    }
    text.push_str("\r\n");
}

/// A cell in quotes where it needs them. An apostrophe keeps spreadsheets from running what begins as a formula; white space before it does
/// not hide one.
pub(crate) fn cell(value: &str) -> String {
    let formula =
        value.trim_start().starts_with(['=', '+', '-', '@']) || value.starts_with(['\t', '\r', '\n']);
    let value = if formula { format!("'{value}") } else { value.to_owned() };
    if value.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::{
        BEGINNING, digest,
        tests::{event, place},
    };

    fn sealed() -> Sealed {
        let (event, place) = (event(1), place(1));
        let hash = digest(&event, &place, &BEGINNING).to_vec();
        Sealed { event, place, prev_hash: BEGINNING.to_vec(), hash }
    }

    #[test]
    fn cells_are_no_formulas() {
        for (value, written) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("=\"x\"", "\"'=\"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("", ""),
        ] {
            assert_eq!(cell(value), written);
        }
    }

    #[test]
    fn the_header_names_the_columns() {
        let sealed = sealed();
        assert_eq!(columns(&sealed).map(|(name, _)| name).collect::<Vec<_>>(), NAMES);
        let mut line = String::new();
        csv_line(&mut line, &sealed);
        assert!(line.ends_with(&format!(",\"{{\"\"a\"\": 1}}\",{}\r\n", hex(&sealed.hash))), "{line}");
    }

    #[test]
    fn a_json_line_keeps_texts_as_they_were_hashed() {
        let mut line = String::new();
        json_line(&mut line, &sealed());
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&read["after_json"], &read["before_json"]), (&Value::from("{\"a\": 1}"), &Value::Null));
        assert_eq!((&read["seq"], &read["target"]), (&Value::from(1), &Value::from("é")));
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
    }
}
