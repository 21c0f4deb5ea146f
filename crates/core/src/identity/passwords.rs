//! Passwords: which are good enough, how they are hashed, whether one is right.
//!
//! Owns: nothing; `users` keeps the hashes. Calls: nothing. Called by: identity's sign-in, invitations, operators.
//! Invariants: a hash is made off the async threads, on as many threads as there are cores, which keep its memory to themselves (`memory_is_bounded_by_cores`), and one
//! too many is turned away instead of queued without end (`one_too_many_is_turned_away`); a user who is unknown costs what a wrong password costs (`nobody_costs_as_much_as_somebody`); a hash of
//! other parameters is told, so that the next sign-in makes it anew (`other_parameters_are_told`). After a crash: nothing is left.

use crate::{Error, Fields, Result, ctx};
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
use tenantry_types::{ErrorCode, identity::Proof};
use tokio::sync::{Semaphore, oneshot};

/// Fewest characters of a password.
const SHORTEST: usize = 10;
/// Most characters of a password.
const LONGEST: usize = 200;
/// Characters that are estimated: the estimate takes longer than the square of its length.
const ESTIMATED: usize = 100;
/// Least score of zxcvbn, of 0 to 4: more than a million guesses.
const LEAST_SCORE: u8 = 2;
/// Callers that wait for each core at the most: about a second's work.
const WAITING_PER_CORE: usize = 32;

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Whether a password is the one of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is not, or there is no hash.
    Wrong,
    /// It is, and the hash has today's parameters.
    Right,
    /// It is, and the hash should be made anew.
    Outdated,
}

/// Hashes and compares. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    inner: Arc<Inner>,
    /// To the threads that hash. They end when the last clone is gone.
    jobs: mpsc::Sender<Job>,
}

struct Inner {
    argon: Argon2<'static>,
    /// Has the form of a hash and belongs to no password.
    nobodys: String,
    turns: Arc<Semaphore>,
    inside: AtomicUsize,
    room: usize,
}

/// One hash's worth of work.
type Job = Box<dyn FnOnce() + Send>;

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Passwords").field(self.inner.argon.params()).finish()
    }
}

impl Passwords {
    /// With so many hashes at once as the machine has cores.
    ///
    /// # Errors
    /// A fault for a cost that argon2 does not know.
    pub fn new(cost: HashingCost) -> Result<Self> {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_room(cost, cores, cores * WAITING_PER_CORE)
    }

    fn with_room(cost: HashingCost, cores: usize, waiting: usize) -> Result<Self> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|error| Error::Fault(format!("argon2: {error}")))?;
        let (salt, hash) = (ctx::random::<16>()?, ctx::random::<32>()?);
        let nobodys = format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            cost.memory_kib,
            cost.iterations,
            cost.parallelism,
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(hash)
        );
        let inner = Inner {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            nobodys,
            turns: Arc::new(Semaphore::new(cores)),
            inside: AtomicUsize::new(0),
            room: cores + waiting,
        };
        Ok(Self { inner: Arc::new(inner), jobs: threads(cores)? })
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn hash(&self, password: &Proof) -> Result<String> {
        let password = password.clone();
        self.turn(move |inner| {
            let hash = inner.argon.hash_password(password.expose().as_bytes());
            hash.map(|hash: PasswordHash| hash.to_string())
                .map_err(|error| Error::Fault(format!("argon2: {error}")))
        })
        .await?
    }

    /// Whether the password is that of the hash. Without a hash the same work is done for nothing.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub(crate) async fn check(&self, password: &Proof, hash: Option<&str>) -> Result<Verdict> {
        let (password, hash) = (password.clone(), hash.map(str::to_owned));
        self.turn(move |inner| inner.judge(&password, hash.as_deref())).await
    }

    /// One hash's worth of work on a thread of its own, when it is the caller's turn.
    async fn turn<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> T + Send + 'static) -> Result<T> {
        let place = Place::take(&self.inner)?;
        let turn = Arc::clone(&self.inner.turns).acquire_owned().await;
        let turn = turn.map_err(|error| Error::Fault(error.to_string()))?;
        let (told, answer) = oneshot::channel();
        // Place and turn are given back when the work is done, even if the caller is gone by then.
        let job = move || {
            let done = work(&place.0);
            drop((turn, place));
            // Nobody listens any more where the caller is gone.
            let _ = told.send(done);
        };
        let lost = || Error::Fault("hashing: the thread is gone".to_owned());
        self.jobs.send(Box::new(job)).map_err(|_| lost())?;
        answer.await.map_err(|_| lost())
    }
}

