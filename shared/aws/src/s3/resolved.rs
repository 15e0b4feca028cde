//! Reads of objects in a bucket for which the SDK resolved everything before.
//!
//! For each request, the SDK resolves the endpoint, the signing scheme and the connection again, and
//! calls its interceptors at twenty points. That costs more than the request itself, and for all objects
//! of a bucket the results are the same. A first request goes the SDK's way, and its results are kept.
//! Later requests only do what differs, with the same parts of the SDK: its serializer, credentials,
//! signer, connections, checksums and deserializer.
//!
//! Only a plain success ends here. After any other answer, the SDK makes the request once more: it
//! knows what can be tried again, and what an answer means.

use super::checksum;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{
    ConfigBag, FrozenLayer, HttpClient as _, Intercept, Layer, ResolveCachedIdentity as _,
    ResponseChecksumValidation, RuntimeComponents, RuntimePlugin as _,
};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::get_object::{GetObject, GetObjectInput, GetObjectOutput};
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_runtime_api::client::auth::{AuthSchemeEndpointConfig, Sign as _};
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::runtime_components::GetIdentityResolver as _;
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse as _, SerializeRequest as _, SharedRequestSerializer,
    SharedResponseDeserializer,
};
use aws_smithy_types::endpoint::Endpoint;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The maximum number of buckets whose results are kept.
const MAX_BUCKETS: usize = 1_000;

/// The headers that are the same in each request.
const SAME_HEADERS: [&str; 2] = ["user-agent", "x-amz-user-agent"];

/// Why an object was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotRead {
    /// S3 throttles requests, or nothing arrived in time.
    Throttled,
    /// S3 refuses the request. It may be signed with a wrong time, or for another Region.
    Refused,
    /// Something else.
    Other,
}

/// What the SDK resolved for the objects of a bucket.
#[derive(Debug)]
pub(super) struct ResolvedBucket {
    components: RuntimeComponents,
    identities: SharedIdentityResolver,
    connector: SharedHttpConnector,
    /// What is the same for each request for an object: its serializer, deserializer, kind of
    /// signature.
    operation: FrozenLayer,
    endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
    /// The Region and the service that requests are signed for.
    signed_for: FrozenLayer,
    are_checksums_compared: bool,
}

impl ResolvedBucket {
    /// Returns what the SDK resolved for a request that it is about to send. Returns `None` if
    /// the request is signed in another way than Signature Version 4, as requests to directory buckets
    /// are.
    fn of(
        request: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        resolved: &ConfigBag,
    ) -> Option<Self> {
        let endpoint = resolved.load::<Endpoint>()?;
        let scheme = endpoint.auth_schemes().first()?;
        if scheme.name() != SCHEME_ID.inner() || endpoint.headers().next().is_some() {
            return None;
        }
        let mut signed_for = Layer::new("signed for");
        signed_for.store_or_unset(resolved.load::<SigningRegion>().cloned());
        signed_for.store_or_unset(resolved.load::<SigningName>().cloned());
        let timeouts = resolved.load::<TimeoutConfig>()?;
        let mut settings = HttpConnectorSettings::builder();
        settings.set_connect_timeout(timeouts.connect_timeout());
        settings.set_read_timeout(timeouts.read_timeout());
        let client = components.http_client()?;
        let sent = request.request().headers();
        let headers = SAME_HEADERS.into_iter();
        Some(Self {
            identities: components.identity_resolver(SCHEME_ID)?,
            connector: client.http_connector(&settings.build(), components),
            components: components.clone(),
            operation: GetObject::new().config()?,
            endpoint: endpoint.clone(),
            headers: headers
                .filter_map(|name| Some((name, sent.get(name)?.to_owned())))
                .collect(),
            signed_for: signed_for.freeze(),
            are_checksums_compared: !matches!(
                resolved.load::<ResponseChecksumValidation>(),
                Some(ResponseChecksumValidation::WhenRequired)
            ),
        })
    }

