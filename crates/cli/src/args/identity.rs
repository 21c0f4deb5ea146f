//! The command line of people, keys and workspaces: flags and arguments, nothing else.
//!
//! Owns: the names of these commands and flags. Calls: clap. Called by: args, commands.
//! Invariants: no flag and no argument takes a secret, because others on the machine can see it (`bad_values_are_refused` in `args`); the
//! definition is sound (`the_command_line_is_sound` in `args`). After a crash: nothing is left.

use super::{OwnLimitsArgs, PagingArgs, words};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};
use tenantry_types::{AccessGrantId, ApiKeyId, OperatorRole, Role, SessionId, Tier};

/// `login`.
#[derive(Debug, Clone, Args)]
pub struct LoginArgs {
    /// E-mail address; asked for when absent
    #[arg(long)]
    pub email: Option<String>,
    /// As an operator of the platform, in no tenant
    #[arg(long, conflicts_with_all = ["tenant", "workspace"])]
    pub operator: bool,
    /// Slug of the tenant to work in [default: the only one]
    #[arg(long, value_name = "SLUG")]
    pub tenant: Option<String>,
    /// Slug of the workspace in it [default: the default one]
    #[arg(long, value_name = "SLUG", requires = "tenant")]
    pub workspace: Option<String>,
    /// Read the password from standard input, at a terminal too
    #[arg(long)]
    pub password_stdin: bool,
}

/// Commands on one's own sessions.
#[derive(Debug, Clone, Subcommand)]
pub enum SessionCommand {
    /// List the sessions that hold
    List {
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// End a session, on every server at once
    End {
        /// `ses_…`
        id: SessionId,
    },
    /// End all sessions but this one, on every server at once
    EndOthers,
}

/// Commands on members.
#[derive(Debug, Clone, Subcommand)]
pub enum MemberCommand {
    /// List the members of the workspace
    List {
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// Change what a member may do
    SetRole {
        /// `usr_…`, or the member's e-mail address
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        member: String,
        /// At most your own
        #[arg(value_parser = words(Role::ALL, |role| role.as_str()), ignore_case = true)]
        role: String,
    },
    /// Take a member out of the workspace
    Remove {
        /// `usr_…`, or the member's e-mail address
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        member: String,
    },
    /// Leave the workspace
    Leave,
}

/// Commands on invitations.
#[derive(Debug, Clone, Subcommand)]
pub enum InviteCommand {
    /// Invite somebody into the workspace
    Create(InviteArgs),
    /// List the invitations of the workspace
    List {
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// Take an invitation back
    Revoke {
        /// `inv_…`, or the address of an open one
        #[arg(value_name = "ID|EMAIL", value_parser = NonEmptyStringValueParser::new())]
        invitation: String,
    },
    /// Accept an invitation; its link is typed, or read from standard input, like a password
    Accept(AcceptArgs),
}

/// `invite create`.
#[derive(Debug, Clone, Args)]
pub struct InviteArgs {
    /// Whom
    pub email: String,
    /// At most your own [default: member]
    #[arg(long, value_parser = words(Role::ALL, |role| role.as_str()), ignore_case = true)]
    pub role: Option<String>,
    /// Hours until it ends, 1 to 720 [default: 168]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: Option<u16>,
}

/// `invite accept`.
#[derive(Debug, Clone, Args)]
pub struct AcceptArgs {
    /// Your name, for a new account
    #[arg(long)]
    pub name: Option<String>,
    /// With the account that is logged in; asks for no password
    #[arg(long, conflicts_with = "name")]
    pub as_me: bool,
}

/// Commands on API keys.
#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    /// Make an API key; it is shown this once
    Create(CreateKeyArgs),
    /// List the keys of the workspace
    List {
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// Make another key in the place of one; it is shown this once
    Reroll(RerollKeyArgs),
    /// Make a key stop to work, on every server at once
    Revoke {
        /// `key_…`
        id: ApiKeyId,
    },
    /// Say whether a text from standard input is an API key, without asking a server
    Check,
}

/// `key create`.
#[derive(Debug, Clone, Args)]
pub struct CreateKeyArgs {
    /// For operators: slug of the tenant [default: your own]
    #[arg(long, value_name = "SLUG", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: Option<String>,
    /// For operators: slug of the workspace [default: the default one]
    #[arg(long, requires = "tenant")]
    pub workspace: Option<String>,
    /// Name for people
    #[arg(long, default_value = "cli")]
    pub name: String,
    /// What the key may do; at most what you may [default: member]
    #[arg(long, value_parser = ["viewer", "member", "admin"], ignore_case = true)]
    pub role: Option<String>,
    /// Confine it to this scope; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// When it stops to work, such as 2027-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME")]
    pub expires: Option<DateTime<Utc>>,
}

/// `key reroll`.
#[derive(Debug, Clone, Args)]
pub struct RerollKeyArgs {
    /// `key_…`
    pub id: ApiKeyId,
    /// Minutes for which the old key works beside the new one, 0 to 1440
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1440))]
    pub overlap_minutes: u16,
}

