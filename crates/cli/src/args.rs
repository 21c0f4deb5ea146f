//! The command line: flags and arguments, nothing else.
//!
//! Owns: the names of commands and flags, which do not change once shipped. Calls: clap. Called by: the binary, commands.
//! Invariants: the definition is sound (`the_command_line_is_sound`); a value outside its list or range is refused before
//! any request (`bad_values_are_refused`); a token does not show in debug output (`debug_hides_the_token`).
//! After a crash: nothing is left.

pub mod identity;
mod tenants;

use self::identity::{
    AccessGrantCommand, InviteCommand, KeyCommand, LoginArgs, MemberCommand, OperatorCommand, SessionCommand,
    UpdateTenantArgs, WorkspaceCommand,
};
pub use self::tenants::{CreateTenantArgs, OwnLimitsArgs, TierCommand};
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{Args, Subcommand, ValueEnum};
use std::{ffi::OsString, fmt, path::PathBuf};
use tenantry_types::{
    IsolationReportId, RunId, TenantId, Tier,
    run::{RunKind, RunStatus},
    tenant::TenantStatus,
};

/// Seconds that `tenant create` waits when it is not told otherwise: a tenant is active in under 2 minutes.
pub(crate) const WAIT_SECONDS: &str = "120";

/// Seconds that `tenant import` waits when it is not told otherwise: rows take longer than a schema.
pub(crate) const LOAD_SECONDS: &str = "3600";

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables for people
    Table,
    /// The JSON of the API
    Json,
}

/// Flags that every command takes.
#[derive(Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// How results are printed
    #[arg(short, long, global = true, value_enum, default_value_t = Output::Table, value_name = "FORMAT")]
    pub output: Output,
    /// Server to talk to [default: `TENANTRY_URL`, then what `tenantry dev` left, then port 8080 of this machine]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Token to use; others on this machine can see flags, so prefer `TENANTRY_TOKEN`
    #[arg(long, global = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// No progress and no hints; results and errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Do not ask before something is destroyed
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl fmt::Debug for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Global")
            .field("output", &self.output)
            .field("url", &self.url)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("quiet", &self.quiet)
            .field("yes", &self.yes)
            .finish()
    }
}

/// Commands that are clients of the HTTP API.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Make and look at tenants
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// What each plan allows and costs
    #[command(subcommand)]
    Tier(TierCommand),
    /// Look at and follow provisioning runs
    #[command(subcommand)]
    Run(RunCommand),
    /// Log in with e-mail address and password; the session is kept in the user's configuration folder
    Login(LoginArgs),
    /// End the session that `login` began
    Logout,
    /// Work in another workspace from now on
    Switch {
        /// Slug of the tenant
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        tenant: String,
        /// Slug of the workspace [default: the default one]
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        workspace: Option<String>,
    },
    /// List and end one's own sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Who works in the workspace, and as what
    #[command(subcommand)]
    Member(MemberCommand),
    /// Invite people, and accept an invitation
    #[command(subcommand)]
    Invite(InviteCommand),
    /// Make, list, replace, revoke and recognise API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make and change the tenant's workspaces
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Who operates the platform, and as what
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Get into a tenant's workspace for a while, as an operator in an emergency
    #[command(subcommand)]
    AccessGrant(AccessGrantCommand),
    /// Read, follow, verify and export the audit trail
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Prove what the platform promises, on its own database; exit 1 if anything is open
    #[command(subcommand)]
    Verify(VerifyCommand),
    /// Check server, database and this machine; exit 1 if anything fails
    Doctor {
        /// The security checklist instead: each control with what shows it
        #[arg(long)]
        security: bool,
    },
    /// Say who the token is
    Whoami,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Proofs.
#[derive(Debug, Clone, Subcommand)]
pub enum VerifyCommand {
    /// Prove that no tenant and no workspace reaches another's rows; what is tried in the database is rolled back
    Isolation(VerifyIsolationArgs),
}

