//! Runs documents, and remembers those that were found good: parsing and checking is most of a tap's cost.

use crate::api::Shared;
use crate::document::Document;
use crate::document_cache::DocumentCache;
use crate::error::{complete, refused};
use crate::schema::{self, Schema};
use crate::viewer::Asker;
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, Variables};
use futures_util::FutureExt;
use futures_util::stream::{BoxStream, StreamExt};
use gatehouse_core::access;
use serde::Deserialize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

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
    /// Whether its document was found good before.
    known: bool,
    /// What to remember if it proves good now.
    keep: Option<(String, Arc<Document>)>,
}

/// Runs documents over the two schemas.
#[derive(Clone)]
pub(crate) struct Executor {
    strict: Schema,
    fast: Schema,
    known: Arc<DocumentCache>,
    shared: Arc<Shared>,
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
        let (document, known) = match self.known.get(&posted.query) {
            Some(document) => (document, true),
            None => match Document::parse(&posted.query) {
                Ok(document) => (Arc::new(document), false),
                Err(mut response) => {
                    complete(&mut response);
                    return Err(response);
                }
            },
        };
        let viewer = asker.viewer(&self.shared.hub.view());
        if let Some(session) = viewer.as_ref().and_then(access::Viewer::session) {
            self.shared.hub.session_used(session);
        }
        if let Some(token) = viewer.as_ref().and_then(access::Viewer::token) {
            self.shared.hub.token_used(token);
        }
        let signed_in = viewer.is_some();
        if document.introspects && !signed_in {
            return Err(Box::new(refused("UNAUTHENTICATED", "Sign in to ask for the schema.")));
        }
        // Some clients name no operation by an empty name.
        let operation_name = posted.operation_name.filter(|name| !name.is_empty());
        let name = operation_name.as_deref();
        let streams = document.operation(name).is_some_and(|operation| operation.ty == OperationType::Subscription);
        let mut request = Request::new(String::new()).variables(posted.variables).data(asker);
        request.operation_name = operation_name;
        request.set_parsed_query(document.parsed.clone());
        // Only what people who are signed in use is remembered: nobody else can push it out.
        let keep = !known && signed_in && document.has_one_operation();
        let run = Run { request, known, keep: keep.then_some((posted.query, document)) };
        Ok(if streams { Prepared::Stream(run) } else { Prepared::Once(run) })
    }

    /// Whether a session is open now.
    pub(crate) fn is_signed_in(&self, asker: &Asker) -> bool {
        asker.viewer(&self.shared.hub.view()).is_some()
    }

    /// Runs a query or a mutation. A panic in it is an error of this request alone.
    pub(crate) async fn once(&self, run: Run) -> Response {
        let schema = if run.known { &self.fast } else { &self.strict };
        let ran = AssertUnwindSafe(schema.execute(run.request)).catch_unwind().await;
        let mut response = ran.unwrap_or_else(|_| internal());
        self.learn(run.keep, &response);
        complete(&mut response);
        response
    }

    /// Runs a subscription.
    pub(crate) fn stream(&self, run: Run) -> BoxStream<'static, Response> {
        let schema = if run.known { &self.fast } else { &self.strict };
        let executor = self.clone();
        let mut keep = run.keep;
        let stream = AssertUnwindSafe(schema.execute_stream(run.request)).catch_unwind();
        stream
            .map(move |response| {
                let mut response = response.unwrap_or_else(|_| internal());
                executor.learn(keep.take(), &response);
                complete(&mut response);
                response
            })
            .boxed()
    }

    /// An answer without an error comes from a document that the strict schema has taken.
    fn learn(&self, keep: Option<(String, Arc<Document>)>, response: &Response) {
        if let Some((text, document)) = keep.filter(|_| response.is_ok()) {
            self.known.put(text, document);
        }
    }
}

/// A panic was caught; the panic hook has told the log what happened, the client is told nothing.
pub(crate) fn internal() -> Response {
    refused("INTERNAL", "The gateway made a mistake. Its log says more.")
}
