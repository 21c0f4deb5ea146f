//! Which action each operation of the API is. The server asks before any handler runs; an operation that is not here is refused.
//!
//! Owns: nothing. Calls: nothing. Called by: server's authentication, the matrix.
//! Invariants: the table has the operations of the OpenAPI document and no others (`every_operation_has_its_action`). After a crash: nothing is left.

use super::Action;

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
    ("preview_invitation", Need::Open),
    ("join_tenant", Need::Open),
    ("receive_clerk_webhook", Need::Open),
    ("switch_workspace", Need::May(Action::ManageSelf)),
    ("show_me", Need::May(Action::ReadMe)),
    ("change_password", Need::May(Action::ManageSelf)),
    ("export_my_data", Need::May(Action::ManageSelf)),
    ("erase_me", Need::May(Action::ManageSelf)),
    ("list_sessions", Need::May(Action::ManageSelf)),
    ("end_session", Need::May(Action::ManageSelf)),
    ("end_other_sessions", Need::May(Action::ManageSelf)),
    ("show_doctor", Need::May(Action::ReadDoctor)),
    ("show_overview", Need::May(Action::ReadDoctor)),
    ("stream_events", Need::May(Action::ReadAudit)),
    ("list_isolation_reports", Need::May(Action::ReadIsolation)),
    ("show_isolation_report", Need::May(Action::ReadIsolation)),
    ("create_isolation_report", Need::May(Action::ProveIsolation)),
    ("list_operators", Need::May(Action::ReadOperators)),
    ("create_operator", Need::May(Action::WriteOperators)),
    ("update_operator", Need::May(Action::WriteOperators)),
    ("remove_operator", Need::May(Action::WriteOperators)),
    ("find_users", Need::May(Action::ManageUserData)),
    ("export_user", Need::May(Action::ManageUserData)),
    ("erase_user", Need::May(Action::ManageUserData)),
    ("list_tenants", Need::May(Action::ReadTenants)),
    ("export_tenant_list", Need::May(Action::ReadTenants)),
    ("show_tenant", Need::May(Action::ReadTenants)),
    ("show_slug_availability", Need::May(Action::ReadTenants)),
    ("list_tiers", Need::May(Action::ReadTenants)),
    ("show_tenant_template", Need::May(Action::ReadTenants)),
    ("create_tenant", Need::May(Action::CreateTenant)),
    ("adopt_tenant", Need::May(Action::CreateTenant)),
    ("import_tenant", Need::May(Action::ImportTenant)),
    ("export_tenant", Need::May(Action::ExportTenant)),
    ("update_tenant", Need::May(Action::ChangeTenant)),
    ("suspend_tenant", Need::May(Action::SuspendTenant)),
    ("resume_tenant", Need::May(Action::SuspendTenant)),
    ("delete_tenant", Need::May(Action::ChangeTenant)),
    ("restore_tenant", Need::May(Action::ChangeTenant)),
    ("purge_tenant", Need::May(Action::ChangeTenant)),
    ("roll_back_tenant", Need::May(Action::ChangeTenant)),
    ("create_api_key", Need::May(Action::CreateApiKey)),
    ("invite_owner", Need::May(Action::InviteOwner)),
    ("open_psql_session", Need::May(Action::OpenPsql)),
    ("create_access_grant", Need::May(Action::OpenAccessGrant)),
    ("list_access_grants", Need::May(Action::ReadAccessGrants)),
    ("end_access_grant", Need::May(Action::EndAccessGrant)),
    ("show_tenant_status", Need::May(Action::ReadRuns)),
    ("list_provisioning_runs", Need::May(Action::ReadRuns)),
    ("show_provisioning_run", Need::May(Action::ReadRuns)),
    ("stream_provisioning_run", Need::May(Action::ReadRuns)),
    ("stream_provisioning_runs", Need::May(Action::ReadRuns)),
    ("retry_provisioning_run", Need::May(Action::SuspendTenant)),
    ("roll_back_provisioning_run", Need::May(Action::ChangeTenant)),
    ("list_audit_events", Need::May(Action::ReadAudit)),
    ("show_audit_event", Need::May(Action::ReadAudit)),
    ("export_audit_events", Need::May(Action::ReadAudit)),
    ("verify_audit_events", Need::May(Action::ReadAudit)),
    ("authorize_request", Need::May(Action::PassProxy)),
    ("show_limits", Need::May(Action::ReadLimits)),
    ("list_workspaces", Need::May(Action::ReadWorkspaces)),
    ("create_workspace", Need::May(Action::WriteWorkspaces)),
    ("update_workspace", Need::May(Action::WriteWorkspaces)),
    ("list_members", Need::May(Action::ReadMembers)),
    ("update_member", Need::May(Action::WriteMembers)),
    ("remove_member", Need::May(Action::WriteMembers)),
    ("leave_workspace", Need::May(Action::LeaveWorkspace)),
    ("list_invitations", Need::May(Action::ReadInvitations)),
    ("create_invitation", Need::May(Action::WriteInvitations)),
    ("revoke_invitation", Need::May(Action::WriteInvitations)),
    ("list_api_keys", Need::May(Action::ReadApiKeys)),
    ("create_own_api_key", Need::May(Action::WriteApiKeys)),
    ("reroll_api_key", Need::May(Action::WriteApiKeys)),
    ("revoke_api_key", Need::May(Action::WriteApiKeys)),
    ("list_agents", Need::May(Action::ReadAgents)),
    ("show_agent", Need::May(Action::ReadAgents)),
    ("create_agent", Need::May(Action::WriteAgents)),
    ("update_agent", Need::May(Action::WriteAgents)),
    ("delete_agent", Need::May(Action::WriteAgents)),
];

/// What an operation asks of its caller; `None` where it is unknown here, so that it is for nobody.
pub fn need_of(operation: &str) -> Option<Need> {
    OPERATIONS.iter().find(|(id, _)| *id == operation).map(|(_, need)| *need)
}

/// Every operation, in the order of the table.
pub fn operations() -> impl Iterator<Item = (&'static str, Need)> {
    OPERATIONS.iter().copied()
}
