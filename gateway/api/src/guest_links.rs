//! Guest links: whoever holds one is let in, until it ends.

use crate::commands::Actor;
use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::grants::{GrantLevel, GrantTarget, TargetInput};
use crate::search::Search;
use crate::sign_in::{Session, can_receive, session};
use crate::viewer::{self, SignedIn, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{self, Denied, Terms, ViewerKind};
use gatehouse_core::name::Name;
use std::sync::Arc;

/// A link that lets whoever holds it in, as a guest.
pub(crate) struct GuestLink(Arc<access::GuestLink>);

/// A link that lets whoever holds it in, as a guest.
#[Object]
impl GuestLink {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What people call it, and whoever comes by it.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Which part of the home it opens.
    async fn target(&self, ctx: &Context<'_>) -> Result<GrantTarget> {
        Ok(GrantTarget::new(self.0.terms.target, &signed_in(ctx)?.view))
    }

    /// How far it goes.
    async fn level(&self) -> GrantLevel {
        self.0.terms.level.into()
    }

    /// When it ends.
    async fn until(&self) -> Option<DateTime> {
        self.0.terms.until.and_then(date_time)
    }

    /// Who made it.
    async fn by(&self) -> Actor {
        Actor(self.0.by.actor.clone())
    }

    /// When it was made; null when the clock was not trusted.
    async fn created_at(&self) -> Option<DateTime> {
        self.0.created_at.and_then(date_time)
    }
}

/// A new guest link, and what must be presented.
#[derive(SimpleObject)]
pub(crate) struct CreatedGuestLink {
    /// The link.
    link: GuestLink,
    /// What whoever comes must present, 256 random bits: put it behind the `#` of a link to `/guest`. It is told this once; the
    /// gateway keeps a hash only.
    token: String,
}

#[derive(Default)]
pub(crate) struct GuestLinksQuery;

#[Object]
impl GuestLinksQuery {
    /// Guest links, at most 64, in the order they were made: all of them for the owner, for others those they made. One whose
    /// end has passed is gone.
    /// `search` is looked for in its name and in those of the part of the home and of who made it.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn guest_links(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<GuestLink>> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        let search = Search::new(search)?;
        let mine = |link: &access::GuestLink| viewer.member().is_some() && link.by.rests_on == viewer.member();
        let shown = view.access.guest_links().filter(|link| viewer.administer().is_ok() || mine(link));
        let found = shown.filter(|link| {
            let target = GrantTarget::new(link.terms.target, &view);
            search.finds_any(&[link.name.as_str(), &target.name, &link.by.actor.name])
        });
        Ok(found.cloned().map(GuestLink).collect())
    }
}

/// A new guest link.
#[derive(InputObject)]
pub(crate) struct CreateGuestLinkInput {
    /// What it, and whoever comes by it, is to be called: 1 to 64 characters.
    name: String,
    /// Which part of the home it opens.
    target: TargetInput,
    /// How far it goes.
    level: GrantLevel,
    /// When it ends.
    until: DateTime,
}

/// A guest link less.
#[derive(InputObject)]
pub(crate) struct DeleteGuestLinkInput {
    /// Which link.
    id: ID,
}

/// A guest link that was followed.
#[derive(InputObject)]
pub(crate) struct OpenGuestLinkInput {
    /// What stands behind its `#`.
    token: String,
}

#[derive(Default)]
pub(crate) struct GuestLinksMutation;

#[Object]
impl GuestLinksMutation {
    /// Makes a link that lets whoever holds it in, without an account, until it ends. For the owner; and for a member, to what
    /// an owner lets them move: it rests on their own right and ends with it.
    /// Errors: BAD_INPUT (name, target, until), NOT_FOUND (what it is to open), CONFLICT (there are 64), FORBIDDEN, BUSY, STORAGE.
    async fn create_guest_link(&self, ctx: &Context<'_>, input: CreateGuestLinkInput) -> Result<CreatedGuestLink> {
        let cap = signed_in(ctx)?.viewer.share().map_err(told)?;
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        let until = Some(input.until.wall());
        let terms = Terms { target: input.target.parse()?, level: input.level.into(), until, hours: None };
        let (token, hash) = viewer::new_token();
        let link = shared(ctx).hub.create_guest_link(cap, name, hash, terms).await.map_err(told)?;
        Ok(CreatedGuestLink { link: GuestLink(link), token })
    }

    /// Ends a guest link: whoever came by it is out, and their WebSockets are closed, within a second. True when done. For the
    /// owner, and for whoever made it.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_guest_link(&self, ctx: &Context<'_>, input: DeleteGuestLinkInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.share().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("guest link"))?;
        shared(ctx).hub.delete_guest_link(cap, id).await.map_err(told)?;
        Ok(true)
    }

    /// Lets in whoever holds a guest link. Its token is the session's, and is good as long as the link is: signing out forgets
    /// it on this client alone. A link that has ended, or does not hold while the gateway's clock is not trusted, is no link.
    /// Errors: GATEWAY_UNCLAIMED, BAD_INPUT (token).
    async fn open_guest_link(&self, ctx: &Context<'_>, input: OpenGuestLinkInput) -> Result<Session> {
        let view = viewer::claimed(ctx)?;
        can_receive(ctx)?;
        let known = viewer::hash(&input.token).and_then(|hash| view.access.viewer(&hash));
        let Some(guest) = known.filter(|known| known.kind() == ViewerKind::GuestLink) else {
            let message = "This link has ended. Ask for another.".to_owned();
            return Err(told(Denied::BadInput { field: "token", message }));
        };
        Ok(session(ctx, input.token, guest))
    }
}
