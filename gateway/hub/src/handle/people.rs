//! Becoming the owner, signing in and out.

use super::{Hub, unexpected};
use crate::code::{code_hash, new_code};
use crate::message::{Message, Reply};
use gatehouse_core::access::{Administer, Client, Denied, Member, NameHash, TokenHash, Viewer};
use gatehouse_core::backup::BackupKey;
use gatehouse_core::home::{AccountChange, Answer, Claim, Reset, Setting, SignInCheck};
use gatehouse_core::identity::Identity;
use gatehouse_core::ids::{MemberId, SessionId};
use gatehouse_core::name::fold;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Hub {
    /// Whether `code` is the claim code; wrong ones count.
    pub async fn try_claim_code(&self, code: String) -> Result<(), Denied> {
        self.ask(|reply| Message::TryClaimCode { code, reply }).await.map(drop)
    }

    /// The claim code, a new one if the last has expired; none when the home has an owner.
    pub async fn claim_code(&self) -> Result<Option<String>, Denied> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::ClaimCode { reply })?;
        answer.await.map_err(|_| Denied::Busy)
    }

    /// Makes someone the owner, signed in.
    pub async fn claim(&self, claim: Claim) -> Result<Viewer, Denied> {
        self.viewer(Setting::Claim(claim)).await
    }

    /// Starts a sign-in: what the password is to be checked against.
    pub async fn begin_sign_in(&self, name: String, address: IpAddr) -> Result<SignInCheck, Denied> {
        let hash = self.name_hash(&name);
        self.check(|reply| Message::BeginSignIn { name, hash, address, reply }).await
    }

    /// Starts a check of the password of someone who is signed in: what it is to be checked against.
    pub async fn begin_password_check(&self, session: SessionId) -> Result<SignInCheck, Denied> {
        self.check(|reply| Message::BeginPasswordCheck { session, reply }).await
    }

    async fn check(&self, message: impl FnOnce(Reply) -> Message) -> Result<SignInCheck, Denied> {
        match self.ask(message).await? {
            Answer::SignIn(check) => Ok(check),
            other => unexpected(&other),
        }
    }

    /// By what a name is known that no account has: another in every home.
    fn name_hash(&self, name: &str) -> NameHash {
        let home = self.view.borrow().home.as_ref().map_or(0, |home| home.id.raw());
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] =
            Sha256::new().chain_update(home.to_be_bytes()).chain_update(fold(name)).finalize().into();
        NameHash(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Ends a sign-in, with whether the password was right.
    pub async fn finish_sign_in(
        &self,
        check: SignInCheck,
        right: bool,
        token: TokenHash,
        client: Client,
    ) -> Result<Viewer, Denied> {
        match self.ask(|reply| Message::FinishSignIn { check, right, token, client, reply }).await? {
            Answer::Viewer(viewer) => Ok(viewer),
            other => unexpected(&other),
        }
    }

    /// Signs in whoever has linked this identity, for which a provider vouched. An unknown one is [`Denied::Unauthenticated`].
    pub async fn sign_in_by_identity(
        &self,
        identity: Identity,
        token: TokenHash,
        client: Client,
    ) -> Result<Viewer, Denied> {
        match self.ask(|reply| Message::SignInByIdentity { identity, token, client, reply }).await? {
            Answer::Viewer(viewer) => Ok(viewer),
            other => unexpected(&other),
        }
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: SessionId) -> Result<(), Denied> {
        self.set(Setting::CloseSession(session)).await.map(drop)
    }

    /// Ends a session, whosever it is.
    pub async fn end_session(&self, cap: Administer, session: SessionId) -> Result<(), Denied> {
        self.set(Setting::EndSession(cap, session)).await.map(drop)
    }

    /// Ends a check of the password of someone who is signed in, with whether it was right.
    pub async fn password_checked(&self, check: SignInCheck, right: bool) -> Result<(), Denied> {
        self.ask(|reply| Message::PasswordChecked { check, right, reply }).await.map(drop)
    }

    /// Someone changes their own account.
    pub async fn change_account(&self, by: SessionId, change: AccountChange) -> Result<(), Denied> {
        self.set(Setting::Account(by, change)).await.map(drop)
    }

    /// A session is used: its last use is noted, now and then. Costs next to nothing when there is nothing to note; while
    /// there is too much else to do, it is left for the next time.
    pub fn session_used(&self, session: SessionId) {
        let news = self.view.borrow().access.session(session).is_some_and(|session| session.use_is_news(&self.now()));
        if news {
            let _left_for_next_time = self.send(Message::SessionUsed { session });
        }
    }

    /// Whose password a one-time code resets, as they type it. Wrong ones count like wrong passwords from that address.
    pub async fn try_reset_code(&self, code: &str, address: IpAddr) -> Result<Arc<Member>, Denied> {
        let code = code_hash(code);
        self.member(|reply| Message::TryResetCode { code, address, reply }).await
    }

    /// A one-time code for someone who forgot their password, good for an hour and while the daemon runs. It is shown
    /// once; the one before is good no more. For the console alone.
    pub async fn offer_reset(&self, cap: Administer, member: MemberId) -> Result<(Arc<Member>, String), Denied> {
        let (shown, code) = new_code();
        let member = self.member(|reply| Message::OfferReset { cap, member, code, reply }).await?;
        Ok((member, shown))
    }

    /// Replaces a forgotten password; signs in, and ends all sessions there were.
    pub async fn reset_password(&self, reset: Reset) -> Result<Viewer, Denied> {
        self.viewer(Setting::ResetPassword(reset)).await
    }

    /// A code for an owner to keep on paper. It is shown once; the one before is good no more.
    pub async fn create_recovery_code(&self, cap: Administer, member: MemberId) -> Result<String, Denied> {
        let (shown, code) = new_code();
        self.set(Setting::CreateRecoveryCode(cap, member, code)).await?;
        Ok(shown)
    }

    /// Backups are encrypted to another recovery key from now on; those that there are stay as they are.
    pub async fn create_backup_key(&self, cap: Administer, key: BackupKey) -> Result<(), Denied> {
        self.set(Setting::CreateBackupKey(cap, key)).await.map(drop)
    }

    async fn member(&self, message: impl FnOnce(Reply) -> Message) -> Result<Arc<Member>, Denied> {
        match self.ask(message).await? {
            Answer::Member(member) => Ok(member),
            other => unexpected(&other),
        }
    }

    pub(super) async fn viewer(&self, setting: Setting) -> Result<Viewer, Denied> {
        match self.set(setting).await? {
            Answer::Viewer(viewer) => Ok(viewer),
            other => unexpected(&other),
        }
    }
}
