//! The matrix: every scenario of a kind, once without a crash, then with one at each point, then with every pair.
//!
//! Owns: nothing. Calls: stage, scenario. Called by: tests/crash, `crash_worker matrix`.
//! Invariants: a process that does not die where it should is a difference, so that no case passes by not happening
//! (`every_single_crash_leaves_no_difference`). After a crash: see the module.

use super::{
    ANSWER, Crash, KindReport, Scenario, Stage,
    child::Ended,
    scenario::{Victim, Way, comes_by, scenarios, uncovered},
    stage::Subject,
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Instant,
};
use tenantry_core::provisioning;
use tenantry_types::run::{RunKind, StepName};

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One crash, at each point.
    Singles,
    /// The same; then failures at every step; then a second crash of whoever goes on, at each point that it comes by.
    Pairs,
}

/// Tries these kinds, two at a time. `exe` is `crash_worker`.
pub async fn kinds(exe: &Path, kinds: &[RunKind], depth: Depth) -> Vec<KindReport> {
    let waiting: Mutex<Vec<RunKind>> = Mutex::new(kinds.iter().rev().copied().collect());
    let lane = async || {
        let mut reports = Vec::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(next) = next else { return reports };
            reports.push(Box::pin(kind(exe, next, depth)).await);
        }
    };
    let (one, other) = tokio::join!(lane(), lane());
    let mut reports = [one, other].concat();
    reports.sort_by_key(|report| kinds.iter().position(|kind| kind.as_str() == report.name));
    reports
}

/// Tries one kind on a stage of its own. A kind without steps is passed over: nothing can begin it.
async fn kind(exe: &Path, kind: RunKind, depth: Depth) -> KindReport {
    let steps = steps(kind);
    if steps.is_empty() {
        return KindReport::new(kind.as_str());
    }
    let mut trial = Trial::start(exe, kind.as_str()).await;
    for scenario in scenarios(kind) {
        trial.scenario(scenario, &steps, depth).await;
        if depth == Depth::Pairs {
            // Minutes pass between these.
            eprintln!(
                "{}: {} runs so far, {} differences",
                scenario.name(),
                trial.report.cases,
                trial.report.differences.len()
            );
        }
    }
    let uncovered = uncovered(kind, &steps, &trial.died_at);
    trial.report.differences.extend(uncovered);
    trial.end().await
}

/// Two workers at once, each with a run of its own and another one waiting, and one of them is killed: at each point of a creation.
pub async fn two_workers(exe: &Path) -> KindReport {
    let mut trial = Trial::start(exe, "two workers").await;
    let making = Scenario { kind: RunKind::Create, victim: Victim::Worker, way: Way::Forward, warm: false };
    let passed = trial.undisturbed(making, None).await;
    for crash in making.deaths(&passed) {
        trial.while_another_works(making, &crash).await;
    }
    trial.end().await
}

/// A worker is killed while it makes slots, of which a batch is one transaction: none of them is there, and the next worker makes them all.
pub async fn slots(exe: &Path) -> KindReport {
    let mut trial = Trial::start(exe, "slots").await;
    for (point, nth) in [("slot.begin", 1), ("slot.end", 1), ("slot.begin", 3), ("slot.end", 3)] {
        let crash = Crash { point: point.to_owned(), nth };
        let label = format!("slots, dead at {point} of slot {nth}");
        let ended = trial.stage.filler(&crash, 3).await;
        trial.report.cases += 1;
        trial.killed(&label, &ended, &crash);
        let mut wrong: Vec<String> = trial.stage.settle().await.into_iter().collect();
        wrong.extend(trial.stage.differences().await);
        let ready = trial.stage.see("SELECT count(*) FROM slots WHERE state = 'ready'").await;
        wrong.extend((ready != "0").then(|| format!("{ready} slots are ready")));
        trial.note(&label, wrong);
    }
    let filled = trial.stage.app.database.placement.fill(3).await;
    trial.note("slots, in the end", filled.err().map(|error| error.to_string()).into_iter().collect());
    trial.end().await
}

