//! The policy as a page for people who review it.
//!
//! Owns: nothing. Calls: nothing. Called by: `tenantry authz-matrix`, which `cargo xtask codegen` writes into docs.
//! Invariants: made of the tables that decide, so that it cannot say anything else. After a crash: nothing is left.

use super::{Action, Need, key_scopes, may_assign, operations, policy::Rule};
use std::fmt::Write;
use tenantry_types::{OperatorRole, Role};

const HEAD: &str = "<!-- Made by `cargo xtask codegen` from the tables in crates/core/src/authz. Edit those. -->

# Who may do what

Made from the code by `cargo xtask codegen`; CI refuses a page that is not what the code says. A change here is reviewed like code.

Each cell is the least role that may. **Operator**: a user of the platform (auditor < support < admin). **Member**: a person in the workspace that
their token names (viewer < member < admin < owner). **Key**: an API key in its workspace; a key with scopes needs the one named. **Grant**: an operator
in a tenant's workspace, for a reason and a while. **User**: a person who signed in, in no workspace. `-` is nobody. The operator's token of the configuration
is an admin and nobody in person, so that it has no sessions, password or data of its own (`ManageSelf`).
";

/// The page.
pub fn matrix() -> String {
    let mut page = String::from(HEAD);
    page.push_str(
        "\n## Actions\n\n| action | operator | member | key | grant | user |\n|---|---|---|---|---|---|\n",
    );
    for action in Action::ALL {
        let _ = writeln!(page, "| {action:?} | {} |", cells(action.rule()));
    }
    page.push_str("\n## Operations of the API\n\n| operation | action | operator | member | key | grant | user |\n|---|---|---|---|---|---|---|\n");
    for (operation, need) in operations() {
        let _ = match need {
            Need::Open => writeln!(page, "| {operation} | open: needs no identity | | | | | |"),
            Need::May(action) => writeln!(page, "| {operation} | {action:?} | {} |", cells(action.rule())),
        };
    }
    page.push_str("\n## Roles that a member may give and take\n\nRow: the caller's role. Column: the role given, changed or taken away; a change needs both ends.\n\n| | viewer | member | admin | owner |\n|---|---|---|---|---|\n");
    for own in Role::ALL {
        let may = |to: &Role| if may_assign(*own, Some(*to), Some(*to)) { "yes" } else { "-" };
        let row: Vec<_> = Role::ALL.iter().map(may).collect();
        let _ = writeln!(page, "| {own} | {} |", row.join(" | "));
    }
    let _ = writeln!(page, "\n## Scopes of API keys\n\n`{}`", key_scopes().join("`, `"));
    page
}

fn cells(rule: Rule) -> String {
    let or_nobody = |word: Option<&str>| word.unwrap_or("-").to_owned();
    let key = match rule.key {
        Some((least, "")) => least.as_str().to_owned(),
        Some((least, scope)) => format!("{least} `{scope}`"),
        None => "-".to_owned(),
    };
    [
        or_nobody(rule.operator.map(OperatorRole::as_str)),
        or_nobody(rule.member.map(Role::as_str)),
        key,
        or_nobody(rule.granted.map(Role::as_str)),
        (if rule.user { "yes" } else { "-" }).to_owned(),
    ]
    .join(" | ")
}
