//! The one place where a refusal becomes a GraphQL error: a message for people, a code for programs.

use async_graphql::{Error, ErrorExtensionValues, ErrorExtensions, Response, ServerError};
use gatehouse_core::access::Denied;
use gatehouse_core::name::BadName;

/// Errors told of one request; a document can be wrong in thousands of places.
const MAX_ERRORS: usize = 20;

/// The code of `extensions.code` for a refusal.
pub(crate) fn code(denied: &Denied) -> &'static str {
    match denied {
        Denied::Unauthenticated => "UNAUTHENTICATED",
        Denied::Forbidden => "FORBIDDEN",
        Denied::NotFound(_) => "NOT_FOUND",
        Denied::BadInput { .. } => "BAD_INPUT",
        Denied::Busy => "BUSY",
        Denied::Conflict(_) => "CONFLICT",
        Denied::RateLimited { .. } => "RATE_LIMITED",
        Denied::Unclaimed => "GATEWAY_UNCLAIMED",
        Denied::Storage => "STORAGE",
    }
}

fn message(denied: &Denied) -> String {
    match denied {
        Denied::Unauthenticated => "Sign in first.".to_owned(),
        Denied::Forbidden => "You may not do this. Ask the owner of the home.".to_owned(),
        Denied::NotFound(what) => format!("There is no such {what}."),
        Denied::BadInput { message, .. } | Denied::Conflict(message) => message.clone(),
        Denied::Busy => "The gateway has too much to do right now. Try again.".to_owned(),
        Denied::RateLimited { .. } => "Too many tries. Wait a moment, then try again.".to_owned(),
        Denied::Unclaimed => "This gateway has no owner yet. Claim it first.".to_owned(),
        Denied::Storage => "The gateway could not write to its disk, so nothing was changed.".to_owned(),
    }
}

/// A refusal, as a resolver answers it.
pub(crate) fn told(denied: Denied) -> Error {
    Error::new(message(&denied)).extend_with(|_, extensions| {
        extensions.set("code", code(&denied));
        match denied {
            Denied::BadInput { field, .. } => extensions.set("field", field),
            Denied::RateLimited { retry_after } => {
                let millis = retry_after.as_micros().div_ceil(1_000);
                extensions.set("retryAfterMs", u64::try_from(millis).unwrap_or(u64::MAX));
            }
            _ => {}
        }
    })
}

/// A wrong name or password. Which of the two is not told.
pub(crate) fn wrong_sign_in(denied: Denied) -> Error {
    match denied {
        Denied::Unauthenticated => {
            Error::new("The name or the password is wrong.").extend_with(|_, e| e.set("code", "UNAUTHENTICATED"))
        }
        other => told(other),
    }
}

/// Somebody else who is needed does not answer; `who` is their name, for people.
pub(crate) fn no_answer(who: &str) -> Error {
    let message = format!("{who} does not answer right now. Try again later.");
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code(&Denied::Busy)))
}

/// A name that cannot be taken.
pub(crate) fn bad_name(field: &'static str) -> impl FnOnce(BadName) -> Error {
    move |bad| told(Denied::BadInput { field, message: bad.to_string() })
}

/// Nothing of that id, as a mutation answers it.
pub(crate) fn no_such(what: &'static str) -> Error {
    told(Denied::NotFound(what))
}

/// An error of the request itself, before any field is looked at.
pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Response {
    let mut error = ServerError::new(message, None);
    set_code(&mut error, code);
    Response::from_errors(vec![error])
}

/// Gives every error a code. Those the GraphQL library makes have none: they say that the document or a variable is
/// wrong, or that the document asks for too much.
pub(crate) fn complete(response: &mut Response) {
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        let coded = error.extensions.as_ref().is_some_and(|values| values.get("code").is_some());
        if !coded {
            let code = if is_too_complex(&error.message) { "TOO_COMPLEX" } else { "BAD_INPUT" };
            set_code(error, code);
        }
    }
}

/// The library tells its limits apart by message only; a test holds these to it.
fn is_too_complex(message: &str) -> bool {
    message == "Query is too complex."
        || message == "Query is nested too deep."
        || message.starts_with("The recursion depth of the query cannot be greater than")
}

fn set_code(error: &mut ServerError, code: &'static str) {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
}

/// Whether an answer stands for a panic.
pub(crate) fn is_internal(response: &Response) -> bool {
    let Some(code) = response.errors.first().and_then(|error| error.extensions.as_ref()?.get("code")) else {
        return false;
    };
    *code == async_graphql::Value::from("INTERNAL")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn code_of(response: &Response) -> String {
        let json = serde_json::to_value(response).unwrap();
        json["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
    }

    #[test]
    fn every_error_has_a_code_and_a_panic_its_own() {
        for (message, code) in [
            ("Query is too complex.", "TOO_COMPLEX"),
            ("Query is nested too deep.", "TOO_COMPLEX"),
            ("Unknown field", "BAD_INPUT"),
        ] {
            let mut response = Response::from_errors(vec![ServerError::new(message, None)]);
            complete(&mut response);
            assert_eq!(code_of(&response), code, "{message}");
            assert!(!is_internal(&response));
        }
        let mut panicked = crate::executor::internal();
        complete(&mut panicked);
        assert_eq!(code_of(&panicked), "INTERNAL");
        assert!(is_internal(&panicked));
    }

    #[test]
    fn a_wait_is_told_in_milliseconds_rounded_up() {
        let denied = Denied::RateLimited { retry_after: Duration::from_micros(1) };
        let json = serde_json::to_value(told(denied)).unwrap();
        assert_eq!(json["extensions"], serde_json::json!({ "code": "RATE_LIMITED", "retryAfterMs": 1 }));
    }
}