fn steps(kind: RunKind) -> Vec<StepName> {
    let mut catalogue = provisioning::catalogue().into_iter();
    catalogue.find(|(known, _)| *known == kind).map(|(_, steps)| steps).unwrap_or_default()
}

/// Cases on one stage. Their tenants stay, and looking at hundreds of them takes longer than making a new stage.
const CASES_PER_STAGE: usize = 40;

struct Trial {
    exe: PathBuf,
    stage: Stage,
    on_stage: usize,
    report: KindReport,
    died_at: BTreeSet<String>,
    /// Differences of the world that were told already: they stay, and each is told once.
    told: BTreeSet<String>,
    began: Instant,
}

impl Trial {
    async fn start(exe: &Path, name: &str) -> Self {
        let began = Instant::now();
        let stage = Stage::start(exe).await;
        let (report, exe) = (KindReport::new(name), exe.to_owned());
        Self { exe, stage, on_stage: 0, report, died_at: BTreeSet::new(), told: BTreeSet::new(), began }
    }

    /// Another case begins, on another stage where this one has seen enough.
    async fn begin(&mut self) {
        self.report.cases += 1;
        self.on_stage += 1;
        if self.on_stage > CASES_PER_STAGE {
            self.look_at_the_whole().await;
            self.stage = Stage::start(&self.exe).await;
            self.told.clear();
            self.on_stage = 1;
        }
    }

    async fn look_at_the_whole(&mut self) {
        let world = self.stage.differences().await;
        let new = world.into_iter().filter(|line| self.told.insert(line.clone())).collect();
        self.note("in the end", new);
    }

    async fn end(mut self) -> KindReport {
        self.look_at_the_whole().await;
        self.report.points = self.died_at.len();
        self.report.seconds = self.began.elapsed().as_secs_f64();
        self.report
    }

    async fn scenario(&mut self, scenario: Scenario, steps: &[StepName], depth: Depth) {
        // On the way forward too, where nothing failed: each step's end is where the way back may begin.
        let failing = |step: &StepName| format!("{}.{step}.after", scenario.kind);
        let fails = scenario.way == Way::Failing;
        let last = steps.last().filter(|_| fails).map(failing);
        let passed = self.undisturbed(scenario, last.as_deref()).await;
        for crash in scenario.deaths(&passed) {
            self.case(scenario, last.as_deref(), std::slice::from_ref(&crash)).await;
        }
        if depth == Depth::Singles || scenario.victim == Victim::Server {
            return;
        }
        self.pairs(scenario, last.as_deref(), &passed).await;
        let earlier = steps.iter().rev().skip(1).filter(|_| fails).map(failing);
        // The server's own steps are behind a worker: their failures are not met there.
        for fail in earlier.filter(|fail| passed.contains(fail)) {
            let passed = self.undisturbed(scenario, Some(&fail)).await;
            for crash in scenario.deaths(&passed) {
                self.case(scenario, Some(&fail), std::slice::from_ref(&crash)).await;
            }
        }
    }

    /// Every death, then every second one that whoever goes on comes by.
    async fn pairs(&mut self, scenario: Scenario, fail: Option<&str>, passed: &[String]) {
        let place =
            |crash: &Crash| passed.iter().position(|point| *point == crash.point).unwrap_or(usize::MAX);
        let seconds = scenario.deaths(passed);
        let firsts = passed.iter().map(|point| Crash { point: point.clone(), nth: 1 });
        for first in firsts.filter(|first| scenario.way != Way::Overruled || seconds.contains(first)) {
            for second in &seconds {
                if comes_by(passed, place(&first), place(second)) {
                    self.case(scenario, fail, &[first.clone(), second.clone()]).await;
                } else {
                    self.report.behind += 1;
                }
            }
        }
    }

