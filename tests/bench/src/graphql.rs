//! The requests of the bench, as a generated client would send them, and what is read of the answers.

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A request without variables.
pub(crate) fn query(text: &str) -> String {
    json!({ "query": text }).to_string()
}

/// `claimGateway`.
pub(crate) fn claim(code: &str) -> String {
    let query = "mutation Claim($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
    let input = json!({ "code": code, "homeName": "Bench", "memberName": "Ana", "password": PASSWORD });
    json!({ "query": query, "variables": { "input": input } }).to_string()
}

/// What Ana and everyone else signs in with.
const PASSWORD: &str = "four grey pigeons";

/// A mutation with one input.
pub(crate) fn mutation(field: &str, input: &str, fields: &str, value: &Value) -> String {
    let query = format!("mutation ($input: {input}!) {{ {field}(input: $input) {fields} }}");
    json!({ "query": query, "variables": { "input": value } }).to_string()
}

/// `acceptInvitation`.
pub(crate) fn accept_invitation(code: &str, name: &str) -> String {
    let input = json!({ "code": code, "name": name, "password": PASSWORD });
    mutation("acceptInvitation", "AcceptInvitationInput", "{ token viewer { id } }", &input)
}

/// `signIn`, with the right password.
pub(crate) fn sign_in(name: &str) -> String {
    mutation("signIn", "SignInInput", "{ token }", &json!({ "name": name, "password": PASSWORD }))
}

/// Whether a sign-in was a success; false when the gateway had too much to do. An error when it was anything else.
pub(crate) fn is_signed_in(body: &[u8]) -> anyhow::Result<bool> {
    let answer: Value = serde_json::from_slice(body)?;
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None if answer["data"]["signIn"]["token"].is_string() => Ok(true),
        Some("BUSY") => Ok(false),
        _ => bail!("the gateway answered a sign-in with {answer}"),
    }
}

/// `createIntegration`, for everything under `bench/`.
pub(crate) fn create_integration(name: &str) -> String {
    let query = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) { user password } }";
    let input = json!({ "name": name, "publish": ["bench/#"], "subscribe": ["bench/#"] });
    json!({ "query": query, "variables": { "input": input } }).to_string()
}

/// `passwordEstimate`.
pub(crate) fn password_estimate() -> String {
    query(r#"{ passwordEstimate(input: { password: "seven quiet otters" }) { score } }"#)
}

/// `setSwitch`, with the identity, outcome and state that a program goes by.
pub(crate) fn set_switch(switch: &str, on: bool) -> String {
    format!(
        r#"{{"query":"mutation SetSwitch($input: SetSwitchInput!) {{ setSwitch(input: $input) {{ id outcome reason latencyMs switch {{ id on availability }} }} }}","operationName":"SetSwitch","variables":{{"input":{{"switchId":"{switch}","on":{on}}}}}}}"#
    )
}

/// `switchChanged` of all switches.
pub(crate) fn switch_changed() -> String {
    query("subscription Screen { switchChanged { id on desired availability openCommand { id } } }")
}

/// A message of graphql-transport-ws.
#[derive(Deserialize)]
pub(crate) struct Frame<'a, T> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(default)]
    pub(crate) id: &'a str,
    pub(crate) payload: Option<Answer<T>>,
}

/// A GraphQL answer.
#[derive(Deserialize)]
pub(crate) struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// What is read of `setSwitch`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetSwitch {
    set_switch: Command,
}

#[derive(Deserialize)]
struct Command {
    outcome: String,
    reason: Option<String>,
}

/// What is read of `switchChanged`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwitchChanged {
    pub(crate) switch_changed: Shown,
}

/// A switch as a screen shows it.
#[derive(Deserialize)]
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) on: Option<bool>,
}

impl<'a, T: Deserialize<'a>> Frame<'a, T> {
    /// Reads a message.
    pub(crate) fn read(text: &'a str) -> anyhow::Result<Self> {
        serde_json::from_str(text).with_context(|| format!("the gateway said {text}"))
    }
}

impl<T> Answer<T> {
    /// What it answers; an error when it tells of any.
    pub(crate) fn data(self) -> anyhow::Result<T> {
        match self {
            Self { data: Some(data), errors } if errors.is_empty() => Ok(data),
            Self { errors, .. } => bail!("the gateway answered {}", Value::from(errors)),
        }
    }
}

/// Reads an answer that came by HTTP.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    let answer: Answer<T> =
        serde_json::from_slice(body).with_context(|| format!("the gateway said {}", String::from_utf8_lossy(body)))?;
    answer.data()
}

impl SetSwitch {
    /// Every command of the bench must be CONFIRMED.
    pub(crate) fn confirmed(&self) -> anyhow::Result<()> {
        match &self.set_switch {
            Command { outcome, .. } if outcome == "CONFIRMED" => Ok(()),
            Command { outcome, reason } => bail!("a command ended {outcome}: {reason:?}"),
        }
    }
}
