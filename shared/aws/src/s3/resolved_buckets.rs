//! The buckets for which the SDK resolved everything, and requests for their objects.

use super::resolved::{NoAnswer, ObjectAnswer, ResolvedBucket};
use crate::limited::RequestPlaces;
use aws_sdk_s3::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::sleep;

/// The maximum number of buckets that are kept.
const MAX_BUCKETS: usize = 1_000;

/// How many refusals in a row leave all further requests for a bucket to the SDK.
const REFUSALS: u32 = 3;

/// A bucket, and whether requests may rest on what the SDK resolved for it.
#[derive(Debug)]
struct KnownBucket {
    resolved: ResolvedBucket,
    /// How often S3 refused a request since the last answer.
    refusals: AtomicU32,
}

/// The buckets for which the SDK resolved everything.
#[derive(Debug, Clone, Default)]
pub(super) struct ResolvedBuckets(Arc<Mutex<HashMap<String, Arc<KnownBucket>>>>);

impl ResolvedBuckets {
    /// Requests an object with what the SDK resolved before. There are fewer `places` if S3 throttles
    /// the request. Returns `None` if the SDK has to make the request.
    pub(super) async fn request(
        &self,
        input: GetObjectInput,
        places: Option<&RequestPlaces>,
    ) -> Option<ObjectAnswer> {
        let bucket = self.get(input.bucket()?)?;
        // The SDK refuses it.
        if input.key()?.trim().is_empty() {
            return None;
        }
        match bucket.resolved.get(input).await {
            Ok(answer) => {
                bucket.refusals.store(0, Ordering::Relaxed);
                return Some(answer);
            }
            Err(NoAnswer::Throttled) => {
                if let Some(places) = places {
                    places.throttled();
                }
                // A random part, as in the SDK:
                // <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
                sleep(bucket.resolved.first_wait.mul_f64(fastrand::f64())).await;
            }
            Err(NoAnswer::Refused) => {
                bucket.refusals.fetch_add(1, Ordering::Relaxed);
            }
            Err(NoAnswer::Other) => {}
        }
        None
    }

    /// Returns a bucket, if requests may rest on what the SDK resolved for it.
    fn get(&self, bucket: &str) -> Option<Arc<KnownBucket>> {
        let bucket = self.known().get(bucket).map(Arc::clone)?;
        (bucket.refusals.load(Ordering::Relaxed) < REFUSALS).then_some(bucket)
    }

    /// Returns whether the results for a bucket would be kept.
    fn wants(&self, bucket: &str) -> bool {
        let known = self.known();
        known.len() < MAX_BUCKETS && !known.contains_key(bucket)
    }

    fn keep(&self, bucket: &str, resolved: &Arc<KnownBucket>) {
        let mut known = self.known();
        if known.len() < MAX_BUCKETS && !known.contains_key(bucket) {
            known.insert(bucket.to_owned(), Arc::clone(resolved));
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<KnownBucket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request for an object of a bucket whose results are to be kept.
#[derive(Debug)]
struct FirstRequest {
    bucket: String,
    /// What it is sent with.
    resolved: Option<Arc<KnownBucket>>,
}

impl Storable for FirstRequest {
    type Storer = StoreReplace<Self>;
}

/// Keeps what the SDK resolves for a request, if S3 answers with the object.
#[derive(Debug)]
pub(super) struct KeepResolved(pub(super) ResolvedBuckets);

impl Intercept for KeepResolved {
    fn name(&self) -> &'static str {
        "KeepResolved"
    }

    fn read_before_serialization(
        &self,
        request: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = request.input().downcast_ref::<GetObjectInput>();
        if let Some(bucket) = input.and_then(GetObjectInput::bucket)
            && self.0.wants(bucket)
        {
            config.interceptor_state().store_put(FirstRequest {
                bucket: bucket.to_owned(),
                resolved: None,
            });
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        request: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if config.load::<FirstRequest>().is_some() {
            let resolved = ResolvedBucket::of(request, components, config);
            let resolved = resolved.map(|resolved| {
                Arc::new(KnownBucket {
                    resolved,
                    refusals: AtomicU32::new(0),
                })
            });
            if let Some(first) = config.get_mut_from_interceptor_state::<FirstRequest>() {
                first.resolved = resolved;
            }
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        answer: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = answer.response().map(|answer| answer.status().as_u16());
        if status == Some(200)
            && let Some(first) = config.load::<FirstRequest>()
            && let Some(resolved) = &first.resolved
        {
            self.0.keep(&first.bucket, resolved);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