    /// Reads an object.
    pub(super) async fn read(&self, mut input: GetObjectInput) -> Result<GetObjectOutput, NotRead> {
        if self.are_checksums_compared {
            input.checksum_mode = Some(ChecksumMode::Enabled);
        }
        let mut config = ConfigBag::base();
        config.push_shared_layer(self.operation.clone());
        config.push_shared_layer(self.signed_for.clone());
        let mut answer = self.send(input, &mut config).await?;
        match answer.status().as_u16() {
            200 => {}
            429 | 503 => return Err(NotRead::Throttled),
            404 | 500.. => return Err(NotRead::Other),
            _ => return Err(NotRead::Refused),
        }
        if self.are_checksums_compared {
            checksum::compare(&mut answer);
        }
        let deserializer = config.load::<SharedResponseDeserializer>();
        deserializer
            .and_then(|it| it.deserialize_streaming_with_config(&mut answer, &config))
            .and_then(Result::ok)
            .ok_or(NotRead::Other)?
            .downcast()
            .map_err(|_| NotRead::Other)
    }

    async fn send(
        &self,
        input: GetObjectInput,
        config: &mut ConfigBag,
    ) -> Result<HttpResponse, NotRead> {
        let serializer = config.load::<SharedRequestSerializer>().cloned();
        let serializer = serializer.ok_or(NotRead::Other)?;
        let mut request = serializer
            .serialize_input(Input::erase(input), config)
            .map_err(|_| NotRead::Other)?;
        let endpoint = request.uri_mut().set_endpoint(self.endpoint.url());
        endpoint.map_err(|_| NotRead::Other)?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let identities = self.components.identity_cache();
        let identity = identities
            .resolve_cached_identity(self.identities.clone(), &self.components, config)
            .await
            .map_err(|_| NotRead::Other)?;
        let scheme = self.endpoint.auth_schemes().first().ok_or(NotRead::Other)?;
        let scheme = AuthSchemeEndpointConfig::from_typed(scheme);
        SigV4Signer::new()
            .sign_http_request(&mut request, &identity, scheme, &self.components, config)
            .map_err(|_| NotRead::Other)?;
        let answer = self.connector.call(request).await;
        answer.map_err(|error| {
            if error.is_timeout() || error.is_io() {
                NotRead::Throttled
            } else {
                NotRead::Other
            }
        })
    }
}

/// What is known about a bucket.
#[derive(Debug)]
enum Known {
    Resolved(Arc<ResolvedBucket>),
    /// S3 refused a request. The SDK makes all others.
    Refused,
}

/// What the SDK resolved for the objects of each bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct ResolvedBuckets(Arc<Mutex<HashMap<String, Known>>>);

impl ResolvedBuckets {
    /// Returns what the SDK resolved for a bucket, if its requests may rest on it.
    pub(super) fn get(&self, bucket: &str) -> Option<Arc<ResolvedBucket>> {
        match self.known().get(bucket)? {
            Known::Resolved(bucket) => Some(Arc::clone(bucket)),
            Known::Refused => None,
        }
    }

    /// Leaves all further requests for a bucket to the SDK.
    pub(super) fn refused(&self, bucket: &str) {
        self.known().insert(bucket.to_owned(), Known::Refused);
    }

    /// Returns an interceptor that keeps what the SDK resolves for a request.
    pub(super) fn keep(&self, bucket: &str) -> KeepResolved {
        KeepResolved {
            buckets: self.clone(),
            bucket: bucket.to_owned(),
            sent: Mutex::default(),
        }
    }

    fn set(&self, bucket: &str, resolved: ResolvedBucket) {
        let mut known = self.known();
        let has_room = known.len() < MAX_BUCKETS;
        match known.get_mut(bucket) {
            Some(Known::Refused) => {}
            Some(known) => *known = Known::Resolved(Arc::new(resolved)),
            None if has_room => {
                known.insert(bucket.to_owned(), Known::Resolved(Arc::new(resolved)));
            }
            None => {}
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what the SDK resolves for a request, if S3 answers with the object.
#[derive(Debug)]
pub(super) struct KeepResolved {
    buckets: ResolvedBuckets,
    bucket: String,
    /// What the request was sent with.
    sent: Mutex<Option<ResolvedBucket>>,
}

impl KeepResolved {
    fn sent(&self) -> MutexGuard<'_, Option<ResolvedBucket>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for KeepResolved {
    fn name(&self) -> &'static str {
        "KeepResolved"
    }

    fn read_before_transmit(
        &self,
        request: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        resolved: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.sent() = ResolvedBucket::of(request, components, resolved);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        answer: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = answer.response().map(|answer| answer.status().as_u16());
        if let Some(resolved) = self.sent().take()
            && status == Some(200)
        {
            self.buckets.set(&self.bucket, resolved);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
