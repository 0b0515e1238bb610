//! The home taken away: by an owner alone, with their password, and by the home's name.

use crate::support::gateway::PASSWORD;
use crate::support::{Gateway, Reply, settings};
use gatehouse_api::{Erased, FactoryResetDesk, Settings};
use gatehouse_core::access::Denied;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::oneshot;

const RESET: &str = "mutation ($input: FactoryResetInput!) { factoryReset(input: $input) { forgot kept } }";

/// A home that goes by the name of Lakeside; what is told when it may start anew.
fn desk() -> (FactoryResetDesk, oneshot::Receiver<()>) {
    let (answered, starts_anew) = oneshot::channel::<()>();
    let answered = Arc::new(std::sync::Mutex::new(Some(answered)));
    let erase = move |_, name: String| {
        let erased = if name == "Lakeside" {
            let until_answered = Box::new(answered.lock().unwrap().take());
            Ok(Erased { forgot: 3, kept: vec!["Shed".to_owned()], until_answered })
        } else {
            Err(Denied::BadInput { field: "homeName", message: "It stays.".to_owned() })
        };
        Box::pin(async move { erased }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    (FactoryResetDesk { erase: Arc::new(erase) }, starts_anew)
}

#[tokio::test]
async fn an_owner_takes_the_home_away_with_their_password_and_its_name() {
    let (factory_reset, mut starts_anew) = desk();
    let (gateway, ana) = Gateway::claimed_with(Settings { factory_reset, ..settings() }).await;
    let ask = async |client: &crate::support::Client, name: &str, password: &str| -> Reply {
        client.ask(RESET, json!({ "input": { "homeName": name, "password": password } })).await
    };
    let make = "mutation { createToken(input: { name: \"Tool\", scopes: [VIEW, OPERATE, ADMINISTER] }) { secret } }";
    let made = ana.ask(make, json!({})).await.data()["createToken"]["secret"].clone();
    let tool = gateway.client().bearer(made.as_str().unwrap());

    assert_eq!(ask(&tool, "Lakeside", PASSWORD).await.code(), "FORBIDDEN", "no program does that");
    let refused = ask(&ana, "Lakeside", "not it at all").await;
    assert_eq!(
        (refused.code(), refused.json()["errors"][0]["extensions"]["field"].clone()),
        ("BAD_INPUT".to_owned(), json!("password"))
    );
    let refused = ask(&ana, "lakeside", PASSWORD).await;
    assert_eq!(
        (refused.code(), refused.json()["errors"][0]["extensions"]["field"].clone()),
        ("BAD_INPUT".to_owned(), json!("homeName"))
    );
    assert!(starts_anew.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Empty));

    let done = ask(&ana, "Lakeside", PASSWORD).await;
    assert_eq!(done.data()["factoryReset"], json!({ "forgot": 3, "kept": ["Shed"] }));
    assert!(starts_anew.await.is_err(), "the gateway may start anew");
}
