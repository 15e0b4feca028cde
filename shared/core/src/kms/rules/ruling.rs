//! What a rule says of an event.

/// What a rule says of an event. `E`: how it can be broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling<E> {
    /// Nothing: the event is none of its.
    Silent,
    /// The rule is kept, and why.
    Valid(&'static str),
    /// It is broken.
    Wrong(E),
}

impl<E> Ruling<E> {
    /// Whether the rule is broken.
    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }
}
