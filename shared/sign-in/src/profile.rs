//! The selected profile of the AWS configuration.

use aws_config::profile::{ProfileFileLoadError, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};
use std::borrow::Cow;
use std::path::PathBuf;

/// The profile that is used if none is named.
const DEFAULT: &str = "default";

/// The maximum number of profiles that lead from one to the credentials of another.
const MAX_HOPS: usize = 16;

/// The reason why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No file has a profile of this name.
    #[error(
        "there is no profile `{name}` in {files}: `aws configure list-profiles` lists the existing ones",
        files = searched()
    )]
    NotFound {
        /// Its name.
        name: String,
    },
    /// The profile takes its credentials from another profile, and that profile does not exist.
    #[error(
        "the profile `{name}` takes its credentials from the profile `{source_profile}` (source_profile), which is not in {files}",
        files = searched()
    )]
    NoSource {
        /// The profile.
        name: String,
        /// The profile that it names.
        source_profile: String,
    },
    /// The files cannot be read.
    #[error("the AWS configuration files cannot be read: {0}")]
    Unreadable(String),
}

impl From<ProfileFileLoadError> for ProfileError {
    fn from(error: ProfileFileLoadError) -> Self {
        Self::Unreadable(super::reason::reason(&error))
    }
}

/// Returns the files that are searched for profiles.
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

/// A profile, and all other profiles of the AWS configuration.
#[derive(Debug)]
pub struct Profile {
    name: String,
    /// Whether `--profile` names it.
    asked_for: bool,
    all: ProfileSet,
}

impl Profile {
    /// Returns the profile that `--profile` names, otherwise that of `AWS_DEFAULT_PROFILE` or
    /// `AWS_PROFILE`, in the AWS CLI's order, otherwise the default one, which need not exist.
    ///
    /// # Errors
    /// [`ProfileError`], if a profile is named and does not exist or cannot be read.
    pub async fn select(flag: Option<&str>) -> Result<Self, ProfileError> {
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
            // The environment may contain keys.
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
            // Keys in the environment take precedence over a profile that `--profile` does not
            // name.
            Some(missing) if profile.asked_for => Err(missing),
            _ => Ok(profile),
        }
    }

    /// The profile's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether `--profile` names it, which gives it precedence over keys in the
    /// environment.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.asked_for
    }

    /// Returns whether the profile exists.
    pub(super) fn is_there(&self) -> bool {
        self.all.get_profile(&self.name).is_some()
    }

    /// Returns the profiles that lead to the credentials, starting with this one. Each next profile
    /// is the `source_profile` of the one before, whose role is assumed. A profile with keys ends
    /// the chain, except the first one.
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

    /// Returns the first profile of the chain that has one of these settings, and the setting's
    /// value.
    pub(super) fn first_with(&self, settings: &[&str]) -> Option<(&str, &str)> {
        self.chain().into_iter().find_map(|name| {
            let profile = self.all.get_profile(name)?;
            let value = settings.iter().find_map(|setting| profile.get(setting))?;
            Some((name, value))
        })
    }

    /// Returns the error for a profile of the chain that does not exist.
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
