//! The policy table: who may do what, in one place, read like a table.
//!
//! Owns: nothing. Calls: nothing. Called by: authz. After a crash: nothing is left.
//! Invariants: every action has exactly one row (the macro); the table as printed is checked in (`cargo xtask codegen --check`); nobody gives
//! a role that they do not have (`nobody_gives_more_than_they_have`).

use super::Actor;
use tenantry_types::{OperatorRole, Role};

/// One row of the table: the least role of each kind of actor that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Operators.
    pub(super) operator: Option<OperatorRole>,
    /// People in their workspace.
    pub(super) member: Option<Role>,
    /// API keys in theirs, and the scope that a confined one needs.
    pub(super) key: Option<(Role, &'static str)>,
    /// Operators in a tenant's workspace, by grant.
    pub(super) granted: Option<Role>,
    /// People who signed in, in no workspace.
    pub(super) user: bool,
}

macro_rules! least {
    (-) => {
        None
    };
    (auditor) => {
        Some(OperatorRole::Auditor)
    };
    (support) => {
        Some(OperatorRole::Support)
    };
    (platform_admin) => {
        Some(OperatorRole::Admin)
    };
    (viewer) => {
        Some(Role::Viewer)
    };
    (member) => {
        Some(Role::Member)
    };
    (admin) => {
        Some(Role::Admin)
    };
    (owner) => {
        Some(Role::Owner)
    };
    (($role:ident $scope:literal)) => {
        match least!($role) {
            Some(role) => Some((role, $scope)),
            None => None,
        }
    };
    (yes) => {
        true
    };
    (no) => {
        false
    };
}

