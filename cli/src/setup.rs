//! From options to what a command works with: places, public keys, and objects.

use crate::credentials::signed_in;
use crate::exit::Stop;
use crate::options::{aliases, bucket_owner};
use crate::source::{Keys, Objects, read_keys};
use aws_config::SdkConfig;
use std::path::Path;
use trailseal::names::ids::AccountId;
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal_aws::S3Objects;

/// Who owns the bucket, and which buckets are replicas.
///
/// # Errors
/// [`Stop`], with what an option takes.
pub(crate) fn places(owner: Option<&str>, replicas: &[String]) -> Result<Places, Stop> {
    Ok(Places {
        bucket_owner: bucket_owner(owner)?,
        aliases: aliases(replicas)?,
        ..Places::default()
    })
}

/// The public keys of a file, if one is named.
///
/// # Errors
/// [`Stop`], where the file is of no use.
pub(crate) fn pinned_keys(file: Option<&Path>) -> Result<KeySet, Stop> {
    file.map_or_else(
        || Ok(KeySet::default()),
        |file| read_keys(file).map_err(Stop::usage),
    )
}

/// Whom public keys and objects are asked for.
pub(crate) struct Services {
    config: Option<SdkConfig>,
    /// Where public keys are asked for.
    pub(crate) keys: Keys,
    /// Where they come from, as a sentence's end.
    pub(crate) keys_from: String,
}

impl Services {
    /// Signs in, unless neither keys nor objects are asked of AWS: a file has the keys, and the objects
    /// are on disk.
    ///
    /// # Errors
    /// [`Stop`], where AWS is needed, and there is no way to sign in.
    pub(crate) async fn of(
        keys: Option<&Path>,
        is_on_disk: bool,
        profile: Option<&str>,
    ) -> Result<Self, Stop> {
        let config = if keys.is_some() && is_on_disk {
            None
        } else {
            Some(signed_in(profile).await?)
        };
        let (keys, keys_from) = match (keys, &config) {
            (Some(file), _) => (
                Keys::File(file.to_owned()),
                format!("the file {}", file.display()),
            ),
            (None, Some(config)) => (
                Keys::cloudtrail(config),
                "CloudTrail (ListPublicKeys)".to_owned(),
            ),
            (None, None) => return Err(Stop::cannot_tell("no public keys are at hand")),
        };
        Ok(Self {
            config,
            keys,
            keys_from,
        })
    }

    /// Objects in S3, in buckets of this owner.
    ///
    /// # Errors
    /// [`Stop`], where AWS is not asked at all.
    pub(crate) fn s3(&self, owner: Option<AccountId>) -> Result<Objects, Stop> {
        match &self.config {
            Some(config) => Ok(Objects::S3(Box::new(S3Objects::new(config, owner)))),
            None => Err(Stop::cannot_tell("the AWS configuration cannot be read")),
        }
    }
}
