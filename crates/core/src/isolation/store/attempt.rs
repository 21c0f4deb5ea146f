//! The statements of the proof, made of names of the catalogue, and what must come of each.
//!
//! Owns: nothing (reads tenants, users, memberships and whatever a tenant has). Calls: pg's quoting. Called by: isolation's live part.
//! Invariants: no statement changes a row that it should not reach, even where it succeeds: it asks for one row, for none, or is undone; only SQLSTATE 42501 counts as refused
//! (`only_42501_is_a_refusal`), and whoever found a lock on what is its own has shown nothing (`a_lock_shows_nothing`); an attempt is made on what a tenant has, so a new table is tried without being listed anywhere; where statements are
//! sampled, nothing is left out for good (`turns_add_up_to_the_whole`). After a crash: nothing is left.

use super::Relation;
use tenantry_pg::{
    Outcome,
    sql::{quote_ident, quote_literal},
};
use tenantry_types::{Slug, TenantId, UserId, WorkspaceId};

/// What must come of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::isolation) enum Must {
    /// PostgreSQL refuses it, with 42501.
    Refuse,
    /// PostgreSQL does it: the control of an attempt that must be refused.
    Do,
    /// It is done, to one row at least.
    Find,
    /// It is done, to no row at all.
    FindNothing,
    /// Either of the two.
    RefuseOrFindNothing,
}

/// What came of an attempt, beside what must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::isolation) enum Verdict {
    /// It is as it must be.
    Holds,
    /// It is not, and how.
    Open(String),
    /// It waited for a lock that somebody else has, and so shows nothing.
    Busy(String),
}

/// The check of what must be done, since a refusal would else show nothing.
pub(in crate::isolation) const CONTROLS: &str = "controls";

/// Another holds a lock, was chosen before it, or ended the statement: `lock_not_available`, `deadlock_detected`, `query_canceled`. The last is COPY's: any other statement
/// that is cancelled ends the whole block that it was tried in.
const BUSY: &[&str] = &["55P03", "40P01", "57014"];

/// One statement.
#[derive(Debug, Clone)]
pub(in crate::isolation) struct Attempt {
    pub(in crate::isolation) check: &'static str,
    pub(in crate::isolation) sql: String,
    pub(in crate::isolation) must: Must,
}

impl Attempt {
    fn new(check: &'static str, must: Must, sql: String) -> Self {
        Self { check, sql, must }
    }

    /// What must come of it, beside what came. Before PostgreSQL waits for a lock it asks for the right to enter the schema: whoever waits at a foreign one is
    /// in there already.
    pub(in crate::isolation) fn judge(&self, outcome: &Outcome) -> Verdict {
        let refused = matches!(outcome, Outcome::Refused { sql_state, .. } if sql_state == "42501");
        let nothing = *outcome == Outcome::Done(0);
        let holds = match self.must {
            Must::Refuse => refused,
            Must::Do => matches!(outcome, Outcome::Done(_)),
            Must::Find => matches!(outcome, Outcome::Done(1..)),
            Must::FindNothing => nothing,
            Must::RefuseOrFindNothing => refused || nothing,
        };
        match outcome {
            _ if holds => Verdict::Holds,
            Outcome::Done(rows) if self.must == Must::Find => {
                Verdict::Open(format!("{rows} rows found: {}", self.sql))
            }
            Outcome::Done(rows) => Verdict::Open(format!("not refused, {rows} rows: {}", self.sql)),
            Outcome::Refused { sql_state, message } => {
                let told = format!("{sql_state}, {message}: {}", self.sql);
                let at_home = matches!(self.check, CONTROLS | "foreign_workspaces" | "control_plane_rows");
                if at_home && BUSY.contains(&sql_state.as_str()) {
                    Verdict::Busy(told)
                } else {
                    Verdict::Open(told)
                }
            }
        }
    }
}

fn named(relation: &Relation) -> String {
    format!("{}.{}", quote_ident(&relation.schema), quote_ident(&relation.name))
}

/// The column that statements name, and its type, where the relation has one that may be written.
fn column(relation: &Relation) -> Option<(String, &str)> {
    relation
        .column
        .as_deref()
        .zip(relation.column_type.as_deref())
        .map(|(name, kind)| (quote_ident(name), kind))
}

