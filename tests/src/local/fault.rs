//! The faults that can occur between a function and AWS, and when they do.

use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::json;

use super::request::{Call, Protocol};

/// The time that a service with a wrong clock shows: no request is signed for it.
pub(super) const SKEWED_DATE: &str = "Thu, 15 Jan 2026 00:30:00 GMT";

/// The ID of a rule, to count its hits and to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleId(pub(super) usize);

/// The calls that a rule is for. Every given condition must hold.
#[derive(Clone, Debug, Default)]
pub struct Match {
    service: Option<String>,
    region: Option<String>,
    method: Option<Method>,
    operation: Option<String>,
    path: Option<String>,
}

impl Match {
    /// Matches every call.
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches calls to one service, as signed: `s3`, `kms`, `sns`, `cloudtrail`, ….
    pub fn service(service: &str) -> Self {
        Self {
            service: Some(service.to_owned()),
            ..Self::default()
        }
    }

    /// Matches calls of one operation of a service: `("s3", "GetObject")`, `("sns", "Publish")`.
    pub fn operation(service: &str, operation: &str) -> Self {
        Self {
            operation: Some(operation.to_owned()),
            ..Self::service(service)
        }
    }

    /// Matches only calls signed for this Region.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Matches only this HTTP method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Matches only calls whose decoded path (`/BUCKET/KEY`) or query contains this.
    #[must_use]
    pub fn path_contains(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Returns whether a call matches.
    pub fn matches(&self, call: &Call) -> bool {
        let same = |wanted: &Option<String>, actual: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == actual)
        };
        same(&self.service, &call.service)
            && same(&self.region, &call.region)
            && same(&self.operation, &call.operation)
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == call.method)
            && self
                .path
                .as_ref()
                .is_none_or(|part| call.path.contains(part) || call.query.contains(part))
    }
}

/// The effect on a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// An error in the format of the called service.
    Error {
        /// HTTP status.
        status: StatusCode,
        /// AWS's error code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// An arbitrary answer.
    Answer {
        /// HTTP status.
        status: StatusCode,
        /// Headers.
        headers: Vec<(String, String)>,
        /// Body.
        body: Bytes,
    },
    /// The call waits, then goes through.
    Stall(Duration),
    /// An error in the format of the called service, from a service whose clock shows another time.
    Skewed {
        /// HTTP status.
        status: StatusCode,
        /// AWS's error code.
        code: String,
        /// The error's message.
        text: String,
    },
    /// The answer's body ends after this many bytes, and the connection with it.
    Cut(usize),
    /// The answer's body ends in its middle, and the connection with it.
    Halve,
    /// The answer's body stops in its middle for this long.
    Pause(Duration),
    /// The answer's `Content-Length` promises this many bytes more than it has.
    Overstate(usize),
    /// The answer's `Content-Length` promises this many bytes fewer than it has.
    Understate(usize),
    /// The connection ends without an answer; AWS does not receive the call.
    Drop,
    /// AWS carries out the call, and the connection ends without an answer.
    LoseAnswer,
}

impl Fault {
    /// Returns any error in the format of the service.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::Error {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// S3 asks for fewer requests.
    pub fn slow_down() -> Self {
        Self::error(503, "SlowDown", "Please reduce your request rate.")
    }

    /// The service has an internal error.
    pub fn internal_error() -> Self {
        Self::error(
            500,
            "InternalError",
            "We encountered an internal error. Please try again.",
        )
    }

    /// S3 denies access.
    pub fn access_denied() -> Self {
        Self::error(403, "AccessDenied", "Access Denied")
    }

    /// S3 denies access because KMS does.
    pub fn kms_access_denied(key_arn: &str) -> Self {
        Self::error(
            403,
            "AccessDenied",
            &format!(
                "User: arn:aws:sts::111122223333:assumed-role/reader/session is not authorized to \
                 perform: kms:Decrypt on resource: {key_arn} because no identity-based policy \
                 allows the kms:Decrypt action"
            ),
        )
    }

    /// The object is in Glacier.
    pub fn archived() -> Self {
        Self::error(
            403,
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
        )
    }