    /// Without a crash; what the process passed.
    async fn undisturbed(&mut self, scenario: Scenario, fail: Option<&str>) -> Vec<String> {
        self.begin().await;
        let subject = self.stage.prepare(scenario).await;
        let ended = self.stage.child(scenario, &subject, None, fail).await;
        let label = format!("{}, undisturbed", scenario.name());
        self.note(&label, ended.not_done().into_iter().collect());
        self.conclude(&label, scenario, &subject, expected(scenario, None)).await;
        ended.passed
    }

    /// One process after another, each dies at its point; then all goes to its end, and the world is compared.
    async fn case(&mut self, scenario: Scenario, fail: Option<&str>, crashes: &[Crash]) {
        let places: Vec<_> = crashes.iter().map(|crash| crash.point.as_str()).collect();
        let label = format!("{}, dead at {}", scenario.name(), places.join(" and at "));
        self.begin().await;
        let subject = self.stage.prepare(scenario).await;
        for crash in crashes {
            let ended = self.stage.child(scenario, &subject, Some(crash), fail).await;
            self.killed(&label, &ended, crash);
        }
        let point = crashes.first().map(|crash| crash.point.as_str());
        self.conclude(&label, scenario, &subject, expected(scenario, point)).await;
    }

    fn killed(&mut self, label: &str, ended: &Ended, crash: &Crash) {
        if let Some(wrong) = ended.not_killed_at(&crash.point) {
            self.note(label, vec![wrong]);
        } else {
            self.report.kills += 1;
            self.died_at.insert(crash.point.clone());
        }
    }

    /// Both have a run and stand before the cells, which a superuser holds; then one dies at its point, and the other does all the rest.
    async fn while_another_works(&mut self, scenario: Scenario, crash: &Crash) {
        let label = format!("two workers, one dead at {}", crash.point);
        self.begin().await;
        let mut subjects = Vec::new();
        for _ in 0..3 {
            subjects.push(self.stage.prepare(scenario).await);
        }
        let Some(subject) = subjects.first() else { return };
        let gate = self.stage.app.database.admin().await;
        let shut = gate.execute("BEGIN; LOCK TABLE cells IN ACCESS EXCLUSIVE MODE").await;
        shut.unwrap_or_else(|error| panic!("{error}"));
        let waiting =
            "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'cells'::regclass";
        let open = async {
            let began = Instant::now();
            while self.stage.see(waiting).await != "2" && began.elapsed().as_secs() < 20 {}
            gate.execute("ROLLBACK").await.unwrap_or_else(|error| panic!("{error}"));
        };
        let (dead, living, ()) = tokio::join!(
            self.stage.child(scenario, subject, Some(crash), None),
            self.stage.child(scenario, subject, None, None),
            open
        );
        self.killed(&label, &dead, crash);
        self.note(&label, living.not_done().into_iter().collect());
        for subject in &subjects {
            self.conclude(&label, scenario, subject, Some("succeeded")).await;
        }
    }

    /// Lets all go to its end, then looks at the run, at its tenant, and at the world.
    async fn conclude(&mut self, label: &str, scenario: Scenario, subject: &Subject, ended: Option<&str>) {
        let mut wrong: Vec<String> = self.stage.settle().await.into_iter().collect();
        wrong.extend(self.stage.outcome(scenario, subject, ended).await);
        let world = self.stage.differences_with(&subject.slug).await;
        wrong.extend(world.into_iter().filter(|line| self.told.insert(line.clone())));
        self.note(label, wrong);
    }

    fn note(&mut self, label: &str, wrong: Vec<String>) {
        self.report.differences.extend(wrong.into_iter().map(|line| format!("{label}: {line}")));
    }
}

/// How the run ends. A server's death before its answer leaves no run: all that it did is one transaction.
fn expected(scenario: Scenario, point: Option<&str>) -> Option<&'static str> {
    match (scenario.victim, scenario.way) {
        (Victim::Server, _) => point.is_none_or(|point| point == ANSWER).then_some("succeeded"),
        (Victim::Worker, Way::Forward) => Some("succeeded"),
        (Victim::Worker, Way::Failing | Way::Overruled) => Some("rolled_back"),
    }
}
