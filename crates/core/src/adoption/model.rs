//! What an inspection found, and what makes a schema one that cannot be adopted.
//!
//! Owns: nothing. Calls: pg's versions. Called by: adoption.
//! Invariants: a schema of PostgreSQL's or of ours is refused by its name (`names_that_are_refused`); a version that was undone is not the
//! baseline (`the_top_of_a_history`). After a crash: nothing is left.

use crate::{Error, Fields, Result, placement::Prior};
use std::collections::BTreeSet;
use tenantry_pg::migrate::Version;
use tenantry_types::{ErrorCode, WorkspaceId, adopt::AdoptionReport};

/// A schema that can be adopted, as it was when it was looked at.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// For the operator.
    pub report: AdoptionReport,
    pub(super) oid: i64,
    /// Tables whose `tenant_id` is the template's own.
    pub(super) stamped: BTreeSet<String>,
    pub(super) prior: Prior,
}

/// What taking a schema over did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Tables, views and sequences that are guarded now.
    pub relations: usize,
    /// Workspaces that the rows name: [`super::seed`] makes them.
    pub workspaces: Vec<WorkspaceId>,
}

/// Something that stands in the way, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Obstacle {
    pub(super) what: String,
    pub(super) remedy: String,
}

/// Obstacles that are told at the most.
const TOLD: usize = 50;

/// One answer for everything that stands in the way.
pub(super) fn refuse(schema: &str, obstacles: &[Obstacle]) -> Error {
    let told: Vec<String> = obstacles
        .iter()
        .take(TOLD)
        .map(|obstacle| format!("{} ({})", obstacle.what, obstacle.remedy))
        .collect();
    let more = match obstacles.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Error::refused(
        ErrorCode::Conflict,
        format!("The schema {schema} cannot be adopted as it is: {}{more}.", told.join("; ")),
    )
    .next("Put right what is named, then ask again; with dry_run nothing is changed.")
}

pub(super) fn no_such_schema(schema: &str) -> Error {
    Error::refused(ErrorCode::Invalid, format!("There is no schema {schema} in this database."))
        .next("Name it as PostgreSQL keeps it: without quotes, in the same case.")
}

pub(super) fn changed(schema: &str) -> Error {
    Error::refused(ErrorCode::Conflict, format!("The schema {schema} has changed since it was looked at."))
        .next("Ask again.")
}

/// Refuses what is PostgreSQL's own, and what cannot be a name.
pub(super) fn check_name(schema: &str) -> Result<()> {
    let mut fields = Fields::default();
    if schema.trim().is_empty() {
        fields.wrong("/schema", "required", "must name a schema");
    } else if schema.len() > 63 {
        fields.wrong("/schema", "too_long", "must have at most 63 bytes, as names in PostgreSQL do");
    } else if schema.chars().any(char::is_control) {
        fields.wrong("/schema", "invalid_character", "must not contain control characters");
    } else if schema.starts_with("pg_") || schema == "information_schema" {
        fields.wrong("/schema", "system", "must not be PostgreSQL's own");
    } else if schema == "public" {
        fields.wrong(
            "/schema",
            "system",
            "must not be public, which holds Tenantry's tables: move yours into a schema of their own",
        );
    }
    fields.check()
}

pub(super) fn check_version(text: &str) -> Result<Version> {
    let mut fields = Fields::default();
    let version = Version::parse(text).filter(|_| text.len() <= 50);
    if version.is_none() {
        fields.wrong("/baseline", "invalid", "must be a version such as 3 or 2.1, of at most 50 characters");
    }
    fields.check()?;
    version.ok_or_else(|| Error::Fault("a checked version is none".to_owned()))
}

/// A row of a schema's own history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) script: String,
    pub(super) success: bool,
}

/// The highest version that ran and was not undone; `None` where nothing ran.
pub(super) fn top_version(history: &[Ran]) -> Result<Option<Version>> {
    let mut there = BTreeSet::new();
    for row in history {
        if !row.success {
            return Err(Error::refused(
                ErrorCode::Conflict,
                format!("The schema's flyway_schema_history says that {} failed.", row.script),
            )
            .next("Repair it first: `flyway repair`, or finish the migration."));
        }
        let version: Version = Version::parse(&row.version).ok_or_else(|| {
            Error::refused(
                ErrorCode::Conflict,
                format!("The schema's flyway_schema_history has {:?}, which is no version.", row.version),
            )
        })?;
        if row.kind == "UNDO_SQL" || row.kind == "DELETE" {
            there.remove(&version);
        } else {
            there.insert(version);
        }
    }
    Ok(there.pop_last())
}

