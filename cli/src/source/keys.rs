//! Public keys, and files that the command line names.

use crate::bundle::{Archive, Recorder};
use aws_config::SdkConfig;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use trailseal::names::ids::Region;
use trailseal::trust::given::GivenError;
use trailseal::trust::public_key::{KeySet, PublicKey, SigningPeriod};
use trailseal::world::{Cause, ListPublicKeys, StoreError};
use trailseal_aws::CloudTrailKeys;

/// The maximum number of bytes of a file of keys or signatures.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The source of public keys.
#[derive(Debug)]
pub(crate) enum Keys {
    /// CloudTrail, in each digest's Region.
    CloudTrail(Box<Patient>),
    /// CloudTrail, and each answer is recorded.
    Recorded(Box<Patient>, Arc<Recorder>),
    /// A bundle.
    Bundle(Arc<Archive>),
    /// No service: a file has them, or they are not known.
    File(PathBuf),
}

/// CloudTrail, until it stops responding. If a Region refuses, or does not respond to `SILENT`
/// requests in a row, each of which is tried several times, every further digest would wait just as
/// long.
#[derive(Debug)]
pub(crate) struct Patient {
    cloudtrail: CloudTrailKeys,
    failed: Mutex<HashMap<Region, (usize, Cause)>>,
}

/// The maximum number of requests in a row that may stay without a response.
const SILENT: usize = 3;

impl Patient {
    fn failed(&self) -> MutexGuard<'_, HashMap<Region, (usize, Cause)>> {
        // Every change is a single entry.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the reason why a Region is no longer queried.
    fn given_up(&self, region: &Region) -> Option<StoreError> {
        let failed = self.failed();
        let (times, cause) = failed.get(region)?;
        let is_final = *times >= SILENT || cause.is_refusal();
        is_final.then(|| StoreError {
            action: "list CloudTrail's public keys in",
            subject: region.to_string(),
            cause: cause.clone(),
        })
    }
}

impl ListPublicKeys for Patient {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        if let Some(error) = self.given_up(region) {
            return Err(error);
        }
        let answer = self.cloudtrail.list_public_keys(region, period).await;
        let mut failed = self.failed();
        match &answer {
            Ok(_) => {
                failed.remove(region);
            }
            Err(error) => {
                let times = failed.get(region).map_or(0, |(times, _)| *times);
                failed.insert(region.clone(), (times + 1, error.cause.clone()));
            }
        }
        answer
    }
}

impl Keys {
    /// Returns CloudTrail, with the credentials of `config`.
    pub(crate) fn cloudtrail(config: &SdkConfig) -> Self {
        Self::CloudTrail(Box::new(Patient {
            cloudtrail: CloudTrailKeys::new(config),
            failed: Mutex::default(),
        }))
    }

    /// Returns the same keys, and records each answer of CloudTrail.
    pub(crate) fn recorded(self, recorder: &Arc<Recorder>) -> Self {
        match self {
            Self::CloudTrail(cloudtrail) => Self::Recorded(cloudtrail, Arc::clone(recorder)),
            Self::Recorded(..) | Self::Bundle(_) | Self::File(_) => self,
        }
    }
}

impl ListPublicKeys for Keys {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        match self {
            Self::CloudTrail(keys) => keys.list_public_keys(region, period).await,
            Self::Recorded(keys, recorder) => {
                Box::pin(recorder.list_keys(keys.as_ref(), region, period)).await
            }
            Self::Bundle(bundle) => bundle.list_public_keys(region, period).await,
            Self::File(file) => Err(StoreError {
                action: "find the public key of a digest of",
                subject: format!("{region} in {}", file.display()),
                // The same text for every digest, so that it is reported once.
                cause: Cause::Failed(format!(
                    "it contains no key with that fingerprint; save the keys of that time with `trailseal keys --region {region} --start-time …`"
                )),
            }),
        }
    }
}

/// The reason why a named file is not usable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: String,
        /// The error.
        error: std::io::Error,
    },
    /// The file is too large.
    #[error(
        "{path} has more than {MAX_FILE_BYTES} bytes, which is too many for this option: check the name"
    )]
    TooLarge {
        /// The file.
        path: String,
    },
    /// The file holds no public keys.
    #[error(
        "{path} contains no public keys: {error}; `trailseal keys --output FILE` writes a file that does"
    )]
    NoKeys {
        /// The file.
        path: String,
        /// The error.
        error: String,
    },
    /// The file holds no signatures.
    #[error(
        "{path} contains no signatures: {error}; give a JSON object with digest file names and their hexadecimal signatures"
    )]
    NoSignatures {
        /// The file.
        path: String,
        /// The error.
        error: String,
    },
    /// The file holds impossible signatures.
    #[error("{path}: {error}")]
    WrongSignature {
        /// The file.
        path: String,
        /// The error.
        error: GivenError,
    },
}

/// Reads a file up to a maximum size.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let named = || path.display().to_string();
    let failed = |error| FileError::Read {
        path: named(),
        error,
    };
    // It may be a pipe or a device: its size is known only when it is read.
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    let read = file
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_FILE_BYTES) {
        Ok(bytes)
    } else {
        Err(FileError::TooLarge { path: named() })
    }
}

/// Reads public keys, as `trailseal keys` and `aws cloudtrail list-public-keys` write them.
pub(crate) fn read_keys(path: &Path) -> Result<KeySet, FileError> {
    let no_keys = |error: String| FileError::NoKeys {
        path: path.display().to_string(),
        error,
    };
    let keys =
        KeySet::from_saved_response(&read(path)?).map_err(|error| no_keys(error.to_string()))?;
    if keys.is_empty() {
        return Err(no_keys("its PublicKeyList is empty".to_owned()));
    }
    Ok(keys)
}
