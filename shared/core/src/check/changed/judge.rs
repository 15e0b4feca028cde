//! The verdict on an object that was written or deleted, from what is known about it.

use jiff::SignedDuration;

/// What is known about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Situation {
    /// The object does not exist, or a delete marker hides it.
    Gone {
        /// Indicates whether a lifecycle rule deleted it, according to the event.
        by_lifecycle: bool,
        /// Indicates whether the digests prove that CloudTrail did not deliver it.
        is_unlisted: bool,
        /// Its age when it was deleted.
        age: SignedDuration,
    },
    /// The object exists.
    There {
        /// What it is.
        content: Content,
        /// Indicates whether it looks as if it was delivered once and on time: it is the only
        /// version, and its date fits its name.
        is_plain: bool,
    },
}

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// What CloudTrail signed.
    Intact,
    /// Not what CloudTrail signed: what it is instead.
    Foreign(String),
    /// No digest lists it, and every digest that could list it exists.
    Unlisted,
    /// The digest that will list it has not arrived.
    NotYet,
    /// Digests that could list it are missing, or not CloudTrail's: which.
    Unproven(String),
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgment {
    /// An object that CloudTrail delivered, or may have delivered, was deleted.
    Deleted,
    /// A lifecycle rule deleted an object, and no retention says that it should not.
    Expired,
    /// A lifecycle rule deleted an object within the retention.
    ExpiredEarly(SignedDuration),
    /// An object that CloudTrail did not deliver was deleted.
    PlantedAndGone,
    /// The object is what CloudTrail signed.
    Intact,
    /// The object is not what CloudTrail signed.
    Overwritten(String),
    /// CloudTrail did not deliver the object.
    Planted,
    /// It is not known yet: the digest is on its way.
    Waits {
        /// Indicates whether another check settles it if this one cannot.
        is_left_to_others: bool,
    },
    /// It cannot be known: why.
    Unproven {
        why: String,
        /// As above.
        is_left_to_others: bool,
    },
}

/// Judges what is known. `retention` is for how long objects are kept, if that is stated.
///
/// A file that looks delivered once and on time is left to others if no digest lists it by the last
/// try. When its digest arrives, `log-verifier` compares it with the hash in the digest.
pub(super) fn judge(known: Situation, retention: Option<SignedDuration>) -> Judgment {
    match known {
        Situation::Gone {
            is_unlisted: true, ..
        } => Judgment::PlantedAndGone,
        Situation::Gone {
            by_lifecycle: true,
            age,
            ..
        } => match retention {
            Some(retention) if age < retention => Judgment::ExpiredEarly(retention),
            _ => Judgment::Expired,
        },
        Situation::Gone { .. } => Judgment::Deleted,
        Situation::There { content, is_plain } => match content {
            Content::Intact => Judgment::Intact,
            Content::Foreign(what) => Judgment::Overwritten(what),
            Content::Unlisted => Judgment::Planted,
            Content::NotYet => Judgment::Waits {
                is_left_to_others: is_plain,
            },
            Content::Unproven(why) => Judgment::Unproven {
                why,
                is_left_to_others: is_plain,
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn everything_that_may_be_known_has_one_verdict() {
        let gone = |by_lifecycle, is_unlisted, days| Situation::Gone {
            by_lifecycle,
            is_unlisted,
            age: DAY * days,
        };
        let there = |content, is_plain| Situation::There { content, is_plain };
        let kept = Some(DAY * 90);
        let foreign = || Content::Foreign("other".to_owned());
        let unproven = || Content::Unproven("why".to_owned());
        for (known, retention, expected) in [
            (gone(false, false, 1), kept, Judgment::Deleted),
            (gone(false, false, 365), kept, Judgment::Deleted),
            (gone(false, false, 1), None, Judgment::Deleted),
            (gone(false, true, 1), kept, Judgment::PlantedAndGone),
            (gone(true, true, 1), kept, Judgment::PlantedAndGone),
            (
                gone(true, false, 89),
                kept,
                Judgment::ExpiredEarly(DAY * 90),
            ),
            (gone(true, false, 90), kept, Judgment::Expired),
            (gone(true, false, 1), None, Judgment::Expired),
            // A clock that is slow.
            (
                gone(true, false, -1),
                kept,
                Judgment::ExpiredEarly(DAY * 90),
            ),
            (there(Content::Intact, true), kept, Judgment::Intact),
            (there(Content::Intact, false), None, Judgment::Intact),
            (
                there(foreign(), true),
                kept,
                Judgment::Overwritten("other".to_owned()),
            ),
            (
                there(foreign(), false),
                kept,
                Judgment::Overwritten("other".to_owned()),
            ),
            (there(Content::Unlisted, true), kept, Judgment::Planted),
            (there(Content::Unlisted, false), kept, Judgment::Planted),
            (
                there(Content::NotYet, true),
                kept,
                Judgment::Waits {
                    is_left_to_others: true,
                },
            ),
            (
                there(Content::NotYet, false),
                kept,
                Judgment::Waits {
                    is_left_to_others: false,
                },
            ),
            (
                there(unproven(), true),
                kept,
                Judgment::Unproven {
                    why: "why".to_owned(),
                    is_left_to_others: true,
                },
            ),
            (
                there(unproven(), false),
                kept,
                Judgment::Unproven {
                    why: "why".to_owned(),
                    is_left_to_others: false,
                },
            ),
        ] {
            assert_eq!(judge(known.clone(), retention), expected, "{known:?}");
        }
    }
}
