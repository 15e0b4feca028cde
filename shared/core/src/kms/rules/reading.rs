//! Rule 9: only listed readers read.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::calls::{caller_shown, is_reading};
use super::ruling::Ruling;
use crate::finding::kms::UnlistedReader;
use crate::kms::context::ContextObject;
use crate::kms::event::KmsEvent;
use crate::kms::expected::Expected;
use crate::kms::readers::Principal;
use crate::names::ids::AccountId;

/// Rule 9: only CloudTrail, our own functions and the listed readers read log files.
pub(crate) fn reader(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> Ruling<UnlistedReader> {
    let readers = &expected.readers;
    if readers.is_empty() || !is_reading(event, named, expected) {
        return Ruling::Silent;
    }
    if event.is_cloudtrails {
        return Ruling::Valid("CloudTrail itself read");
    }
    let principal = reading_principal(event, expected);
    if readers.is_own(&principal) {
        return Ruling::Valid("a function of Trailseal's read");
    }
    if readers.allows(&principal) {
        return Ruling::Valid("the reader is a listed one");
    }
    Ruling::Wrong(UnlistedReader {
        caller: caller_shown(event),
    })
}

/// Returns the caller of a read, and whether its account is one of ours: the owner of the trail or
/// the key of the call, or the configured owner of the log buckets.
///
/// KMS decrypts only with the context that was used to encrypt. For a call that succeeded, the
/// trail and the key are therefore those of the log file.
pub(super) fn reading_principal<'a>(event: &'a KmsEvent<'_>, expected: &Expected) -> Principal<'a> {
    let owner = expected.places.bucket_owner.as_ref().map(AccountId::as_str);
    let account = event.caller.account.as_deref();
    Principal {
        is_ours: event.is_of_an_owner() || (owner.is_some() && account == owner),
        ..event.caller.principal()
    }
}
