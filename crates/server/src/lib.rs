//! HTTP API, configuration, telemetry and the wiring of the server, worker and dev commands.
//!
//! Owns: the HTTP surface, the configuration keys, the metrics. Calls: core, types. Called by: the binary.
//! Invariants: stated in each module. After a crash: the next start reads the configuration again; state is in PostgreSQL.

pub mod app;
pub mod commands;
pub mod config;
mod demo;
mod dev;
mod fetch;
pub mod http;
pub mod mail;
pub mod proof;
pub mod run;
pub mod telemetry;
pub mod worker;
