//! Invitations: how people come into a home.

use crate::commands::Actor;
use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::grants::{GrantHours, GrantLevel, GrantTarget, HoursInput, TargetInput};
use crate::letters;
use crate::one_time;
use crate::search::Search;
use crate::sign_in::{Session, can_receive, session};
use crate::viewer::{self, Role, asker, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, Terms};
use gatehouse_core::identity::Proof;
use gatehouse_core::invitation::{self, Acceptance, NewInvitation};
use gatehouse_core::mail::Address;
use gatehouse_core::name::Name;
use std::sync::Arc;

/// What an invitation gives to who comes.
pub(crate) struct InvitationGrant(Terms);

/// What an invitation gives to who comes.
#[Object]
impl InvitationGrant {
    /// Which part of the home. Its name is empty once it is gone.
    async fn target(&self, ctx: &Context<'_>) -> Result<GrantTarget> {
        Ok(GrantTarget::new(self.0.target, &signed_in(ctx)?.view))
    }

    /// How far it goes.
    async fn level(&self) -> GrantLevel {
        self.0.level.into()
    }

    /// When it ends for good; null when never.
    async fn until(&self) -> Option<DateTime> {
        self.0.until.and_then(date_time)
    }

    /// The hours within which it holds; null when always.
    async fn hours(&self) -> Option<GrantHours> {
        self.0.hours.map(GrantHours::new)
    }
}

/// An invitation that is open.
pub(crate) struct Invitation(Arc<invitation::Invitation>);

/// An invitation that is open: neither used up nor taken back nor ended.
#[Object]
impl Invitation {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What who comes will be here.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// What who comes may do from the start on. What has ended by then, or whose place is gone, gives nothing.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn grants(&self) -> Vec<InvitationGrant> {
        self.0.grants.iter().copied().map(InvitationGrant).collect()
    }

    /// Where it was mailed; null when it was not meant for one address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_ref().map(Address::as_str)
    }

    /// When it ends; null when it is good until it is used or taken back.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.and_then(date_time)
    }

    /// How many people it may still let in.
    async fn uses_left(&self) -> u32 {
        self.0.uses_left
    }

    /// Who invites. It holds while they may.
    async fn by(&self) -> Actor {
        Actor(self.0.by.actor.clone())
    }

    /// When it was made.
    async fn created_at(&self) -> Option<DateTime> {
        self.0.created_at.and_then(date_time)
    }
}

/// A new invitation, and the code that it takes to accept it.
#[derive(SimpleObject)]
pub(crate) struct CreatedInvitation {
    /// The invitation.
    invitation: Invitation,
    /// Its code, for a link or a QR code: `/join#CODE`. It is told this once; the gateway keeps a hash only. A mail holds another
    /// one, by which it is known that who comes has read it.
    code: String,
    /// Whether a mail with the link is on its way to the address given.
    mailed: bool,
}

/// What whoever holds an invitation's code may know.
#[derive(SimpleObject)]
pub(crate) struct InvitationOffer {
    /// What the home is called.
    home_name: String,
    /// Who invites.
    inviter: String,
    /// What who accepts will be here.
    role: Role,
    /// Where it was mailed, told to whoever has the code from that mail: they need not confirm this address.
    email: Option<String>,
}

/// What an invitation is to give to who comes.
#[derive(InputObject)]
pub(crate) struct InvitationGrantInput {
    /// Which part of the home.
    target: TargetInput,
    /// How far it goes.
    level: GrantLevel,
    /// When it ends for good; never when left out.
    until: Option<DateTime>,
    /// The hours within which it holds; always when left out.
    hours: Option<HoursInput>,
}

impl InvitationGrantInput {
    fn parse(&self) -> Result<Terms> {
        let hours = self.hours.as_ref().map(HoursInput::parse).transpose()?;
        let until = self.until.as_ref().map(DateTime::wall);
        Ok(Terms { target: self.target.parse()?, level: self.level.into(), until, hours })
    }
}

