//! Calls that count only if the headers of the objects that they name say so.
//!
//! The tests are in `tests/tests/kms/foreign.rs`.

use super::facts::ObjectState;
use crate::kms::context::{ContextObject, ContextTarget};
use crate::kms::event::KmsEvent;
use crate::kms::rules::{Standing, standing_by_object};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use std::collections::{BTreeSet, HashSet};

/// The maximum number of calls that wait for the facts about the objects that they name.
const MAX_OPEN: usize = 1_000;

/// The maximum size of their records in bytes.
const MAX_OPEN_BYTES: usize = 1024 * 1024;

/// The maximum length of an object's key in S3, in bytes.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
const MAX_OBJECT_KEY_BYTES: usize = 1024;

/// The waiting calls.
#[derive(Default)]
pub(super) struct OpenCalls {
    pub(super) records: Vec<String>,
    bytes: usize,
    pub(super) objects: BTreeSet<ObjectLocation>,
    /// Each combination of caller, key and object, once.
    seen: HashSet<Sha256>,
    /// The number of calls that are too many to wait.
    pub(super) left_out: u64,
}

impl OpenCalls {
    /// Stores a call until it is known whether the object that it names is encrypted under its key.
    pub(super) fn add(
        &mut self,
        record: &str,
        event: &KmsEvent<'_>,
        named: Option<&ContextObject<'_>>,
    ) {
        let object = named.filter(|named| named.ours).and_then(|named| {
            let is_readable = matches!(named.target, ContextTarget::LogFile(..));
            let object = named.log_file().filter(|_| is_readable)?;
            (object.key.len() <= MAX_OBJECT_KEY_BYTES).then_some(object)
        });
        let principal = event.caller.principal().key();
        let key = event.key_named().unwrap_or_default();
        let seen = format!("{} {principal} {key} {:?}", event.name, event.object);
        let seen = Sha256::of(seen.as_bytes());
        if self.seen.contains(&seen) {
            return;
        }
        let bytes = self.bytes.saturating_add(record.len());
        if self.records.len() >= MAX_OPEN || bytes > MAX_OPEN_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes = bytes;
        self.seen.insert(seen);
        self.objects.extend(object);
        self.records.push(record.to_owned());
    }
}

/// The result for a call that waited.
pub(super) enum SettledCall {
    /// The decision whether the call counts.
    Decided(Standing),
    /// Nothing is known, and nothing is reported.
    Skipped,
    /// The object that it names could not be looked up.
    CannotTell,
}

impl SettledCall {
    /// Settles a call by the object that it names. `nothing_known`: neither headers nor the trail's
    /// keys are known.
    pub(super) fn of(
        event: &KmsEvent<'_>,
        object: Option<&ObjectState>,
        nothing_known: bool,
    ) -> Self {
        match object {
            Some(ObjectState::Unknown) => Self::CannotTell,
            Some(ObjectState::Exists(headers)) => Self::Decided(standing_by_object(event, headers)),
            // A copy has no headers. If nothing is known about the key, the call counts.
            None if nothing_known => Self::Decided(Standing::Ours),
            // Nothing is known about a read without an object to look up, as with an S3 Bucket Key.
            // Another trail may deliver there under its own key.
            Some(ObjectState::Gone(_)) | None if event.name == "Decrypt" => Self::Skipped,
            Some(ObjectState::Gone(_)) | None => Self::Decided(Standing::Foreign),
        }
    }
}
