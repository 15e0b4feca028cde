//! The plain HTTP client that the proxy and the emulator share.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Any error that a body may end with.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A body of any origin.
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;
/// A client that opens a new connection for each request, because both servers close theirs.
pub(super) type HttpClient = Client<HttpConnector, Body>;

pub(super) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http()
}

/// A body that is already in memory.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Boxes an error.
pub(super) fn boxed_error(error: hyper::Error) -> BoxError {
    Box::new(error)
}

/// Posts `body` and reads the complete answer, within a limited time.
pub(super) async fn post(
    client: &HttpClient,
    uri: &str,
    body: impl Into<Bytes>,
    within: Duration,
) -> Result<(StatusCode, Bytes)> {
    let request = Request::post(uri)
        .header("content-type", "application/json")
        .body(full(body))?;
    let exchange = async {
        let response = client.request(request).await.context("no answer")?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        anyhow::Ok((status, body))
    };
    tokio::time::timeout(within, exchange)
        .await
        .with_context(|| format!("no answer from {uri} within {within:?}"))?
}