/// The version of the schema's tables, and whether its own history says so.
pub(super) fn baseline(
    history: Option<&[Ran]>,
    named: Option<Version>,
    schema: &str,
) -> Result<(String, bool)> {
    let text = |version: Option<Version>| {
        version.map_or_else(|| "0".to_owned(), |version| version.as_str().to_owned())
    };
    let Some(history) = history else { return Ok((text(named), false)) };
    let top = top_version(history)?;
    match named {
        Some(named) if top.as_ref() != Some(&named) => Err(Error::refused(
            ErrorCode::Conflict,
            format!(
                "The schema {schema} has a flyway_schema_history of its own at version {}, not {}.",
                text(top),
                named.as_str()
            ),
        )
        .next("Leave the baseline out: the history is taken as it is.")),
        _ => Ok((text(top), true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_refused() {
        let code = |name: &str| match check_name(name) {
            Err(Error::Refused { errors, .. }) => errors[0].code.clone(),
            Err(other) => other.to_string(),
            Ok(()) => "fine".to_owned(),
        };
        let long = "é".repeat(32);
        for (name, wanted) in [
            ("", "required"),
            (&*long, "too_long"),
            ("a\0b", "invalid_character"),
            ("pg_catalog", "system"),
            ("pg_temp_3", "system"),
            ("information_schema", "system"),
            ("public", "system"),
            ("old_acme", "fine"),
            ("tenant_acme", "fine"),
            ("Old Acmé\"; DROP SCHEMA x", "fine"),
            (&long[..62], "fine"),
        ] {
            assert_eq!(code(name), wanted, "{name}");
        }
    }

    fn ran(version: &str, kind: &str, success: bool) -> Ran {
        Ran {
            version: version.to_owned(),
            kind: kind.to_owned(),
            script: format!("V{version}__x.sql"),
            success,
        }
    }

    #[test]
    fn the_top_of_a_history() {
        let top = |rows: &[Ran]| top_version(rows).map(|top| top.map(|version| version.as_str().to_owned()));
        assert_eq!(top(&[]).unwrap(), None);
        let rows = [
            ran("1", "BASELINE", true),
            ran("10", "SQL", true),
            ran("9", "SQL", true),
            ran("10", "UNDO_SQL", true),
        ];
        assert_eq!(top(&rows[..3]).unwrap().as_deref(), Some("10"), "not the greater text");
        assert_eq!(top(&rows).unwrap().as_deref(), Some("9"));
        assert!(top(&[ran("2", "SQL", false)]).unwrap_err().to_string().contains("V2__x.sql failed"));
    }

    #[test]
    fn a_history_is_its_own_baseline() {
        let version = |text: &str| check_version(text).unwrap();
        let three = [ran("3", "SQL", true)];
        assert_eq!(baseline(None, None, "s").unwrap(), ("0".to_owned(), false));
        assert_eq!(baseline(None, Some(version("2.1")), "s").unwrap(), ("2.1".to_owned(), false));
        assert_eq!(baseline(Some(&three), Some(version("3.0")), "s").unwrap(), ("3".to_owned(), true));
        assert_eq!(baseline(Some(&[]), None, "s").unwrap(), ("0".to_owned(), true));
        let error = baseline(Some(&three), Some(version("4")), "s").unwrap_err().to_string();
        assert!(error.contains("at version 3, not 4"), "{error}");
        assert!(check_version("one").is_err());
    }

    #[test]
    fn obstacles_are_told_together() {
        let obstacle = |number| Obstacle { what: format!("view v{number}"), remedy: "drop it".to_owned() };
        let many: Vec<Obstacle> = (0..TOLD + 2).map(obstacle).collect();
        let told = refuse("s", &many).to_string();
        assert!(told.contains("view v0 (drop it); view v1") && told.ends_with("; and 2 more."), "{told}");
    }
}
