//! Digests that no function verified, because their events did not arrive.

use super::account_memory::SentAgain;
use super::receipts::{DigestReceipts, VALIDATOR, VERIFIER};
use super::span::Span;
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::region_folder::RegionFolder;
use crate::world::Cause;
use jiff::{SignedDuration, Timestamp};

/// The time after a digest's delivery by which the functions have left their receipts, unless they
/// try again.
const RECEIPTS_WITHIN: SignedDuration = SignedDuration::from_mins(90);

/// The age at which a digest is sent to the functions whenever it was written. CloudTrail may
/// deliver it late, but anybody may also write it again and again.
const OLD: SignedDuration = SignedDuration::from_hours(12);

/// The time that the functions have for a digest that was sent to them again: they try for some two
/// and a half hours.
const TRIED_FOR: SignedDuration = SignedDuration::from_hours(3);

/// The number of times that a digest is sent to the functions again.
pub const MAX_SENDINGS: u32 = 3;

/// A function that leaves a receipt for each digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyingFunction {
    /// `digest-validator`.
    DigestValidator,
    /// `log-verifier`.
    LogVerifier,
}

impl VerifyingFunction {
    /// Returns the function's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DigestValidator => VALIDATOR,
            Self::LogVerifier => VERIFIER,
        }
    }
}

/// A digest to send to functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostDigest {
    /// Its location.
    pub at: ObjectLocation,
    /// The functions that left no receipt.
    pub functions: Vec<VerifyingFunction>,
}

/// A digest in the log bucket, with its receipts.
#[derive(Debug, Clone)]
pub(super) struct KnownDigest {
    pub(super) at: ObjectLocation,
    pub(super) key: DigestKey,
    /// The folder of its receipts.
    pub(super) folder: String,
    pub(super) receipts: DigestReceipts,
}

impl KnownDigest {
    /// Returns the functions that left no receipt.
    pub(super) fn missing(&self) -> Vec<VerifyingFunction> {
        let mut missing = Vec::new();
        if self.receipts.validated.is_none() {
            missing.push(VerifyingFunction::DigestValidator);
        }
        if !self.receipts.verified {
            missing.push(VerifyingFunction::LogVerifier);
        }
        missing
    }
}

/// The digests of an account and Region, or why they could not be listed.
pub(super) struct KnownFolder {
    pub(super) folder: RegionFolder,
    pub(super) digests: Result<Vec<KnownDigest>, Cause>,
}

/// What to do about a digest without receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Its event may still arrive, or the functions still try.
    Wait,
    /// It is sent to the functions for the first time: its event did not arrive.
    Send,
    /// It is sent to the functions another time.
    SendAgain,
    /// It was sent to the functions often enough.
    GiveUp,
}

/// Returns what to do about a digest without receipts that ends at `end` and was `written` then,
/// if that is known. `sent` is what is remembered about it.
pub(super) fn step(
    end: Timestamp,
    written: Option<Timestamp>,
    sent: Option<&SentAgain>,
    span: Span,
) -> Step {
    let age = |time: Timestamp| span.now.duration_since(time);
    match sent {
        None => {
            let is_due = written.is_some_and(|written| age(written) > RECEIPTS_WITHIN);
            if is_due || age(end) > OLD {
                Step::Send
            } else {
                Step::Wait
            }
        }
        Some(sent) if age(sent.at) <= TRIED_FOR => Step::Wait,
        Some(sent) if sent.times >= MAX_SENDINGS => Step::GiveUp,
        Some(_) => Step::SendAgain,
    }
}

/// Returns the names of functions in a sentence.
pub(super) fn names(functions: &[VerifyingFunction]) -> String {
    let names: Vec<_> = functions.iter().map(|function| function.as_str()).collect();
    names.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn a_digest_is_sent_after_the_time_of_its_receipts() {
        // Minutes: the end, when it was written, when it was sent and how often; now is 10,000.
        for (end, written, sent, expected) in [
            (9_900, Some(9_930), None, Step::Wait),
            (9_880, Some(9_910), None, Step::Wait),
            (9_879, Some(9_909), None, Step::Send),
            (9_879, None, None, Step::Wait),
            // CloudTrail delivers it late.
            (9_300, Some(9_930), None, Step::Wait),
            // Somebody writes it again and again.
            (9_279, Some(9_990), None, Step::Send),
            (9_279, None, None, Step::Send),
            (9_000, Some(9_030), Some((9_820, 1)), Step::Wait),
            (9_000, Some(9_030), Some((9_819, 1)), Step::SendAgain),
            (9_000, Some(9_030), Some((9_819, 2)), Step::SendAgain),
            (9_000, Some(9_030), Some((9_820, 3)), Step::Wait),
            (9_000, Some(9_030), Some((9_819, 3)), Step::GiveUp),
        ] {
            let sent = sent.map(|(at, times)| SentAgain {
                times,
                at: minute(at),
                end: minute(end),
            });
            let span = Span::at(minute(10_000));
            let found = step(minute(end), written.map(minute), sent.as_ref(), span);
            assert_eq!(found, expected, "{end} {written:?} {sent:?}");
        }
    }
}
