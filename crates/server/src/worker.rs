//! The worker: drives runs, fills slots, makes and ends psql logins, labels schemas, seals the audit
//! trail, sends mail, proves isolation, does what recurs.
//!
//! Owns: nothing. Calls: core's placement, provisioning, psql, audit, mail, ops. Called by: commands, dev, the test kit.
//! Invariants: wake-ups are for speed, the poll for truth; filling slots keeps nobody waiting for longer than a batch takes
//! (`filling_slots_keeps_nobody_waiting`); a proof that is stopped leaves no tenant that serves (`a_worker_that_stops_removes_what_its_proof_made`); a run that waits keeps nobody's audit events from being sealed (`a_worker_seals_while_its_run_waits`); several workers may run (leases and locks keep them apart). After a crash: the
//! connection that its leases name is gone, so the next look of any worker goes on.

use crate::telemetry::Metrics;
use chrono::TimeDelta;
use std::{fmt::Display, pin::pin, sync::Arc, time::Duration};
use tenantry_core::{
    Result, audit,
    isolation::Prover,
    mail::{Mailer, Post},
    ops::duties::Duties,
    placement::Placement,
    provisioning::{self, DemoData},
    psql,
    wake::{self, Waker},
};
use tenantry_durable::Lease;
use tenantry_pg::{Listener, Presence};
use tokio::sync::watch;

/// How the worker works.
#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// Slots kept ready.
    pub warm_slots: usize,
    /// How long a run belongs to a worker that says nothing.
    pub lease: Duration,
    /// How long the worker sleeps at most.
    pub poll: Duration,
    /// How long a deleted tenant is kept; for ever where there is none.
    pub retention: Option<TimeDelta>,
    /// How long what a proof has made is being removed when the worker is told to stop; what is left is removed by whoever begins the report anew.
    pub grace: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            warm_slots: 16,
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            retention: Some(TimeDelta::days(30)),
            grace: Duration::from_secs(20),
        }
    }
}

/// Runs that are driven before the rest has its turn: whoever asks without a pause must not keep slots from being made, or psql sessions
/// from being ended.
const RUNS_PER_PASS: usize = 4;

/// How long a proof belongs to a worker whose connection is there: far longer than one over the largest fleet takes.
const PROOF: Duration = Duration::from_mins(30);

/// Audit events that are written within this time are sealed together: one look costs as much for many as for one.
const TOGETHER: Duration = Duration::from_millis(50);

/// After so many new slots the planner's picture of the catalogue is refreshed.
const ANALYZE_AFTER: usize = 100;

/// A worker.
pub struct Worker {
    /// The owner's means.
    pub placement: Placement,
    /// How it works.
    pub settings: WorkerSettings,
    /// Counts.
    pub metrics: Metrics,
    /// Tells whoever waits for what was done.
    pub waker: Waker,
    /// Tells servers that who may do what has changed.
    pub access: Waker,
    /// Where mail goes; none where no mail server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Proves isolation; none where this process may not.
    pub prover: Option<Prover>,
    /// Writes demo data; none where this process cannot.
    pub demo_data: Option<Arc<dyn DemoData>>,
    /// The connection by which others see that this process is there.
    pub presence: watch::Receiver<Option<Presence>>,
}

/// What wakes a worker.
pub struct Woken {
    any: watch::Receiver<u64>,
    work: watch::Receiver<u64>,
    trail: watch::Receiver<u64>,
    proof: watch::Receiver<u64>,
}

impl Woken {
    /// What this listener hears.
    pub fn by(listener: &Listener) -> Self {
        let [work, trail, proof] = wake::CHANNELS.map(|channel| listener.subscribe_to(channel));
        Self { any: listener.subscribe(), work, trail, proof }
    }
}

impl Worker {
    /// Works until `stop` becomes true. What it holds then is finished first.
    pub async fn run(self, woken: Woken, stop: watch::Receiver<bool>) {
        // Side by side: a mail server that takes its time, a proof over a large fleet, and a run that waits for a lock keep nobody else waiting.
        tokio::join!(
            self.drive(woken.work, stop.clone()),
            self.keep_trail(woken.trail, stop.clone()),
            self.post(woken.any, stop.clone()),
            self.prove(woken.proof, stop)
        );
    }

