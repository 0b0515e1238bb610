//! Homie 5's `$description`, as far as the home goes by it.

use super::{BadKind, BadMessage, MAX_DESCRIPTION, MAX_NODES, topic};
use gatehouse_core::device::{Description, MAX_RELAYS};
use gatehouse_core::name::Endpoint;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

const COMMAND: &str = "org.gatehouse.command";
const CREDENTIAL: &str = "org.gatehouse.credential";
const SETTINGS: &str = "org.gatehouse.settings";
const NETWORK: &str = "org.gatehouse.network";
/// Of all extensions.
const MAJOR: &str = "1";

#[derive(Deserialize)]
struct Document {
    homie: String,
    /// Homie requires it; the home takes every description as it comes and has no use for it.
    #[serde(rename = "version")]
    _version: i64,
    #[serde(default)]
    extensions: Vec<String>,
    #[serde(default)]
    nodes: InOrder<Object<Node>>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    properties: InOrder<Object<Property>>,
}

#[derive(Deserialize)]
struct Property {
    datatype: String,
    #[serde(default)]
    settable: bool,
}

/// A JSON object: derived code alone would also take an array of the fields in their order.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// A JSON object in the order written, with at most [`MAX_NODES`] entries and no key twice.
struct InOrder<T>(Vec<(String, T)>);

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder<T>, A::Error> {
                let mut entries: Vec<(String, T)> = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let new = entries.iter().all(|(known, _)| *known != key);
                    if !new || entries.len() == MAX_NODES || !topic::is_id(&key) {
                        return Err(A::Error::custom("an id that is malformed, there twice, or one too many"));
                    }
                    entries.push((key, map.next_value()?));
                }
                Ok(InOrder(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}

fn bad(why: impl Into<std::borrow::Cow<'static, str>>) -> BadMessage {
    BadMessage::new("$description", BadKind::Description, why)
}

pub(super) fn parse(payload: &[u8]) -> Result<Description, BadMessage> {
    if payload.len() > MAX_DESCRIPTION {
        let why = format!("it may have at most {MAX_DESCRIPTION} bytes");
        return Err(BadMessage::new("$description", BadKind::TooLong, why));
    }
    let Object(document) =
        serde_json::from_slice::<Object<Document>>(payload).map_err(|error| bad(in_words(&error)))?;
    if !is_homie_5(&document.homie) {
        return Err(bad("`homie` must be a version 5, such as \"5.0\""));
    }
    let mut relays = Vec::new();
    for (node_id, Object(node)) in &document.nodes.0 {
        for (property_id, Object(property)) in &node.properties.0 {
            if !is_relay(node_id, node, property_id, property) {
                continue;
            }
            if relays.len() == MAX_RELAYS {
                return Err(bad(format!("it may have at most {MAX_RELAYS} switching endpoints")));
            }
            let endpoint = Endpoint::new(&format!("{node_id}/{property_id}"));
            relays.push(endpoint.map_err(|_| bad("the id of a switching node may have at most 31 characters"))?);
        }
    }
    let declares = |name| document.extensions.iter().any(|entry| is_extension(entry, name));
    Ok(Description {
        native: declares(COMMAND),
        rotates: declares(CREDENTIAL),
        configures: declares(SETTINGS),
        moves: declares(NETWORK),
        relays,
    })
}

/// Where it is wrong, but not the sender's own words, which serde's text would repeat.
fn in_words(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Data => {
            "a field is missing or has the wrong type, or an id is malformed, there twice, or one of too many"
        }
        Category::Syntax | Category::Io => "it is not JSON",
        Category::Eof => "the JSON ends too early",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_homie_5(version: &str) -> bool {
    version.strip_prefix("5.").is_some_and(is_number)
}

/// `org.gatehouse.command:1.0:[5.x]`: a later minor version still understands what we send.
fn is_extension(entry: &str, name: &str) -> bool {
    let mut parts = entry.split(':');
    let is_that = parts.next() == Some(name);
    let major_and_minor = parts.next().and_then(|version| version.split_once('.'));
    is_that && major_and_minor.is_some_and(|(major, minor)| major == MAJOR && is_number(minor))
}

fn is_relay(node_id: &str, node: &Node, property_id: &str, property: &Property) -> bool {
    let switching = node.kind.as_deref() == Some("switch") || node_id.strip_prefix("relay-").is_some_and(is_number);
    switching && property_id == "on" && property.datatype == "boolean" && property.settable
}
