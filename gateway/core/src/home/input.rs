//! What can happen to a home.

use super::{NewClaim, NewFlash, Setting, SignInCheck};
use crate::access::{Administer, ClaimCode, Client, NameHash, Operate, TokenHash};
use crate::board_settings::Wish;
use crate::code::CodeHash;
use crate::device::BoardEvent;
use crate::edge::IntegrationCommand;
use crate::identity::Identity;
use crate::ids::{ClaimId, DeviceId, FoundId, MemberId, Request, SessionId, Ticket, TokenId};
use crate::mail::Address;
use crate::nearby::NearbyEvent;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::onboarding::{PortEvent, WifiSettings};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What can happen to a home.
#[derive(Clone, Debug)]
pub enum Input {
    /// The edge tells of a board.
    Board(BoardEvent),
    /// An integration wants a relay moved. Nobody waits for an answer: the board's reports give it.
    IntegrationCommand(IntegrationCommand),
    /// A serial port came, went, or tells of the board there.
    Port(PortEvent),
    /// The network tells of a board.
    Nearby(NearbyEvent),
    /// Someone claims a board that was noticed. Answered with [`super::Answer::Claim`] at its beginning.
    ClaimBoard {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board, as what.
        new: NewClaim,
    },
    /// Someone says which number the light of a board blinks that is claimed in the network. Answered with
    /// [`super::Answer::Claim`].
    ConfirmClaim {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which claim.
        claim: ClaimId,
        /// The number.
        number: u8,
    },
    /// Someone gives a claim up. Answered with [`super::Answer::Claim`].
    CancelClaim {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which.
        claim: ClaimId,
    },
    /// A port is to be looked at, also one that is not opened unasked. Answered with [`super::Answer::Board`] at the
    /// beginning of the look.
    LookAtBoard {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board.
        board: FoundId,
    },
    /// Somebody has firmware written to a board. Answered with [`super::Answer::Board`].
    FlashBoard {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board, and what.
        new: NewFlash,
    },
    /// Somebody gives that up. Answered with [`super::Answer::Board`].
    CancelFlash {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board.
        board: FoundId,
    },
    /// Somebody gives a board of another firmware Wi-Fi, and no home. Answered with [`super::Answer::Board`].
    GiveWifi {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board.
        board: FoundId,
        /// How it gets into the network.
        wifi: WifiSettings,
    },
    /// Somebody gives that up. Answered with [`super::Answer::Board`].
    CancelGiving {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Which board.
        board: FoundId,
    },
    /// Someone asks for a switch to be on or off. Answered with [`super::Answer::Command`] when it settles.
    SetSwitch {
        /// The right to do so.
        cap: Operate,
        /// Who waits.
        request: Request,
        /// What is asked.
        on: bool,
        /// How long to wait for the board, [`crate::command::MIN_TIMEOUT`] to [`crate::command::MAX_TIMEOUT`].
        timeout: Duration,
        /// The caller's own name for this command: the same name again within ten minutes answers the same command.
        request_id: Option<String>,
    },
    /// Someone asks something of a board beside moving its relays. Answered with [`super::Answer::Configured`] when the board
    /// has answered, or will not.
    Configure {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Whose board.
        device: DeviceId,
        /// What is asked.
        wish: Wish,
    },
    /// Someone gives boards another Wi-Fi network. Answered with [`super::Answer::WifiChange`] at its beginning.
    ChangeWifi {
        /// The right to do so.
        cap: Administer,
        /// Who waits.
        request: Request,
        /// Whose boards; all when none.
        devices: Option<Vec<DeviceId>>,
        /// The network.
        wifi: WifiSettings,
    },
    /// Someone who is not signed in tries a claim code. Answered with [`super::Answer::Done`].
    TryClaimCode {
        /// Who waits.
        request: Request,
        /// What they typed.
        code: String,
    },
    /// Someone who is not signed in shows an invitation's code. Answered with [`super::Answer::Offer`].
    TryInvitation {
        /// Who waits.
        request: Request,
        /// The hash of the code; none when what they showed cannot be one.
        code: Option<CodeHash>,
        /// Where from; guessing is slowed down per address.
        address: IpAddr,
    },
    /// Someone starts to sign in. Answered with [`super::Answer::SignIn`].
    BeginSignIn {
        /// Who waits.
        request: Request,
        /// The name they typed.
        name: String,
        /// By what that name is known, should no account have it.
        hash: NameHash,
        /// Where from; guessing is slowed down per name and per address.
        address: IpAddr,
    },
    /// Someone who is signed in is to show that they know their password. Answered with [`super::Answer::SignIn`], to
    /// come back with [`Input::PasswordChecked`].
    BeginPasswordCheck {
        /// Who waits.
        request: Request,
        /// In which session; guessing is slowed down per session.
        session: SessionId,
    },
    /// Their password was checked. Answered with [`super::Answer::Viewer`].
    FinishSignIn {
        /// Who waits.
        request: Request,
        /// What [`super::Answer::SignIn`] gave.
        check: SignInCheck,
        /// Whether the password was right.
        right: bool,
        /// The hash of the new session's token.
        token: TokenHash,
        /// What they sign in with.
        client: Client,
    },
    /// A provider vouched for someone who wants to sign in. Answered with [`super::Answer::Viewer`].
    SignInByIdentity {
        /// Who waits.
        request: Request,
        /// Who they are to the provider.
        identity: Identity,
        /// The hash of the new session's token.
        token: TokenHash,
        /// What they sign in with.
        client: Client,
    },
    /// The password of someone who is signed in was checked once more. Answered with [`super::Answer::Done`].
    PasswordChecked {
        /// Who waits.
        request: Request,
        /// What [`super::Answer::SignIn`] gave.
        check: SignInCheck,
        /// Whether the password was right.
        right: bool,
    },
    /// A session was used.
    SessionUsed(SessionId),
    /// Someone forgot their password and shows a one-time code, none when it cannot be one. Answered with
    /// [`super::Answer::Member`].
    TryResetCode {
        /// Who waits.
        request: Request,
        /// What they showed.
        code: Option<CodeHash>,
        /// Where from; guessing is slowed down.
        address: IpAddr,
    },
    /// The console makes a one-time code for someone who forgot their password. Answered with [`super::Answer::Member`].
    OfferReset {
        /// Who waits.
        request: Request,
        /// The right to do so.
        cap: Administer,
        /// Who forgot it.
        member: MemberId,
        /// The code.
        code: CodeHash,
    },
    /// Someone who is not signed in wants a link for a forgotten password. Answered with [`super::Answer::Done`],
    /// whatever address they give.
    AskForPasswordLink {
        /// Who waits.
        request: Request,
        /// Where from; asking is bounded.
        address: IpAddr,
    },
    /// A one-time code is to be mailed to an address. Answered with [`super::Answer::Member`], which whoever asked for the link
    /// must not learn.
    OfferResetByMail {
        /// Who waits.
        request: Request,
        /// The address.
        email: Address,
        /// The code.
        code: CodeHash,
    },
    /// A program asked something with an API token.
    TokenUsed(TokenId),
    /// A change of settings; durable before it is answered.
    Settings {
        /// Who waits.
        request: Request,
        /// What is to change.
        setting: Setting,
    },
    /// Something happened that the owner may have to know.
    Incident(Incident),
    /// Of this kind, these subjects and no others are so now: told when it may have changed.
    Condition(NoticeKind, Vec<Subject>),
    /// Why this is so of the gateway, within a sentence and without its end; none when it is not: told at the start.
    Because(NoticeKind, Option<Arc<str>>),
    /// A new claim code was drawn.
    NewClaimCode(ClaimCode),
    /// The store wrote a ticket, or could not.
    Written {
        /// Which.
        ticket: Ticket,
        /// Whether it is on disk.
        ok: bool,
    },
    /// The home's zone is so many minutes east of UTC from now on.
    ZoneOffset(i16),
    /// Home Assistant says that it started.
    HomeAssistantStarted,
    /// A deadline may have passed.
    Tick,
    /// The daemon is stopping: settle what is open.
    Stop,
}