    async fn keep_trail(&self, mut woken: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        told("audit", audit::hurry(&self.placement.owner).await);
        while !*stop.borrow() {
            woken.mark_unchanged();
            self.seal().await;
            let rest = async {
                tokio::time::sleep(TOGETHER).await;
                let _ = tokio::time::timeout(self.settings.poll, woken.changed()).await;
            };
            tokio::select! {
                () = rest => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn post(&self, mut woken: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        let Some(post) = self.sender() else { return };
        while !*stop.borrow() {
            woken.mark_unchanged();
            while !*stop.borrow() && told("mail", post.send_next().await).unwrap_or(false) {}
            tokio::select! {
                _ = woken.changed() => {}
                _ = stop.changed() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    async fn prove(&self, mut woken: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            woken.mark_unchanged();
            tokio::select! {
                // Dropped half-way: the lease ends with this process, and another begins the report anew.
                () = self.prove_all() => {}
                _ = stop.changed() => return self.give_up().await,
            }
            tokio::select! {
                _ = woken.changed() => {}
                _ = stop.changed() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    async fn prove_all(&self) {
        let Some(prover) = &self.prover else { return };
        while let Some(Some(report)) =
            told("isolation", prover.work(Lease { length: PROOF, ..self.lease() }).await)
        {
            self.metrics.isolation_proved(&report);
            self.waker.wake();
        }
    }

    async fn give_up(&self) {
        let Some(http) = self.prover.as_ref().and_then(|prover| prover.http.as_ref()) else { return };
        if tokio::time::timeout(self.settings.grace, http.give_up()).await.is_err() {
            tracing::warn!("tenants of a proof are left; whoever begins it anew removes them");
        }
    }

    fn sender(&self) -> Option<Post> {
        let Placement { owner, ctx, .. } = &self.placement;
        let mailer = Arc::clone(self.mailer.as_ref()?);
        Some(Post { owner: owner.clone(), ctx: ctx.clone(), vault: self.placement.vault(), mailer })
    }

    async fn drive(&self, mut woken: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        let mut made = 0;
        while !*stop.borrow() {
            // Marked before looking, so that a wake-up during the look is not lost.
            woken.mark_unchanged();
            let mut filling = false;
            loop {
                filling = self.pass(&mut made, filling).await;
                if !filling || *stop.borrow() {
                    break;
                }
            }
            tokio::select! {
                _ = woken.changed() => {}
                _ = stop.changed() => {}
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
    }

    /// One look at everything, until nothing is left to do.
    pub async fn look(&self, made: &mut usize) {
        let mut passing = pin!(async {
            let mut filling = false;
            loop {
                filling = self.pass(made, filling).await;
                if !filling {
                    break;
                }
            }
        });
        while tokio::time::timeout(self.settings.poll, &mut passing).await.is_err() {
            self.seal().await;
        }
        self.seal().await;
        if let Some(post) = self.sender() {
            while told("mail", post.send_next().await).unwrap_or(false) {}
        }
        self.prove_all().await;
    }

    /// Everything once, and of the slots one batch: who waits for a tenant or a psql session waits for no more than that. Returns whether
    /// there may be more to do at once. A failing part is logged, and does not keep the others from their work.
    async fn pass(&self, made: &mut usize, filling: bool) -> bool {
        let mut driven = 0;
        while driven < RUNS_PER_PASS
            && let Some(Some(outcome)) = told("provisioning", self.drive_one().await)
        {
            driven += 1;
            self.metrics.run_ended(&outcome.run, false);
            self.waker.wake();
            // An undone run has taken a tenant away from whoever was let into it.
            self.access.wake();
        }
        let duties = Duties::new(&self.placement, self.waker.clone(), self.settings.retention);
        told("duties", duties.work(|| self.lease()).await);
        if told("psql sessions", psql::work(&self.placement).await).is_some_and(|touched| touched > 0) {
            self.waker.wake();
        }
        told("labels", self.placement.label().await);
        let (batch, more) = told("warm slots", self.fill(filling).await).unwrap_or((0, false));
        *made += batch;
        if *made >= ANALYZE_AFTER {
            told("catalogue statistics", self.placement.analyze_catalogue().await);
            *made = 0;
        }
        more || driven == RUNS_PER_PASS
    }

    async fn drive_one(&self) -> Result<Option<provisioning::Outcome>> {
        let holder = *self.presence.borrow();
        let demo_data = self.demo_data.clone();
        provisioning::work_with(&self.placement, demo_data, self.settings.lease, holder).await
    }

    async fn seal(&self) {
        if let Some(left) = told("audit", audit::seal(&self.placement.owner, &self.placement.ctx).await) {
            self.metrics.audit(left.unsealed, left.lag);
        }
    }

    fn lease(&self) -> Lease {
        Lease {
            token: self.placement.ctx.uuid(),
            length: self.settings.lease,
            holder: *self.presence.borrow(),
        }
    }

    /// Refills in batches: every new role makes the cell's connections look up their memberships again, so one batch for eight claims is
    /// cheaper for them than eight slots one by one. Begins at the low-water mark, and then goes on until all are ready.
    async fn fill(&self, filling: bool) -> Result<(usize, bool)> {
        let wanted = self.settings.warm_slots;
        let ready = self.placement.ready().await?;
        let low_water = wanted.saturating_sub(8).max(wanted / 2);
        let due = ready < wanted && (filling || ready <= low_water);
        let made = if due { self.placement.fill_batch(wanted).await? } else { 0 };
        self.metrics.warm_slots("ready", u32::try_from(ready + made).unwrap_or(u32::MAX));
        Ok((made, made > 0 && ready + made < wanted))
    }
}

fn told<T, E: Display>(part: &str, outcome: std::result::Result<T, E>) -> Option<T> {
    outcome
        .map_err(|error| tracing::error!(part, %error, "the worker could not do its part; it tries again"))
        .ok()
}
