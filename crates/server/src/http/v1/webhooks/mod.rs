//! Webhooks of other systems. Each is signed; nobody signs in.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: the sender tries again.

pub mod clerk;
