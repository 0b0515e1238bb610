//! Runs documents, and remembers those that were found good: parsing and checking is most of a tap's cost.

use crate::api::Shared;
use crate::document::Document;
use crate::error::{complete, refused};
use crate::schema::{self, Schema};
use crate::viewer::Asker;
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, Variables};
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt};
use serde::Deserialize;
use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};

/// Documents remembered.
const MAX_DOCUMENTS: usize = 256;
/// Longest document remembered, in bytes.
const MAX_TEXT: usize = 8 * 1024;

/// One operation as a client sends it, over HTTP and WebSocket alike. `extensions` are taken and not looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Posted {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
}

/// An operation that can be run.
pub(crate) enum Prepared {
    /// A query or a mutation: answered once.
    Once(Run),
    /// A subscription.
    Stream(Run),
}

/// See [`Executor::prepare`].
pub(crate) struct Run {
    request: Request,
    /// What to remember if it proves good.
    new: Option<(String, Arc<Document>)>,
}

/// Runs documents over the two schemas.
#[derive(Clone)]
pub(crate) struct Executor {
    strict: Schema,
    fast: Schema,
    known: Arc<RwLock<Known>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Known {
    documents: HashMap<String, Arc<Document>>,
    /// The oldest first.
    order: VecDeque<String>,
}

impl Executor {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            strict: schema::strict(shared.clone()),
            fast: schema::fast(shared.clone()),
            known: Arc::default(),
            shared,
        }
    }

    /// Finds out what a request is, or why it will not be run.
    pub(crate) fn prepare(&self, posted: Posted, asker: Asker) -> Result<Prepared, Box<Response>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).documents.get(&posted.query).cloned();
        let (document, is_new) = match known {
            Some(document) => (document, false),
            None => match Document::parse(&posted.query) {
                Ok(document) => (Arc::new(document), true),
                Err(mut response) => {
                    complete(&mut response);
                    return Err(response);
                }
            },
        };
        let signed_in = self.is_signed_in(&asker);
        if document.introspects && !signed_in {
            return Err(Box::new(refused("UNAUTHENTICATED", "Sign in to ask for the schema.")));
        }
        let name = posted.operation_name.as_deref();
        let streams = document.operation(name).is_some_and(|operation| operation.ty == OperationType::Subscription);
        let mut request = Request::new(String::new()).variables(posted.variables).data(asker);
        request.operation_name = posted.operation_name;
        request.set_parsed_query(document.parsed.clone());
        // Only what people who are signed in use is remembered: nobody else can push it out.
        let keep = is_new && signed_in && document.has_one_operation() && posted.query.len() <= MAX_TEXT;
        // A document that is not kept must go through the strict schema each time.
        let run = Run { request, new: is_new.then_some((if keep { posted.query } else { String::new() }, document)) };
        Ok(if streams { Prepared::Stream(run) } else { Prepared::Once(run) })
    }

    /// Whether a session is open now.
    pub(crate) fn is_signed_in(&self, asker: &Asker) -> bool {
        asker.viewer(&self.shared.hub.view()).is_some()
    }

    /// Runs a query or a mutation. A panic in it is an error of this request alone.
    pub(crate) async fn once(&self, run: Run) -> Response {
        let schema = if run.new.is_some() { &self.strict } else { &self.fast };
        let ran = AssertUnwindSafe(schema.execute(run.request)).catch_unwind().await;
        let mut response = ran.unwrap_or_else(|_| internal());
        self.learn(run.new, &response);
        complete(&mut response);
        response
    }

    /// Runs a subscription.
    pub(crate) fn stream(&self, run: Run) -> BoxStream<'static, Response> {
        let schema = if run.new.is_some() { &self.strict } else { &self.fast };
        let executor = self.clone();
        let mut new = run.new;
        let stream = AssertUnwindSafe(schema.execute_stream(run.request)).catch_unwind();
        stream
            .map(move |response| {
                let mut response = response.unwrap_or_else(|_| internal());
                executor.learn(new.take(), &response);
                complete(&mut response);
                response
            })
            .boxed()
    }

    fn learn(&self, new: Option<(String, Arc<Document>)>, response: &Response) {
        let Some((text, document)) = new.filter(|(text, _)| !text.is_empty() && response.is_ok()) else { return };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.documents.contains_key(&text) {
            return;
        }
        if known.order.len() == MAX_DOCUMENTS {
            known.order.pop_front().and_then(|oldest| known.documents.remove(&oldest));
        }
        known.order.push_back(text.clone());
        known.documents.insert(text, document);
    }
}

/// A panic was caught; the panic hook has told the log what happened, the client is told nothing.
pub(crate) fn internal() -> Response {
    refused("INTERNAL", "The gateway made a mistake. Its log says more.")
}
