//! Mail through a real SMTP server: encrypted or not at all, tried again or given up.

use gatehouse_core::mail::{Address, Letter};
use gatehouse_core::name::Name;
use gatehouse_e2e::{Authority, Home, PATIENCE, SmtpServer, within};
use gatehouse_mail::{Encryption, Login, Patience, Post, Server, Trust};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const USER: &str = "home";
const PASSWORD: &str = "nine quiet lamps";

/// What sends mail, with a queue, and how often it gave up.
struct Sender {
    letters: mpsc::Sender<Letter>,
    failures: mpsc::UnboundedReceiver<()>,
    stop: CancellationToken,
    run: JoinHandle<()>,
}

impl Sender {
    fn start(server: Server) -> Self {
        let patience = Patience {
            attempt: PATIENCE,
            first: Duration::from_millis(10),
            most: Duration::from_millis(50),
            give_up: PATIENCE,
        };
        Self::patient(server, patience)
    }

    fn patient(server: Server, patience: Patience) -> Self {
        let post = Post::new(server, patience).expect("the server can be spoken to");
        let (letters, queue) = mpsc::channel(8);
        let (failed, failures) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let run = tokio::spawn(post.run(
            queue,
            move || {
                let _test_is_over = failed.send(());
            },
            stop.clone(),
        ));
        Self { letters, failures, stop, run }
    }

    async fn send(&self, subject: &str) {
        let letter = Letter {
            id: [7; 16],
            home: Name::new("Mühle").expect("a name"),
            to: Address::new("ben@example.org").expect("an address"),
            subject: subject.to_owned(),
            text: "Grüße.\nhttps://gatehouse.local/join#0123456789abcdef\n.\nEnd\n".to_owned(),
        };
        self.letters.send(letter).await.expect("it runs");
    }

    async fn failed(&mut self) {
        within(PATIENCE, "the mail should be given up", self.failures.recv()).await.expect("it runs");
    }

    async fn stop(self) {
        self.stop.cancel();
        within(PATIENCE, "it should stop", self.run).await.expect("no panic");
    }
}

fn server(smtp: &SmtpServer, encryption: Encryption, authority: &Authority, password: &str) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port: smtp.address.port(),
        encryption,
        trust: Trust::Only(std::fs::read(&authority.ca).expect("the file is there")),
        login: Some(Login { user: USER.to_owned(), password: password.to_owned() }),
        from: Address::new("home@example.org").expect("an address"),
    }
}

fn unencrypted(port: u16) -> Server {
    Server {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        trust: Trust::System,
        login: None,
        from: Address::new("home@example.org").expect("an address"),
    }
}

fn authority() -> (TempDir, Authority) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let authority = Authority::new(dir.path());
    (dir, authority)
}

