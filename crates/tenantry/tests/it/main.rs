//! What Tenantry promises, tested where it is promised: through the HTTP API and the command line, against a real PostgreSQL.

mod adopt;
mod agents;
mod archive;
mod ask;
mod audit;
mod bad_input;
mod catalogue;
mod durable;
mod feed;
mod health;
mod http;
mod idempotency;
mod idempotency_outage;
mod identity;
mod isolation;
mod life;
mod metrics;
mod migrations;
mod openapi;
mod placement;
mod psql;
mod registry;
mod runs;
mod set_up;
mod support;
mod tenants;
