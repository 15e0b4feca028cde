//! Problems with the attestations of enclaves.
//!
//! The tests are in `tests/tests/kms/reading.rs`.

use super::call::EventReference;
use super::evidence::{Evidence, FindingSubject, finding};
use crate::finding::{Finding, FindingKind};

/// An attestation that no Nitro Enclave produces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MalformedAttestation {
    /// Its module ID is missing, malformed, or not an enclave's.
    ModuleId(Option<String>),
    /// Its image digest is missing or malformed.
    ImageDigest(Option<String>),
}

impl Evidence for MalformedAttestation {
    fn kind(&self) -> FindingKind {
        FindingKind::EnclaveAttestationMalformed
    }

    fn expected(&self) -> String {
        match self {
            Self::ModuleId(_) => "attestationDocumentModuleId i-<hex digits>-enc<hex digits>",
            Self::ImageDigest(_) => {
                "attestationDocumentEnclaveImageDigest of 96 hex digits (SHA-384)"
            }
        }
        .to_owned()
    }

    fn actual(&self) -> String {
        let (Self::ModuleId(found) | Self::ImageDigest(found)) = self;
        found.clone().unwrap_or_else(|| "none".to_owned())
    }
}

/// Reports that `principal` made a call with an attestation that no Nitro Enclave produces.
#[must_use]
pub fn malformed_attestation(
    subject: FindingSubject,
    attestation: &MalformedAttestation,
    principal: &str,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        attestation,
        format!(
            "A KMS event carries an attestation that no Nitro Enclave produces: {call} by {principal}."
        ),
    )
}

/// An enclave image that is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedImage {
    /// Its PCR0.
    pub image: String,
}

impl Evidence for UnlistedImage {
    fn kind(&self) -> FindingKind {
        FindingKind::EnclaveImageUnlisted
    }

    fn expected(&self) -> String {
        "one of the listed enclave images".to_owned()
    }

    fn actual(&self) -> String {
        let image = &self.image;
        // In debug mode, the attestation of an enclave has only zeros.
        if image.bytes().all(|byte| byte == b'0') {
            format!("PCR0 {image}: an enclave in debug mode, whose memory can be read")
        } else {
            format!("PCR0 {image}")
        }
    }
}

/// Reports that `principal` used KMS from an enclave whose image is not listed.
#[must_use]
pub fn unlisted_image(
    subject: FindingSubject,
    image: &UnlistedImage,
    principal: &str,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        image,
        format!("An enclave whose image is not listed used KMS: {call} by {principal}."),
    )
}

/// An enclave-only reader that read without an enclave attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAttestation {
    /// The reader and its source address.
    pub caller: String,
    /// Indicates whether the call carries the attestation of an instance.
    pub is_of_instance: bool,
}

impl Evidence for MissingAttestation {
    fn kind(&self) -> FindingKind {
        FindingKind::EnclaveAttestationMissing
    }

    fn expected(&self) -> String {
        "a Decrypt call with the attestation of an enclave".to_owned()
    }

    fn actual(&self) -> String {
        let found = if self.is_of_instance {
            "a call with the attestation of an instance"
        } else {
            "a call without any"
        };
        format!("{found}, by {}", self.caller)
    }
}

/// Reports an enclave-only reader that read without an enclave attestation.
#[must_use]
pub fn missing_attestation(
    subject: FindingSubject,
    missing: &MissingAttestation,
    call: &EventReference,
) -> Finding {
    finding(
        subject,
        missing,
        format!(
            "An enclave-only reader read without an enclave attestation: {call} by {}.",
            missing.caller
        ),
    )
}
