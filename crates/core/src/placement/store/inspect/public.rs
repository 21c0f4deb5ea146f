//! The tables of `public`, compared with the rules that set-up applies.
//!
//! Owns: nothing. Calls: pg, access (the rules). Called by: inspect.
//! Invariants: a right or a policy that no rule gives is found, and one that a rule gives and is gone (`each_break_is_named`); the rules are read from
//! the list that set-up writes, never from a second one. After a crash: nothing is left.

use super::{EXAMPLES, Found};
use crate::{
    Result,
    placement::store::access::{OWN_MEMBERS, RULES, Rule},
};
use std::collections::BTreeSet;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row, roles::Installation};

/// A table as PostgreSQL has it.
struct Table {
    name: String,
    guarded: bool,
    /// What the control login may do, such as `SELECT` or `UPDATE (access_version)`.
    control: Vec<String>,
    /// The same of the platform's login.
    platform: Vec<String>,
    /// Who else may do anything, the owner apart.
    others: Vec<String>,
    /// Its policies, each as one line.
    policies: Vec<String>,
}

impl FromRow for Table {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            name: row.get("name")?,
            guarded: row.get("guarded")?,
            control: row.get("control")?,
            platform: row.get("platform")?,
            others: row.get("others")?,
            policies: row.get("policies")?,
        })
    }
}

/// Compares every table.
pub(super) async fn look(tx: &ControlTx, installation: &Installation) -> Result<Found> {
    let (platform, control) = (installation.platform(), installation.control());
    let tables: Vec<Table> = tx.all(TABLES, &[&control, &platform]).await?;
    let mut found = Found { check: "control_plane".to_owned(), examined: 0, broken: 0, examples: Vec::new() };
    for table in &tables {
        found.examined += 1;
        let wrong =
            wrong_with(table, RULES.iter().find(|rule| rule.table == table.name), &platform, &control);
        if !wrong.is_empty() {
            found.broken += 1;
            found.examples.push(format!("public.{}: {}", table.name, wrong.join(", ")));
        }
    }
    for rule in RULES.iter().filter(|rule| !tables.iter().any(|table| table.name == rule.table)) {
        found.examined += 1;
        found.broken += 1;
        found.examples.push(format!("public.{}: the table is missing", rule.table));
    }
    found.examples.truncate(EXAMPLES);
    Ok(found)
}

fn wrong_with(table: &Table, rule: Option<&Rule>, platform: &str, control: &str) -> Vec<String> {
    let mut wrong: Vec<String> = table.others.iter().map(|other| format!("open to {other}")).collect();
    let (all, own) = rule.map_or(("", ""), |rule| (rule.platform, rule.control));
    for (login, has, may) in [(platform, &table.platform, all), (control, &table.control, own)] {
        let (has, may) = (has.iter().map(String::as_str).collect::<BTreeSet<_>>(), rights(may));
        wrong.extend(has.difference(&may).map(|right| format!("{login} may {right}")));
        wrong.extend(may.difference(&has).map(|right| format!("{login} lacks {right}")));
    }
    let wanted = rule.map_or_else(Vec::new, |rule| policies(rule, platform, control));
    if !wanted.is_empty() && !table.guarded {
        wrong.push("row-level security is off".to_owned());
    }
    for policy in table.policies.iter().filter(|policy| !wanted.contains(policy)) {
        wrong.push(format!("a policy that no rule gives: {policy}"));
    }
    for policy in wanted.iter().filter(|policy| !table.policies.contains(policy)) {
        wrong.push(format!("without its policy: {policy}"));
    }
    wrong
}

