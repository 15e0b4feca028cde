//! Whether there are credentials, before anything is asked.

use crate::exit::Stop;
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::config::ProvideCredentials as _;

/// The configuration, if it has credentials.
///
/// # Errors
/// [`Stop`], with what to do, when there are none.
pub(crate) async fn signed_in(config: SdkConfig) -> Result<SdkConfig, Stop> {
    let found = match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.is_ok(),
        None => false,
    };
    if found {
        Ok(config)
    } else {
        Err(Stop::cannot_tell(
            "no valid AWS credentials were found: run `aws configure` or `aws sso login`, or set AWS_PROFILE; a directory is verified without AWS with --keys FILE",
        ))
    }
}
