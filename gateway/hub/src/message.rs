//! What people and the store put into the hub's inbox.

use gatehouse_core::access::{Administer, Client, Denied, NameHash, Operate, TokenHash};
use gatehouse_core::board_settings::Wish;
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::Command;
use gatehouse_core::home::{Answer, Dropped, NewClaim, NewFlash, Setting, SignInCheck};
use gatehouse_core::identity::Identity;
use gatehouse_core::ids::{ClaimId, CommandId, DeviceId, FoundId, MemberId, SessionId, TokenId};
use gatehouse_core::mail::Address;
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use gatehouse_core::onboarding::WifiSettings;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

pub(crate) type Reply = oneshot::Sender<Result<Answer, Denied>>;

/// One question to the hub.
#[derive(Debug)]
pub(crate) enum Message {
    SetSwitch { cap: Operate, on: bool, timeout: Duration, request_id: Option<String>, reply: Reply },
    Configure { cap: Administer, device: DeviceId, wish: Wish, reply: Reply },
    ChangeWifi { cap: Administer, devices: Option<Vec<DeviceId>>, wifi: WifiSettings, reply: Reply },
    FindCommand { id: CommandId, reply: oneshot::Sender<Option<Arc<Command>>> },
    TryClaimCode { code: String, reply: Reply },
    ClaimCode { reply: oneshot::Sender<Option<String>> },
    TryInvitation { code: Option<CodeHash>, address: IpAddr, reply: Reply },
    BeginSignIn { name: String, hash: NameHash, address: IpAddr, reply: Reply },
    BeginPasswordCheck { session: SessionId, reply: Reply },
    FinishSignIn { check: SignInCheck, right: bool, token: TokenHash, client: Client, reply: Reply },
    SignInByIdentity { identity: Identity, token: TokenHash, client: Client, reply: Reply },
    PasswordChecked { check: SignInCheck, right: bool, reply: Reply },
    SessionUsed { session: SessionId },
    TryResetCode { code: Option<CodeHash>, address: IpAddr, reply: Reply },
    OfferReset { cap: Administer, member: MemberId, code: CodeHash, reply: Reply },
    AskForPasswordLink { address: IpAddr, reply: Reply },
    OfferResetByMail { email: Address, code: CodeHash, reply: Reply },
    TokenUsed { id: TokenId },
    Dropped { reply: oneshot::Sender<Dropped> },
    Condition { kind: NoticeKind, subjects: Vec<Subject> },
    Because { kind: NoticeKind, why: Option<Arc<str>> },
    Incident(Incident),
    ClaimBoard { cap: Administer, new: NewClaim, reply: Reply },
    ConfirmClaim { cap: Administer, claim: ClaimId, number: u8, reply: Reply },
    CancelClaim { cap: Administer, claim: ClaimId, reply: Reply },
    LookAtBoard { cap: Administer, board: FoundId, reply: Reply },
    FlashBoard { cap: Administer, new: NewFlash, reply: Reply },
    CancelFlash { cap: Administer, board: FoundId, reply: Reply },
    GiveWifi { cap: Administer, board: FoundId, wifi: WifiSettings, reply: Reply },
    CancelGiving { cap: Administer, board: FoundId, reply: Reply },
    Settings { setting: Setting, reply: Reply },
}
