//! Which action each operation of the API is. The server asks before any handler runs; an operation that is not here is refused.
//!
//! Owns: nothing. Calls: nothing. Called by: server's authentication, the matrix.
//! Invariants: the table has the operations of the OpenAPI document and no others (`every_operation_has_its_action`). After a crash: nothing is left.

#[expect(clippy::enum_glob_use, reason = "a table is read by its words")]
use super::Action::{self, *};

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// No identity: what proves the caller's right is in the request itself, or there is nothing to protect.
    Open,
    /// An identity that may do this.
    May(Action),
}

const OPERATIONS: &[(&str, Need)] = &[
    ("health", Need::Open),
    ("livez", Need::Open),
    ("readyz", Need::Open),
    ("show_jwks", Need::Open),
    ("log_in", Need::Open),
    ("log_out", Need::Open),
    ("refresh_session", Need::Open),
    ("reset_password", Need::Open),
    ("verify_email", Need::Open),
    ("accept_invitation", Need::Open),
    ("join_tenant", Need::Open),
    ("receive_clerk_webhook", Need::Open),
    ("switch_workspace", Need::May(ManageSelf)),
    ("show_me", Need::May(ReadMe)),
    ("change_password", Need::May(ManageSelf)),
    ("export_my_data", Need::May(ManageSelf)),
    ("erase_me", Need::May(ManageSelf)),
    ("list_sessions", Need::May(ManageSelf)),
    ("end_session", Need::May(ManageSelf)),
    ("show_doctor", Need::May(ReadDoctor)),
    ("list_operators", Need::May(ReadOperators)),
    ("create_operator", Need::May(WriteOperators)),
    ("update_operator", Need::May(WriteOperators)),
    ("remove_operator", Need::May(WriteOperators)),
    ("find_users", Need::May(ManageUserData)),
    ("export_user", Need::May(ManageUserData)),
    ("erase_user", Need::May(ManageUserData)),
    ("list_tenants", Need::May(ReadTenants)),
    ("show_tenant", Need::May(ReadTenants)),
    ("show_slug_availability", Need::May(ReadTenants)),
    ("create_tenant", Need::May(CreateTenant)),
    ("adopt_tenant", Need::May(CreateTenant)),
    ("import_tenant", Need::May(ImportTenant)),
    ("export_tenant", Need::May(ExportTenant)),
    ("update_tenant", Need::May(ChangeTenant)),
    ("suspend_tenant", Need::May(SuspendTenant)),
    ("resume_tenant", Need::May(SuspendTenant)),
    ("delete_tenant", Need::May(ChangeTenant)),
    ("restore_tenant", Need::May(ChangeTenant)),
    ("purge_tenant", Need::May(ChangeTenant)),
    ("roll_back_tenant", Need::May(ChangeTenant)),
    ("create_api_key", Need::May(CreateApiKey)),
    ("open_psql_session", Need::May(OpenPsql)),
    ("create_access_grant", Need::May(OpenAccessGrant)),
    ("list_access_grants", Need::May(ReadAccessGrants)),
    ("end_access_grant", Need::May(EndAccessGrant)),
    ("show_tenant_status", Need::May(ReadRuns)),
    ("list_provisioning_runs", Need::May(ReadRuns)),
    ("show_provisioning_run", Need::May(ReadRuns)),
    ("stream_provisioning_run", Need::May(ReadRuns)),
    ("stream_provisioning_runs", Need::May(ReadRuns)),
    ("retry_provisioning_run", Need::May(SuspendTenant)),
    ("roll_back_provisioning_run", Need::May(ChangeTenant)),
    ("list_audit_events", Need::May(ReadAudit)),
    ("export_audit_events", Need::May(ReadAudit)),
    ("verify_audit_events", Need::May(ReadAudit)),
    ("show_limits", Need::May(ReadLimits)),
    ("list_workspaces", Need::May(ReadWorkspaces)),
    ("create_workspace", Need::May(WriteWorkspaces)),
    ("update_workspace", Need::May(WriteWorkspaces)),
    ("list_members", Need::May(ReadMembers)),
    ("update_member", Need::May(WriteMembers)),
    ("remove_member", Need::May(WriteMembers)),
    ("leave_workspace", Need::May(LeaveWorkspace)),
    ("list_invitations", Need::May(ReadInvitations)),
    ("create_invitation", Need::May(WriteInvitations)),
    ("revoke_invitation", Need::May(WriteInvitations)),
    ("list_api_keys", Need::May(ReadApiKeys)),
    ("create_own_api_key", Need::May(WriteApiKeys)),
    ("reroll_api_key", Need::May(WriteApiKeys)),
    ("revoke_api_key", Need::May(WriteApiKeys)),
    ("list_agents", Need::May(ReadAgents)),
    ("show_agent", Need::May(ReadAgents)),
    ("create_agent", Need::May(WriteAgents)),
    ("update_agent", Need::May(WriteAgents)),
    ("delete_agent", Need::May(WriteAgents)),
];

/// What an operation asks of its caller; `None` where it is unknown here, so that it is for nobody.
pub fn need_of(operation: &str) -> Option<Need> {
    OPERATIONS.iter().find(|(id, _)| *id == operation).map(|(_, need)| *need)
}

/// Every operation, in the order of the table.
pub fn operations() -> impl Iterator<Item = (&'static str, Need)> {
    OPERATIONS.iter().copied()
}
