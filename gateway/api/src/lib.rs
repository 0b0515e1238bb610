//! GraphQL, sessions and the dashboard over HTTP and WebSocket
