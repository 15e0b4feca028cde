//! Answers with a third value.

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It is not.
    No,
    /// It depends on something that is not known here.
    Unknown,
    /// It is.
    Yes,
}

impl Truth {
    /// Returns the answer that is known.
    pub(super) fn of(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }

    /// Returns the opposite.
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// Returns whether both are so.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Returns whether any of them is so.
    pub(super) fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let or = |so_far: Self, next: Self| so_far.not().and(next.not()).not();
        all.into_iter().fold(Self::No, or)
    }
}