/// Which attempts a tenant makes of those that are possible. Where pairs of tenants are sampled, so are the statements, on its own tables as on others': reading is always tried, of the
/// rest each tenant tries another part, and all of them together everything many times over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::isolation) enum Share {
    /// All of them.
    Whole,
    /// Those whose turn it is.
    Turn(usize),
}

impl Share {
    /// Turns until everything was tried once.
    const TURNS: usize = 5;

    /// Whether the attempt at `index` is among them.
    pub(in crate::isolation) fn has(self, index: usize) -> bool {
        match self {
            Self::Whole => true,
            Self::Turn(turn) => (index + turn).is_multiple_of(Self::TURNS),
        }
    }

    /// Of the attempts on one table the first, which reads, and of the others those whose turn it is.
    fn of<T>(self, attempts: Vec<T>) -> impl Iterator<Item = T> {
        let shared = move |(index, _): &(usize, T)| *index == 0 || self.has(*index);
        attempts.into_iter().enumerate().filter(shared).map(|(_, attempt)| attempt)
    }
}

/// Another tenant's table, view or sequence.
pub(in crate::isolation) fn foreign(relation: &Relation, share: Share) -> Vec<Attempt> {
    let name = named(relation);
    if relation.kind == "S" {
        let sql =
            [format!("SELECT nextval({})", quote_literal(&name)), format!("SELECT last_value FROM {name}")];
        return sql.into_iter().map(|sql| Attempt::new("foreign_sequences", Must::Refuse, sql)).collect();
    }
    let mut sql = vec![
        format!("SELECT 1 FROM {name} LIMIT 1"),
        format!("INSERT INTO {name} DEFAULT VALUES"),
        format!("DELETE FROM {name} WHERE false"),
        format!("TRUNCATE {name}"),
        format!("COPY (SELECT 1 FROM {name} LIMIT 1) TO STDOUT"),
    ];
    sql.extend(
        column(relation)
            .map(|(column, kind)| format!("UPDATE {name} SET {column} = NULL::{kind} WHERE false")),
    );
    share.of(sql).map(|sql| Attempt::new("foreign_tables", Must::Refuse, sql)).collect()
}

/// Another tenant's schema.
pub(in crate::isolation) fn foreign_schema(schema: &str) -> Attempt {
    Attempt::new("foreign_schemas", Must::Refuse, format!("CREATE TABLE {}.intruder ()", quote_ident(schema)))
}

/// The controls of [`foreign`]: the same statements on the tenant's own, as far as it has the right.
pub(in crate::isolation) fn own(relation: &Relation, share: Share) -> Vec<Attempt> {
    let name = named(relation);
    let may = |right: &str| relation.rights.iter().any(|has| has == right);
    if relation.kind == "S" {
        // The real one would use up a number, which no ROLLBACK gives back.
        return Vec::new();
    }
    let mut sql = Vec::new();
    if may("SELECT") {
        sql.push(format!("SELECT 1 FROM {name} LIMIT 1"));
        sql.push(format!("COPY (SELECT 1 FROM {name} LIMIT 1) TO STDOUT"));
    }
    if may("DELETE") {
        sql.push(format!("DELETE FROM {name} WHERE false"));
    }
    if let Some((column, kind)) = column(relation) {
        if may("INSERT") {
            sql.push(format!("INSERT INTO {name} ({column}) SELECT NULL::{kind} WHERE false"));
        }
        if may("UPDATE") {
            sql.push(format!("UPDATE {name} SET {column} = NULL::{kind} WHERE false"));
        }
    }
    share.of(sql).map(|sql| Attempt::new(CONTROLS, Must::Do, sql)).collect()
}

/// A tenant that may use nothing of its own: what is refused to it shows nothing.
pub(in crate::isolation) fn without_control(tenant: &Slug) -> (&'static str, Verdict) {
    let fault = format!("as {tenant}: it may use none of its own tables, so that a refusal shows nothing");
    (CONTROLS, Verdict::Open(fault))
}

