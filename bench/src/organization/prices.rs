//! What AWS charges: the only table of prices.
//!
//! List prices of `us-east-1` in US dollars, as of November 2026, without free tiers, discounts and
//! tax, from the pricing page of each service:
//!
//! - <https://aws.amazon.com/s3/pricing/> (S3 Standard)
//! - <https://aws.amazon.com/lambda/pricing/> (first tier; each duration is billed in milliseconds)
//! - <https://aws.amazon.com/sqs/pricing/> (standard queues; a request has at most 64 KB)
//! - <https://aws.amazon.com/eventbridge/pricing/> (S3's events are "opt-in data events")
//! - <https://aws.amazon.com/cloudwatch/pricing/> (Standard log class; each log event counts 26 bytes
//!   more; the first 10,000 metrics)
//! - <https://aws.amazon.com/kms/pricing/>, <https://aws.amazon.com/sns/pricing/>
//! - <https://aws.amazon.com/step-functions/pricing/> (standard and express workflows)

/// A million.
const MILLION: f64 = 1e6;

/// A price of one unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Price {
    /// The service.
    pub(crate) service: &'static str,
    /// What is charged for.
    pub(crate) what: &'static str,
    /// US dollars for each.
    pub(crate) usd: f64,
}

const fn price(service: &'static str, what: &'static str, usd: f64) -> Price {
    Price { service, what, usd }
}

pub(crate) const S3_GET: Price = price("S3", "GET, HEAD", 0.4 / MILLION);
pub(crate) const S3_PUT: Price = price("S3", "PUT", 5.0 / MILLION);
pub(crate) const S3_LIST: Price = price("S3", "LIST", 5.0 / MILLION);
pub(crate) const S3_DELETE: Price = price("S3", "DELETE", 0.0);
/// A gigabyte for a month.
pub(crate) const S3_STORAGE: Price = price("S3", "GB-month", 0.023);
pub(crate) const LAMBDA_REQUEST: Price = price("Lambda", "requests", 0.2 / MILLION);
pub(crate) const LAMBDA_X86: Price = price("Lambda", "GB-seconds", 0.000_016_666_7);
pub(crate) const LAMBDA_ARM: Price = price("Lambda", "GB-seconds", 0.000_013_333_4);
pub(crate) const SQS_REQUEST: Price = price("SQS", "requests", 0.4 / MILLION);
pub(crate) const EVENT: Price = price("EventBridge", "events of S3", 1.0 / MILLION);
pub(crate) const LOGS: Price = price("CloudWatch", "GB of logs", 0.5);
/// A metric for a month.
pub(crate) const METRIC: Price = price("CloudWatch", "metric-months", 0.3);
/// An alarm for a month.
pub(crate) const ALARM: Price = price("CloudWatch", "alarm-months", 0.1);
/// A key for a month.
pub(crate) const KMS_KEY: Price = price("KMS", "key-months", 1.0);
/// Ed25519 signatures.
pub(crate) const KMS_SIGN: Price = price("KMS", "signatures", 15.0 / MILLION);
pub(crate) const KMS_REQUEST: Price = price("KMS", "requests", 3.0 / MILLION);
pub(crate) const SNS_PUBLISH: Price = price("SNS", "messages", 0.5 / MILLION);
pub(crate) const PUBLIC_KEYS: Price = price("CloudTrail", "ListPublicKeys", 0.0);
pub(crate) const TRANSITION: Price = price("Step Functions", "transitions", 25.0 / MILLION);
pub(crate) const EXPRESS: Price = price("Step Functions", "express requests", 1.0 / MILLION);
pub(crate) const EXPRESS_TIME: Price = price("Step Functions", "express GB-seconds", 0.000_016_67);