/// `SELECT, UPDATE (a, b)` as its parts.
fn rights(text: &str) -> BTreeSet<&str> {
    let mut depth = 0_u8;
    text.split(|c| {
        depth = match c {
            '(' => depth + 1,
            ')' => depth - 1,
            _ => depth,
        };
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|right| !right.is_empty())
    .collect()
}

/// As [`TABLES`] writes them.
fn policies(rule: &Rule, platform: &str, control: &str) -> Vec<String> {
    let own = match rule.tenant {
        "" => return Vec::new(),
        OWN_MEMBERS => "(id IN ( SELECT memberships.user_id FROM memberships))".to_owned(),
        column => format!(
            "({column} = (NULLIF(current_setting('tenantry.tenant_id'::text, true), ''::text))::uuid)"
        ),
    };
    vec![
        format!("tenantry_control for {control}, all: {own}"),
        format!("tenantry_platform for {platform}, all: true, checks true"),
    ]
}

/// $1 the control login, $2 the platform's. Columns in the order of their names.
const TABLES: &str = "-- inspect::public
WITH relation AS (
    SELECT c.oid, c.relname, c.relrowsecurity, c.relowner, c.relacl FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), granted AS (
    SELECT r.oid, coalesce(g.rolname::text, 'PUBLIC') AS who, a.privilege_type AS what
    FROM relation r CROSS JOIN aclexplode(r.relacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee WHERE a.grantee <> r.relowner
  UNION ALL
    SELECT r.oid, coalesce(g.rolname::text, 'PUBLIC'),
           a.privilege_type || ' (' || string_agg(c.attname, ', ' ORDER BY c.attnum) || ')'
    FROM relation r JOIN pg_attribute c ON c.attrelid = r.oid CROSS JOIN aclexplode(c.attacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
    WHERE a.grantee <> r.relowner GROUP BY r.oid, g.rolname, a.privilege_type
)
SELECT r.relname::text AS name, r.relrowsecurity AS guarded,
       ARRAY(SELECT g.what FROM granted g WHERE g.oid = r.oid AND g.who = $1) AS control,
       ARRAY(SELECT g.what FROM granted g WHERE g.oid = r.oid AND g.who = $2) AS platform,
       ARRAY(SELECT g.who || ', ' || g.what FROM granted g WHERE g.oid = r.oid AND g.who NOT IN ($1, $2) ORDER BY 1) AS others,
       ARRAY(SELECT p.polname || CASE WHEN p.polpermissive THEN '' ELSE ', restrictive,' END || ' for '
                    || (SELECT string_agg(coalesce(g.rolname::text, 'PUBLIC'), ', ' ORDER BY g.rolname)
                        FROM unnest(p.polroles) AS t (oid) LEFT JOIN pg_roles g ON g.oid = t.oid)
                    || CASE p.polcmd WHEN '*' THEN ', all' WHEN 'r' THEN ', select' WHEN 'a' THEN ', insert' WHEN 'w' THEN ', update' ELSE ', delete' END
                    || coalesce(': ' || replace(regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\\s+', ' ', 'g'), 'public.', ''), '')
                    || coalesce(', checks ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
             FROM pg_policy p WHERE p.polrelid = r.oid ORDER BY 1) AS policies
FROM relation r ORDER BY 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_apart() {
        let told = |text| rights(text).into_iter().collect::<Vec<_>>();
        assert_eq!(told(""), Vec::<&str>::new());
        assert_eq!(told("SELECT, UPDATE (a, b), INSERT"), ["INSERT", "SELECT", "UPDATE (a, b)"]);
    }

    #[test]
    fn what_no_rule_gives_is_wrong() {
        let rule =
            Rule { table: "things", platform: "SELECT, INSERT", control: "SELECT", tenant: "tenant_id" };
        let table = |change: fn(&mut Table)| {
            let mut table = Table {
                name: "things".to_owned(),
                guarded: true,
                control: vec!["SELECT".to_owned()],
                platform: vec!["INSERT".to_owned(), "SELECT".to_owned()],
                others: Vec::new(),
                policies: policies(&rule, "p", "c"),
            };
            change(&mut table);
            wrong_with(&table, Some(&rule), "p", "c").join("; ")
        };
        assert_eq!(table(|_| ()), "");
        assert_eq!(table(|table| table.guarded = false), "row-level security is off");
        assert_eq!(table(|table| table.control.push("DELETE".to_owned())), "c may DELETE");
        assert_eq!(table(|table| table.platform.truncate(1)), "p lacks SELECT");
        assert_eq!(table(|table| table.others.push("PUBLIC, SELECT".to_owned())), "open to PUBLIC, SELECT");
        assert!(
            table(|table| drop(table.policies.remove(0)))
                .starts_with("without its policy: tenantry_control for c")
        );
        assert_eq!(
            table(|table| table.policies.push("more for c, all: true".to_owned())),
            "a policy that no rule gives: more for c, all: true"
        );
    }
}