/// `verify isolation`.
#[derive(Debug, Clone, Args)]
pub struct VerifyIsolationArgs {
    /// Slug of one tenant, which tries up to 500 others and is tried by them [default: all tenants]
    #[arg(long, value_name = "SLUG", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: Option<String>,
    /// All tenants
    #[arg(long, conflicts_with = "tenant")]
    pub all: bool,
    /// Tries the same pairs of tenants as the proof with this seed, where there are too many to try all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..=4_294_967_295))]
    pub seed: Option<i64>,
    /// Shows a proof that was made, in place of making one
    #[arg(long, value_name = "ID", conflicts_with_all = ["tenant", "all", "seed"])]
    pub report: Option<IsolationReportId>,
    /// Seconds to wait for its end
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub wait: u32,
}

/// Commands on tenants.
#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// Make a tenant and follow the run that does it
    Create(CreateTenantArgs),
    /// List tenants
    List(ListTenantsArgs),
    /// Show one tenant
    Show {
        /// Slug of the tenant
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        slug: String,
    },
    /// List the schema versions that a new tenant can begin at
    Versions,
    /// Change a tenant's name, contact or domains
    Update(UpdateTenantArgs),
    /// Make the link of a tenant's owner anew, while the tenant has none
    InviteOwner {
        /// Slug of the tenant
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        slug: String,
    },
    /// Open psql with a temporary login that is confined to one tenant
    Psql(PsqlArgs),
    /// Make a tenant of a schema that exists already
    Adopt(AdoptArgs),
    /// Write one tenant's data into a file, checked from end to end
    Export(ExportArgs),
    /// Make a new tenant of a file that `tenant export` wrote
    Import(ImportArgs),
    /// Refuse a tenant's requests, on every server at once; its data is kept
    Suspend(ChangeArgs),
    /// Serve a suspended tenant's requests again
    Resume(ChangeArgs),
    /// Delete a tenant; until the retention is over it can be restored
    Delete(DestroyArgs),
    /// Take a deletion back
    Restore(ChangeArgs),
    /// Remove a deleted tenant for good: schema, roles, keys, members, rows
    Purge(DestroyArgs),
}

/// `tenant suspend`, `tenant resume`, `tenant restore`.
#[derive(Debug, Clone, Args)]
pub struct ChangeArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long)]
    pub no_wait: bool,
}

/// `tenant delete`, `tenant purge`.
#[derive(Debug, Clone, Args)]
pub struct DestroyArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long)]
    pub no_wait: bool,
}

/// `tenant adopt`.
#[derive(Debug, Clone, Args)]
pub struct AdoptArgs {
    /// The schema, as PostgreSQL keeps its name: without quotes, in the same case
    #[arg(long, value_name = "SCHEMA", value_parser = NonEmptyStringValueParser::new())]
    pub schema: String,
    /// 3 to 63 characters of a-z, 0-9 and hyphens
    #[arg(long)]
    pub slug: String,
    /// Name for people
    #[arg(long)]
    pub name: String,
    /// E-mail address of who answers for the tenant
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: String,
    /// Plan [default: the server's]
    #[arg(long, value_parser = words(Tier::ALL, |tier| tier.as_str()), ignore_case = true)]
    pub tier: Option<String>,
    /// Version that its tables have, where the schema has no `flyway_schema_history` [default: 0]
    #[arg(long, value_name = "VERSION")]
    pub baseline: Option<String>,
    /// The tenant's id, where its rows carry one already [default: a new one]
    #[arg(long, value_name = "ID")]
    pub tenant_id: Option<TenantId>,
    /// Look only: say what would be done and what stands in the way
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds to wait for the run to end
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_value = WAIT_SECONDS,
          default_missing_value = WAIT_SECONDS, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub wait: u32,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
}

/// `tenant list`.
#[derive(Debug, Clone, Args)]
pub struct ListTenantsArgs {
    /// Only those in this state
    #[arg(long, value_parser = words(TenantStatus::ALL, |status| status.as_str()), ignore_case = true)]
    pub status: Option<String>,
    /// Only those on this plan
    #[arg(long, value_parser = words(Tier::ALL, |tier| tier.as_str()), ignore_case = true)]
    pub tier: Option<String>,
    /// Only those whose slug or name contains this
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Order; a leading hyphen turns it round
    #[arg(long, allow_hyphen_values = true, value_name = "FIELD",
          value_parser = ["created_at", "-created_at", "slug", "-slug", "name", "-name"])]
    pub sort: Option<String>,
    /// Which page
    #[command(flatten)]
    pub paging: PagingArgs,
}