macro_rules! policy {
    ($($(#[$doc:meta])* $action:ident: $operator:tt $member:tt $key:tt $granted:tt $user:tt;)+) => {
        /// Something that an actor may want to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $action),+ }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$action),+];

            pub(super) fn rule(self) -> Rule {
                match self {
                    $(Self::$action => Rule {
                        operator: least!($operator),
                        member: least!($member),
                        key: least!($key),
                        granted: least!($granted),
                        user: least!($user),
                    }),+
                }
            }
        }
    };
}

policy! {
    //                      operator   member  key               granted  user
    /// See tenants, tiers and whether a slug is free.
    ReadTenants:            auditor    -       -                        -       no;
    /// Make a tenant.
    CreateTenant:           platform_admin -   -                        -       no;
    /// Suspend and resume a tenant; retry a run.
    SuspendTenant:          support    -       -                        -       no;
    /// Change, delete, restore, purge a tenant; roll back a run.
    ChangeTenant:           platform_admin -   -                        -       no;
    /// See provisioning runs.
    ReadRuns:               auditor    -       -                        -       no;
    /// Make an API key for a tenant's workspace, as an operator.
    CreateApiKey:           platform_admin -   -                        -       no;
    /// Make a tenant's owner a new link, while it has no owner.
    InviteOwner:            platform_admin -   -                        -       no;
    /// Open a psql session into a tenant.
    OpenPsql:               platform_admin -   -                        -       no;
    /// Take a tenant's data out as an archive.
    ExportTenant:           platform_admin -   -                        -       no;
    /// Make a tenant of an archive.
    ImportTenant:           platform_admin -   -                        -       no;
    /// See the platform's health in detail.
    ReadDoctor:             auditor    -       -                        -       no;
    /// See proofs of isolation.
    ReadIsolation:          auditor    -       -                        -       no;
    /// Have isolation proved.
    ProveIsolation:         support    -       -                        -       no;
    /// See operators.
    ReadOperators:          auditor    -       -                        -       no;
    /// Make, change and remove operators.
    WriteOperators:         platform_admin -   -                        -       no;
    /// Be let into a tenant's workspace, for a reason and a while.
    OpenAccessGrant:        support    -       -                        -       no;
    /// See who was let in.
    ReadAccessGrants:       auditor    owner   -                        -       no;
    /// End an access grant before its time.
    EndAccessGrant:         support    owner   -                        -       no;
    /// Take out or erase what is known of a user.
    ManageUserData:         platform_admin -   -                        -       no;
    /// Read the audit trail: operators all of it, others their tenant's.
    ReadAudit:              auditor    admin   (admin "audit:read")     -       no;
    /// Learn who one is, and where one is a member.
    ReadMe:                 auditor    viewer  (viewer "")              viewer  yes;
    /// See and end one's own sessions, switch workspaces, take out or erase what is known of oneself.
    ManageSelf:             auditor    viewer  -                        -       yes;
    // What is behind a proxy knows no scopes of ours: a key that is confined passes only where it was given this one.
    /// Be let through a proxy to what is behind it, as whom one is here.
    PassProxy:              -          viewer  (viewer "upstream:use")  viewer  no;
    /// See what the tenant may use.
    ReadLimits:             -          viewer  (viewer "limits:read")   viewer  no;
    /// See the tenant's workspaces.
    ReadWorkspaces:         -          viewer  (viewer "workspaces:read") viewer no;
    /// Make, rename, archive workspaces.
    WriteWorkspaces:        -          owner   -                        -       no;
    /// See the members of the workspace.
    ReadMembers:            -          viewer  (viewer "members:read")  viewer  no;
    /// Change what members may do, and remove them.
    WriteMembers:           -          admin   -                        -       no;
    /// Leave the workspace.
    LeaveWorkspace:         -          viewer  -                        -       no;
    /// See invitations.
    ReadInvitations:        -          admin   -                        admin   no;
    /// Invite people, and take invitations back.
    WriteInvitations:       -          admin   -                        -       no;
    /// See the workspace's API keys.
    ReadApiKeys:            -          admin   -                        admin   no;
    // A grant ends, and a key that it made would not: nobody makes one by grant, whatever they are let in as.
    /// Make, replace and revoke the workspace's API keys.
    WriteApiKeys:           -          admin   -                        -       no;
    /// See agents.
    ReadAgents:             -          viewer  (viewer "agents:read")   viewer  no;
    /// Make, change and delete agents.
    WriteAgents:            -          member  (member "agents:write")  member  no;
}

/// The one answer to "may this actor do that".
pub fn allows(actor: &Actor, action: Action) -> bool {
    let rule = action.rule();
    match actor {
        // The operator's token of the configuration is nobody in person.
        Actor::Operator(operator) if action == Action::ManageSelf && operator.person.is_none() => false,
        Actor::Operator(operator) => rule.operator.is_some_and(|least| operator.role >= least),
        Actor::Member(member) => rule.member.is_some_and(|least| member.place.role >= least),
        Actor::ApiKey(key) => rule.key.is_some_and(|(least, scope)| {
            let within =
                key.scopes.is_empty() || scope.is_empty() || key.scopes.iter().any(|own| own == scope);
            key.place.role >= least && within
        }),
        Actor::Granted(granted) => rule.granted.is_some_and(|least| granted.place.role >= least),
        Actor::User(_) => rule.user,
        Actor::System => true,
    }
}

/// Whether it is done in a tenant's workspace, and by nobody who is signed in to none.
pub fn needs_tenant(action: Action) -> bool {
    let rule = action.rule();
    !rule.user && (rule.member.is_some() || rule.key.is_some() || rule.granted.is_some())
}

/// Every scope that an API key can be confined to, in order.
pub fn key_scopes() -> Vec<&'static str> {
    let mut scopes: Vec<_> =
        Action::ALL.iter().filter_map(|action| action.rule().key).map(|(_, scope)| scope).collect();
    scopes.retain(|scope| !scope.is_empty());
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// May somebody with the role `own` turn `from` into `to`? `None` is nobody yet, or nobody any more.
pub fn may_assign(own: Role, from: Option<Role>, to: Option<Role>) -> bool {
    own >= Role::Admin && from.is_none_or(|from| from <= own) && to.is_none_or(|to| to <= own)
}

/// May an operator of the role `own` be let into a tenant's workspace as `to`?
pub fn may_be_granted(own: OperatorRole, to: Role) -> bool {
    match own {
        OperatorRole::Auditor => false,
        OperatorRole::Support => to == Role::Viewer,
        OperatorRole::Admin => to <= Role::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_more_than_they_have() {
        use Role::{Admin, Member, Owner, Viewer};
        for own in [Viewer, Member] {
            assert!(!may_assign(own, None, Some(Viewer)), "{own}");
        }
        assert!(may_assign(Admin, None, Some(Admin)) && may_assign(Admin, Some(Member), None));
        assert!(!may_assign(Admin, None, Some(Owner)) && !may_assign(Admin, Some(Owner), None));
        assert!(may_assign(Owner, Some(Owner), Some(Viewer)) && may_assign(Owner, None, Some(Owner)));
    }

    #[test]
    fn scopes_are_words() {
        let scopes = key_scopes();
        assert!(scopes.contains(&"agents:write"), "{scopes:?}");
        assert!(scopes.iter().all(|scope| scope.split_once(':').is_some()), "{scopes:?}");
    }
}
