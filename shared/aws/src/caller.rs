//! The identity of the caller.

use super::error::store_error;
use aws_config::SdkConfig;
use trailseal::world::{Cause, StoreError};

/// Returns the ARN of the identity whose credentials sign requests. "No permissions are required to
/// perform this operation"
/// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
///
/// # Errors
/// [`StoreError`].
pub async fn caller(config: &SdkConfig) -> Result<String, StoreError> {
    let answer = aws_sdk_sts::Client::new(config)
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| store_error("find out", "the identity of the credentials", &error))?;
    answer.arn.ok_or_else(|| StoreError {
        action: "find out",
        subject: "the identity of the credentials".to_owned(),
        cause: Cause::Failed("the answer of STS has no ARN".to_owned()),
    })
}
