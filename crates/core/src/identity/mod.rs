//! Identity: people, machines, and how each request proves whose it is.
//!
//! Owns: users, memberships, keys, invitations, sessions, operators, grants, each through its module. Calls: registry, audit, idempotency, pg.
//! Called by: server's authentication and identity operations, provisioning, tenancy.
//! Invariants: stated in each module. After a crash: each deed is one transaction, done or not.

mod asks;
mod email;
pub mod external;
mod gate;
mod grants;
pub mod invitations;
pub(crate) mod keys;
mod look;
pub mod members;
mod mismatches;
mod operators;
mod paging;
pub(crate) mod passwords;
pub mod people;
pub mod privacy;
pub(crate) mod recheck;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod tokens;
pub(crate) mod users;
pub mod workspaces;

pub use asks::Asks;
pub use email::{Email, NotAnEmail};
pub(crate) use email::{is_domain, is_email};
pub use gate::{Credential, Gate, Verifiers};
pub use grants::Grants;
pub use keys::{Environment, KeyText, Keys, create_api_key, describe};
pub use look::again;
pub(crate) use mismatches::MISMATCH;
pub use mismatches::Mismatches;
pub use operators::{Bootstrap, Bootstrapped, Operators, bootstrap, unlock};
pub use paging::Paging;
pub use passwords::{HashingCost, Passwords};
pub use sessions::{
    Lasting, csrf_token, end as end_session, end_others as end_other_sessions, is_csrf_token,
    list as list_sessions,
};
pub use sign_in::{Opened, SignIn, Visit};
pub use tokens::{TokenSettings, Tokens};

use crate::Result;
use chrono::{DateTime, TimeDelta, Utc};
use tenantry_pg::ControlTx;

/// Days for which sessions, links, keys and invitations that are over are kept: whoever asks what happened last week finds them.
const KEPT: TimeDelta = TimeDelta::days(30);

/// Forgets what nobody asks for any more. As the owner.
///
/// # Errors
/// The database's.
pub(crate) async fn sweep(tx: &ControlTx, now: DateTime<Utc>) -> Result<()> {
    sign_in::forget(tx, now).await?;
    invitations::store::forget(tx, now - KEPT).await?;
    sessions::store::forget(tx, now - KEPT).await?;
    tokens::forget(tx, now - KEPT).await
}
