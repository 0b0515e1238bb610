//! A login, from the first byte to who it is.

use super::{CREDENTIALS, is_order, is_plain};
use crate::codec::{self, Connect, Packet, Version, decode};
use crate::connect::{Login, Refused, login};
use crate::connection::Io;
use crate::counters::Count;
use crate::{Broker, Limits};
use bytes::BytesMut;
use futures_util::FutureExt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, join, sink};
use tokio::sync::{mpsc, watch};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A stream from its first byte on, the first of which says where it is torn in two; whether the login was accepted.
pub fn connect(input: &[u8]) -> bool {
    let Some((at, bytes)) = input.split_first() else { return false };
    let (head, tail) = bytes.split_at(bytes.len().min(usize::from(*at)));
    // A new edge each time, so that earlier inputs do not matter.
    let (_credentials, watched) = watch::channel(CREDENTIALS.clone());
    let (broker, _orders) = Broker::new(Limits::default(), watched, mpsc::channel(1).0);
    let edge = &broker.edge;
    let mut io = Io::new(join(head.chain(tail), sink()), edge.counters.clone());
    // All bytes, and the end behind them, are there at once.
    let Some(login) = login(edge, &mut io, ADDRESS).now_or_never() else { panic!("waits for more than bytes") };
    let read = decode(bytes, edge.limits.connect_bytes, Version::V4);
    let connect = match read {
        Ok(Some((Packet::Connect(connect), length))) => Some((connect, length)),
        _ => None,
    };
    match login {
        Ok(login) => {
            let Some((connect, length)) = connect else { panic!("in without a CONNECT") };
            assert!(bytes[length..].starts_with(&io.read), "what came behind it is not lost");
            assert_eq!(io.version, connect.version);
            accepted(&login, &connect);
            true
        }
        Err(Refused(count, answer)) => {
            let late = count == Count::RefusedMalformed;
            assert!(connect.is_some() || late || count == Count::RefusedLevel, "{count:?}");
            if let Some(answer) = answer {
                let mut out = BytesMut::new();
                codec::write_refusal(&mut out, io.version, answer);
                assert_eq!((out[0], usize::from(out[1])), (0x20, out.len() - 2));
                assert!(out[3] > 0, "a refusal that reads as success");
            }
            false
        }
    }
}

/// Only who is known gets in, by the secret, as itself, and with a will that it may publish.
fn accepted(login: &Login, connect: &Connect<'_>) {
    let (user, secret) = (connect.user.unwrap_or_default(), connect.password.unwrap_or_default());
    assert!(!connect.authentication);
    match login {
        Login::Board(board) => {
            assert_eq!((user, secret, connect.client_id, connect.version), ("b", &b"s"[..], "b", Version::V4));
            assert_eq!(board.id.as_str(), user);
            if let Some(will) = &board.will {
                assert!(is_plain(&will.topic) && will.topic.starts_with("homie/5/b/") && !is_order(&will.topic));
            }
        }
        Login::Integration(integration) => {
            assert!(matches!(user, "all" | "some") && secret == b"i");
            assert_eq!(&*integration.user, user);
            assert_eq!(Some(&*integration.credential), CREDENTIALS.integrations.get(&Arc::from(user)));
            let id = &*integration.client_id;
            assert!((1..=128).contains(&id.len()) && !id.chars().any(char::is_control), "{id:?}");
            assert!(integration.drawn_id || id == connect.client_id);
            assert!(integration.receive_maximum > 0 && integration.maximum_packet > 0);
            if let Some(will) = &integration.will {
                let topic = &*will.message.topic;
                assert!(is_plain(topic) && !topic.starts_with("homie/5/b/"), "{topic}");
                assert!(user == "all" || topic == "a" || topic.starts_with("a/"), "{topic}");
            }
        }
    }
}