/// A new invitation.
#[derive(InputObject)]
pub(crate) struct CreateInvitationInput {
    /// What who comes will be here.
    role: Role,
    /// What they may do from the start on: at most 16 parts of the home. An owner needs none.
    #[graphql(default)]
    grants: Vec<InvitationGrantInput>,
    /// Where to mail it, where the gateway sends mail (`signInWays`). It lets in one person then.
    email: Option<String>,
    /// When it ends, at most 90 days ahead; without one it is good until it is used or taken back. One with an end cannot be
    /// used while the gateway's clock is not trusted.
    expires_at: Option<DateTime>,
    /// How many people it lets in: 1 to 16.
    #[graphql(default = 1)]
    uses: u32,
}

/// An invitation less.
#[derive(InputObject)]
pub(crate) struct DeleteInvitationInput {
    /// Which invitation.
    id: ID,
}

/// What to do about an address that cannot be confirmed.
pub(crate) const LEAVE_OUT: &str = "Leave the address out.";

/// What makes someone a person of this home.
#[derive(InputObject)]
pub(crate) struct AcceptInvitationInput {
    /// The invitation's code; dashes, blanks and case do not count.
    code: String,
    /// The name they will sign in with: 1 to 64 characters, a letter among them.
    name: String,
    /// Their password: at least 8 characters, at most 256 bytes, and not easily guessed (`passwordEstimate`).
    password: String,
    /// Where mail is to reach them, if they want any. It has to be confirmed as in `updateViewer`, but the one that the
    /// invitation was mailed to when the code is from that mail.
    email: Option<String>,
}

#[derive(Default)]
pub(crate) struct InvitationsQuery;

#[Object]
impl InvitationsQuery {
    /// Open invitations, in the order they were made: all of them, at most 64, for an owner; one's own for a member.
    /// `search` is looked for in the address it was mailed to and in the name of who invites.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn invitations(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Invitation>> {
        let asked = signed_in(ctx)?;
        let search = Search::new(search)?;
        asked.viewer.share().map_err(told)?;
        let (owner, member) = (asked.viewer.administer().is_ok(), asked.viewer.member());
        let all = asked.view.invitations.iter().filter(|one| owner || Some(one.inviter) == member).cloned();
        let found = all.filter(|one| {
            let email = one.email.as_ref().map(Address::as_str).unwrap_or_default();
            search.finds_any(&[email, &one.by.actor.name])
        });
        Ok(found.map(Invitation).collect())
    }

    /// What the holder of this code is invited to; null when it is good for nothing, of which kind its trouble may be. Anyone
    /// may ask; wrong codes slow down further ones.
    /// Errors: GATEWAY_UNCLAIMED, RATE_LIMITED, BUSY.
    async fn invitation(&self, ctx: &Context<'_>, code: String) -> Result<Option<InvitationOffer>> {
        viewer::claimed(ctx)?;
        match shared(ctx).hub.try_invitation(one_time::hash(&code), asker(ctx).address).await {
            Ok(offer) => Ok(Some(InvitationOffer {
                home_name: offer.home.to_string(),
                inviter: offer.by.to_string(),
                role: offer.role.into(),
                email: offer.email.map(|email| email.to_string()),
            })),
            Err(Denied::BadInput { .. }) => Ok(None),
            Err(denied) => Err(told(denied)),
        }
    }
}

#[derive(Default)]
pub(crate) struct InvitationsMutation;

