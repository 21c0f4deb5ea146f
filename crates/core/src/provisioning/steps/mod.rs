//! The steps of every kind of run, each declared beside its undo.
//!
//! Owns: nothing. Calls: placement, registry, identity, psql. Called by: the host.
//! Invariants: the kinds and their steps are the published ones (`the_steps_are_the_published_ones`); each act and each undo may run twice
//! (`undo_is_repeatable`, and the crash matrix for all of them). After a crash: acts of one transaction are gone with it; what was
//! committed is gone on from or undone by whoever takes the run next.

mod adopt;
mod import;
mod life;
mod make;
mod remove;

use super::host::Host;
use tenantry_durable::saga::{Act, Step, Undo};
use tenantry_types::run::{RunKind, StepName};

const fn step(name: StepName, act: Act<Host>, undo: Undo<Host>) -> Step<Host> {
    Step { name, act, undo, boundary: false }
}

/// The same, and the transaction ends after it.
const fn last(name: StepName, act: Act<Host>, undo: Undo<Host>) -> Step<Host> {
    Step { name, act, undo, boundary: true }
}

/// The server answers after `reserve`. What a schema is made of shares a transaction; what is outside PostgreSQL comes after it.
static CREATE: [Step<Host>; 8] = [
    last(StepName::Reserve, make::reserve, make::unreserve),
    step(StepName::Place, make::place, make::unplace),
    step(StepName::Migrate, make::migrate, gone_with_the_schema),
    step(StepName::Isolate, make::isolate, gone_with_the_schema),
    last(StepName::Seed, make::seed, gone_with_the_tenant),
    step(StepName::Extras, make::extras, nothing_was_done),
    step(StepName::Verify, make::verify, nothing_was_done),
    step(StepName::Activate, make::activate, make::deactivate),
];

/// The same with rows to look at. They are written through a scope of the tenant's, by a connection that is not the run's: so the schema has to be there for others before,
/// and its fence to be proven: no row goes into a home that nobody looked at.
pub(super) static CREATE_WITH_DEMO_DATA: [Step<Host>; 9] = [
    last(StepName::Reserve, make::reserve, make::unreserve),
    step(StepName::Place, make::place, make::unplace),
    step(StepName::Migrate, make::migrate, gone_with_the_schema),
    step(StepName::Isolate, make::isolate, gone_with_the_schema),
    last(StepName::Seed, make::seed, gone_with_the_tenant),
    step(StepName::Extras, make::extras, nothing_was_done),
    last(StepName::Verify, make::verify, nothing_was_done),
    last(StepName::DemoData, make::demo_data, gone_with_the_schema),
    step(StepName::Activate, make::activate, make::deactivate),
];

/// Steps of it that need a slot and no worker.
pub(super) const BEFORE_DEMO_DATA: usize = 7;

/// Looking and taking over share a transaction, so that nothing changes in between.
static ADOPT: [Step<Host>; 6] = [
    last(StepName::Reserve, make::reserve, make::unreserve),
    step(StepName::Inspect, adopt::inspect, nothing_was_done),
    step(StepName::TakeOver, adopt::take_over, adopt::give_back),
    last(StepName::Seed, adopt::seed, gone_with_the_tenant),
    step(StepName::Verify, adopt::verify, nothing_was_done),
    step(StepName::Activate, adopt::activate, make::deactivate),
];

/// An adoption that only looks.
pub(super) static DRY_ADOPT: [Step<Host>; 1] = [step(StepName::Inspect, adopt::inspect, nothing_was_done)];

static IMPORT: [Step<Host>; 9] = [
    last(StepName::Reserve, make::reserve, make::unreserve),
    step(StepName::Place, make::place, make::unplace),
    step(StepName::Migrate, make::migrate, gone_with_the_schema),
    step(StepName::Isolate, make::isolate, gone_with_the_schema),
    step(StepName::Load, import::load, gone_with_the_schema),
    last(StepName::Seed, import::seed, gone_with_the_tenant),
    step(StepName::Extras, make::extras, nothing_was_done),
    step(StepName::Verify, make::verify, nothing_was_done),
    step(StepName::Activate, import::activate, make::deactivate),
];

