//! The result of a rule for an event.

/// The result of a rule for an event. `E`: how the rule can be broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling<E> {
    /// The rule does not apply to the event.
    Silent,
    /// The event complies with the rule, for this reason.
    Valid(&'static str),
    /// The rule is broken.
    Wrong(E),
}

impl<E> Ruling<E> {
    /// Returns whether the rule is broken.
    pub(crate) fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong(_))
    }
}