/// Rows of the workspace `owner`, tried from another workspace of the same tenant.
pub(in crate::isolation) fn other_workspace(
    relation: &Relation,
    owner: WorkspaceId,
    share: Share,
) -> Vec<Attempt> {
    if !relation.has_workspace || relation.rights.is_empty() {
        return Vec::new();
    }
    let (name, owner) = (named(relation), owner.0);
    let may = |right: &str| relation.rights.iter().any(|has| has == right);
    let one = format!("ctid = ANY (ARRAY(SELECT ctid FROM {name} WHERE workspace_id = '{owner}' LIMIT 1))");
    let mut attempts = Vec::new();
    let mut add = |must, sql| attempts.push(Attempt::new("foreign_workspaces", must, sql));
    if may("SELECT") {
        add(Must::FindNothing, format!("SELECT 1 FROM {name} WHERE workspace_id = '{owner}' LIMIT 1"));
        if may("UPDATE") {
            add(Must::FindNothing, format!("UPDATE {name} SET workspace_id = workspace_id WHERE {one}"));
        }
        if may("DELETE") {
            add(Must::FindNothing, format!("DELETE FROM {name} WHERE {one}"));
        }
    }
    if may("INSERT") {
        add(Must::Refuse, format!("INSERT INTO {name} (workspace_id) VALUES ('{owner}')"));
    }
    if may("SELECT") && may("UPDATE") {
        // Where this workspace has a row of its own, it must not be moved; where it has none, there is nothing to move.
        add(
            Must::RefuseOrFindNothing,
            format!(
                "UPDATE {name} SET workspace_id = '{owner}' WHERE ctid = ANY (ARRAY(SELECT ctid FROM {name} LIMIT 1))"
            ),
        );
    }
    share.of(attempts).collect()
}

/// Another tenant's rows in a table of `public` that the login of tenants' requests may use; `column` is the one that confines it.
pub(in crate::isolation) fn foreign_rows(table: &str, column: &str, of: TenantId) -> Vec<Attempt> {
    let of = of.0;
    let name = format!("public.{}", quote_ident(table));
    let one = format!("{column} = '{of}'");
    [
        (Must::RefuseOrFindNothing, format!("SELECT 1 FROM {name} WHERE {one} LIMIT 1")),
        (Must::RefuseOrFindNothing, format!("UPDATE {name} SET {column} = {column} WHERE {one}")),
        (Must::RefuseOrFindNothing, format!("DELETE FROM {name} WHERE {one}")),
        (Must::Refuse, format!("INSERT INTO {name} ({column}) VALUES ('{of}')")),
        (Must::Refuse, format!("TRUNCATE {name}")),
    ]
    .into_iter()
    .map(|(must, sql)| Attempt::new("control_plane_rows", must, sql))
    .collect()
}

/// Somebody who is a member of another tenant, unless they have joined this one meanwhile.
pub(in crate::isolation) fn foreign_member(user: UserId) -> Attempt {
    let sql = format!(
        "SELECT 1 FROM public.users WHERE id = '{0}' AND NOT EXISTS (SELECT FROM public.memberships WHERE user_id = '{0}')",
        user.0
    );
    Attempt::new("control_plane_rows", Must::FindNothing, sql)
}

/// A table of `public` that this login has nothing to do with, and a tenant's own schema.
pub(in crate::isolation) fn closed(check: &'static str, schema: &str, table: &str) -> Attempt {
    Attempt::new(
        check,
        Must::Refuse,
        format!("SELECT 1 FROM {}.{} LIMIT 1", quote_ident(schema), quote_ident(table)),
    )
}

