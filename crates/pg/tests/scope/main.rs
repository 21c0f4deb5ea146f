//! The scope and the pools, with a real PostgreSQL, a real PgBouncer, and the wire in between.

mod attempts;
mod cancel;
mod copy;
mod fence;
mod outcome;
mod params;
mod pgbouncer;
mod pool;
mod proxy;
mod rotation;
mod statements;
mod tls;
mod wakeups;
mod wire;
mod world;
