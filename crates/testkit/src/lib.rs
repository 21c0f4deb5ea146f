//! Dev-only: a throw-away PostgreSQL, a test application, a clock, failure points.
