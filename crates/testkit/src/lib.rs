//! The test kit: one private PostgreSQL per process, a database per test, an application and an identity in one line.
//!
//! Owns: an ephemeral cluster, which ends with the process whatever ends it. Calls: pg, core, server. Called by: tests and benches alone.
//! Invariants: the owner of every database is no superuser, as on a managed server (`the_owner_is_no_superuser`); tests share nothing but the cluster.
//! After a crash: the cluster's watchdog removes it.

#![expect(clippy::missing_panics_doc, reason = "a test kit fails the test by panicking, everywhere")]

mod app;
mod client;
mod clock;
pub mod console;
pub mod crash;
mod database;
mod faults;
pub mod figures;
mod file;
pub mod fuzz;
mod issuer;
mod pooler;
mod program;
mod served;
mod smtp;
mod wire;

/// The router's own types, for what [`Client`] sends and gets.
pub use axum;

pub use app::{OPERATOR, POOLED, TestApp, TestAppBuilder, TestTenant};
pub use client::{Client, Reply};
pub use clock::TestClock;
pub use database::{TestDatabase, cluster};
pub use faults::{Armed, TestFaults};
pub use file::TestFile;
pub use issuer::{TestIssuer, TestKey, sign_webhook, webhook_secret};
pub use pooler::TestPooler;
pub use program::Program;
pub use served::Served;
pub use smtp::{Mood, TestMail, TestSmtp};
pub use wire::{Answer, Wire, request};
