//! Which passwords are good enough, and what to do about others: one truth, asked by the page while someone types.

use crate::error::told;
use crate::viewer::{self, asker, shared, signed_in};
use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::time::Mono;
use gatehouse_hub::code_hash;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use zxcvbn::Score;

/// Shortest password, in characters.
const MIN_CHARS: usize = 8;
/// Longest password, in bytes: hashing is not to be made long work.
pub(crate) const MAX_BYTES: usize = 256;
/// Characters that are estimated. What these are worth the whole is worth at least, and a text made to be hard to
/// estimate takes time that grows with the square of its length: two seconds for 100 characters.
const MAX_ESTIMATED: usize = 32;
/// Fewest points of zxcvbn's 0 to 4: "safely unguessable, moderate protection from an offline attack on slow hashes".
const MIN_SCORE: Score = Score::Three;
/// Names that one estimate takes, and characters of each.
const MAX_NAMES: usize = 8;
const MAX_NAME_CHARS: usize = 64;

/// Estimates under way. One, because each takes a core.
const RUNNING: usize = 1;
/// Estimates that wait or run; further ones are refused.
const WAITING: usize = 8;

/// What a password is worth.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub(crate) struct PasswordEstimate {
    /// From 0, guessed at once, to 4, very hard to guess.
    score: i32,
    /// Whether this gateway takes it. An earlier password of the same person is refused all the same.
    acceptable: bool,
    /// What to do about it, a sentence each; empty when nothing needs to be done.
    advice: Vec<String>,
}

/// Whether a password can be taken: 8 characters to 256 bytes, and not easily guessed by who knows these names. `field` is
/// its name in the input.
pub(crate) fn check(field: &'static str, password: &str, names: &[&str]) -> Result<(), Denied> {
    let estimate = estimate(password, names);
    if estimate.acceptable { Ok(()) } else { Err(Denied::BadInput { field, message: estimate.advice.join(" ") }) }
}

/// What a password is worth to who knows these names. CPU work of up to a tenth of a second.
pub(crate) fn estimate(password: &str, names: &[&str]) -> PasswordEstimate {
    let refused = |advice: String| PasswordEstimate { score: 0, acceptable: false, advice: vec![advice] };
    if password.chars().count() < MIN_CHARS {
        return refused(format!("A password has at least {MIN_CHARS} characters."));
    }
    if password.len() > MAX_BYTES {
        return refused(format!("A password has at most {MAX_BYTES} bytes."));
    }
    let hints = hints(names);
    let hints: Vec<_> = hints.iter().map(String::as_str).collect();
    let head: String = password.chars().take(MAX_ESTIMATED).collect();
    let entropy = zxcvbn::zxcvbn(&head, &hints);
    let acceptable = entropy.score() >= MIN_SCORE;
    let mut advice = Vec::new();
    if !acceptable {
        advice.push("This password is easily guessed.".to_owned());
        if let Some(feedback) = entropy.feedback() {
            advice.extend(feedback.warning().map(|warning| warning.to_string()));
            advice.extend(feedback.suggestions().iter().map(ToString::to_string));
        }
        if advice.len() == 1 {
            advice.push("Add another word or two. Uncommon words are better.".to_owned());
        }
    }
    PasswordEstimate { score: i32::from(u8::from(entropy.score())), acceptable, advice }
}

/// The names and their words: someone who knows them tries these first.
fn hints(names: &[&str]) -> Vec<String> {
    let mut hints = vec!["gatehouse".to_owned()];
    for name in names.iter().take(MAX_NAMES) {
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        hints.extend(name.split_whitespace().map(str::to_owned));
        hints.push(name);
    }
    hints
}

/// Estimates at once in one go, and how soon there is one more: as fast as people type.
const BURST: u64 = 30;
const EVERY: Duration = Duration::from_millis(200);
/// Addresses remembered; the one that asked longest ago is forgotten first.
const MAX_ADDRESSES: usize = 256;

/// How fast one address may ask for estimates.
#[derive(Debug, Default)]
struct Pace {
    /// For each address, when all it has asked for is paid for.
    paid: HashMap<IpAddr, Mono>,
}

impl Pace {
    fn take(&mut self, address: IpAddr, now: Mono) -> Result<(), Denied> {
        if self.paid.len() >= MAX_ADDRESSES && !self.paid.contains_key(&address) {
            let oldest = self.paid.iter().min_by_key(|(_, paid)| **paid).map(|(address, _)| *address);
            oldest.and_then(|address| self.paid.remove(&address));
        }
        let paid = self.paid.entry(address).or_insert(now);
        let next = (*paid).max(now).plus(EVERY);
        let ahead = next.since(now);
        let most = EVERY * u32::try_from(BURST).unwrap_or(u32::MAX);
        if ahead > most {
            return Err(Denied::RateLimited { retry_after: ahead - most });
        }
        *paid = next;
        Ok(())
    }
}

/// Estimates passwords for whoever may ask, a few at a time.
#[derive(Clone, Debug)]
pub(crate) struct Estimator {
    pace: Arc<Mutex<Pace>>,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Estimator {
    pub(crate) fn new() -> Self {
        Self {
            pace: Arc::default(),
            running: Arc::new(Semaphore::new(RUNNING)),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Whether one address may ask once more.
    fn pace(&self, address: IpAddr, now: Mono) -> Result<(), Denied> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).take(address, now)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Denied> {
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| Denied::Busy)?;
        let turn = self.running.clone().acquire_owned().await.map_err(|_| Denied::Busy)?;
        let work = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((place, turn));
            done
        });
        work.await.map_err(|_| Denied::Busy)
    }

    /// [`check`], off the async threads.
    pub(crate) async fn check(
        &self,
        field: &'static str,
        password: String,
        names: Vec<String>,
    ) -> Result<String, Denied> {
        self.run(move || {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            check(field, &password, &names).map(|()| password)
        })
        .await?
    }
}

