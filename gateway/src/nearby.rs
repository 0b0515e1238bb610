//! The daemon's part in claims over the network: the way of the hub's orders, and what a board is told of the gateway.

use gatehouse_core::nearby::NearbyOrder;
use gatehouse_discovery::Homes;
use gatehouse_serial::Gateway;
use gatehouse_wire::improv::Handover;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What is to be done with boards in the network that may wait until it is begun.
const ORDERS: usize = 64;

/// How the hub orders something done with a board in the network.
type GiveOrder = Box<dyn FnMut(NearbyOrder) + Send>;

/// The hub's end, and the other.
pub(crate) fn orders() -> (GiveOrder, mpsc::Receiver<NearbyOrder>) {
    let (order, orders) = mpsc::channel(ORDERS);
    let order = move |what: NearbyOrder| {
        if order.try_send(what).is_err() {
            // The home's own deadlines end what was to come of it.
            tracing::warn!("too many boards in the network are being claimed, so an order was dropped");
        }
    };
    (Box::new(order), orders)
}

/// What a board is told over the network is what it would be told by its port.
pub(crate) fn homes(gateway: Gateway) -> Homes {
    Homes(Arc::new(move |board, secret| {
        let reach = (gateway.0)()?;
        let (host, port, authority, time) = (reach.host, reach.port, reach.authority, reach.time);
        Some(Handover { board, secret, host, port, authority, time })
    }))
}