#[Object]
impl InvitationsMutation {
    /// Makes an invitation, and mails it where an address is given. Its code is answered once. For owners; and for
    /// members, who make nobody an owner, to parts of the home that an owner lets them move: what they gave rests on their own
    /// right and ends with it. An invitation holds while who made it may make one.
    /// Errors: BAD_INPUT (email, expiresAt, uses, grants, target, until, hours), NOT_FOUND (what is given), CONFLICT (there are
    /// 64, or no mail server is configured), FORBIDDEN (also for programs, which are nobody to invite), BUSY, STORAGE.
    async fn create_invitation(&self, ctx: &Context<'_>, input: CreateInvitationInput) -> Result<CreatedInvitation> {
        let by = signed_in(ctx)?;
        let (cap, inviter) = (by.viewer.share().map_err(told)?, by.viewer.person().map_err(told)?);
        let shared = shared(ctx);
        let email = input.email.as_deref().map(letters::address).transpose()?;
        // A place in the queue first: what cannot be mailed is not made.
        let instead = "Hand over the link or the QR code, or configure [smtp].";
        let place = email.as_ref().map(|_| letters::place(shared, instead)).transpose()?;
        let (code, hash) = one_time::new_code();
        // Another one in the mail than is shown here: who comes by it has read the mail.
        let (mailed_code, mailed_hash) = one_time::new_code();
        let new = NewInvitation {
            role: input.role.into(),
            inviter: inviter.id,
            grants: input.grants.iter().map(InvitationGrantInput::parse).collect::<Result<_>>()?,
            code: hash,
            expires_at: input.expires_at.map(|at| at.wall()),
            uses: input.uses,
            email: email.clone().map(|email| (email, mailed_hash)),
        };
        let invitation = shared.hub.create_invitation(cap, new).await.map_err(told)?;
        let view = shared.hub.view();
        let mailed = match (place, email, &view.home) {
            (Some(place), Some(to), Some(home)) => {
                let link = format!("{}/join#{mailed_code}", asker(ctx).base);
                place.send(letters::invitation(&home.name, &inviter.name, to, &link, &invitation));
                true
            }
            _ => false,
        };
        Ok(CreatedInvitation { invitation: Invitation(invitation), code, mailed })
    }

    /// Takes an invitation back: its code is good for nothing any more. True when done. For owners and who made it.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_invitation(&self, ctx: &Context<'_>, input: DeleteInvitationInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.share().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("invitation"))?;
        shared(ctx).hub.delete_invitation(cap, id).await.map_err(told)?;
        Ok(true)
    }

    /// Makes who holds an invitation's code a person of this home, and signs them in. What is refused uses up nothing.
    /// Errors: BAD_INPUT (code, name, password, email), RATE_LIMITED, CONFLICT (there are 64 people, somebody has the address that
    /// needs no confirmation, or no mail server is configured to confirm one), GATEWAY_UNCLAIMED, BUSY, STORAGE.
    async fn accept_invitation(&self, ctx: &Context<'_>, input: AcceptInvitationInput) -> Result<Session> {
        viewer::claimed(ctx)?;
        can_receive(ctx)?;
        let shared = shared(ctx);
        let code = one_time::hash(&input.code);
        // First the code, which costs little and is throttled; only who has it may make the gateway hash.
        let offer = shared.hub.try_invitation(code, asker(ctx).address).await.map_err(told)?;
        let Some(code) = code else { return Err(told(Denied::Busy)) };
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        let email = input.email.as_deref().map(letters::address).transpose()?;
        let place = match &email {
            Some(email) if !offer.proves(email) => Some(letters::place(shared, LEAVE_OUT)?),
            _ => None,
        };
        let names = vec![name.to_string(), offer.home.to_string()];
        let password = shared.estimator.check("password", input.password, names).await.map_err(told)?;
        let password_hash = shared.passwords.hash(password).await.map_err(told)?;
        let (token, hash) = viewer::new_token();
        let proof = Proof::Password(password_hash);
        let (confirmation, confirmation_hash) = one_time::new_code();
        let client = asker(ctx).client();
        let acceptance = Acceptance {
            code,
            name,
            proof,
            email: email.clone().map(|email| (email, confirmation_hash)),
            token: hash,
            client,
        };
        let viewer = shared.hub.accept_invitation(acceptance).await.map_err(told)?;
        if let (Some(place), Some(to)) = (place, email) {
            letters::send_confirmation(shared, &asker(ctx).base, place, viewer.name(), to, &confirmation);
        }
        Ok(session(ctx, token, viewer))
    }
}
