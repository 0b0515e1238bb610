//! Rows of integrations, since schema 2.

use super::{BadRow, millis, read, to_name, to_wall, write};
use gatehouse_core::device::SecretHash;
use gatehouse_core::ids::IntegrationId;
use gatehouse_core::integration::{Filter, Integration};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct IntegrationRow<'a> {
    name: &'a str,
    user: &'a str,
    secret: [u8; 32],
    #[serde(borrow)]
    publish: Vec<&'a str>,
    #[serde(borrow)]
    subscribe: Vec<&'a str>,
    created_at_ms: Option<u64>,
}

pub(crate) fn integration(integration: &Integration, secret: SecretHash) -> Vec<u8> {
    write(&IntegrationRow {
        name: integration.name.as_str(),
        user: &integration.user,
        secret: secret.0,
        publish: integration.publish.iter().map(Filter::as_str).collect(),
        subscribe: integration.subscribe.iter().map(Filter::as_str).collect(),
        created_at_ms: millis(integration.created_at),
    })
}

pub(crate) fn to_integration(key: u64, bytes: &[u8]) -> Result<(Integration, SecretHash), BadRow> {
    let row: IntegrationRow<'_> = read(bytes)?;
    let integration = Integration {
        id: IntegrationId::from_raw(key),
        name: to_name(row.name)?,
        user: row.user.into(),
        publish: to_filters(&row.publish)?,
        subscribe: to_filters(&row.subscribe)?,
        created_at: to_wall(row.created_at_ms),
    };
    Ok((integration, SecretHash(row.secret)))
}

fn to_filters(texts: &[&str]) -> Result<Vec<Filter>, BadRow> {
    texts.iter().map(|text| Filter::new(text).map_err(|e| BadRow(e.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::name::Name;
    use gatehouse_core::time::Wall;

    /// The bytes are schema 2 for good: files out there hold them.
    #[test]
    fn the_bytes_of_an_integration_stay_what_they_are() {
        let kept = Integration {
            id: IntegrationId::from_raw(9),
            name: Name::new("Garden").unwrap(),
            user: "integration_1".into(),
            publish: vec![Filter::new("a/#").unwrap(), Filter::new("b").unwrap()],
            subscribe: vec![],
            created_at: Some(Wall::from_millis(5)),
        };
        let bytes = integration(&kept, SecretHash([0xcc; 32]));
        assert_eq!(bytes, [&b"\x06Garden\x0dintegration_1"[..], &[0xcc; 32], b"\x02\x03a/#\x01b\x00\x01\x05"].concat());
        assert_eq!(to_integration(9, &bytes), Ok((kept, SecretHash([0xcc; 32]))));
    }

    #[test]
    fn a_filter_that_could_not_have_been_written_is_not_read() {
        let row = |filter: &[u8]| [&b"\x01G\x01i"[..], &[0; 32], b"\x01", filter, b"\x00\x00"].concat();
        assert!(to_integration(1, &row(b"\x03a/#")).is_ok());
        for bad in [&b"\x03#/a"[..], b"\x00", b"\x05$SYS/", b"\x01\xff"] {
            assert!(to_integration(1, &row(bad)).is_err(), "{bad:?}");
        }
    }
}
