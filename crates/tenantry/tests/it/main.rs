//! What Tenantry promises, tested where it is promised: through the HTTP API and the command line, against a real PostgreSQL.

mod agents;
mod ask;
mod catalogue;
mod durable;
mod feed;
mod health;
mod http;
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
