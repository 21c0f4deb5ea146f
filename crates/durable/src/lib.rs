//! Work that outlives a request: leases, jobs, schedules, sagas, an outbox, wake-ups. It knows no word of the domain.
//!
//! Owns: `jobs`, `schedules_due`, `outbox`, `outbox_clock`. Calls: pg, types. Called by: core.
//! Invariants: whoever lost a lease changes nothing, since every write names its token (`an_old_token_changes_nothing`); wake-ups are speed,
//! tables are truth. After a crash: the holder's connection is gone, so another takes the work at once and resumes it.

pub mod jobs;
pub mod lease;
pub mod outbox;
pub mod saga;
pub mod wake;

pub use lease::Lease;
