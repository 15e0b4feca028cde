//! Reads of objects in a bucket for which the SDK resolved everything before.
//!
//! For each request, the SDK resolves the endpoint, the signing scheme and the connection again, and
//! calls its interceptors at twenty points. That costs as much as the request itself, and for all objects
//! of a bucket the results are the same. A first request goes the SDK's way, and its results are kept.
//! Later requests use them with the same serializer, credentials, signer and connections.
//!
//! Only an answer with the object, or that it does not exist, ends here. After any other answer, the SDK
//! makes the request once more: it knows what can be tried again, and what an answer means. An
//! object may therefore be requested once more than the SDK is allowed to try.
//!
//! These steps of the SDK have something else in their place: `answer` reads the headers that an object
//! needs, `checksum` compares checksums, [`S3Body`](crate::body::S3Body) the length, and it ends if
//! nothing arrives. A connection is kept only if its answer was read to the end. A clock that is wrong
//! by more than S3 accepts leads to refusals, after which the SDK makes all requests. The tests have a
//! list of all steps.

use super::answer::of_answer;
use super::checksum;
use crate::body::STALLED_AFTER;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, FrozenLayer, HttpClient as _, ResolveCachedIdentity as _,
    ResponseChecksumValidation, RuntimeComponents, RuntimePlugin as _, SharedInterceptor,
};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::{GetObject, GetObjectError, GetObjectInput};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
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
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;
use tokio::time::timeout;
use trailseal::world::Object;

/// The headers that are the same in each request.
const SAME_HEADERS: [&str; 2] = ["user-agent", "x-amz-user-agent"];

/// The maximum number of bytes that are read of an answer without the object.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The longest wait before a request that S3 throttled is made again, if the SDK has no other.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The answer to a request for an object.
pub(super) type ObjectAnswer = Result<Object<ByteStream>, SdkError<GetObjectError, HttpResponse>>;

/// Why a request has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// S3 throttles requests, or the connection took too long or broke.
    Throttled,
    /// S3 gave another answer. The request may be signed with a wrong time, or for another Region.
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
    /// What is the same for each request for an object: its serializer, the deserializer of errors
    /// and the kind of signature.
    operation: FrozenLayer,
    endpoint: Endpoint,
    /// The headers that are the same in each request.
    headers: Vec<(&'static str, String)>,
    are_checksums_compared: bool,
    /// The longest wait before a request that S3 throttled is made again.
    pub(super) first_wait: Duration,
}

impl ResolvedBucket {
    /// Returns what the SDK resolved for a request that it is about to send. Returns `None` if
    /// the request is signed in another way than Signature Version 4, as requests to directory buckets
    /// are, and if something is missing.
    pub(super) fn of(
        request: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        resolved: &ConfigBag,
    ) -> Option<Self> {
        let endpoint = resolved.load::<Endpoint>()?;
        let scheme = endpoint.auth_schemes().first()?;
        let is_signed_for = |what| scheme.get(what).is_some();
        let is_plain = scheme.name() == SCHEME_ID.inner()
            && is_signed_for("signingRegion")
            && is_signed_for("signingName")
            && endpoint.headers().next().is_none();
        if !is_plain {
            return None;
        }
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
            // Without interceptors: one of them has all of this.
            components: components
                .to_builder()
                .with_interceptors(std::iter::empty::<SharedInterceptor>())
                .build()
                .ok()?,
            operation: GetObject::new().config()?,
            endpoint: endpoint.clone(),
            headers: headers
                .filter_map(|name| Some((name, sent.get(name)?.to_owned())))
                .collect(),
            are_checksums_compared: !matches!(
                resolved.load::<ResponseChecksumValidation>(),
                Some(ResponseChecksumValidation::WhenRequired)
            ),
            first_wait: resolved
                .load::<RetryConfig>()
                .map_or(FIRST_WAIT, RetryConfig::initial_backoff),
        })
    }

    /// Requests an object.
    pub(super) async fn get(&self, mut input: GetObjectInput) -> Result<ObjectAnswer, NoAnswer> {
        if self.are_checksums_compared {
            input.checksum_mode = Some(ChecksumMode::Enabled);
        }
        let mut config = ConfigBag::base();
        config.push_shared_layer(self.operation.clone());
        let mut answer = self.send(input, &mut config).await?;
        let status = answer.status().as_u16();
        if status == 200 {
            if self.are_checksums_compared {
                checksum::compare(&mut answer);
            }
            return of_answer(&mut answer).map(Ok).ok_or(NoAnswer::Other);
        }
        // A connection whose answer was not read is closed.
        let content = read_error(&mut answer).await.ok_or(NoAnswer::Other)?;
        *answer.body_mut() = SdkBody::from(content);
        match status {
            404 => {
                let error = error(&answer, &config).ok_or(NoAnswer::Other)?;
                Ok(Err(SdkError::service_error(error, answer)))
            }
            429 | 503 => Err(NoAnswer::Throttled),
            500.. => Err(NoAnswer::Other),
            _ => Err(NoAnswer::Refused),
        }
    }

    async fn send(
        &self,
        input: GetObjectInput,
        config: &mut ConfigBag,
    ) -> Result<HttpResponse, NoAnswer> {
        let serializer = config.load::<SharedRequestSerializer>().cloned();
        let serializer = serializer.ok_or(NoAnswer::Other)?;
        let mut request = serializer
            .serialize_input(Input::erase(input), config)
            .map_err(|_| NoAnswer::Other)?;
        let endpoint = request.uri_mut().set_endpoint(self.endpoint.url());
        endpoint.map_err(|_| NoAnswer::Other)?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        let identities = self.components.identity_cache();
        let identity = identities
            .resolve_cached_identity(self.identities.clone(), &self.components, config)
            .await
            .map_err(|_| NoAnswer::Other)?;
        let scheme = self
            .endpoint
            .auth_schemes()
            .first()
            .ok_or(NoAnswer::Other)?;
        let scheme = AuthSchemeEndpointConfig::from_typed(scheme);
        SigV4Signer::new()
            .sign_http_request(&mut request, &identity, scheme, &self.components, config)
            .map_err(|_| NoAnswer::Other)?;
        let answer = self.connector.call(request).await;
        answer.map_err(|error| {
            if error.is_timeout() || error.is_io() {
                NoAnswer::Throttled
            } else {
                NoAnswer::Other
            }
        })
    }
}

/// Returns the error of an answer that was read to its end.
fn error(answer: &HttpResponse, config: &ConfigBag) -> Option<GetObjectError> {
    let deserializer = config.load::<SharedResponseDeserializer>()?;
    let failed = deserializer.deserialize_nonstreaming_with_config(answer, config);
    let mut error = None;
    failed
        .err()?
        .map_operation_error(|found| error = found.downcast().ok());
    error
}

/// Reads an answer without the object to its end. Returns `None` if it is too long, or breaks off.
async fn read_error(answer: &mut HttpResponse) -> Option<Vec<u8>> {
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let mut body = ByteStream::new(body);
    let mut content = Vec::new();
    while let Some(bytes) = timeout(STALLED_AFTER, body.next()).await.ok()? {
        content.extend_from_slice(&bytes.ok()?);
        if content.len() > MAX_ERROR_BYTES {
            return None;
        }
    }
    Some(content)
}
