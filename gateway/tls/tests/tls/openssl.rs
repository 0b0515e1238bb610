//! What Debian's OpenSSL makes of it: mosquitto's clients, curl and Python see the home through it.

use crate::support::{BOARDS_NAME, Home, NOW_S};
use rustls::{ServerConfig, ServerConnection, Stream};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

/// Serves so many connections on loopback: shakes hands, says a word, closes.
fn serve(config: Arc<ServerConfig>, connections: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for _ in 0..connections {
            let (mut socket, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            // A client that refuses the certificate goes away in the middle.
            let _refused = Stream::new(&mut connection, &mut socket).write_all(b"word\n");
            connection.send_close_notify();
            let _gone = connection.complete_io(&mut socket);
        }
    });
    address
}

fn s_client(home: &Home, address: SocketAddr, arguments: &[&str]) -> Output {
    Command::new("openssl")
        .args(["s_client", "-verify_return_error", "-attime", &NOW_S.to_string(), "-connect", &address.to_string()])
        .arg("-CAfile")
        .arg(home.served.authority().certificate_path())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn openssl_verifies_right_names_and_refuses_others() {
    let home = Home::new();
    for (config, name, good) in [
        (home.served.mqtt(), BOARDS_NAME, true),
        (home.served.mqtt(), "gatehouse.local", true),
        (home.served.https(), "gatehouse.local", true),
        (home.served.mqtt(), "other.gatehouse.internal", false),
        (home.served.https(), "other.local", false),
    ] {
        for version in ["-tls1_2", "-tls1_3"] {
            let address = serve(config.clone(), 1);
            let answer = s_client(&home, address, &[version, "-servername", name, "-verify_hostname", name]);
            assert_eq!(answer.status.success(), good, "{name} {version}: {}", String::from_utf8_lossy(&answer.stderr));
        }
    }
    let answer = s_client(&home, serve(home.served.https(), 1), &["-noservername", "-verify_ip", "127.0.0.1"]);
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}

/// BearSSL resumes by session id only: no tickets.
#[test]
fn a_client_without_tickets_resumes_by_session_id() {
    let home = Home::new();
    let address = serve(home.served.mqtt(), 6);
    let answer = s_client(&home, address, &["-tls1_2", "-no_ticket", "-reconnect", "-servername", BOARDS_NAME]);
    let said = String::from_utf8_lossy(&answer.stdout);
    assert_eq!(said.matches("Reused, TLSv1.2").count(), 5, "{said}");
}
