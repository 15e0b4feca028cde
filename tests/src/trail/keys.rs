//! The committed signing keys, for tests only.

use std::sync::OnceLock;

use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs1v15;
use rsa::pkcs8::EncodePublicKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha2::Sha256;

use super::region::SLOTS;

/// The number of rotation periods after which a Region's keys repeat.
pub(crate) const PERIODS: u8 = 4;
const POOL_SIZE: usize = 24;

macro_rules! key_file {
    ($name:literal) => {
        include_bytes!(concat!("../../keys/", $name, ".der"))
    };
}

/// The keys of each slot in order, by period.
static POOL: [&[u8]; POOL_SIZE] = [
    key_file!("slot0-period0"),
    key_file!("slot0-period1"),
    key_file!("slot0-period2"),
    key_file!("slot0-period3"),
    key_file!("slot1-period0"),
    key_file!("slot1-period1"),
    key_file!("slot1-period2"),
    key_file!("slot1-period3"),
    key_file!("slot2-period0"),
    key_file!("slot2-period1"),
    key_file!("slot2-period2"),
    key_file!("slot2-period3"),
    key_file!("slot3-period0"),
    key_file!("slot3-period1"),
    key_file!("slot3-period2"),
    key_file!("slot3-period3"),
    key_file!("slot4-period0"),
    key_file!("slot4-period1"),
    key_file!("slot4-period2"),
    key_file!("slot4-period3"),
    key_file!("slot5-period0"),
    key_file!("slot5-period1"),
    key_file!("slot5-period2"),
    key_file!("slot5-period3"),
];
static ROGUE: &[u8] = key_file!("rogue");

/// One of the committed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolKey {
    /// A key that the local AWS publishes for the Regions of the slot.
    Slot {
        /// The set of keys, less than 6.
        slot: u8,
        /// The position in the rotation, less than 4.
        period: u8,
    },
    /// A key that is not published.
    Rogue,
}

impl PoolKey {
    fn index(self) -> usize {
        match self {
            Self::Slot { slot, period } => {
                assert!(slot < SLOTS && period < PERIODS, "no such key: {self:?}");
                usize::from(slot) * usize::from(PERIODS) + usize::from(period)
            }
            Self::Rogue => POOL_SIZE,
        }
    }

    fn private(self) -> &'static pkcs1v15::SigningKey<Sha256> {
        static LOADED: [OnceLock<pkcs1v15::SigningKey<Sha256>>; POOL_SIZE + 1] =
            [const { OnceLock::new() }; POOL_SIZE + 1];
        let index = self.index();
        LOADED[index].get_or_init(|| {
            let der = POOL.get(index).copied().unwrap_or(ROGUE);
            let key = RsaPrivateKey::from_pkcs1_der(der).expect("a committed PKCS#1 key");
            pkcs1v15::SigningKey::new(key)
        })
    }

    fn public(self) -> rsa::RsaPublicKey {
        let private: &RsaPrivateKey = self.private().as_ref();
        private.to_public_key()
    }

    /// Returns the public key as PKCS#1 `RSAPublicKey` DER.
    pub fn pkcs1_der(self) -> Vec<u8> {
        let document = self.public().to_pkcs1_der().expect("an encodable key");
        document.as_bytes().to_vec()
    }

    /// Returns the public key as X.509 `SubjectPublicKeyInfo` DER.
    pub fn spki_der(self) -> Vec<u8> {
        let document = self.public().to_public_key_der().expect("an encodable key");
        document.as_bytes().to_vec()
    }

    /// Returns the RSASSA-PKCS1-v1_5 signature with SHA-256, in lowercase hex.
    pub fn sign(self, message: &[u8]) -> String {
        hex::encode(self.private().sign(message).to_bytes())
    }
}

/// The signer of a digest: a key, and the fingerprint by which the digest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The key that makes the signature.
    pub key: PoolKey,
    /// The value of `digestPublicKeyFingerprint` in the digest.
    pub fingerprint: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_committed_keys_are_all_different() {
        let mut seen = BTreeSet::from([PoolKey::Rogue.pkcs1_der()]);
        for slot in 0..SLOTS {
            for period in 0..PERIODS {
                let key = PoolKey::Slot { slot, period };
                assert!(seen.insert(key.pkcs1_der()), "{key:?} is there twice");
            }
        }
        assert_eq!(seen.len(), POOL_SIZE + 1);
    }

    #[test]
    fn both_forms_hold_the_same_key() {
        let key = PoolKey::Rogue;
        assert!(key.spki_der().ends_with(&key.pkcs1_der()));
        assert_eq!(key.spki_der().len(), key.pkcs1_der().len() + 24);
    }
}