/// The control of [`foreign_rows`].
pub(in crate::isolation) fn own_row(of: TenantId) -> Attempt {
    Attempt::new(CONTROLS, Must::Find, format!("SELECT 1 FROM public.tenants WHERE id = '{}'", of.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn only_42501_is_a_refusal() {
        let refused =
            |state: &str| Outcome::Refused { sql_state: state.to_owned(), message: "no".to_owned() };
        let holds =
            |must, outcome| Attempt::new("x", must, "SELECT 1".to_owned()).judge(&outcome) == Verdict::Holds;
        assert!(holds(Must::Refuse, refused("42501")));
        for other in ["42P01", "3F000", "23505", "57014", "55P03"] {
            assert!(!holds(Must::Refuse, refused(other)), "{other}");
            assert!(!holds(Must::FindNothing, refused(other)), "{other}");
        }
        assert!(!holds(Must::Refuse, Outcome::Done(0)));
        assert!(holds(Must::FindNothing, Outcome::Done(0)) && !holds(Must::FindNothing, Outcome::Done(1)));
        assert!(!holds(Must::FindNothing, refused("42501")));
        assert!(
            holds(Must::RefuseOrFindNothing, refused("42501"))
                && !holds(Must::RefuseOrFindNothing, Outcome::Done(2))
        );
        assert!(holds(Must::Do, Outcome::Done(0)) && !holds(Must::Do, refused("42501")));
        assert!(holds(Must::Find, Outcome::Done(1)) && !holds(Must::Find, Outcome::Done(0)));
    }

    #[test]
    fn a_lock_shows_nothing() {
        let locked = Outcome::Refused { sql_state: "55P03".to_owned(), message: "locked".to_owned() };
        let judged = |check, must| Attempt::new(check, must, "SELECT 1".to_owned()).judge(&locked);
        assert!(matches!(judged("controls", Must::Do), Verdict::Busy(_)));
        let cancelled = Outcome::Refused { sql_state: "57014".to_owned(), message: "cancelled".to_owned() };
        let copy = Attempt::new("controls", Must::Do, "COPY (SELECT 1) TO STDOUT".to_owned());
        assert!(matches!(copy.judge(&cancelled), Verdict::Busy(_)));
        assert!(matches!(judged("foreign_workspaces", Must::FindNothing), Verdict::Busy(_)));
        // It got so far as to wait.
        assert!(matches!(judged("foreign_tables", Must::Refuse), Verdict::Open(_)));
        assert!(matches!(judged("control_plane_schemas", Must::Refuse), Verdict::Open(_)));
    }

    #[test]
    fn turns_add_up_to_the_whole() {
        let relation = Relation {
            schema: "tenant_a".to_owned(),
            name: "notes".to_owned(),
            kind: "r".to_owned(),
            column: Some("id".to_owned()),
            column_type: Some("uuid".to_owned()),
            has_workspace: true,
            rights: ["SELECT", "INSERT", "UPDATE", "DELETE"].map(str::to_owned).to_vec(),
        };
        let elsewhere = WorkspaceId(uuid::Uuid::nil());
        let kinds: [&dyn Fn(Share) -> Vec<Attempt>; 3] =
            [&|share| foreign(&relation, share), &|share| own(&relation, share), &|share| {
                other_workspace(&relation, elsewhere, share)
            }];
        for kind in kinds {
            let sql = |share| kind(share).into_iter().map(|one| one.sql).collect::<Vec<_>>();
            let whole: BTreeSet<_> = sql(Share::Whole).into_iter().collect();
            let turns: BTreeSet<_> = (3..3 + Share::TURNS).flat_map(|turn| sql(Share::Turn(turn))).collect();
            assert_eq!(turns, whole);
            assert!((0..9).all(|turn| sql(Share::Turn(turn))[0].starts_with("SELECT ")));
            assert!((0..9).all(|turn| sql(Share::Turn(turn)).len() <= 3));
        }
    }

    #[test]
    fn names_are_quoted() {
        let relation = Relation {
            schema: "tenant_a".to_owned(),
            name: "odd\"; DROP TABLE x; --".to_owned(),
            kind: "r".to_owned(),
            column: Some("a b".to_owned()),
            column_type: Some("text".to_owned()),
            has_workspace: true,
            rights: ["SELECT", "INSERT", "UPDATE", "DELETE"].map(str::to_owned).to_vec(),
        };
        let all = [
            foreign(&relation, Share::Whole),
            own(&relation, Share::Whole),
            other_workspace(&relation, WorkspaceId(uuid::Uuid::nil()), Share::Whole),
        ]
        .concat();
        assert_eq!(all.len(), 6 + 5 + 5);
        assert!(
            all.iter().all(|attempt| attempt.sql.contains("\"tenant_a\".\"odd\"\"; DROP TABLE x; --\"")),
            "{all:#?}"
        );
    }
}
