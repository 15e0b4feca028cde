//! The identity that sends requests to AWS: the profile, its Region and endpoint, and credentials
//! that work.
//!
//! Each setting comes from where the AWS CLI takes it, with the same precedence: `--profile` before
//! keys in the environment, and those before `AWS_PROFILE`.
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-chap-authentication.html#cli-chap-authentication-precedence>

mod failure;
mod first;
mod profile;
mod reason;

pub use profile::{Profile, ProfileError};

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use first::FirstLoaded;
use std::time::Duration;

/// The Region for bucket locations and roles, if none is configured.
const ANY_REGION: &str = "us-east-1";

/// The time that loading credentials again may take during a run. A `credential_process` may ask
/// somebody.
const LOAD_TIMEOUT: Duration = Duration::from_mins(2);

/// The limits on waiting for a service, and the number of attempts.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The number of attempts for a request.
    pub attempts: u32,
    /// The longest pause after the first attempt. It doubles with each further one.
    pub pause: Duration,
    /// The time limit for a connection. A connection that takes longer is better made again.
    pub connect: Duration,
    /// The time limit for the first byte of a response.
    pub read: Duration,
}

/// The limits for commands that make many requests: no queue tries again later.
const PATIENT: Patience = Patience {
    attempts: 8,
    // Fewer requests are made at a time after one is throttled: it may be tried again soon.
    pause: Duration::from_millis(200),
    connect: Duration::from_secs(3),
    read: Duration::from_secs(10),
};

/// The configuration of every client, and whether requests to AWS can be made with it.
#[derive(Debug)]
pub struct Access {
    /// The configuration.
    pub config: SdkConfig,
    /// The reason why it has no credentials, in one line that says what to do.
    pub refused: Option<String>,
}

/// The reason why nobody is signed in, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// There are no credentials.
    #[error("{0}")]
    Refused(String),
}

/// Returns the configuration for a command, with credentials, in `region` or in the configured one.
///
/// # Errors
/// [`SignInError`] if the profile does not exist or there are no credentials.
pub async fn signed_in_to(
    profile: Option<&str>,
    region: Option<Region>,
) -> Result<SdkConfig, SignInError> {
    let profile = Profile::select(profile).await?;
    let access = access(&profile, region, PATIENT).await;
    match access.refused {
        None => Ok(access.config),
        Some(refused) => Err(SignInError::Refused(refused)),
    }
}

/// Returns the same in the configured Region.
///
/// # Errors
/// As for [`signed_in_to`].
pub async fn signed_in(profile: Option<&str>) -> Result<SdkConfig, SignInError> {
    signed_in_to(profile, None).await
}

/// Returns the configuration of a profile in `region`, or in the configured one, and its
/// credentials.
pub async fn access(profile: &Profile, region: Option<Region>, patience: Patience) -> Access {
    let region = match region {
        Some(region) => region,
        None => configured_region(profile).await,
    };
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .profile_name(profile.name())
        .region(region.clone())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(patience.attempts)
                .with_initial_backoff(patience.pause),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(patience.connect)
                .read_timeout(patience.read)
                .build(),
        )
        .identity_cache(IdentityCache::lazy().load_timeout(LOAD_TIMEOUT).build());
    if profile.is_asked_for() {
        loader = loader.credentials_provider(of_profile(profile, region));
    }
    let config = loader.load().await;
    let Some(provider) = config.credentials_provider() else {
        return Access {
            config,
            refused: Some(failure::NONE.to_owned()),
        };
    };
    // Loads the credentials here, not with the first request: a failure is reported once and with
    // its real cause.
    match provider.provide_credentials().await {
        Ok(credentials) => {
            let first = FirstLoaded::new(credentials, provider);
            let config = config
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(first))
                .build();
            Access {
                config,
                refused: None,
            }
        }
        Err(error) => Access {
            config,
            refused: Some(failure::explain(profile, &error)),
        },
    }
}

/// Returns the Region of the environment or the profile. Without one, any Region works, because
/// buckets report theirs.
async fn configured_region(profile: &Profile) -> Region {
    let chain = DefaultRegionChain::builder().profile_name(profile.name());
    let region = chain.build().region().await;
    region.unwrap_or_else(|| Region::from_static(ANY_REGION))
}

/// Returns the credentials of a profile that is requested by name, regardless of keys in the
/// environment. A profile without credentials, for example with only a Region, uses those of the
/// container or instance that the command runs on.
fn of_profile(profile: &Profile, region: Region) -> CredentialsProviderChain {
    let config = ProviderConfig::without_region()
        .with_region(Some(region))
        .with_behavior_version(Some(BehaviorVersion::latest()));
    let of_file = ProfileFileCredentialsProvider::builder()
        .configure(&config)
        .profile_name(profile.name())
        .build();
    let of_container = EcsCredentialsProvider::builder().configure(&config).build();
    let of_instance = ImdsCredentialsProvider::builder()
        .configure(&config)
        .build();
    CredentialsProviderChain::first_try("Profile", of_file)
        .or_else("EcsContainer", of_container)
        .or_else("Ec2InstanceMetadata", of_instance)
}
