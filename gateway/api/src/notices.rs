//! Notices: what the owner should know.

use crate::error::{no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::viewer::{shared, signed_in};
use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use gatehouse_core::access::{self, Denied};
use gatehouse_core::ids::NoticeId;
use gatehouse_core::notice::{self, Subject};
use gatehouse_core::view::View;
use std::sync::Arc;

/// Notices on one page, unless asked for fewer or more.
const PAGE: usize = 50;
/// Notices on one page at most.
const MAX_PAGE: usize = 100;

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "notice::Severity")]
pub(crate) enum Severity {
    /// Good to know; nothing has to be done.
    Info,
    /// Something does not work, or works worse than it could.
    Warning,
    /// Someone may be trying to do what they must not.
    Critical,
}

/// What the owner should know.
pub(crate) struct Notice(pub(crate) Arc<notice::Notice>);

/// Whether notices exist for someone.
pub(crate) fn may_view_notices(viewer: &access::Viewer) -> bool {
    viewer.administer().is_ok()
}

/// The subject as people know it.
fn who(subject: &Subject, view: &View) -> String {
    match subject {
        Subject::Gateway => "the gateway".to_owned(),
        Subject::Address(address) => address.to_string(),
        Subject::Listener(address) => address.to_string(),
        Subject::Board(board) => view
            .devices
            .iter()
            .find(|device| device.board == *board)
            .map_or_else(|| format!("board {board}"), |device| device.name.to_string()),
        Subject::Integration(user) => view
            .integrations
            .iter()
            .find(|integration| integration.user == *user)
            .map_or_else(|| format!("an integration that was revoked ({user})"), |known| known.name.to_string()),
        Subject::Member(id) => view.access.name_of(*id).map_or_else(|| "someone".to_owned(), ToString::to_string),
        Subject::Others => "many others".to_owned(),
    }
}

/// What the owner should know: one for each code and subject, which counts up. A dismissed one stays away until it happens
/// anew.
#[Object]
impl Notice {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What happened, for programs: MQTT_LOGIN_STORM, SIGN_IN_STORM, FOREIGN_CLIENT_ID, PUBLISH_REFUSED, ORDER_REFUSED,
    /// RETAINED_COMMAND, INTEGRATION_SLOW, CONNECTIONS_FULL, RETAINED_FULL, PLAIN_MQTT, ROUTER_REPLACED,
    /// MAIL_FAILED, CODE_STORM, DEVICE_QUARANTINED, FIRMWARE_CHANGED,
    /// DEVICE_FLAPPING, DEVICE_RESTARTING, WEAK_WIFI, DEVICE_SILENT, NEIGHBOUR_DIFFERS,
    /// UPGRADE_RETURNED, DISK_FAILING. More may come.
    async fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// How much it matters.
    async fn severity(&self) -> Severity {
        self.0.kind.severity().into()
    }

    /// With whom or what: a device, an integration, a person, an address.
    async fn subject(&self, ctx: &Context<'_>) -> String {
        who(&self.0.subject, &shared(ctx).hub.view())
    }

    /// What happened, for people.
    async fn message(&self, ctx: &Context<'_>) -> String {
        self.0.message(&who(&self.0.subject, &shared(ctx).hub.view()))
    }

    /// What to do about it.
    async fn advice(&self) -> &'static str {
        self.0.kind.advice()
    }

    /// How often it happened.
    async fn times(&self) -> f64 {
        // Exact up to 2^53.
        self.0.times as f64
    }

    /// When it happened first.
    async fn first_at(&self) -> Option<DateTime> {
        self.0.first_at.and_then(date_time)
    }

    /// When it happened last.
    async fn at(&self) -> Option<DateTime> {
        self.0.at.and_then(date_time)
    }
}

#[derive(Default)]
pub(crate) struct NoticesQuery;

type NoticeConnection = Connection<String, Notice, EmptyFields, EmptyFields>;

#[Object]
impl NoticesQuery {
    /// What the owner should know and has not dismissed, the newest first. `first` is 50 unless given, and at most 100;
    /// `after` is a cursor of an earlier answer. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BAD_INPUT (first, after).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn notices(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Result<NoticeConnection> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        let bad = |field, message: &str| told(Denied::BadInput { field, message: message.to_owned() });
        let count = usize::try_from(first.unwrap_or(PAGE as i32)).ok().filter(|count| *count <= MAX_PAGE);
        let count = count.ok_or_else(|| bad("first", "A page has 0 to 100 notices."))?;
        let after: Option<NoticeId> = after
            .map(|cursor| cursor.parse())
            .transpose()
            .map_err(|_| bad("after", "That is no cursor of an earlier answer."))?;
        let notices = &asked.view.notices;
        // By id, which rises with time: a notice that counts up keeps its place.
        let rest = notices.partition_point(|notice| after.is_none_or(|after| notice.id < after));
        let page: Vec<_> = notices[..rest].iter().rev().take(count).collect();
        let mut connection = Connection::new(rest < notices.len(), page.len() < rest);
        let edge = |notice: &Arc<notice::Notice>| Edge::new(notice.id.to_string(), Notice(notice.clone()));
        connection.edges.extend(page.into_iter().map(edge));
        Ok(connection)
    }
}

/// A notice to put away.
#[derive(InputObject)]
pub(crate) struct DismissNoticeInput {
    /// Which notice.
    id: ID,
}

#[derive(Default)]
pub(crate) struct NoticesMutation;

#[Object]
impl NoticesMutation {
    /// Puts a notice away until it happens anew; what goes on within the hour is not anew. True when done. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn dismiss_notice(&self, ctx: &Context<'_>, input: DismissNoticeInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("notice"))?;
        shared(ctx).hub.dismiss_notice(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
