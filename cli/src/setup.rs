//! Turns options into what a command works with: places, public keys, and objects.

use crate::bundle::{Archive, Recorder, Recording};
use crate::exit::Stop;
use crate::options::{aliases, bucket_owner};
use crate::requests::Requests;
use crate::source::{Keys, Objects, read_keys};
use aws_config::SdkConfig;
use std::path::Path;
use std::sync::Arc;
use trailseal::names::ids::AccountId;
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal_aws::S3Objects;
use trailseal_sign_in::signed_in;

/// Returns the bucket's owner and its replicas.
///
/// # Errors
/// [`Stop`], with the values that an option accepts.
pub(crate) fn places(owner: Option<&str>, replicas: &[String]) -> Result<Places, Stop> {
    Ok(Places {
        bucket_owner: bucket_owner(owner)?,
        aliases: aliases(replicas)?,
        ..Places::default()
    })
}

/// Returns the public keys of a file, if one is named.
///
/// # Errors
/// [`Stop`], if the file is not usable.
pub(crate) fn pinned_keys(file: Option<&Path>) -> Result<KeySet, Stop> {
    file.map_or_else(
        || Ok(KeySet::default()),
        |file| read_keys(file).map_err(Stop::usage),
    )
}

/// The services that supply public keys and objects.
pub(crate) struct Services {
    config: Option<SdkConfig>,
    /// The source of public keys.
    pub(crate) keys: Keys,
    /// The source of the keys, worded as the end of a sentence.
    pub(crate) keys_from: String,
}

impl Services {
    /// Signs in, unless AWS supplies neither keys nor objects: the keys are in a file, and the
    /// objects are on disk.
    ///
    /// # Errors
    /// [`Stop`], if AWS is needed and there is no way to sign in.
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
            (None, None) => return Err(Stop::cannot_tell("no public keys are available")),
        };
        Ok(Self {
            config,
            keys,
            keys_from,
        })
    }

    /// Returns the services of a bundle: none. A file of keys replaces its keys.
    pub(crate) fn of_bundle(keys: Option<&Path>, bundle: &Arc<Archive>) -> Self {
        let (keys, keys_from) = match keys {
            Some(file) => (
                Keys::File(file.to_owned()),
                format!("the file {}", file.display()),
            ),
            None => (Keys::Bundle(Arc::clone(bundle)), bundle.describe_keys()),
        };
        Self {
            config: None,
            keys,
            keys_from,
        }
    }

    /// Returns the objects in S3, whose answers are recorded, and records CloudTrail's.
    ///
    /// # Errors
    /// As for [`Self::s3`].
    pub(crate) fn recorded(
        self,
        owner: Option<AccountId>,
        requests: &Requests,
        recorder: &Arc<Recorder>,
    ) -> Result<(Self, Objects), Stop> {
        let s3 = self.s3_objects(owner, requests)?;
        let objects = Objects::Recorded(Box::new(Recording::new(s3, Arc::clone(recorder))));
        let keys = self.keys.recorded(recorder);
        Ok((Self { keys, ..self }, objects))
    }

    fn s3_objects(&self, owner: Option<AccountId>, requests: &Requests) -> Result<S3Objects, Stop> {
        match &self.config {
            Some(config) => {
                let objects = S3Objects::new(config, owner);
                Ok(objects.with_places(Arc::clone(&requests.places)))
            }
            None => Err(Stop::cannot_tell(
                "the AWS configuration files cannot be read",
            )),
        }
    }

    /// Returns the objects in S3, in buckets of this owner.
    ///
    /// # Errors
    /// [`Stop`], if no request goes to AWS at all.
    pub(crate) fn s3(
        &self,
        owner: Option<AccountId>,
        requests: &Requests,
    ) -> Result<Objects, Stop> {
        Ok(Objects::S3(Box::new(self.s3_objects(owner, requests)?)))
    }
}
