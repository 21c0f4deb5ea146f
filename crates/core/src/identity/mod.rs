//! Identity: people, machines, and how each request proves whose it is.
//!
//! Owns: users, memberships, keys, invitations, sessions, operators, grants, each through its module. Calls: registry, audit, idempotency, pg.
//! Called by: server's authentication and identity operations, provisioning, tenancy.
//! Invariants: stated in each module. After a crash: each deed is one transaction, done or not.

mod email;
pub mod external;
mod gate;
pub(crate) mod invitations;
pub(crate) mod keys;
mod look;
pub(crate) mod users;

pub use email::{Email, NotAnEmail};
pub(crate) use email::{is_domain, is_email};
pub use gate::{Credential, Gate};
pub use keys::{Environment, KeyText, create_api_key, describe};
pub use look::again;
