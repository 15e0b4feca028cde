//! The KMS key that signs checkpoints of the evidence log.

use super::error::store_error;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use tokio::sync::OnceCell;
use trailseal::world::{Cause, SignCheckpoint, StoreError};

/// The start of an Ed25519 public key in the form that KMS returns, DER-encoded
/// `SubjectPublicKeyInfo` (RFC 8410, section 4). The 32 bytes of the key follow.
const ED25519: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A KMS key of the spec `ECC_NIST_EDWARDS25519`.
#[derive(Debug)]
pub struct CheckpointKey {
    kms: Client,
    arn: String,
    public: OnceCell<[u8; 32]>,
}

impl CheckpointKey {
    /// Signs with the key that has this ARN.
    #[must_use]
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            kms: Client::new(config),
            arn,
            public: OnceCell::new(),
        }
    }

    async fn read_public_key(&self) -> Result<[u8; 32], StoreError> {
        let answer = self.kms.get_public_key().key_id(&self.arn).send().await;
        let answer =
            answer.map_err(|error| store_error("read the public key of", &self.arn, &error))?;
        let key = answer.public_key.unwrap_or_else(|| Blob::new(Vec::new()));
        let key = key.as_ref().strip_prefix(&ED25519);
        key.and_then(|key| key.try_into().ok())
            .ok_or_else(|| StoreError {
                action: "use",
                subject: self.arn.clone(),
                cause: Cause::Failed(
                    "it is not a key of the spec ECC_NIST_EDWARDS25519".to_owned(),
                ),
            })
    }
}

impl SignCheckpoint for CheckpointKey {
    async fn public_key(&self) -> Result<[u8; 32], StoreError> {
        let public = self.public.get_or_try_init(|| self.read_public_key());
        public.await.copied()
    }

    /// "For `ECC_NIST_EDWARDS25519` KMS keys, the `ED25519_SHA_512` signing algorithm requires
    /// `MessageType:RAW`"; a message has at most 4,096 bytes.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let answer = self
            .kms
            .sign()
            .key_id(&self.arn)
            .message(Blob::new(message))
            .message_type(MessageType::Raw)
            .signing_algorithm(SigningAlgorithmSpec::Ed25519Sha512)
            .send()
            .await
            .map_err(|error| store_error("sign with", &self.arn, &error))?;
        Ok(answer.signature.map(Blob::into_inner).unwrap_or_default())
    }
}
