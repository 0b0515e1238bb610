//! `GATEHOUSE_<SECTION>_<KEY>` of the environment, over the file.

use super::{backup, firmware, gpio, limits, oidc, serial, smtp};
use crate::exit::Failure;

/// How variables begin that are ours.
const PREFIX: &str = "GATEHOUSE_";

/// The sections and keys that the environment may set; whatever else starts with the prefix is somebody else's.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    ("http", &["listen", "tls_listen", "plain", "public_name", "allowed_origins", "certificate", "key"]),
    ("mqtt", &["listen", "tls_listen"]),
    ("mdns", &["enabled", "hostname"]),
    ("serial", serial::KEYS),
    ("firmware", firmware::KEYS),
    ("gpio", gpio::KEYS),
    ("clock", &["trusted"]),
    ("smtp", smtp::KEYS),
    ("oidc", oidc::KEYS),
    ("backup", backup::KEYS),
    ("limits", limits::KEYS),
];

/// Puts the value of a variable over what the file has; other programs' variables change nothing.
pub(super) fn override_key(table: &mut toml::Table, variable: &str, value: &str) -> Result<(), Failure> {
    let Some(name) = variable.strip_prefix(PREFIX).map(str::to_lowercase) else { return Ok(()) };
    if name == "data_dir" {
        table.insert(name, toml::Value::String(value.to_owned()));
        return Ok(());
    }
    let Some((section, keys, key)) =
        KEYS.iter().find_map(|(section, keys)| Some((section, keys, name.strip_prefix(section)?.strip_prefix('_')?)))
    else {
        return Ok(());
    };
    if !keys.contains(&key) {
        return Err(Failure::usage(format!("{variable}: [{section}] has no key {key}; it has {}", keys.join(", "))));
    }
    let value = match key {
        "plain" | "enabled" | "trusted" => match value {
            "true" => toml::Value::Boolean(true),
            "false" => toml::Value::Boolean(false),
            _ => return Err(Failure::usage(format!("{variable} must be true or false, not {value:?}"))),
        },
        "allowed_origins" | "ports" => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
        _ if *section == "limits" || matches!(key, "port" | "status_light" | "reset_button" | "keep" | "days") => {
            match value.parse() {
                Ok(number) => toml::Value::Integer(number),
                Err(_) => return Err(Failure::usage(format!("{variable} must be a whole number, not {value:?}"))),
            }
        }
        _ => toml::Value::String(value.to_owned()),
    };
    let section = table.entry(*section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), value);
    }
    Ok(())
}
