//! Passwords: argon2id, one at a time, on a thread of its own that everything else comes before.

use crate::password_rules::MAX_BYTES;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::PasswordVerifier;
use gatehouse_core::access::Denied;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Hashes that wait or run; further ones are refused. One runs, because each takes 19 MiB and a core.
const WAITING: usize = 16;
/// How far the thread stands back, as nice(1) has it: where a tap and a password want the same core, the tap has nine
/// tenths of it.
const NICE: i32 = 10;

/// Checked when nobody has the name given, so that the answer takes as long as any other. No password has this hash.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords with argon2id, m = 19,456 KiB, t = 2, p = 1: what OWASP's password storage cheat sheet
/// asks for at least and the crate's default. It is a quarter of a second's work on a Raspberry Pi 3; more memory would
/// not fit a gateway that is to stay under 20 MB when idle.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    waiting: Arc<Semaphore>,
    jobs: mpsc::Sender<Job>,
    checked: Arc<AtomicU64>,
}

/// The right to have one password checked.
#[derive(Debug)]
pub(crate) struct Place(OwnedSemaphorePermit);

type Job = Box<dyn FnOnce() + Send>;

/// The thread ends with the last sender of jobs.
fn work(jobs: mpsc::Receiver<Job>) {
    // On Linux a priority is a thread's own. Without it passwords are as quick, and taps at times slower.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "passwords are hashed at the priority of everything else");
    }
    for job in jobs {
        // Whoever waits for one that panics is told BUSY; the next must find a thread.
        let _told_by_the_hook = catch_unwind(AssertUnwindSafe(job));
    }
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let (jobs, to_do) = mpsc::channel();
        let thread = std::thread::Builder::new().name("passwords".to_owned()).spawn(move || work(to_do));
        if let Err(error) = thread {
            tracing::error!(%error, "the system has no thread to give: nobody can sign in");
        }
        Self { waiting: Arc::new(Semaphore::new(WAITING)), jobs, checked: Arc::default() }
    }

    /// How many passwords were checked at sign-in, those of names that nobody has among them.
    pub(crate) fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }

    /// The hash to keep, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<Arc<str>, Denied> {
        let salt = gatehouse_hub::random::<16>();
        let hash = self.run(move || Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)).await?;
        hash.map(|hash| hash.to_string().into()).map_err(|error| {
            tracing::error!(%error, "a password could not be hashed");
            Denied::Busy
        })
    }

    /// A place among those who wait; BUSY when there is none. To be had before a try is counted: one that finds no place
    /// was none.
    pub(crate) fn place(&self) -> Result<Place, Denied> {
        self.waiting.clone().try_acquire_owned().map(Place).map_err(|_| Denied::Busy)
    }

    /// Whether a password has this hash. Nobody's hash is checked like any other, and never right.
    pub(crate) async fn is_right(
        &self,
        place: Place,
        password: String,
        hash: Option<Arc<str>>,
    ) -> Result<bool, Denied> {
        let checked = self.checked.clone();
        self.run_at(place, move || {
            checked.fetch_add(1, Ordering::Relaxed);
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(NOBODY);
            // Too long a password is nobody's; it is cut so that it costs what any other costs.
            let fits = password.len() <= MAX_BYTES;
            let password = &password.as_bytes()[..password.len().min(MAX_BYTES)];
            Argon2::default().verify_password(password, hash).is_ok() && known && fits
        })
        .await
    }

    /// Whether a password has one of these hashes.
    pub(crate) async fn is_one_of(&self, password: String, hashes: Vec<Arc<str>>) -> Result<bool, Denied> {
        self.run(move || {
            hashes.iter().any(|hash| Argon2::default().verify_password(password.as_bytes(), &**hash).is_ok())
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Denied> {
        self.run_at(self.place()?, work).await
    }

    async fn run_at<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Denied> {
        let (done, answer) = oneshot::channel();
        // The place goes along: a caller that goes away does not make room before the work is done.
        let job = move || {
            let answer = work();
            drop(place.0);
            let _nobody_waits_any_more = done.send(answer);
        };
        self.jobs.send(Box::new(job)).map_err(|_| Denied::Busy)?;
        answer.await.map_err(|_| Denied::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_is_argon2id_with_owasp_parameters_and_fits_only_its_password() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let again = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert_ne!(hash, again, "every hash has a salt of its own");
        let place = || passwords.place().unwrap();
        assert_eq!(passwords.is_right(place(), "correct horse".to_owned(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.is_right(place(), "correct horsf".to_owned(), Some(hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn one_that_panics_leaves_the_others_their_turn() {
        let passwords = Passwords::new();
        assert_eq!(passwords.run(|| panic!("as a defect would")).await, Err::<(), _>(Denied::Busy));
        let place = passwords.place().unwrap();
        assert_eq!(passwords.is_right(place, String::new(), None).await, Ok(false));
        assert_eq!((passwords.checked(), passwords.waiting.available_permits()), (1, WAITING));
    }

    #[tokio::test]
    async fn everything_else_comes_first() {
        let passwords = Passwords::new();
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let others = priority();
        assert_eq!(passwords.run(priority).await, Ok(NICE.max(others)));
        assert_eq!(priority(), others, "it alone");
    }

    #[test]
    fn nobody_costs_what_anybody_costs() {
        use argon2::password_hash::phc::PasswordHash;
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let params = argon2::Params::try_from(&nobody).unwrap();
        let costs = |params: argon2::Params| (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(costs(params), costs(argon2::Params::default()));
        assert_eq!(nobody.hash.unwrap().len(), 32);
        assert_eq!(nobody.algorithm.as_str(), "argon2id");
    }
}
