//! Rule 10: enclaves attest themselves, and are known.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::calls::{caller_shown, is_reading, uses_our_key};
use super::reading::reading_principal;
use super::ruling::Ruling;
use crate::finding::kms::{MalformedAttestation, MissingAttestation, UnlistedImage};
use crate::kms::context::ContextObject;
use crate::kms::event::{KmsEvent, Recipient};
use crate::kms::expected::Expected;

/// Rule 10, the form: module ID and image digest have the form that the Nitro hypervisor produces.
///
/// An instance may attest itself with its `NitroTPM`, too. It is not an enclave, and this rule does
/// not apply to it.
///
/// Source: <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html> (PCR0 is a SHA-384),
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-tpm.html>.
pub(crate) fn attestation(recipient: &Recipient<'_>) -> Ruling<MalformedAttestation> {
    if is_nitro_tpm(recipient) {
        return Ruling::Silent;
    }
    let module = recipient.module_id.as_deref();
    let image = recipient.image.as_deref();
    if !module.is_some_and(is_module_id) {
        return Ruling::Wrong(MalformedAttestation::ModuleId(module.map(str::to_owned)));
    }
    if !image.is_some_and(is_image_digest) {
        return Ruling::Wrong(MalformedAttestation::ImageDigest(image.map(str::to_owned)));
    }
    Ruling::Valid("the attestation is well-formed")
}

/// Rule 10, the image: a listed one, if images are listed.
pub(crate) fn image(recipient: &Recipient<'_>, expected: &Expected) -> Ruling<UnlistedImage> {
    let images = &expected.enclave_images;
    let Some(image) = recipient.image.as_deref().filter(|_| !images.is_empty()) else {
        return Ruling::Silent;
    };
    if images
        .iter()
        .any(|listed| listed.eq_ignore_ascii_case(image))
    {
        return Ruling::Valid("the enclave's image is a listed one");
    }
    Ruling::Wrong(UnlistedImage {
        image: image.to_owned(),
    })
}

/// Rule 10, the reader: an enclave-only reader reads with the attestation of its enclave.
pub(crate) fn attested(
    event: &KmsEvent<'_>,
    named: Option<&ContextObject<'_>>,
    expected: &Expected,
) -> Ruling<MissingAttestation> {
    let reads = || {
        is_reading(event, named, expected)
            || (event.name == "Decrypt" && !event.failed() && uses_our_key(event, expected))
    };
    let readers = &expected.readers;
    if readers.is_empty() || !reads() || !readers.enclave_only(&reading_principal(event, expected))
    {
        return Ruling::Silent;
    }
    let is_of_instance = match &event.recipient {
        Some(recipient) if is_nitro_tpm(recipient) => true,
        Some(_) => return Ruling::Valid("the enclave attested itself"),
        None => false,
    };
    Ruling::Wrong(MissingAttestation {
        caller: caller_shown(event),
        is_of_instance,
    })
}

fn is_module_id(text: &str) -> bool {
    is_module_of(text, "-enc")
}

/// Returns whether it is the attestation of an instance, which has no image digest.
fn is_nitro_tpm(recipient: &Recipient<'_>) -> bool {
    let module = recipient.module_id.as_deref();
    recipient.image.is_none() && module.is_some_and(|module| is_module_of(module, "-tpm"))
}

/// Returns whether `text` is an instance's ID and another ID, with `separator` between them.
fn is_module_of(text: &str, separator: &str) -> bool {
    let is_id = |text: &str| {
        (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    text.strip_prefix("i-")
        .and_then(|rest| rest.split_once(separator))
        .is_some_and(|(instance, module)| is_id(instance) && is_id(module))
}

fn is_image_digest(text: &str) -> bool {
    text.len() == 96 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