/// Which part of a list is shown.
#[derive(Debug, Clone, Args)]
pub struct PagingArgs {
    /// Items on a page, 1 to 200
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub limit: Option<u16>,
    /// Page to show, as named below the page before it
    #[arg(long)]
    pub cursor: Option<String>,
    /// All pages
    #[arg(long, conflicts_with = "cursor")]
    pub all: bool,
}

/// `tenant psql`.
#[derive(Debug, Clone, Args)]
pub struct PsqlArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// Slug of the workspace whose rows are visible [default: the default one]
    #[arg(long)]
    pub workspace: Option<String>,
    /// Minutes until the login expires, 1 to 480 [default: 60]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=480))]
    pub minutes: Option<u32>,
    /// Arguments for psql, after `--`
    #[arg(last = true, value_name = "PSQL_ARGS")]
    pub args: Vec<OsString>,
}

/// `tenant export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Slug of the tenant
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// File to write, or `-` for standard output [default: SLUG-DATE.tar]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `tenant import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// File that `tenant export` wrote
    pub file: PathBuf,
    /// Slug of the new tenant
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub slug: String,
    /// Name for people [default: the archive's]
    #[arg(long)]
    pub name: Option<String>,
    /// E-mail address of who answers for the tenant [default: the archive's]
    #[arg(long, value_name = "EMAIL")]
    pub admin_email: Option<String>,
    /// Plan [default: the archive's]
    #[arg(long, value_parser = words(Tier::ALL, |tier| tier.as_str()), ignore_case = true)]
    pub tier: Option<String>,
    /// Seconds to wait for the run to end
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_value = LOAD_SECONDS,
          default_missing_value = LOAD_SECONDS, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub wait: u32,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long, conflicts_with = "wait")]
    pub no_wait: bool,
}

/// Commands on provisioning runs.
#[derive(Debug, Clone, Subcommand)]
pub enum RunCommand {
    /// Show a run and its steps
    Show {
        /// `run_…`
        id: RunId,
    },
    /// Follow a run until it ends; exit 3 if it was undone, 4 if it needs a person
    Watch(WatchArgs),
    /// List runs, latest first
    List(ListRunsArgs),
    /// Take a run back: its steps are undone in reverse, and a tenant that it made is removed
    Rollback(RollbackArgs),
    /// Try a run again that was rolled back
    Retry(RetryArgs),
}

/// `run watch`.
#[derive(Debug, Clone, Args)]
pub struct WatchArgs {
    /// `run_…`
    #[arg(required_unless_present = "all")]
    pub id: Option<RunId>,
    /// All runs, from now on, until this command is interrupted
    #[arg(long, conflicts_with = "id")]
    pub all: bool,
}

/// `run rollback`.
#[derive(Debug, Clone, Args)]
pub struct RollbackArgs {
    /// `run_…`, or the slug of a tenant for its latest run
    #[arg(value_name = "ID|SLUG", value_parser = NonEmptyStringValueParser::new())]
    pub run: String,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long)]
    pub no_wait: bool,
}

/// `run retry`.
#[derive(Debug, Clone, Args)]
pub struct RetryArgs {
    /// `run_…`
    pub id: RunId,
    /// Answer at once; follow with `tenantry run watch`
    #[arg(long)]
    pub no_wait: bool,
}

/// `run list`.
#[derive(Debug, Clone, Args)]
pub struct ListRunsArgs {
    /// Only those of this tenant
    #[arg(long, value_name = "SLUG")]
    pub tenant: Option<String>,
    /// Only those in this state; several with commas between them
    #[arg(long, value_delimiter = ',', value_parser = words(RunStatus::ALL, |status| status.as_str()), ignore_case = true)]
    pub status: Vec<String>,
    /// Only those that do this
    #[arg(long, value_parser = words(RunKind::ALL, |kind| kind.as_str()), ignore_case = true)]
    pub kind: Option<String>,
    /// Which page
    #[command(flatten)]
    pub paging: PagingArgs,
}

/// Commands on the audit trail.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// List audit events, latest first
    List(ListAuditArgs),
    /// Show the latest audit events, and new ones as they come; ends with Ctrl-C
    Tail {
        /// Only those of this tenant: slug, id, or `platform`
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
    },
    /// Check that a chain is as it was sealed; exit 1 if it is not
    Verify(VerifyAuditArgs),
    /// Write all sealed audit events that match to standard output, oldest first
    Export(ExportAuditArgs),
}

