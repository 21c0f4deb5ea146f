//! The processes and the command line, end to end with the real binary.

mod client;
mod dev;
mod http;
mod life;
mod people;
mod process;
mod psql;
mod refusals;
mod server;
mod start;
mod worker;
