//! What a schema was before it was adopted, as far as adopting it changes anything; and the statements between then and now.
//!
//! Owns: nothing. Calls: pg's quoting. Called by: store's adopt, adoption (keeps it).
//! Invariants: what is given back is the difference between then and now, so that it can be given back twice, and from whatever state
//! (`a_difference_is_given_back`); names are quoted, never pasted. After a crash: nothing is left.

use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};
use tenantry_pg::{
    self as pg, FromRow, Row,
    sql::{quote_ident, quote_literal},
};

/// A privilege of somebody other than the owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// `schema`, `relation`, `sequence`, `column` or `routine`.
    pub(crate) kind: String,
    /// A relation's name; a routine's with the numbers of its argument types, since their names change with the schema's.
    pub(crate) object: String,
    /// Of a column; empty otherwise.
    pub(crate) column: String,
    /// The role; empty for PUBLIC.
    pub(crate) grantee: String,
    /// `SELECT`, `USAGE`, …
    pub(crate) privilege: String,
    /// With the option to grant it on.
    pub(crate) grantable: bool,
}

impl FromRow for Grant {
    fn from_row(row: &Row) -> Result<Self, pg::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            object: row.get("object")?,
            column: row.get("column")?,
            grantee: row.get("grantee")?,
            privilege: row.get("privilege")?,
            grantable: row.get("grantable")?,
        })
    }
}

impl Grant {
    /// For people: `SELECT on invoices to reporting`.
    pub(crate) fn told(&self) -> String {
        let on = match self.kind.as_str() {
            "schema" => "the schema".to_owned(),
            "column" => format!("{}.{}", self.object, self.column),
            "routine" => {
                format!("function {}", self.object.split_once(' ').map_or(&*self.object, |(name, _)| name))
            }
            _ => self.object.clone(),
        };
        let to = if self.grantee.is_empty() { "everybody" } else { &self.grantee };
        format!("{} on {on} to {to}", self.privilege)
    }
}

/// What adoption changes and an undo puts back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Prior {
    /// Of the schema, its relations, columns and routines.
    pub(crate) grants: BTreeSet<Grant>,
    /// The schema's comment, which the worker replaces by the tenant's slug.
    pub(crate) comment: Option<String>,
    /// Array types, by the name of their element, whose names our own tables need: PostgreSQL moves them aside.
    pub(crate) arrays: BTreeMap<String, String>,
}

/// What can be granted on now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    /// Of each routine, as [`Grant::object`] has it: the name that PostgreSQL takes in a statement.
    pub(crate) routines: BTreeMap<String, String>,
    /// Relations, and columns after a NUL, which is in no name.
    pub(crate) relations: BTreeSet<String>,
    /// Roles.
    pub(crate) roles: BTreeSet<String>,
}

impl Targets {
    fn has(&self, grant: &Grant) -> bool {
        let object = match grant.kind.as_str() {
            "schema" => true,
            "routine" => self.routines.contains_key(&grant.object),
            "column" => self.relations.contains(&format!("{}\0{}", grant.object, grant.column)),
            _ => self.relations.contains(&grant.object),
        };
        object && (grant.grantee.is_empty() || self.roles.contains(&grant.grantee))
    }
}

/// The statements that take `now` to `then` in `schema`. What names a role or an object that is gone is left out.
pub(crate) fn between(
    schema: &str,
    targets: &Targets,
    now: &BTreeSet<Grant>,
    then: &BTreeSet<Grant>,
) -> String {
    let mut sql = String::new();
    for grant in now.difference(then).filter(|grant| targets.has(grant)) {
        let _ = writeln!(sql, "REVOKE {} FROM {};", on(schema, targets, grant), whom(grant));
    }
    for grant in then.difference(now).filter(|grant| targets.has(grant)) {
        let option = if grant.grantable { " WITH GRANT OPTION" } else { "" };
        let _ = writeln!(sql, "GRANT {} TO {}{option};", on(schema, targets, grant), whom(grant));
    }
    sql
}

fn on(schema: &str, targets: &Targets, grant: &Grant) -> String {
    let name = format!("{}.{}", quote_ident(schema), quote_ident(&grant.object));
    let privilege = &grant.privilege;
    match grant.kind.as_str() {
        "schema" => format!("{privilege} ON SCHEMA {}", quote_ident(schema)),
        "sequence" => format!("{privilege} ON SEQUENCE {name}"),
        "column" => format!("{privilege} ({}) ON TABLE {name}", quote_ident(&grant.column)),
        // PostgreSQL wrote the name, quoted and with its arguments.
        "routine" => format!(
            "{privilege} ON ROUTINE {}",
            targets.routines.get(&grant.object).map_or("", String::as_str)
        ),
        _ => format!("{privilege} ON TABLE {name}"),
    }
}

fn whom(grant: &Grant) -> String {
    if grant.grantee.is_empty() { "PUBLIC".to_owned() } else { quote_ident(&grant.grantee) }
}

/// The schema's comment as it was.
pub(crate) fn comment(schema: &str, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "NULL".to_owned(), quote_literal);
    format!("COMMENT ON SCHEMA {} IS {text};\n", quote_ident(schema))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(kind: &str, object: &str, grantee: &str, privilege: &str) -> Grant {
        Grant {
            kind: kind.to_owned(),
            object: object.to_owned(),
            column: if kind == "column" { "a\"b".to_owned() } else { String::new() },
            grantee: grantee.to_owned(),
            privilege: privilege.to_owned(),
            grantable: privilege == "USAGE",
        }
    }

    fn targets() -> Targets {
        Targets {
            routines: [("f 23".to_owned(), "s.f(integer)".to_owned())].into(),
            relations: ["t", "t\0a\"b"].map(str::to_owned).into(),
            roles: ["us".to_owned(), "them".to_owned()].into(),
        }
    }

    #[test]
    fn a_difference_is_given_back() {
        let then: BTreeSet<Grant> = [
            grant("schema", "", "", "USAGE"),
            grant("column", "t", "them", "SELECT"),
            grant("routine", "f 23", "", "EXECUTE"),
            grant("relation", "gone", "them", "SELECT"),
            grant("relation", "t", "gone", "SELECT"),
        ]
        .into();
        let now: BTreeSet<Grant> =
            [grant("relation", "t", "us", "SELECT"), grant("schema", "", "", "USAGE")].into();
        insta::assert_snapshot!(between("s", &targets(), &now, &then), @r#"
        REVOKE SELECT ON TABLE "s"."t" FROM "us";
        GRANT SELECT ("a""b") ON TABLE "s"."t" TO "them";
        GRANT EXECUTE ON ROUTINE s.f(integer) TO PUBLIC;
        "#);
        assert_eq!(between("s", &targets(), &then, &then), "", "a second time there is nothing to do");
        let taken = between("s", &targets(), &then, &BTreeSet::new());
        assert!(
            taken.lines().all(|line| line.starts_with("REVOKE ")) && taken.lines().count() == 3,
            "{taken}"
        );
    }

    #[test]
    fn a_grant_is_told_in_words() {
        assert_eq!(grant("routine", "f 23", "", "EXECUTE").told(), "EXECUTE on function f to everybody");
        assert_eq!(grant("column", "t", "them", "SELECT").told(), "SELECT on t.a\"b to them");
    }
}
