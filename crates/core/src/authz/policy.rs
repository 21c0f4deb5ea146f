//! The policy table: who may do what, in one place, read like a table.
//!
//! Owns: nothing. Calls: nothing. Called by: authz. After a crash: nothing is left.
//! Invariants: every action has exactly one row (`the_policy_as_a_table`).

use super::Actor;
use tenantry_types::Role;

macro_rules! policy {
    ($($(#[$doc:meta])* $action:ident: operator $operator:literal, key $least:expr;)+) => {
        /// Something that an actor may want to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($(#[$doc])* $action),+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            /// Whether operators may, and the least role of a tenant's own identity that may.
            fn rule(self) -> (bool, Option<Role>) {
                match self { $(Self::$action => ($operator, $least)),+ }
            }
        }
    };
}

policy! {
    /// See tenants and whether a slug is free.
    ReadTenants: operator true, key None;
    /// Make a tenant.
    CreateTenant: operator true, key None;
    /// Suspend, resume, delete, restore, purge a tenant; roll back or retry a run.
    ChangeTenant: operator true, key None;
    /// See provisioning runs.
    ReadRuns: operator true, key None;
    /// Make an API key for a tenant's workspace.
    CreateApiKey: operator true, key None;
    /// Open a psql session into a tenant.
    OpenPsql: operator true, key None;
    /// Take a tenant's data out as an archive.
    ExportTenant: operator true, key None;
    /// Make a tenant of an archive.
    ImportTenant: operator true, key None;
    /// See the platform's health in detail.
    ReadDoctor: operator true, key None;
    /// Read the audit trail: operators all of it, a key its tenant's.
    ReadAudit: operator true, key Some(Role::Admin);
    /// Learn who one is.
    ReadMe: operator true, key Some(Role::Viewer);
    /// See what the tenant may use.
    ReadLimits: operator false, key Some(Role::Viewer);
    /// See the tenant's workspaces.
    ReadWorkspaces: operator false, key Some(Role::Viewer);
    /// See agents.
    ReadAgents: operator false, key Some(Role::Viewer);
    /// Make, change and delete agents.
    WriteAgents: operator false, key Some(Role::Member);
}

/// The one answer to "may this actor do that".
pub fn allows(actor: &Actor, action: Action) -> bool {
    let (operator, least) = action.rule();
    match actor {
        Actor::Operator => operator,
        Actor::ApiKey(key) => least.is_some_and(|least| key.role >= least),
        Actor::System => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn the_policy_as_a_table() {
        let mut table = String::new();
        for action in Action::ALL {
            let (operator, least) = action.rule();
            let key = least.map_or("-", Role::as_str);
            let _ = writeln!(
                table,
                "{:<15} operator {:<3} key {key}",
                format!("{action:?}"),
                if operator { "yes" } else { "-" }
            );
        }
        insta::assert_snapshot!(table, @r"
        ReadTenants     operator yes key -
        CreateTenant    operator yes key -
        ChangeTenant    operator yes key -
        ReadRuns        operator yes key -
        CreateApiKey    operator yes key -
        OpenPsql        operator yes key -
        ExportTenant    operator yes key -
        ImportTenant    operator yes key -
        ReadDoctor      operator yes key -
        ReadAudit       operator yes key admin
        ReadMe          operator yes key viewer
        ReadLimits      operator -   key viewer
        ReadWorkspaces  operator -   key viewer
        ReadAgents      operator -   key viewer
        WriteAgents     operator -   key member
        ");
    }
}
