//! Identity: people, machines, and how each request proves whose it is.
//!
//! Owns: users, memberships, keys, invitations, sessions, operators, grants, each through its module. Calls: registry, audit, idempotency, pg.
//! Called by: server's authentication and identity operations, provisioning, tenancy.
//! Invariants: stated in each module. After a crash: each deed is one transaction, done or not.

mod email;
mod gate;
mod grants;
pub(crate) mod invitations;
pub(crate) mod keys;
mod look;
mod operators;
mod paging;
pub(crate) mod passwords;
mod recheck;
pub(crate) mod users;

pub use email::{Email, NotAnEmail};
pub(crate) use email::{is_domain, is_email};
pub use gate::{Credential, Gate};
pub use grants::Grants;
pub use keys::{Environment, KeyText, Keys, create_api_key, describe};
pub use look::again;
pub use operators::{Bootstrap, Bootstrapped, Operators, bootstrap, unlock};
pub use paging::Paging;
pub use passwords::{HashingCost, Passwords};