/// Which audit events.
#[derive(Debug, Clone, Args)]
pub struct AuditFilterArgs {
    /// Only those of this tenant: slug, id, or `platform`
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Only what this actor did
    #[arg(long)]
    pub actor: Option<String>,
    /// Only this action; `tenant.` means all that begins so
    #[arg(long)]
    pub action: Option<String>,
    /// Only what was done to this id
    #[arg(long, value_name = "ID")]
    pub target: Option<String>,
    /// Only what was done at this time or later, such as 2026-03-04T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only what was done before this time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
}

/// `audit list`.
#[derive(Debug, Clone, Args)]
pub struct ListAuditArgs {
    /// Which events
    #[command(flatten)]
    pub filter: AuditFilterArgs,
    /// Which page
    #[command(flatten)]
    pub paging: PagingArgs,
}

/// `audit verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyAuditArgs {
    /// Slug or id of the tenant, or `platform` [default: the token's own tenant; for an operator `platform`]
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// All chains
    #[arg(long, conflicts_with = "tenant")]
    pub all: bool,
}

/// `audit export`.
#[derive(Debug, Clone, Args)]
pub struct ExportAuditArgs {
    /// `jsonl` has all that is needed to verify the chain elsewhere
    #[arg(long, value_parser = ["jsonl", "csv"], default_value = "jsonl", ignore_case = true)]
    pub format: String,
    /// Which events
    #[command(flatten)]
    pub filter: AuditFilterArgs,
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> PossibleValuesParser {
    PossibleValuesParser::new(all.iter().map(|&value| word(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Line, parse};
    use clap::{CommandFactory, error::ErrorKind};

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn bad_values_are_refused() {
        for line in [
            "tenant list --status gone",
            "tenant list --sort age",
            "tenant list --limit 0",
            "tenant list --limit 201",
            "tenant list --all --cursor x",
            "tenant psql acme --minutes 481",
            "tenant create acme --name A --admin-email a@b --wait 3 --no-wait",
            "tenant create acme --name A --admin-email a@b --wait 0",
            "run show ten_00000000000000000000000007",
            "run watch",
            "run watch --all run_00000000000000000000000007",
            "run list --kind move",
            "run retry acme",
            "key create --tenant acme --role owner",
            "key create --expires tomorrow",
            "key reroll key_00000000000000000000000001 --overlap-minutes 1441",
            "member set-role a@acme.example king",
            "invite create a@acme.example --hours 721",
            "invite accept https://app.example.com/accept-invitation#token=x",
            "login --password hunter2",
            "operator create a@acme.example --name A --role owner",
            "operator create a@acme.example --name A --role admin --password hunter2",
            "access-grant create acme --reason x --minutes 4",
            "tenant update acme",
            "tenant update acme --domain a.example --no-domains",
            "workspace rename sales",
            "session end run_00000000000000000000000007",
            "audit verify --all --tenant acme",
            "audit export --format xml",
            "-o yaml whoami",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        let empty = <Line as clap::Parser>::try_parse_from(["tenantry", "tenant", "show", ""]);
        assert_eq!(empty.unwrap_err().kind(), ErrorKind::InvalidValue);
    }

    #[test]
    fn waiting_is_the_default_and_its_length_can_be_said() {
        for (flags, wait, no_wait) in
            [("", 120, false), ("--wait", 120, false), ("--wait 7", 7, false), ("--no-wait", 120, true)]
        {
            let line = parse(&format!("tenant create acme --name A --admin-email a@b {flags}")).unwrap();
            let Command::Tenant(TenantCommand::Create(args)) = line.command else { panic!("{flags}") };
            assert_eq!((args.wait, args.no_wait), (wait, no_wait), "{flags}");
        }
    }

    #[test]
    fn hyphens_and_case_of_words_are_accepted() {
        let line = parse("tenant list --sort -name --tier PRO").unwrap();
        let Command::Tenant(TenantCommand::List(args)) = line.command else { panic!() };
        assert_eq!((args.sort.as_deref(), args.tier.as_deref()), (Some("-name"), Some("PRO")));
    }

    #[test]
    fn debug_hides_the_token() {
        let line = parse("whoami --token s3cret").unwrap();
        assert!(!format!("{:?}", line.global).contains("s3cret"));
    }
}
