//! What the server tells about itself: log lines, trace ids, metrics.
//!
//! Owns: nothing. Calls: nothing. Called by: http middleware, wiring.
//! Invariants: stated in each module. After a crash: counters start at zero, as Prometheus expects.

pub mod log;
pub mod metrics;
mod process;
mod tenant_series;
pub mod trace;

pub use metrics::{CreateError, Metrics};
pub use trace::TraceContext;