/// Threads of their own and not those of the runtime, each of which would keep the memory of the one hash that it once made.
fn threads(count: usize) -> Result<mpsc::Sender<Job>> {
    let (jobs, waiting) = mpsc::channel::<Job>();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..count {
        let waiting = Arc::clone(&waiting);
        let work = move || {
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(job) = next else { return };
                // A hash that panics is an error of its caller, and no thread less.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        };
        let made = thread::Builder::new().name("passwords".to_owned()).spawn(work);
        made.map_err(|error| Error::Fault(format!("hashing: {error}")))?;
    }
    Ok(jobs)
}

impl Inner {
    fn judge(&self, password: &Proof, hash: Option<&str>) -> Verdict {
        let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
        let nobodys = PasswordHash::new(&self.nobodys).ok();
        let outdated = known.as_ref().is_some_and(|known| {
            Params::try_from(known).map_or(true, |params| {
                let own = self.argon.params();
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (own.m_cost(), own.t_cost(), own.p_cost())
            })
        });
        let Some(against) = known.as_ref().or(nobodys.as_ref()) else { return Verdict::Wrong };
        let same = self.argon.verify_password(password.expose().as_bytes(), against).is_ok();
        match (same && known.is_some(), outdated) {
            (false, _) => Verdict::Wrong,
            (true, false) => Verdict::Right,
            (true, true) => Verdict::Outdated,
        }
    }
}

/// Somebody's place among those who wait and those who work.
struct Place(Arc<Inner>);

impl Place {
    fn take(inner: &Arc<Inner>) -> Result<Self> {
        if inner.inside.fetch_add(1, Ordering::AcqRel) >= inner.room {
            inner.inside.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::refused(ErrorCode::Unavailable, "Too many sign-ins wait."));
        }
        Ok(Self(Arc::clone(inner)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Notes what is wrong with a password to be. `known` is what anybody would guess first: address, name, tenant.
pub(crate) fn judge_new(fields: &mut Fields, pointer: &str, password: &Proof, known: &[&str]) {
    let text = password.expose();
    let length = text.chars().count();
    if length < SHORTEST {
        fields.wrong(pointer, "too_short", format!("must have at least {SHORTEST} characters"));
    } else if length > LONGEST {
        fields.wrong(pointer, "too_long", format!("must have at most {LONGEST} characters"));
    } else if text.trim().is_empty() || text.chars().any(char::is_control) {
        fields.wrong(pointer, "invalid_character", "must have characters to see, and no control characters");
    } else {
        let begin: String = text.chars().take(ESTIMATED).collect();
        let parts: Vec<&str> =
            known.iter().flat_map(|text| text.split(['@', '.', ' ', '-']).chain([*text])).collect();
        if u8::from(zxcvbn::zxcvbn(&begin, &parts).score()) < LEAST_SCORE {
            fields.wrong(
                pointer,
                "too_easy",
                "is easy to guess: take a longer one of several uncommon words",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashingCost = HashingCost { memory_kib: 64, iterations: 1, parallelism: 1 };

    fn codes(password: &str) -> Vec<String> {
        let mut fields = Fields::default();
        judge_new(
            &mut fields,
            "/password",
            &Proof::new(password),
            &["ada.lovelace@acme.example", "Ada", "acme"],
        );
        match fields.check() {
            Err(Error::Refused { errors, .. }) => errors.into_iter().map(|error| error.code).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn short_and_common_passwords_are_refused() {
        for (password, code) in [
            ("kQ7#vT2!x", "too_short"),
            ("пароль", "too_short"),
            ("1234567890", "too_easy"),
            ("passwordpassword", "too_easy"),
            ("aaaaaaaaaaaaaaaa", "too_easy"),
            ("ada.lovelace@acme.example", "too_easy"),
            ("lovelaceacme", "too_easy"),
            ("          ", "invalid_character"),
            ("seven red\u{7} kettles", "invalid_character"),
        ] {
            assert_eq!(codes(password), [code], "{password}");
        }
        assert_eq!(codes(&"x".repeat(201)), ["too_long"]);
        for fine in ["seven red kettles", "мои семь красных чайников", "correct horse battery staple"]
        {
            assert!(codes(fine).is_empty(), "{fine}");
        }
    }

    #[tokio::test]
    async fn other_parameters_are_told() {
        let (now, before) =
            (Passwords::new(CHEAP).unwrap(), Passwords::new(HashingCost { iterations: 2, ..CHEAP }).unwrap());
        let password = Proof::new("seven red kettles");
        let (hash, old) = (now.hash(&password).await.unwrap(), before.hash(&password).await.unwrap());
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        assert_eq!(now.check(&password, Some(&hash)).await.unwrap(), Verdict::Right);
        assert_eq!(now.check(&password, Some(&old)).await.unwrap(), Verdict::Outdated);
        assert_eq!(now.check(&Proof::new("seven red kettle"), Some(&old)).await.unwrap(), Verdict::Wrong);
        for none in [None, Some(""), Some("seven red kettles"), Some("$argon2id$v=19$m=64,t=1,p=1$")] {
            assert_eq!(now.check(&password, none).await.unwrap(), Verdict::Wrong, "{none:?}");
        }
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let passwords = Passwords::new(CHEAP).unwrap();
        let nobodys = PasswordHash::new(&passwords.inner.nobodys).unwrap();
        let params = Params::try_from(&nobodys).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (64, 1, 1));
        assert_eq!((nobodys.salt.unwrap().len(), nobodys.hash.unwrap().len()), (16, 32));
    }

    #[tokio::test]
    async fn memory_is_bounded_by_cores() {
        let passwords = Passwords::with_room(CHEAP, 2, 64).unwrap();
        let where_it_ran =
            futures_util::future::join_all((0..32).map(|_| passwords.turn(|_| thread::current().id())));
        let threads: std::collections::HashSet<_> =
            where_it_ran.await.into_iter().map(Result::unwrap).collect();
        assert!((1..=2).contains(&threads.len()), "{threads:?}");
        // One that panics takes no thread with it.
        for _ in 0..4 {
            passwords.turn(|_| panic!("on purpose")).await.unwrap_err();
        }
        passwords.turn(|_| ()).await.unwrap();
    }

    #[tokio::test]
    async fn one_too_many_is_turned_away() {
        let passwords = Passwords::with_room(CHEAP, 1, 1).unwrap();
        let _turn = Arc::clone(&passwords.inner.turns).acquire_owned().await.unwrap();
        let proof = Proof::new("x");
        let (mut first, mut second) =
            (Box::pin(passwords.check(&proof, None)), Box::pin(passwords.check(&proof, None)));
        let mut polled = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(
            first.as_mut().poll(&mut polled).is_pending() && second.as_mut().poll(&mut polled).is_pending()
        );
        let error = passwords.check(&proof, None).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unavailable);
        // Who goes away leaves a place.
        drop(first);
        assert!(Box::pin(passwords.check(&proof, None)).as_mut().poll(&mut polled).is_pending());
    }
}