#[tokio::test]
async fn mail_goes_over_tls_with_a_login_and_arrives_as_it_was_written() {
    let (_dir, authority) = authority();
    let who = json!({ "user": USER, "password": PASSWORD });
    for (encryption, option) in [(Encryption::Tls, "secure"), (Encryption::StartTls, "starttls")] {
        let mut options = who.clone();
        options[option] = json!(true);
        let mut smtp = SmtpServer::with(options, &authority).await;
        let sender = Sender::start(server(&smtp, encryption, &authority, PASSWORD));
        sender.send("Welcome").await;
        let login = smtp.told().await;
        assert_eq!(login["login"], json!({ "user": USER, "right": true, "secure": true }), "{encryption:?}");
        let mail = smtp.mail().await;
        assert!(mail.secure, "{encryption:?}");
        assert_eq!((mail.from.as_str(), &mail.to[..]), ("home@example.org", &["ben@example.org".to_owned()][..]));
        assert_eq!(mail.behind("/join#"), "0123456789abcdef");
        assert!(mail.said().contains("Subject: Welcome\r\n") && mail.said().contains("\r\n.\r\n"), "{}", mail.text);
        sender.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_believed_gets_neither_mail_nor_password() {
    let (_dir, authority) = authority();
    let (_other_dir, other) = self::authority();
    let patience = Patience { give_up: Duration::from_millis(200), ..Patience::default() };
    let patience = Patience { first: Duration::from_millis(50), ..patience };
    let options = json!({ "secure": true, "user": USER, "password": PASSWORD });
    let someone_else = SmtpServer::with(options, &other).await;
    // It takes the login without encryption: whoever is in between could have taken STARTTLS out.
    let stripped = SmtpServer::start(json!({ "user": USER, "password": PASSWORD, "allowInsecureAuth": true })).await;
    for (smtp, encryption) in [(someone_else, Encryption::Tls), (stripped, Encryption::StartTls)] {
        let mut sender = Sender::patient(server(&smtp, encryption, &authority, PASSWORD), patience);
        sender.send("Welcome").await;
        sender.failed().await;
        let told = smtp.untold();
        assert!(told.iter().all(|told| told["login"].is_null() && told["mail"].is_null()), "{told:?}");
        sender.stop().await;
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_will_not_is_given_up() {
    let mut smtp = SmtpServer::start(json!({ "answers": [451, 421, 250, 550, 250] })).await;
    let mut sender = Sender::start(unencrypted(smtp.address.port()));
    sender.send("First").await;
    let answers = [smtp.mail().await.code, smtp.mail().await.code, smtp.mail().await.code];
    assert_eq!(answers, [451, 421, 250]);
    sender.send("Second").await;
    assert_eq!(smtp.mail().await.code, 550);
    sender.failed().await;
    sender.send("Third").await;
    let mail = smtp.mail().await;
    assert!(mail.code == 250 && mail.text.contains("Subject: Third"), "{}", mail.text);
    sender.stop().await;
    assert_eq!(smtp.untold(), Vec::<Value>::new(), "nothing is sent twice");
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_over_and_over() {
    let (_dir, authority) = authority();
    let options = json!({ "secure": true, "user": USER, "password": PASSWORD });
    let mut smtp = SmtpServer::with(options, &authority).await;
    let mut sender = Sender::start(server(&smtp, Encryption::Tls, &authority, "wrong"));
    sender.send("Welcome").await;
    sender.failed().await;
    assert_eq!(smtp.told().await["login"]["right"], json!(false));
    sender.stop().await;
    assert!(smtp.untold().iter().all(|told| told["login"].is_null()), "{:?}", smtp.untold());
}

#[tokio::test]
async fn mail_waits_for_a_server_that_is_away() {
    // Bound and not listening: connections are refused, and nobody else gets the port.
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.set_reuseaddr(true).unwrap();
    reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = reserved.local_addr().unwrap().port();
    let sender = Sender::start(unencrypted(port));
    sender.send("Welcome").await;
    let mut smtp = SmtpServer::start(json!({ "port": port })).await;
    assert_eq!(smtp.mail().await.code, 250);
    sender.stop().await;
}

#[tokio::test]
async fn a_page_for_signing_in_knows_whether_the_gateway_sends_mail() {
    let mut home = Home::claimed().await;
    let document = "{ gateway { signInWays { mail } } }";
    let ways: Value = home.visitor().ask("gateway", document, json!({})).await;
    assert_eq!(ways["signInWays"]["mail"], json!(false));
    let smtp = SmtpServer::plain().await;
    home.restart_with(&smtp.config()).await;
    let ways: Value = home.visitor().ask("gateway", document, json!({})).await;
    assert_eq!(ways["signInWays"]["mail"], json!(true));
}

#[tokio::test]
async fn an_invitation_that_was_mailed_lets_its_reader_in_and_what_is_not_taken_becomes_a_notice() {
    let mut home = Home::claimed().await;
    let mut smtp = SmtpServer::start(json!({ "answers": [250, 550] })).await;
    home.restart_with(&smtp.config()).await;
    let create = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { code mailed } }";
    let input = json!({ "input": { "role": "MEMBER", "email": "ben@example.org" } });
    let created: Value = home.owner().ask("createInvitation", create, input.clone()).await;
    assert_eq!(created["mailed"], json!(true));
    let mail = smtp.mail().await;
    assert_eq!((mail.code, mail.from.as_str(), mail.to.len()), (250, "home@example.org", 1));
    assert!(mail.said().contains("Ana invites you to Mill House"), "{}", mail.text);
    let code = mail.behind("/join#");
    let accept =
        "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { token viewer { name } } }";
    let input_of_ben = json!({ "input": { "code": code, "name": "Ben", "password": "nine quiet lamps" } });
    let ben: Value = home.visitor().ask("acceptInvitation", accept, input_of_ben).await;
    let ben = home.visitor().with_token(ben["token"].as_str().map(str::to_owned));
    home.stop().await;
    home.start().await;
    let viewer: Value = ben.ask("viewer", "{ viewer { name role } }", json!({})).await;
    assert_eq!(viewer, json!({ "name": "Ben", "role": "MEMBER" }), "who came in stays in");
    let mut screen = home.owner().subscribe("subscription { noticeChanged { code } }").await;
    let _: Value = home.owner().ask("createInvitation", create, input).await;
    assert_eq!(smtp.mail().await.code, 550);
    screen.value("noticeChanged", "mail that failed", |notice| notice["code"] == "MAIL_FAILED").await;
    let log = home.daemon().process().stderr_so_far().join("\n");
    assert!(!log.contains("ben@example.org") && !log.contains(&code), "{log}");
}

#[tokio::test]
async fn the_daemon_logs_in_over_tls_with_what_its_configuration_says_and_tells_nobody() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, authority) = authority();
    let options = json!({ "starttls": true, "user": USER, "password": PASSWORD });
    let mut smtp = SmtpServer::with(options, &authority).await;
    let secret = dir.path().join("password");
    std::fs::write(&secret, format!("{PASSWORD}\n")).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
    let mut home = Home::claimed().await;
    let (port, ca) = (smtp.address.port(), &authority.ca);
    home.restart_with(&format!(
        "[smtp]\nhost = \"127.0.0.1\"\nport = {port}\nencryption = \"starttls\"\nfrom = \"home@example.org\"\n\
         user = \"{USER}\"\npassword_file = {secret:?}\nca = {ca:?}\n"
    ))
    .await;
    let create = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { mailed } }";
    let input = json!({ "input": { "role": "GUEST", "email": "ben@example.org" } });
    let _: Value = home.owner().ask("createInvitation", create, input).await;
    assert_eq!(smtp.told().await["login"], json!({ "user": USER, "right": true, "secure": true }));
    let mail = smtp.mail().await;
    assert!(mail.secure && mail.code == 250, "{}", mail.text);
    home.daemon().process().stderr_line(0, "a mail was sent").await;
    let log = home.daemon().process().stderr_so_far().join("\n");
    assert!(!log.contains(PASSWORD), "{log}");
}