static SUSPEND: [Step<Host>; 2] = [
    last(StepName::Close, life::suspend, life::as_before),
    step(StepName::Sessions, life::end_sessions, nothing_was_done),
];

static RESUME: [Step<Host>; 2] = [
    step(StepName::Verify, make::verify, nothing_was_done),
    step(StepName::Open, life::open, life::as_before),
];

static DELETE: [Step<Host>; 2] = [
    last(StepName::Close, life::delete, life::as_before),
    step(StepName::Sessions, life::end_sessions, nothing_was_done),
];

/// One transaction: a purge is done, or it is not; there is nothing in between that an undo could bring back.
static PURGE: [Step<Host>; 4] = [
    step(StepName::Sessions, life::end_sessions, nothing_was_done),
    step(StepName::Audit, remove::keep_audit, rolled_back_with_its_transaction),
    step(StepName::Drop, remove::drop_home, rolled_back_with_its_transaction),
    step(StepName::Forget, remove::forget, rolled_back_with_its_transaction),
];

/// The steps of a kind.
pub(super) fn of(kind: RunKind) -> &'static [Step<Host>] {
    match kind {
        RunKind::Create => &CREATE,
        RunKind::Suspend => &SUSPEND,
        RunKind::Resume | RunKind::Restore => &RESUME,
        RunKind::Delete => &DELETE,
        RunKind::Purge => &PURGE,
        RunKind::Adopt => &ADOPT,
        RunKind::Import => &IMPORT,
    }
}

/// Steps that the server does itself, in the transaction that answers the caller.
pub(super) fn at_once(kind: RunKind) -> usize {
    match kind {
        RunKind::Create | RunKind::Adopt | RunKind::Import | RunKind::Suspend | RunKind::Delete => 1,
        RunKind::Resume | RunKind::Restore => 2,
        RunKind::Purge => 0,
    }
}

macro_rules! undo_is_empty {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        fn $name<'a>(
            _: &'a Host,
            _: &'a tenantry_pg::ControlTx,
            _: &'a mut super::host::Making,
        ) -> tenantry_pg::BoxFuture<'a, crate::Result<()>> {
            Box::pin(std::future::ready(Ok(())))
        }
    )+};
}

undo_is_empty! {
    /// The step only looked, or its work needs no undoing.
    nothing_was_done
    /// `place`'s undo drops the schema, and what the step made in it goes along.
    gone_with_the_schema
    /// `reserve`'s undo removes the tenant's row, and rows that refer to it go along.
    gone_with_the_tenant
    /// The step shares its transaction with all others of its run.
    rolled_back_with_its_transaction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_the_published_ones() {
        let in_words = |steps: &[Step<Host>]| {
            let named = |step: &Step<Host>| format!("{}{}", step.name, if step.boundary { " |" } else { "" });
            steps.iter().map(named).collect::<Vec<_>>().join(" ")
        };
        let told = RunKind::ALL.iter().map(|kind| format!("{kind}: {}", in_words(of(*kind))));
        let with_demo_data = format!("with demo data: {}", in_words(&CREATE_WITH_DEMO_DATA));
        assert_eq!(CREATE_WITH_DEMO_DATA[BEFORE_DEMO_DATA].name, StepName::DemoData);
        insta::assert_snapshot!(told.chain([with_demo_data]).collect::<Vec<_>>().join("\n"), @r"
        create: reserve | place migrate isolate seed | extras verify activate
        adopt: reserve | inspect take_over seed | verify activate
        import: reserve | place migrate isolate load seed | extras verify activate
        suspend: close | sessions
        resume: verify open
        delete: close | sessions
        restore: verify open
        purge: sessions audit drop forget
        with demo data: reserve | place migrate isolate seed | extras verify | demo_data | activate
        ");
    }
}
