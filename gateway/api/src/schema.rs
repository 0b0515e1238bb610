//! The schema: every feature's fields in three roots.

use crate::account::{AccountMutation, AccountQuery};
use crate::api::Shared;
use crate::backups::{BackupsMutation, BackupsQuery};
use crate::board_settings::BoardSettingsMutation;
use crate::boards::{BoardsMutation, BoardsQuery};
use crate::claims::{ClaimsMutation, ClaimsQuery};
use crate::commands::CommandsQuery;
use crate::devices::{DevicesMutation, DevicesQuery};
use crate::factory_reset::FactoryResetMutation;
use crate::flashing::{FlashingMutation, FlashingQuery};
use crate::gateway::GatewayQuery;
use crate::giving::GivingMutation;
use crate::grants::{GrantsMutation, GrantsQuery};
use crate::guest_links::{GuestLinksMutation, GuestLinksQuery};
use crate::home::{HomeMutation, HomeQuery};
use crate::home_assistant::{HomeAssistantMutation, HomeAssistantQuery};
use crate::identities::IdentitiesMutation;
use crate::integrations::{IntegrationsMutation, IntegrationsQuery};
use crate::invitations::{InvitationsMutation, InvitationsQuery};
use crate::members::{MembersMutation, MembersQuery};
use crate::metrics::MetricsQuery;
use crate::notices::{NoticesMutation, NoticesQuery};
use crate::password_rules::PasswordRulesQuery;
use crate::quarantine::QuarantineMutation;
use crate::record::RecordQuery;
use crate::reset::ResetMutation;
use crate::rooms::{RoomsMutation, RoomsQuery};
use crate::sign_in::SignInMutation;
use crate::subscriptions::SubscriptionRoot;
use crate::switches::{SwitchesMutation, SwitchesQuery};
use crate::tokens::{TokensMutation, TokensQuery};
use crate::viewer::ViewerQuery;
use crate::wifi_change::{WifiMutation, WifiQuery};
use async_graphql::{MergedObject, SchemaBuilder, ValidationMode};
use std::sync::Arc;

/// Deepest nesting of a document; standard introspection needs most of it.
const MAX_DEPTH: usize = 15;
/// Dearest document: a field costs one, and what a list holds counts five times.
const MAX_COMPLEXITY: usize = 2_000;

/// What there is. Lists and objects show only what the viewer may view.
///
/// Errors carry `extensions.code`: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, BAD_INPUT (with `extensions.field`), BUSY,
/// CONFLICT, TOO_COMPLEX, RATE_LIMITED (with `extensions.retryAfterMs`), GATEWAY_UNCLAIMED, STORAGE, INTERNAL. More may come.
/// Limits: depth 15, complexity 2,000, body 256 KiB, 10 mutation fields a document, 50 subscriptions a connection.
/// `search` of a list answers only those of it that have the text in the texts named there: at most 256 characters, case and
/// Unicode's several ways of writing the same do not count.
/// Null times are unknown: the gateway's clock was not trusted then. Ids are opaque and never used again.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub(crate) struct QueryRoot(
    GatewayQuery,
    ViewerQuery,
    HomeQuery,
    RoomsQuery,
    SwitchesQuery,
    DevicesQuery,
    BoardsQuery,
    ClaimsQuery,
    FlashingQuery,
    WifiQuery,
    CommandsQuery,
    IntegrationsQuery,
    InvitationsQuery,
    HomeAssistantQuery,
    NoticesQuery,
    MembersQuery,
    GrantsQuery,
    GuestLinksQuery,
    MetricsQuery,
    PasswordRulesQuery,
    RecordQuery,
    TokensQuery,
    AccountQuery,
    BackupsQuery,
);

/// What can be done; at most 10 fields a document. Settings are on disk before they are answered.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct MutationRoot(
    SignInMutation,
    HomeMutation,
    RoomsMutation,
    DevicesMutation,
    QuarantineMutation,
    BoardSettingsMutation,
    BoardsMutation,
    ClaimsMutation,
    FlashingMutation,
    WifiMutation,
    GivingMutation,
    IntegrationsMutation,
    InvitationsMutation,
    HomeAssistantMutation,
    NoticesMutation,
    MembersMutation,
    GrantsMutation,
    GuestLinksMutation,
    AccountMutation,
    IdentitiesMutation,
    ResetMutation,
    BackupsMutation,
    FactoryResetMutation,
    TokensMutation,
    // The last is asked first, and each of the others on the way down to the first costs a tap a microsecond or two.
    SwitchesMutation,
);

pub(crate) type Schema = async_graphql::Schema<QueryRoot, MutationRoot, SubscriptionRoot>;

fn builder() -> SchemaBuilder<QueryRoot, MutationRoot, SubscriptionRoot> {
    Schema::build(QueryRoot::default(), MutationRoot::default(), SubscriptionRoot)
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
        // Guesses at what was meant would tell the schema to whoever is not signed in.
        .disable_suggestions()
}

/// The schema that checks everything, for documents not seen before.
pub(crate) fn strict(shared: Arc<Shared>) -> Schema {
    builder().data(shared).finish()
}

/// The schema for documents that the strict one has taken before. Limits hold here too, and variables are checked as
/// they are read.
pub(crate) fn fast(shared: Arc<Shared>) -> Schema {
    builder().data(shared).validation_mode(ValidationMode::Fast).finish()
}

/// The API as an SDL document.
pub fn sdl() -> String {
    builder().finish().sdl()
}
