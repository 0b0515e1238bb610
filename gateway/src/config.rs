//! Configuration: raw as the file has it, then checked once into the form the program uses.

mod backup;
mod differences;
mod environment;
mod firmware;
mod gpio;
mod limits;
mod oidc;
mod public_name;
mod serial;
mod smtp;

pub(crate) use backup::Backups;
pub(crate) use differences::Taken;
pub(crate) use firmware::Firmware;
pub(crate) use oidc::{Oidc, host};
pub(crate) use smtp::Smtp;

use crate::exit::Failure;
use backup::RawBackup;
use environment::override_key;
use firmware::RawFirmware;
use gatehouse_broker::Limits;
use gatehouse_gpio::Wired;
use gpio::RawGpio;
use limits::RawLimits;
use oidc::RawOidc;
use serde::Deserialize;
use serial::RawSerial;
use smtp::RawSmtp;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where an installed gateway keeps its configuration.
pub(crate) const DEFAULT_FILE: &str = "/etc/gatehouse/config.toml";
/// Where an installed gateway keeps its data.
pub(crate) const DEFAULT_DATA_DIR: &str = "/var/lib/gatehouse";
/// Where HTTPS listens unless told otherwise.
const HTTPS: &str = "[::]:443";
/// Where MQTT over TLS listens unless told otherwise.
const MQTTS: &str = "[::]:8883";

/// Checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Database, control socket and everything else that must survive.
    pub(crate) data_dir: PathBuf,
    /// Backups that are made by themselves.
    pub(crate) backups: Backups,
    /// Where HTTP listens; none for no such listener.
    pub(crate) http: Option<SocketAddr>,
    /// The name people use from outside, when there is one, with its port where that is not the usual one.
    pub(crate) public_name: Option<String>,
    /// Web origins of other programs that may use the API with a bearer token.
    pub(crate) allowed_origins: Vec<String>,
    /// Whether HTTP serves everything, and not only the way to HTTPS.
    pub(crate) plain: bool,
    /// Where HTTPS listens; none for no such listener.
    pub(crate) https: Option<SocketAddr>,
    /// The owner's own certificate, where there is one.
    pub(crate) certificate: Option<CertificateFiles>,
    /// Where MQTT without TLS listens; none for no such listener.
    pub(crate) mqtt: Option<SocketAddr>,
    /// Where MQTT over TLS listens; none for no such listener.
    pub(crate) mqtts: Option<SocketAddr>,
    /// Whether to be found by mDNS, as far as anything listens beyond loopback.
    pub(crate) mdns_enabled: bool,
    /// What the machine is called on the local network, without `.local`.
    pub(crate) mdns_hostname: String,
    /// Which serial ports boards may be plugged into, as globs.
    pub(crate) serial_ports: Vec<String>,
    /// What boards are given over their cable.
    pub(crate) firmware: Firmware,
    /// What is wired to this machine's own header, when that is to be used.
    pub(crate) gpio: Option<Wired>,
    /// Whether the owner vouches for this machine's clock, whatever the kernel knows of it.
    pub(crate) clock_trusted: bool,
    /// Where mail is sent from, when it is.
    pub(crate) smtp: Option<Smtp>,
    /// By whose word people may sign in, too.
    pub(crate) oidc: Option<Oidc>,
    /// How much the MQTT edge takes.
    pub(crate) limits: Limits,
}

/// A certificate from somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// The chain in PEM, the server's own certificate first.
    pub(crate) chain: PathBuf,
    /// Its private key in PEM.
    pub(crate) key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    data_dir: Option<PathBuf>,
    http: RawHttp,
    mqtt: RawMqtt,
    mdns: RawMdns,
    serial: RawSerial,
    firmware: RawFirmware,
    gpio: RawGpio,
    clock: RawClock,
    smtp: RawSmtp,
    oidc: RawOidc,
    backup: RawBackup,
    limits: RawLimits,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawHttp {
    listen: String,
    tls_listen: Option<String>,
    plain: bool,
    public_name: String,
    allowed_origins: Vec<String>,
    certificate: PathBuf,
    key: PathBuf,
}

