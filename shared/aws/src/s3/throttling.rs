//! Requests that S3 throttles: fewer are made at a time, and each is tried again.

use crate::limited::RequestPlaces;
use aws_sdk_s3::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use std::sync::Arc;

/// Looks at each answer, also those after which the SDK tries again.
#[derive(Debug)]
pub(super) struct Throttling(pub(super) Arc<RequestPlaces>);

impl Intercept for Throttling {
    fn name(&self) -> &'static str {
        "Throttling"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_throttled = match context.response() {
            Some(response) => matches!(response.status().as_u16(), 429 | 503),
            // Nothing arrived: the connection, or the answer, took too long or broke.
            None => match context.output_or_error() {
                Some(Err(error)) => {
                    let of_connection = error.as_connector_error();
                    error.is_timeout_error()
                        || of_connection.is_some_and(|e| e.is_timeout() || e.is_io())
                }
                _ => false,
            },
        };
        if is_throttled {
            self.0.throttled();
        }
        Ok(())
    }
}

/// Returns a quota of retries that never runs out.
///
/// The SDK's quota of 500 tokens ends the retries of *all* requests if a hundred of them are throttled
/// at once, which is one round trip of a fast start:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>. It protects a service
/// from clients that go on as before. Here, fewer requests are made at a time instead, and each is
/// tried a limited number of times.
pub(super) fn unlimited_retries() -> RetryPartition {
    RetryPartition::custom("trailseal")
        .token_bucket(TokenBucket::unlimited())
        .build()
}
