//! The event loop that owns the home: inbox, deadlines, effects, view and change feed
