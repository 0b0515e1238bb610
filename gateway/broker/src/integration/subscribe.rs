//! What an integration subscribes to, and what is retained for it.

use super::session::{NOT_AUTHORIZED, QUOTA_EXCEEDED, Session};
use crate::acl;
use crate::codec::{self, Filters, Options, Retained};
use crate::connection::Stream;
use crate::counters::Count;
use crate::filter;
use crate::message::OwnedMessage;

const BAD_FILTER: u8 = 0x8f;

impl<S: Stream> Session<'_, S> {
    pub(super) fn take_subscribe(
        &mut self,
        id: u16,
        filters: Filters<'_>,
        identifier: Option<u32>,
    ) -> Result<(), Count> {
        let mut wanted = Vec::new();
        let mut codes = Vec::new();
        for (asked, options) in filters {
            let is_new = !self.state.subscriptions.has(asked);
            let code = self.subscribe(asked, options, identifier);
            codes.push(code);
            let retained = match options.retained {
                Retained::Always => true,
                Retained::IfNew => is_new,
                Retained::Never => false,
            };
            if code < codec::REFUSED && retained && filter::shared(asked).is_none() {
                wanted.push((asked, code));
            }
        }
        codec::write_suback(&mut self.io.out, self.io.version, id, &codes);
        let waits = |(asked, granted)| self.send_retained(asked, granted, identifier);
        let waiting = wanted.into_iter().try_for_each(waits);
        self.account();
        waiting
    }

    /// The QoS granted, or why not.
    fn subscribe(&mut self, asked: &str, options: Options, identifier: Option<u32>) -> u8 {
        let subscriptions = &mut self.state.subscriptions;
        let refused = if subscriptions.len() >= self.edge.limits.filters && !subscriptions.has(asked) {
            Some(QUOTA_EXCEEDED)
        } else if !filter::is_filter(filter::unshared(asked)) {
            Some(BAD_FILTER)
        } else if !acl::integration_subscribe(&self.credential, asked) {
            Some(NOT_AUTHORIZED)
        } else {
            None
        };
        if let Some(reason) = refused {
            self.edge.counters.one(Count::SubscribeRefused);
            return reason;
        }
        let since = self.edge.fanout.sequence();
        match filter::shared(asked) {
            Some((name, of)) => {
                let group = self.edge.groups.join(&self.user, name, of);
                subscriptions.add_shared(asked, of, (options, identifier, since), group);
            }
            None => subscriptions.add(asked, options, identifier, since),
        }
        options.qos
    }

    fn send_retained(&mut self, asked: &str, granted: u8, identifier: Option<u32>) -> Result<(), Count> {
        let of_clients = self.edge.retained.matching(asked);
        let of_gateway = {
            let credentials = self.edge.credentials.borrow();
            self.edge.announcer.matching(asked, &of_clients, |board| credentials.boards.contains_key(board))
        };
        for kept in of_clients.into_iter().chain(of_gateway) {
            let (backlog, limits) = (&self.state.backlog, &self.edge.limits);
            if backlog.len() >= limits.backlog || backlog.bytes() >= limits.backlog_bytes {
                return Err(Count::EndSlow);
            }
            self.state.backlog.push(OwnedMessage {
                topic: kept.topic,
                payload: kept.payload,
                qos: kept.qos.min(granted),
                retain: true,
                properties: kept.properties,
                expires: kept.expires,
                identifiers: identifier.into_iter().collect(),
            });
        }
        Ok(())
    }
}
