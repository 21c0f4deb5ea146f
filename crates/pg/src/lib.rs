//! The only crate that talks to PostgreSQL: pools, transactions, the tenant scope, migrations, the private cluster.
