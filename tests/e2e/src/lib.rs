//! End-to-end runs against the real daemon and the real firmware process
