//! The profile of the AWS configuration that is used.

use aws_config::profile::{ProfileFileLoadError, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use std::borrow::Cow;
use std::path::PathBuf;

/// The profile that is used where none is named.
const DEFAULT: &str = "default";

/// How many profiles may lead from one to the credentials of another.
const MAX_HOPS: usize = 16;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    /// No file has a profile of this name.
    #[error(
        "there is no profile `{name}` in {files}: `aws configure list-profiles` lists those that are there",
        files = searched()
    )]
    NotFound {
        /// Its name.
        name: String,
    },
    /// It takes its credentials from another profile, and there is no such profile.
    #[error(
        "the profile `{name}` takes its credentials from the profile `{source_profile}` (source_profile), which is not in {files}",
        files = searched()
    )]
    NoSource {
        /// The profile.
        name: String,
        /// The one that it names.
        source_profile: String,
    },
    /// The files cannot be read.
    #[error("the AWS configuration cannot be read: {0}")]
    Unreadable(String),
}

impl From<ProfileFileLoadError> for ProfileError {
    fn from(error: ProfileFileLoadError) -> Self {
        Self::Unreadable(super::reason::reason(&error))
    }
}

/// The files that profiles are looked for in.
fn searched() -> String {
    let file = |variable: &str, usual: &str| {
        let named = std::env::var_os(variable).filter(|path| !path.is_empty());
        let path = named.map_or_else(|| PathBuf::from(usual), PathBuf::from);
        path.display().to_string()
    };
    format!(
        "{} or {}",
        file("AWS_CONFIG_FILE", "~/.aws/config"),
        file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    )
}

/// A profile, and all others of the AWS configuration.
#[derive(Debug)]
pub(crate) struct Profile {
    name: String,
    /// By `--profile`.
    asked_for: bool,
    all: ProfileSet,
}

impl Profile {
    /// The profile that `--profile` names, else `AWS_DEFAULT_PROFILE` or `AWS_PROFILE`, in the AWS
    /// CLI's order; else the default one, which need not be there.
    ///
    /// # Errors
    /// [`ProfileError`] where a profile is named, and is not there or cannot be read.
    pub(crate) async fn select(flag: Option<&str>) -> Result<Self, ProfileError> {
        let of_environment = || {
            let variables = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];
            let mut values = variables.iter().filter_map(|name| std::env::var(name).ok());
            values.find(|name| !name.is_empty())
        };
        let named = flag.map(str::to_owned).or_else(of_environment);
        let name = named.clone().unwrap_or_else(|| DEFAULT.to_owned());
        let (files, override_name) = (EnvConfigFiles::default(), Cow::Owned(name.clone()));
        let (fs, environment) = (Fs::real(), Env::real());
        let loaded =
            aws_config::profile::load(&fs, &environment, &files, Some(override_name)).await;
        let all = match (loaded, &named) {
            (Ok(all), _) => all,
            (Err(error), Some(_)) => return Err(error.into()),
            // There may be keys in the environment.
            (Err(_), None) => ProfileSet::default(),
        };
        if named.is_some() && all.get_profile(&name).is_none() {
            return Err(ProfileError::NotFound { name });
        }
        let profile = Self {
            name,
            asked_for: flag.is_some(),
            all,
        };
        match profile.missing_source() {
            // The keys of the environment come before any other profile.
            Some(missing) if profile.asked_for => Err(missing),
            _ => Ok(profile),
        }
    }

    /// The profile's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether `--profile` names it, so that it comes before keys in the environment.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.asked_for
    }

    /// Whether it is there.
    pub(super) fn is_there(&self) -> bool {
        self.all.get_profile(&self.name).is_some()
    }

    /// The profiles that lead to the credentials, this one first: each next one is the
    /// `source_profile` of the one before, whose role is assumed. Keys end the way, but in the first.
    fn chain(&self) -> Vec<&str> {
        let mut chain = Vec::new();
        let mut next = Some(self.name.as_str());
        while let Some(name) = next {
            if chain.contains(&name) || chain.len() >= MAX_HOPS {
                break;
            }
            let is_first = chain.is_empty();
            chain.push(name);
            let profile = self.all.get_profile(name);
            let on = profile.filter(|profile| {
                let has_keys = profile.get("aws_access_key_id").is_some();
                profile.get("role_arn").is_some() && (is_first || !has_keys)
            });
            next = on.and_then(|profile| profile.get("source_profile"));
        }
        chain
    }

    /// The first profile on the way to the credentials that has one of these settings, and its value.
    pub(super) fn first_with(&self, settings: &[&str]) -> Option<(&str, &str)> {
        self.chain().into_iter().find_map(|name| {
            let profile = self.all.get_profile(name)?;
            let value = settings.iter().find_map(|setting| profile.get(setting))?;
            Some((name, value))
        })
    }

    /// A profile on the way to the credentials that is not there.
    pub(super) fn missing_source(&self) -> Option<ProfileError> {
        let chain = self.chain();
        let pairs = chain.iter().zip(chain.iter().skip(1));
        let mut missing = pairs.filter(|(_, next)| self.all.get_profile(next).is_none());
        missing.next().map(|(name, next)| ProfileError::NoSource {
            name: (*name).to_owned(),
            source_profile: (*next).to_owned(),
        })
    }
}
