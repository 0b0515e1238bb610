use std::borrow::Cow;

/// What is wrong with a message, coarse enough to count by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadKind {
    /// The topic is not one of this board.
    Topic,
    /// The topic is one that only the gateway publishes to.
    Forbidden,
    /// Retained, where a message is only for now.
    Retained,
    /// Longer than such a payload may be.
    TooLong,
    /// Bytes that are not the text they should be.
    NotText,
    /// Too few or too many fields.
    FieldCount,
    /// A field, or the whole of a one-word payload, does not have its form.
    Field,
    /// A `$description` that is not one of Homie 5, or exceeds a limit.
    Description,
}

impl BadKind {
    /// A short fixed name, fit for a metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Forbidden => "forbidden",
            Self::Retained => "retained",
            Self::TooLong => "too_long",
            Self::NotText => "not_text",
            Self::FieldCount => "field_count",
            Self::Field => "field",
            Self::Description => "description",
        }
    }
}

/// A message that was not understood. Its text never repeats what the sender wrote, so it is safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct BadMessage {
    at: &'static str,
    kind: BadKind,
    why: Cow<'static, str>,
}

impl BadMessage {
    pub(crate) fn new(at: &'static str, kind: BadKind, why: impl Into<Cow<'static, str>>) -> Self {
        Self { at, kind, why: why.into() }
    }

    /// What is wrong, to count by.
    pub const fn kind(&self) -> BadKind {
        self.kind
    }

    /// The kind of topic it came by: `$report`, `system/uptime`, or `topic` when the topic itself is wrong.
    pub const fn at(&self) -> &'static str {
        self.at
    }
}
