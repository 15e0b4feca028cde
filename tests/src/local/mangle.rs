//! Answers whose body does not arrive as the service sent it.

use std::time::Duration;

use anyhow::{Error, Result};
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, HeaderValue};

use super::http::{self, Body, BoxError};

/// The time in which the first bytes of an answer can reach the caller.
const FLUSH: Duration = Duration::from_millis(50);

/// A part of an answer's body.
enum Part {
    Bytes(Bytes),
    Wait(Duration),
    /// The connection ends.
    End,
}

/// Returns the same response, with a body that breaks off after `length` bytes. Its
/// `Content-Length` still promises all of them.
pub(super) async fn cut(response: Response<Body>, length: usize) -> Result<Response<Body>> {
    let (response, whole) = whole(response).await?;
    let kept = whole.slice(..length.min(whole.len()));
    let parts = [Part::Bytes(kept), Part::Wait(FLUSH), Part::End];
    Ok(response.map(|()| body(parts)))
}

/// Returns the same response, with a body that breaks off in its middle.
pub(super) async fn halve(response: Response<Body>) -> Result<Response<Body>> {
    let (response, whole) = whole(response).await?;
    let kept = whole.slice(..whole.len() / 2);
    let parts = [Part::Bytes(kept), Part::Wait(FLUSH), Part::End];
    Ok(response.map(|()| body(parts)))
}

/// Returns the same response, with a body that pauses in its middle.
pub(super) async fn pause(response: Response<Body>, delay: Duration) -> Result<Response<Body>> {
    let (response, mut whole) = whole(response).await?;
    let rest = whole.split_off(whole.len() / 2);
    let parts = [Part::Bytes(whole), Part::Wait(delay), Part::Bytes(rest)];
    Ok(response.map(|()| body(parts)))
}

/// Returns the same response, whose `Content-Length` promises `more` bytes than there are. The
/// connection ends after the body.
pub(super) async fn overstate(response: Response<Body>, more: usize) -> Result<Response<Body>> {
    let (mut response, whole) = whole(response).await?;
    let length = HeaderValue::from(whole.len() + more);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    let parts = [Part::Bytes(whole), Part::Wait(FLUSH), Part::End];
    Ok(response.map(|()| body(parts)))
}

/// Returns the same response, whose `Content-Length` promises `fewer` bytes than there are: the
/// caller cannot see the others.
pub(super) async fn understate(response: Response<Body>, fewer: usize) -> Result<Response<Body>> {
    let (mut response, whole) = whole(response).await?;
    let kept = whole.slice(..whole.len().saturating_sub(fewer));
    let length = HeaderValue::from(kept.len());
    response.headers_mut().insert(CONTENT_LENGTH, length);
    Ok(response.map(|()| http::full(kept)))
}

async fn whole(response: Response<Body>) -> Result<(Response<()>, Bytes)> {
    let (parts, body) = response.into_parts();
    let whole = body.collect().await.map_err(Error::from_boxed)?.to_bytes();
    Ok((Response::from_parts(parts, ()), whole))
}

fn body(parts: [Part; 3]) -> Body {
    let parts = stream::unfold(parts.into_iter(), |mut left| async move {
        loop {
            match left.next()? {
                Part::Bytes(bytes) if bytes.is_empty() => {}
                Part::Bytes(bytes) => return Some((Ok(Frame::data(bytes)), left)),
                Part::Wait(delay) => tokio::time::sleep(delay).await,
                Part::End => return Some((Err(BoxError::from("ended by a rule")), left)),
            }
        }
    });
    BodyExt::boxed_unsync(StreamBody::new(Box::pin(parts)))
}