    /// Returns S3's answer to `HeadObject` for an object of another age than the stored one.
    pub fn headers(headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self::Answer {
            status: StatusCode::OK,
            headers: headers.iter().map(owned).collect(),
            body: Bytes::new(),
        }
    }

    /// A JSON or query service asks for fewer requests.
    pub fn throttling() -> Self {
        Self::error(400, "ThrottlingException", "Rate exceeded")
    }

    /// A service refuses a request because its clock and the caller's differ.
    pub fn skewed(service: &str) -> Self {
        let expired = "Signature expired: 20260115T001500Z is now earlier than 20260115T003000Z";
        let (status, code, text) = match service {
            "s3" => (
                StatusCode::FORBIDDEN,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            "sns" => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch", expired),
            _ => (
                StatusCode::BAD_REQUEST,
                "InvalidSignatureException",
                expired,
            ),
        };
        Self::Skewed {
            status,
            code: code.to_owned(),
            text: text.to_owned(),
        }
    }

    /// A service asks for fewer requests, in its own words.
    pub fn throttling_of(service: &str) -> Self {
        match service {
            "s3" => Self::slow_down(),
            "kms" => Self::kms_throttling_of(service),
            "sns" => Self::error(429, "Throttled", "Rate exceeded"),
            "sqs" => Self::error(400, "RequestThrottled", "Request is throttled."),
            _ => Self::throttling(),
        }
    }

    /// A service passes on that KMS asks for fewer requests.
    pub fn kms_throttling_of(service: &str) -> Self {
        let code = match service {
            "s3" => "KMS.ThrottlingException",
            "sns" => "KMSThrottling",
            "sqs" => "KmsThrottled",
            _ => "ThrottlingException",
        };
        let text = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
        Self::error(400, code, text)
    }

    /// A JSON service denies access.
    pub fn access_denied_exception() -> Self {
        Self::error(
            400,
            "AccessDeniedException",
            "User is not authorized to perform this operation",
        )
    }

    /// SNS denies access.
    pub fn authorization_error() -> Self {
        Self::error(
            403,
            "AuthorizationError",
            "User is not authorized to perform: SNS:Publish on this resource",
        )
    }
}

/// A fault, and the calls that it affects.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(super) calls: Match,
    pub(super) fault: Fault,
    pub(super) times: Option<usize>,
    pub(super) after: usize,
}

impl Rule {
    /// Returns a rule that affects every matching call until it is removed.
    pub fn new(calls: Match, fault: Fault) -> Self {
        Self {
            calls,
            fault,
            times: None,
            after: 0,
        }
    }

    /// Limits the fault to this many calls.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets this many matching calls through first.
    #[must_use]
    pub fn after(mut self, calls: usize) -> Self {
        self.after = calls;
        self
    }
}

/// Returns an error in the format of the called service: content type, headers and body.
pub(super) fn error_answer(
    call: &Call,
    code: &str,
    message: &str,
) -> (Vec<(String, String)>, Bytes) {
    let id = "4442587FB7D0A2F9";
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    match call.protocol {
        Protocol::S3 => {
            let extra = if code == "InvalidObjectState" {
                "<StorageClass>DEEP_ARCHIVE</StorageClass>"
            } else {
                ""
            };
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}\
                 </Message>{extra}<RequestId>{id}</RequestId><HostId>local</HostId></Error>",
                escape(message)
            );
            let headers = vec![
                header("content-type", "application/xml"),
                header("x-amz-request-id", id),
            ];
            (headers, body.into())
        }
        Protocol::Query => {
            let body = format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message>\
                 </Error><RequestId>{id}</RequestId></ErrorResponse>",
                escape(message)
            );
            (vec![header("content-type", "text/xml")], body.into())
        }
        Protocol::Json | Protocol::RestJson => {
            let body = json!({"__type": code, "message": message}).to_string();
            let headers = vec![
                header("content-type", "application/x-amz-json-1.1"),
                header("x-amzn-errortype", code),
                header("x-amzn-requestid", id),
            ];
            (headers, body.into())
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
