//! The SDK's configuration of a Lambda function.
//!
//! Lambda passes the credentials of the execution role in variables, and nothing else. A function
//! that asks no other place for credentials, as the SDK's default chain does (profiles, single
//! sign-on, containers, instances), neither contains the code for them nor spends time on it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::EnvConfigValue;
use aws_types::origin::Origin;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use std::time::Duration;

/// A connection that takes longer is better replaced by a new one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The time that a service has for the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How many times a request is tried. After that, the queue tries again later.
const ATTEMPTS: u32 = 3;

/// The endpoint of all services; with a service's name after it, of this service.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// Returns the SDK's configuration from the variables of the environment: credentials, Region
/// (`AWS_REGION`, `AWS_DEFAULT_REGION`), endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` and so
/// on), and whether endpoints with FIPS or dual stack are used (`AWS_USE_FIPS_ENDPOINT`,
/// `AWS_USE_DUALSTACK_ENDPOINT`).
#[must_use]
pub fn sdk_config() -> SdkConfig {
    sdk_config_of(Env::real())
}

fn sdk_config_of(env: Env) -> SdkConfig {
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let region = variable(&env, "AWS_REGION").or_else(|| variable(&env, "AWS_DEFAULT_REGION"));
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::lazy().build())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
    builder.insert_origin("retry_config", Origin::shared_config());
    builder.set_use_fips(switch(&env, "AWS_USE_FIPS_ENDPOINT"));
    builder.set_use_dual_stack(switch(&env, "AWS_USE_DUALSTACK_ENDPOINT"));
    builder.set_endpoint_url(variable(&env, ENDPOINT));
    // The endpoint of a service takes precedence over one that all services share.
    builder.insert_origin("endpoint_url", Origin::shared_environment_variable());
    builder.service_config(Services { env }).build()
}

/// The variables about single services.
#[derive(Debug)]
struct Services {
    env: Env,
}

impl LoadServiceConfig for Services {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let value = EnvConfigValue::new()
            .env(key.env())
            .service_id(key.service_id());
        let (value, _) = value.load(&self.env, None)?;
        Some(value.into_owned())
    }
}

fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

/// Returns `true` or `false`, if the variable is one of them.
fn switch(env: &Env, name: &str) -> Option<bool> {
    variable(env, name)?.to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{ENDPOINT, Env, sdk_config_of};
    use aws_config::SdkConfig;
    use aws_types::service_config::ServiceConfigKey;

    fn config(variables: &[(&str, &str)]) -> SdkConfig {
        sdk_config_of(Env::from_slice(variables))
    }

    /// Returns the endpoint of a service.
    fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env(ENDPOINT)
            .profile("endpoint_url")
            .build()
            .expect("a key");
        assert!(!config.get_origin("endpoint_url").is_client_config());
        config.service_config()?.load_config(key)
    }

    #[test]
    fn the_environment_is_all_that_is_read() {
        let config = config(&[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_USE_FIPS_ENDPOINT", "True"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "false"),
            ("AWS_ENDPOINT_URL", "http://localhost:1"),
            ("AWS_ENDPOINT_URL_S3", "http://localhost:2"),
        ]);
        assert_eq!(config.region().map(AsRef::as_ref), Some("eu-west-1"));
        assert_eq!(config.use_fips(), Some(true));
        assert_eq!(config.use_dual_stack(), Some(false));
        assert_eq!(config.endpoint_url(), Some("http://localhost:1"));
        let of = |service| endpoint(&config, service);
        assert_eq!(of("S3").as_deref(), Some("http://localhost:2"));
        assert_eq!(of("SQS").as_deref(), Some("http://localhost:1"));
    }

    #[test]
    fn what_the_environment_does_not_say_is_left_to_the_sdk() {
        let config = config(&[("AWS_USE_FIPS_ENDPOINT", "perhaps"), ("AWS_REGION", "")]);
        assert_eq!(config.region(), None);
        assert_eq!(config.use_fips(), None);
        assert_eq!(config.endpoint_url(), None);
        assert_eq!(endpoint(&config, "S3"), None);
    }
}
