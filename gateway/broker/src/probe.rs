//! Whether the edge answers, asked from outside.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// CONNECT of a version that nobody speaks: it is refused before anything is a login, so it counts as no wrong one.
const QUESTION: [u8; 14] = *b"\x10\x0c\x00\x04MQTT\x09\x02\x00\x0a\x00\x00";
/// The first byte of a CONNACK.
const CONNACK: u8 = 0x20;

/// Connects to a listener without TLS and waits until it answers as an MQTT edge does. An error when it has not within about `patience`.
pub fn probe(listener: SocketAddr, patience: Duration) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&listener, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(&QUESTION)?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    if first[0] == CONNACK { Ok(()) } else { Err(io::Error::other("something else than an MQTT broker answers")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    const SHORTLY: Duration = Duration::from_millis(200);

    #[test]
    fn what_is_no_edge_does_not_pass_for_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(probe(address, SHORTLY).is_err(), "the kernel alone took the connection");
        let web = std::thread::spawn(move || {
            // The first is the one that nobody answered.
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let _gone = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            }
        });
        assert!(probe(address, Duration::from_secs(20)).is_err());
        web.join().unwrap();
        assert!(probe(address, SHORTLY).is_err(), "nobody listens");
    }
}