impl Default for RawHttp {
    fn default() -> Self {
        Self {
            listen: "[::]:80".to_owned(),
            tls_listen: None,
            plain: false,
            public_name: String::new(),
            allowed_origins: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMqtt {
    listen: String,
    tls_listen: Option<String>,
}

impl Default for RawMqtt {
    fn default() -> Self {
        Self { listen: "127.0.0.1:1883".to_owned(), tls_listen: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMdns {
    enabled: bool,
    hostname: String,
}

impl Default for RawMdns {
    fn default() -> Self {
        Self { enabled: true, hostname: "gatehouse".to_owned() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawClock {
    trusted: bool,
}

/// Where the configuration comes from: it can be read from there again.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file; [`DEFAULT_FILE`], where there is one, when none was named.
    pub(crate) file: Option<PathBuf>,
    /// `data_dir` of the command line.
    pub(crate) data_dir: Option<PathBuf>,
}

impl Source {
    /// Reads the configuration: the file, then `GATEHOUSE_<SECTION>_<KEY>` of the environment over it, then `data_dir`
    /// of the command line over both.
    pub(crate) fn load(&self) -> Result<Config, Failure> {
        let path = self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if self.file.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(Failure::usage(format!("cannot read the configuration {}: {error}", path.display())));
            }
        };
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let environment: Vec<_> =
            environment.filter_map(|(name, value)| Some((name, value.into_string().ok()?))).collect();
        parse(&text, &path.display().to_string(), &environment, self.data_dir.clone())
    }
}

fn parse(
    text: &str,
    name: &str,
    environment: &[(String, String)],
    data_dir: Option<PathBuf>,
) -> Result<Config, Failure> {
    // First alone, so that an error can name the line of the file.
    toml::from_str::<Raw>(text).map_err(|error| Failure::usage(locate(&error, text, name)))?;
    let mut table: toml::Table = text.parse().map_err(|error| Failure::usage(locate(&error, text, name)))?;
    for (variable, value) in environment {
        override_key(&mut table, variable, value)?;
    }
    let raw: Raw = toml::Value::Table(table)
        .try_into()
        .map_err(|error: toml::de::Error| Failure::usage(format!("in the environment: {}", error.message())))?;
    check(raw, data_dir)
}

fn locate(error: &toml::de::Error, text: &str, name: &str) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    format!("{name}, line {line}: {}", error.message())
}

fn check(raw: Raw, data_dir: Option<PathBuf>) -> Result<Config, Failure> {
    // Who serves everything in plain text has TLS done elsewhere, or needs none: then it is only where it is asked for.
    let plain = raw.http.plain;
    let tls = |asked: Option<String>, default: &str| {
        asked.unwrap_or_else(|| if plain { String::new() } else { default.to_owned() })
    };
    let public_name = public_name::check(raw.http.public_name)?;
    let data_dir = data_dir.or(raw.data_dir).unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
    Ok(Config {
        backups: raw.backup.check(&data_dir)?,
        data_dir,
        http: listener("[http] listen", &raw.http.listen)?,
        oidc: raw.oidc.check(public_name.as_deref(), plain)?,
        public_name,
        allowed_origins: raw.http.allowed_origins,
        plain: raw.http.plain,
        https: listener("[http] tls_listen", &tls(raw.http.tls_listen, HTTPS))?,
        certificate: certificate(raw.http.certificate, raw.http.key)?,
        mqtts: listener("[mqtt] tls_listen", &tls(raw.mqtt.tls_listen, MQTTS))?,
        mdns_enabled: raw.mdns.enabled,
        mdns_hostname: hostname(raw.mdns.hostname)?,
        mqtt: listener("[mqtt] listen", &raw.mqtt.listen)?,
        serial_ports: raw.serial.check()?,
        firmware: raw.firmware.check()?,
        gpio: raw.gpio.check()?,
        clock_trusted: raw.clock.trusted,
        smtp: raw.smtp.check()?,
        limits: raw.limits.check()?,
    })
}

fn certificate(chain: PathBuf, key: PathBuf) -> Result<Option<CertificateFiles>, Failure> {
    match (chain.as_os_str().is_empty(), key.as_os_str().is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some(CertificateFiles { chain, key })),
        _ => Err(Failure::usage("[http] certificate and key go together: set both, or none")),
    }
}

fn hostname(name: String) -> Result<String, Failure> {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !(1..=63).contains(&name.len()) || !letters || name.starts_with('-') || name.ends_with('-') {
        return Err(Failure::usage(format!(
            "[mdns] hostname = {name:?} must be 1 to 63 of a-z, 0-9 and -, such as \"gatehouse\", without .local"
        )));
    }
    Ok(name)
}

fn listener(key: &str, text: &str) -> Result<Option<SocketAddr>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let address = text.parse().map_err(|_| {
        Failure::usage(format!("{key} = {text:?} is not an address with a port, such as \"127.0.0.1:8080\" or \"\""))
    })?;
    Ok(Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(failure: Failure) -> String {
        format!("{failure:?}")
    }

    fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, Failure> {
        let environment: Vec<_> = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(text, "config.toml", &environment, None)
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = from("", &[]).unwrap();
        assert_eq!(config.data_dir, Path::new(DEFAULT_DATA_DIR));
        let shown = |address: Option<SocketAddr>| address.unwrap().to_string();
        assert_eq!((shown(config.http), shown(config.https)), ("[::]:80".to_owned(), "[::]:443".to_owned()));
        assert_eq!((shown(config.mqtt), shown(config.mqtts)), ("127.0.0.1:1883".to_owned(), "[::]:8883".to_owned()));
        assert!(!config.plain, "everything but the way to HTTPS is over TLS");
    }

    #[test]
    fn plain_means_no_tls_but_where_it_is_asked_for() {
        let config = from("[http]\nplain = true", &[]).unwrap();
        assert_eq!((config.https, config.mqtts), (None, None));
        let config = from("[http]\nplain = true\n[mqtt]\ntls_listen = \"127.0.0.1:0\"", &[]).unwrap();
        assert_eq!(config.mqtts.unwrap().to_string(), "127.0.0.1:0");
        let config = from("[http]\ntls_listen = \"\"", &[]).unwrap();
        assert_eq!(config.https, None);
    }

    #[test]
    fn the_packaged_file_says_what_the_defaults_are() {
        let packaged = include_str!("../../packaging/config.toml");
        let uncommented: String =
            packaged.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect::<Vec<_>>().join("\n");
        assert_ne!(packaged, uncommented, "each key stands there, commented");
        assert_eq!(from(&uncommented, &[]).unwrap(), from("", &[]).unwrap());
        assert_eq!(from(packaged, &[]).unwrap(), from("", &[]).unwrap());
        for (section, keys) in environment::KEYS {
            assert!(packaged.contains(&format!("[{section}]")), "[{section}]");
            for key in *keys {
                assert!(packaged.contains(&format!("#: {key} = ")), "[{section}] {key}");
            }
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let refused = message(from("[http]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n", &[]).unwrap_err());
        assert!(refused.contains("config.toml, line 3") && refused.contains("lissten"), "{refused}");
        let refused = message(from("[htttp]\n", &[]).unwrap_err());
        assert!(refused.contains("line 1") && refused.contains("htttp"), "{refused}");
        let refused = message(from("x = \n", &[]).unwrap_err());
        assert!(refused.contains("line 1"), "{refused}");
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let file = "[http]\nlisten = \"127.0.0.1:1\"\n";
        let config = from(file, &[("GATEHOUSE_HTTP_LISTEN", "127.0.0.1:2"), ("GATEHOUSE_MQTT_LISTEN", "")]).unwrap();
        assert_eq!(config.http.unwrap().port(), 2);
        assert_eq!(config.mqtt, None);
        let config = from(file, &[("GATEHOUSE_HTTP_ALLOWED_ORIGINS", "https://a.example, https://b.example")]).unwrap();
        assert_eq!(config.allowed_origins, ["https://a.example", "https://b.example"]);
        let refused = message(from(file, &[("GATEHOUSE_HTTP_LISTN", "x")]).unwrap_err());
        assert!(refused.contains("GATEHOUSE_HTTP_LISTN"), "{refused}");
        assert!(from(file, &[("GATEHOUSE_LOG", "debug")]).is_ok());
    }

    #[test]
    fn the_clock_is_vouched_for_only_where_somebody_says_so() {
        assert!(!from("", &[]).unwrap().clock_trusted);
        assert!(from("[clock]\ntrusted = true", &[]).unwrap().clock_trusted);
        assert!(from("", &[("GATEHOUSE_CLOCK_TRUSTED", "true")]).unwrap().clock_trusted);
        let refused = message(from("", &[("GATEHOUSE_CLOCK_TRUSTED", "yes")]).unwrap_err());
        assert!(refused.contains("GATEHOUSE_CLOCK_TRUSTED must be true or false"), "{refused}");
        assert!(message(from("[clock]\ntrusted = 1", &[]).unwrap_err()).contains("line 2"));
    }

    #[test]
    fn limits_are_as_the_edge_has_them_unless_set() {
        let file = "[limits]\nconnections = 64\npacket_bytes = 8192\nretained_messages = 50_000\n";
        let set = from(file, &[("GATEHOUSE_LIMITS_CONNECTIONS", "32")]).unwrap().limits;
        let usual = Limits::default();
        assert_eq!((set.connections, set.packet_bytes, set.retained_messages), (32, 8_192, 50_000));
        assert_eq!((set.integrations, set.retained_bytes), (usual.integrations, usual.retained_bytes));
        assert!(set.backlog >= 50_000, "a subscriber gets all of it at once");
        assert_eq!(from("[limits]", &[]).unwrap().limits, usual);
    }

    #[test]
    fn a_limit_out_of_range_is_refused_in_one_line_with_its_key() {
        for key in limits::KEYS {
            for number in ["0", "-1", "9223372036854775807"] {
                let refused = from(&format!("[limits]\n{key} = {number}"), &[]).unwrap_err();
                let in_environment = [(&*format!("GATEHOUSE_LIMITS_{}", key.to_uppercase()), number)];
                for refused in [refused, from("", &in_environment).unwrap_err()].map(message) {
                    assert!(refused.contains(&format!("[limits] {key} = {number} must be from")), "{refused}");
                    assert!(!refused.contains("\\n"), "{refused}");
                }
            }
        }
        for (text, hint) in [("many", "line 2"), ("1.5", "line 2"), ("9223372036854775808", "line 2")] {
            let refused = message(from(&format!("[limits]\nconnections = {text}"), &[]).unwrap_err());
            assert!(refused.contains(hint), "{refused}");
            let refused = message(from("", &[("GATEHOUSE_LIMITS_CONNECTIONS", text)]).unwrap_err());
            assert!(refused.contains("GATEHOUSE_LIMITS_CONNECTIONS must be a whole number"), "{refused}");
        }
        assert!(message(from("[limits]\nbacklog = 1", &[]).unwrap_err()).contains("line 2"));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        for (text, hint) in [
            ("[http]\nlisten = \"8080\"", "127.0.0.1:8080"),
            ("[http]\ncertificate = \"x.pem\"", "set both"),
            ("[mqtt]\ntls_listen = \":8883\"", "[mqtt] tls_listen"),
            ("[mqtt]\nlisten = \"localhost\"", "[mqtt] listen"),
            ("[mdns]\nhostname = \"gatehouse.local\"", "without .local"),
            ("[mdns]\nhostname = \"\"", "[mdns] hostname"),
        ] {
            let refused = message(from(text, &[]).unwrap_err());
            assert!(refused.contains(hint), "{text}: {refused}");
        }
    }
}