/// A password that someone thinks of.
#[derive(InputObject)]
pub(crate) struct PasswordEstimateInput {
    /// The password.
    password: String,
    /// Names that who guesses would try: the person's, the home's. Those of who is signed in and of their home count
    /// anyway. At most 8 are looked at.
    #[graphql(default)]
    names: Vec<String>,
    /// A live one-time code, of who is not signed in: the claim code, that of an invitation, or one to reset a password.
    code: Option<String>,
}

#[derive(Default)]
pub(crate) struct PasswordRulesQuery;

#[Object]
impl PasswordRulesQuery {
    /// What a password would be worth, while it is typed: for who is signed in, or holds a live one-time code.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (code), RATE_LIMITED, BUSY.
    async fn password_estimate(&self, ctx: &Context<'_>, input: PasswordEstimateInput) -> Result<PasswordEstimate> {
        let shared = shared(ctx);
        let PasswordEstimateInput { password, mut names, code } = input;
        names.truncate(MAX_NAMES);
        match code {
            Some(code) if shared.hub.view().home.is_none() => shared.hub.try_claim_code(code).await.map_err(told)?,
            Some(code) if asker(ctx).viewer(&shared.hub.view()).is_none() => {
                viewer::claimed(ctx)?;
                names.push(self.offered_by(ctx, &code).await?);
            }
            _ => {
                let signed_in = signed_in(ctx)?;
                names.insert(0, signed_in.viewer.name().to_string());
                names.extend(signed_in.view.home.as_ref().map(|home| home.name.to_string()));
            }
        }
        shared.estimator.pace(asker(ctx).address, shared.hub.now().mono).map_err(told)?;
        let estimate = move || {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            estimate(&password, &names)
        };
        shared.estimator.run(estimate).await.map_err(told)
    }
}

impl PasswordRulesQuery {
    /// A name that belongs to a one-time code: of whose password it resets, else of the home that it invites to.
    async fn offered_by(&self, ctx: &Context<'_>, code: &str) -> Result<String> {
        let (hub, address) = (&shared(ctx).hub, asker(ctx).address);
        match hub.try_reset_code(code, address).await {
            Ok(member) => Ok(member.name.to_string()),
            Err(Denied::BadInput { .. }) => {
                let offer = hub.try_invitation(code_hash(code), address).await.map_err(told)?;
                Ok(offer.home.to_string())
            }
            Err(denied) => Err(told(denied)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row "password quality" of the security checklist: a table of passwords.
    #[test]
    fn password_quality_is_as_the_table_says() {
        let names = ["Ana Lindqvist", "Lakeside"];
        for good in ["correct horse", "seven quiet lamps", "Kx9#mTq2vL", "zwölf graue Tauben", "üñïçødé-wörds"]
        {
            assert_eq!(check("password", good, &names), Ok(()), "{good}");
        }
        let long = "long words are not a problem but for the time they take ".repeat(5);
        let cases = [
            ("1234567", "at least 8 characters"),
            ("", "at least 8 characters"),
            (&long, "at most 256 bytes"),
            ("password1", "easily guessed"),
            ("Passw0rd!", "easily guessed"),
            ("12345678", "easily guessed"),
            ("qwertyuiop", "easily guessed"),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", "easily guessed"),
            ("abcabcabcabcabcabcabcabcabc", "easily guessed"),
            ("gatehouse", "easily guessed"),
            ("gatehouse1", "easily guessed"),
            ("Lindqvist1", "easily guessed"),
            ("ana lakeside", "easily guessed"),
            ("4n4l4k3s1d3", "easily guessed"),
            ("01.02.1990", "easily guessed"),
        ];
        for (bad, why) in cases {
            match check("new", bad, &names) {
                Err(Denied::BadInput { field: "new", message }) => assert!(message.contains(why), "{bad}: {message}"),
                other => panic!("{bad}: {other:?}"),
            }
        }
        assert_eq!(check("password", "Lindqvist-Lakeside", &["Ben", "Mill"]), Ok(()), "without these names it is good");
    }

    #[test]
    fn an_estimate_says_what_to_do() {
        let weak = estimate("password1", &[]);
        assert_eq!((weak.score, weak.acceptable), (0, false));
        assert!(weak.advice.len() >= 2, "{weak:?}");
        let strong = estimate("seven quiet lamps", &[]);
        assert_eq!(strong, PasswordEstimate { score: 4, acceptable: true, advice: Vec::new() });
    }

    #[test]
    fn one_address_asks_as_fast_as_people_type() {
        let (ana, ben) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let at = |millis: u64| Mono::from_micros(1_000_000 + millis * 1_000);
        let mut pace = Pace::default();
        for _ in 0..BURST {
            assert_eq!(pace.take(ana, at(0)), Ok(()));
        }
        assert_eq!(pace.take(ana, at(0)), Err(Denied::RateLimited { retry_after: EVERY }));
        assert_eq!(pace.take(ben, at(0)), Ok(()));
        assert_eq!(pace.take(ana, at(200)), Ok(()));
        assert!(pace.take(ana, at(200)).is_err());
        for last in 0..=255_u8 {
            for third in 0..3 {
                pace.take(IpAddr::from([198, 51, third, last]), at(300)).unwrap();
            }
        }
        assert_eq!(pace.paid.len(), MAX_ADDRESSES);
    }
}
