//! What a schema is made of, and in what it differs from the template.
//!
//! Owns: nothing. Calls: store, placement's template. Called by: adoption.
//! Invariants: the template's shape is made and rolled back inside the caller's transaction, so that it is always the one that new tenants
//! get, whether or not a slot is ready (`the_template_differs_from_itself_in_nothing`); differences are told in one order
//! (`differences_are_sentences`). After a crash: rolled back.

use super::store;
use crate::{Result, placement::Template};
use std::collections::{BTreeMap, BTreeSet};
use tenantry_pg::{
    ControlTx,
    migrate::{self, history::HISTORY_TABLE},
};

/// Differences that are told at the most.
const TOLD: usize = 500;

/// A table, view or materialized view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Relation {
    /// `table`, `view` or `materialized view`.
    pub(super) kind: String,
    /// Type, nullability, default; by name.
    pub(super) columns: BTreeMap<String, String>,
    /// Constraints and indexes by what they say, since every tool names them otherwise.
    pub(super) rules: BTreeSet<String>,
}

/// Relations by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape(pub(super) BTreeMap<String, Relation>);

impl Shape {
    /// Tables of this shape whose `tenant_id uuid` the other one has as well.
    pub(super) fn stamped(&self, other: &Self) -> BTreeSet<String> {
        let has = |shape: &Self, name: &str| {
            shape
                .0
                .get(name)
                .and_then(|relation| relation.columns.get("tenant_id"))
                .is_some_and(|column| column.starts_with("uuid"))
        };
        self.0.keys().filter(|name| has(self, name) && has(other, name)).cloned().collect()
    }
}

/// The shape of a schema, without Flyway's history.
pub(super) async fn read(tx: &ControlTx, schema: &str) -> Result<Shape> {
    let mut shape = Shape::default();
    for part in store::shape::read(tx, schema).await? {
        let relation = shape.0.entry(part.relation).or_default();
        match part.what.as_str() {
            "column" => drop(relation.columns.insert(part.name, part.told)),
            "rule" => drop(relation.rules.insert(part.told)),
            kind => kind.clone_into(&mut relation.kind),
        }
    }
    shape.0.remove(HISTORY_TABLE);
    Ok(shape)
}

/// The shape that the template gives. A ready slot would do as well where there is one; made anew and rolled back it costs 40 ms, and is the
/// same whether one is ready or not.
pub(super) async fn of_template(tx: &ControlTx, template: &Template) -> Result<Shape> {
    let schema = format!("tenantry_shape_{}", crate::placement::random_name()?);
    store::shape::begin_scratch(tx, &schema).await?;
    migrate::apply(tx, &schema, &template.tenant, HISTORY_TABLE, true).await?;
    let shape = read(tx, &schema).await?;
    store::shape::end_scratch(tx).await?;
    Ok(shape)
}

/// What the template has otherwise, a sentence each.
pub(super) fn differences(template: &Shape, found: &Shape) -> Vec<String> {
    let mut told = Vec::new();
    let names: BTreeSet<&String> = template.0.keys().chain(found.0.keys()).collect();
    for name in names {
        match (template.0.get(name), found.0.get(name)) {
            (Some(wanted), None) => told.push(format!("{} {name} is missing", wanted.kind)),
            (None, Some(extra)) => told.push(format!("{} {name} is not in the template", extra.kind)),
            (Some(wanted), Some(there)) => compare(name, wanted, there, &mut told),
            (None, None) => {}
        }
    }
    let more = told.len().saturating_sub(TOLD);
    if more > 0 {
        told.truncate(TOLD);
        told.push(format!("and {more} more"));
    }
    told
}

fn compare(name: &str, wanted: &Relation, there: &Relation, told: &mut Vec<String>) {
    if wanted.kind != there.kind {
        told.push(format!("{name} is a {}, in the template a {}", there.kind, wanted.kind));
        return;
    }
    let columns: BTreeSet<&String> = wanted.columns.keys().chain(there.columns.keys()).collect();
    for column in columns {
        match (wanted.columns.get(column), there.columns.get(column)) {
            (Some(wanted), None) => told.push(format!("column {name}.{column} is missing: {wanted}")),
            (None, Some(extra)) => {
                told.push(format!("column {name}.{column} is not in the template: {extra}"));
            }
            (Some(wanted), Some(there)) if wanted != there => {
                told.push(format!("column {name}.{column} is {there}, in the template {wanted}"));
            }
            _ => {}
        }
    }
    told.extend(wanted.rules.difference(&there.rules).map(|rule| format!("{name} lacks {rule}")));
    told.extend(
        there
            .rules
            .difference(&wanted.rules)
            .map(|rule| format!("{name} has, and the template has not, {rule}")),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(kind: &str, columns: &[(&str, &str)], rules: &[&str]) -> Relation {
        Relation {
            kind: kind.to_owned(),
            columns: columns.iter().map(|(name, told)| ((*name).to_owned(), (*told).to_owned())).collect(),
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        }
    }

    fn shape(relations: &[(&str, Relation)]) -> Shape {
        Shape(relations.iter().map(|(name, relation)| ((*name).to_owned(), relation.clone())).collect())
    }

    #[test]
    fn differences_are_sentences() {
        let template = shape(&[
            (
                "agents",
                relation(
                    "table",
                    &[("id", "uuid not null"), ("name", "text"), ("tenant_id", "uuid")],
                    &["UNIQUE (id)"],
                ),
            ),
            ("tasks", relation("table", &[], &[])),
            ("totals", relation("view", &[], &[])),
        ]);
        let found = shape(&[
            (
                "agents",
                relation(
                    "table",
                    &[("id", "integer not null"), ("nick", "text"), ("tenant_id", "uuid not null")],
                    &["index (nick)"],
                ),
            ),
            ("legacy", relation("table", &[("a", "text")], &[])),
            ("totals", relation("table", &[], &[])),
        ]);
        insta::assert_snapshot!(differences(&template, &found).join("\n"), @r"
        column agents.id is integer not null, in the template uuid not null
        column agents.name is missing: text
        column agents.nick is not in the template: text
        column agents.tenant_id is uuid not null, in the template uuid
        agents lacks UNIQUE (id)
        agents has, and the template has not, index (nick)
        table legacy is not in the template
        table tasks is missing
        totals is a table, in the template a view
        ");
        assert_eq!(differences(&found, &found), Vec::<String>::new());
        assert_eq!(template.stamped(&found), ["agents".to_owned()].into());
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let many = Shape(
            (0..TOLD + 3).map(|number| (format!("t{number:04}"), relation("table", &[], &[]))).collect(),
        );
        let told = differences(&Shape::default(), &many);
        assert_eq!((told.len(), told.last().map(String::as_str)), (TOLD + 1, Some("and 3 more")));
    }
}
