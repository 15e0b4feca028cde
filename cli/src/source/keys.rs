//! Public keys, and files that are named on the command line.

use aws_config::SdkConfig;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use trailseal::names::ids::Region;
use trailseal::trust::given::GivenError;
use trailseal::trust::public_key::{KeySet, PublicKey, SigningPeriod};
use trailseal::world::{Cause, ListPublicKeys, StoreError};
use trailseal_aws::CloudTrailKeys;

/// The most bytes that a file of keys or signatures may have.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Where public keys are asked for.
#[derive(Debug)]
pub(crate) enum Keys {
    /// CloudTrail, in each digest's Region.
    CloudTrail(Box<Patient>),
    /// Nobody: a file has them, or they are not known.
    File(PathBuf),
}

/// CloudTrail, as long as it answers: where a Region refuses, or stays silent through so many
/// requests, each of which is tried several times, every further digest would wait as long.
#[derive(Debug)]
pub(crate) struct Patient {
    cloudtrail: CloudTrailKeys,
    failed: Mutex<HashMap<Region, (usize, Cause)>>,
}

/// How many requests in a row may stay without an answer.
const SILENT: usize = 3;

impl Patient {
    fn failed(&self) -> MutexGuard<'_, HashMap<Region, (usize, Cause)>> {
        // Every change is a single entry.
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a Region is not asked any more.
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

    async fn list(
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
    /// CloudTrail, with the credentials of `config`.
    pub(crate) fn cloudtrail(config: &SdkConfig) -> Self {
        Self::CloudTrail(Box::new(Patient {
            cloudtrail: CloudTrailKeys::new(config),
            failed: Mutex::default(),
        }))
    }
}

impl ListPublicKeys for Keys {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        match self {
            Self::CloudTrail(keys) => keys.list(region, period).await,
            Self::File(file) => Err(StoreError {
                action: "find the public key of a digest of",
                subject: format!("{region} in {}", file.display()),
                // The same for every digest, so that it is told once.
                cause: Cause::Failed(format!(
                    "it holds none with that fingerprint; save the keys of that time with `trailseal keys --region {region} --start-time …`"
                )),
            }),
        }
    }
}

/// Why a file that was named is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
    /// It is too large.
    #[error("{path} has more than {MAX_FILE_BYTES} bytes: it is another file than was meant")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// It holds something else.
    #[error(
        "{path} holds no public keys: {error}; `trailseal keys --output FILE` writes such a file"
    )]
    NoKeys {
        /// The file.
        path: String,
        /// What is wrong.
        error: String,
    },
    /// It holds something else.
    #[error(
        "{path} holds no signatures: {error}; it should be a JSON object of digests' file names and hex signatures"
    )]
    NoSignatures {
        /// The file.
        path: String,
        /// What is wrong.
        error: String,
    },
    /// It holds signatures that cannot be.
    #[error("{path}: {error}")]
    WrongSignature {
        /// The file.
        path: String,
        /// What is wrong.
        error: GivenError,
    },
}

/// Reads a file whose size is bounded.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let named = || path.display().to_string();
    let failed = |error| FileError::Read {
        path: named(),
        error,
    };
    // It may be a pipe, or a device: its size is known when it is read.
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