/// Commands on workspaces.
#[derive(Debug, Clone, Subcommand)]
pub enum WorkspaceCommand {
    /// List the tenant's workspaces
    List {
        /// Those that are archived too
        #[arg(long)]
        archived: bool,
    },
    /// Make a workspace, which you own
    Create {
        /// 1 to 63 characters of a-z, 0-9 and hyphens
        slug: String,
        /// Name for people
        #[arg(long)]
        name: String,
    },
    /// Give a workspace another name
    Rename {
        /// Slug, or `wsp_…`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        workspace: String,
        /// The new name
        name: String,
    },
    /// Refuse a workspace's members and keys; its rows stay
    Archive {
        /// Slug, or `wsp_…`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        workspace: String,
    },
    /// Bring an archived workspace back
    Unarchive {
        /// Slug, or `wsp_…`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        workspace: String,
    },
    /// Make a workspace the one that is used when none is named
    SetDefault {
        /// Slug, or `wsp_…`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        workspace: String,
    },
}

/// Commands on operators.
#[derive(Debug, Clone, Subcommand)]
pub enum OperatorCommand {
    /// List the operators
    List {
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// Make somebody an operator
    Create(CreateOperatorArgs),
    /// Change what an operator may do
    SetRole {
        /// `usr_…`, or the operator's e-mail address
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        operator: String,
        /// What they may do
        #[arg(value_parser = words(OperatorRole::ALL, |role| role.as_str()), ignore_case = true)]
        role: String,
    },
    /// Let an operator sign in again who failed five times in a row
    Unlock {
        /// `usr_…`, or the operator's e-mail address
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        operator: String,
    },
    /// Make an operator an ordinary user
    Remove {
        /// `usr_…`, or the operator's e-mail address
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        operator: String,
    },
}

/// `operator create`.
#[derive(Debug, Clone, Args)]
pub struct CreateOperatorArgs {
    /// The address they sign in with
    pub email: String,
    /// Their name
    #[arg(long)]
    pub name: String,
    /// What they may do
    #[arg(long, value_parser = words(OperatorRole::ALL, |role| role.as_str()), ignore_case = true)]
    pub role: String,
    /// Read the first password of a new user from standard input; asked for at a terminal
    #[arg(long)]
    pub password_stdin: bool,
}

/// Commands on access grants.
#[derive(Debug, Clone, Subcommand)]
pub enum AccessGrantCommand {
    /// Open a way into a workspace; its token is shown this once
    Create(CreateAccessGrantArgs),
    /// List the grants
    List {
        /// For operators: only those of this tenant
        #[arg(long, value_name = "SLUG")]
        tenant: Option<String>,
        /// Which page
        #[command(flatten)]
        paging: PagingArgs,
    },
    /// End a grant, on every server at once
    End {
        /// `grt_…`
        id: AccessGrantId,
    },
}

/// `access-grant create`.
#[derive(Debug, Clone, Args)]
pub struct CreateAccessGrantArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub tenant: String,
    /// Why; the tenant's owner reads it
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Slug of the workspace [default: the default one]
    #[arg(long)]
    pub workspace: Option<String>,
    /// As what [default: viewer]
    #[arg(long, value_parser = ["viewer", "member", "admin"], ignore_case = true)]
    pub role: Option<String>,
    /// Minutes, 5 to 240 [default: 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(5..=240))]
    pub minutes: Option<u16>,
}

/// `tenant update`.
#[derive(Debug, Clone, Args)]
pub struct UpdateTenantArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// Name for people
    #[arg(long, required_unless_present_any = ["admin_email", "domains", "no_domains", "join_role", "tier", "max_agents", "max_tasks_per_month", "storage_limit_gb", "as_tier"])]
    pub name: Option<String>,
    /// E-mail address of who answers for the tenant
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// E-mail domain whose people may join by themselves; may be repeated, and takes the place of those there are
    #[arg(long = "domain", value_name = "DOMAIN", conflicts_with = "no_domains")]
    pub domains: Vec<String>,
    /// No domains
    #[arg(long)]
    pub no_domains: bool,
    /// What those become who join by themselves; `none` lets nobody
    #[arg(long, value_parser = ["none", "viewer", "member"], ignore_case = true)]
    pub join_role: Option<String>,
    /// Plan; its limits hold at once, and nothing is taken away that is used
    #[arg(long, value_parser = words(Tier::ALL, |tier| tier.as_str()), ignore_case = true)]
    pub tier: Option<String>,
    /// Numbers of its own
    #[command(flatten)]
    pub own: OwnLimitsArgs,
    /// No number of its own for this any more: `agents`, `tasks` or `storage`; may be repeated
    #[arg(long = "as-tier", value_name = "LIMIT", value_parser = ["agents", "tasks", "storage"], ignore_case = true)]
    pub as_tier: Vec<String>,
}
