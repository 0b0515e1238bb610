//! People: who lives here and who visits.

use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::grants::Grant;
use crate::search::Search;
use crate::viewer::{Role, SignedIn, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result};
use gatehouse_core::access;
use gatehouse_core::home::MemberEdit;
use gatehouse_core::mail::Address;
use gatehouse_core::name::Name;
use std::sync::Arc;

/// A person.
pub(crate) struct Member(pub(crate) Arc<access::Member>);

/// Whether a person exists for someone: who lives here knows all, whoever visits only themselves.
fn may_view(viewer: &access::Viewer, member: &access::Member) -> bool {
    let lives_here = viewer.person().is_ok_and(|person| person.role != access::Role::Guest);
    viewer.administer().is_ok() || lives_here || viewer.member() == Some(member.id)
}

/// Whether someone is told more of a person than name and role.
fn may_view_more(viewer: &access::Viewer, member: &access::Member) -> bool {
    viewer.administer().is_ok() || viewer.member() == Some(member.id)
}

/// A person.
#[Object]
impl Member {
    /// Their id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The name they sign in with.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// What they are in this home.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// When one of their sessions was used last, five minutes more or less. Null when never, when the clock was not trusted
    /// then, and for whoever is neither an owner nor this person.
    async fn last_seen(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        if !may_view_more(&viewer, &self.0) {
            return Ok(None);
        }
        let used = view.access.sessions_of(self.0.id).filter_map(|session| session.last_used_at.or(session.opened_at));
        Ok(used.max().and_then(date_time))
    }

    /// Where mail reaches them, as they confirmed. Null when nowhere, and for whoever is neither an owner nor this person.
    async fn email(&self, ctx: &Context<'_>) -> Result<Option<&str>> {
        let told = may_view_more(&signed_in(ctx)?.viewer, &self.0);
        Ok(self.0.email.as_ref().filter(|_| told).map(Address::as_str))
    }

    /// When they came; null when the clock was not trusted then.
    async fn joined_at(&self) -> Option<DateTime> {
        self.0.joined_at.and_then(date_time)
    }

    /// What was given to them, as far as the viewer may view it.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<Grant>> {
        let id = self.0.id;
        Ok(Grant::list(&signed_in(ctx)?, |grant| grant.to == id))
    }
}

#[derive(Default)]
pub(crate) struct MembersQuery;

#[Object]
impl MembersQuery {
    /// The people of this home, at most 64, in the order they came. Guests are shown themselves alone, programs without the
    /// right to administer and guest links nobody.
    /// `search` is looked for in the name.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn members(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Member>> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        let search = Search::new(search)?;
        let shown = view.access.members().filter(|member| may_view(&viewer, member));
        let shown = shown.filter(|member| search.finds(member.name.as_str()));
        Ok(shown.cloned().map(Member).collect())
    }
}

/// What to change of a person; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateMemberInput {
    /// Which person.
    id: ID,
    /// The name to sign in with: 1 to 64 characters, a letter among them, and none that looks like somebody else's.
    name: Option<String>,
    /// What they are in this home.
    role: Option<Role>,
}

/// A person less.
#[derive(InputObject)]
pub(crate) struct DeleteMemberInput {
    /// Which person.
    id: ID,
}

#[derive(Default)]
pub(crate) struct MembersMutation;

#[Object]
impl MembersMutation {
    /// Gives a person another name or role. For the owner.
    /// Errors: BAD_INPUT (name), NOT_FOUND, CONFLICT (the last owner stays one), FORBIDDEN, BUSY, STORAGE.
    async fn update_member(&self, ctx: &Context<'_>, input: UpdateMemberInput) -> Result<Member> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("member"))?;
        let name = input.name.map(|name| Name::new(&name)).transpose().map_err(bad_name("name"))?;
        let edit = MemberEdit { name, role: input.role.map(Into::into) };
        shared(ctx).hub.update_member(cap, id, edit).await.map(Member).map_err(told)
    }

    /// Removes a person: their sessions end within a second, and with them what was given to them and what they gave on. What
    /// they did stays on record. True when done. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (the last owner stays), FORBIDDEN, BUSY, STORAGE.
    async fn delete_member(&self, ctx: &Context<'_>, input: DeleteMemberInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("member"))?;
        shared(ctx).hub.delete_member(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
