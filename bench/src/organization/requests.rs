//! The kinds of requests, and how many there were.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::prices::{self, Price};

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Request {
    /// `GetObject` in a log bucket.
    LogGet,
    /// `HeadObject` in a log bucket.
    LogHead,
    /// `ListObjectsV2` or `ListObjectVersions` in a log bucket.
    LogList,
    /// `GetObject` in the evidence bucket.
    EvidenceGet,
    /// `PutObject` in the evidence bucket.
    EvidencePut,
    /// `ListObjectsV2` in the evidence bucket.
    EvidenceList,
    /// `DeleteObject` in the evidence bucket.
    EvidenceDelete,
    /// CloudTrail's `ListPublicKeys`.
    PublicKeys,
    /// KMS `DescribeKey`.
    DescribeKey,
    /// KMS `GetKeyPolicy`.
    KeyPolicy,
    /// KMS `Sign`.
    Sign,
    /// SQS `SendMessage` to the queue of findings.
    Send,
    /// SQS `SendMessage` to the function's own queue or its dead-letter queue.
    SendAgain,
}

impl Request {
    /// Returns its price.
    pub(crate) const fn price(self) -> Price {
        match self {
            Self::LogGet | Self::LogHead | Self::EvidenceGet => prices::S3_GET,
            Self::LogList | Self::EvidenceList => prices::S3_LIST,
            Self::EvidencePut => prices::S3_PUT,
            Self::EvidenceDelete => prices::S3_DELETE,
            Self::PublicKeys => prices::PUBLIC_KEYS,
            Self::DescribeKey | Self::KeyPolicy => prices::KMS_REQUEST,
            Self::Sign => prices::KMS_SIGN,
            Self::Send | Self::SendAgain => prices::SQS_REQUEST,
        }
    }

    /// Returns its name in the tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LogGet => "log bucket: `GET`",
            Self::LogHead => "log bucket: `HEAD`",
            Self::LogList => "log bucket: `LIST`",
            Self::EvidenceGet => "evidence bucket: `GET`",
            Self::EvidencePut => "evidence bucket: `PUT`",
            Self::EvidenceList => "evidence bucket: `LIST`",
            Self::EvidenceDelete => "evidence bucket: `DELETE`",
            Self::PublicKeys => "CloudTrail: `ListPublicKeys`",
            Self::DescribeKey => "KMS: `DescribeKey`",
            Self::KeyPolicy => "KMS: `GetKeyPolicy`",
            Self::Sign => "KMS: `Sign`",
            Self::Send => "SQS: findings sent",
            Self::SendAgain => "SQS: messages sent again",
        }
    }
}

/// Numbers of requests by kind, or averages of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally(pub(crate) BTreeMap<Request, f64>);

impl Tally {
    pub(crate) fn count(&mut self, request: Request) {
        self.add(request, 1.0);
    }

    pub(crate) fn add(&mut self, request: Request, number: f64) {
        *self.0.entry(request).or_default() += number;
    }

    pub(crate) fn of(&self, request: Request) -> f64 {
        self.0.get(&request).copied().unwrap_or_default()
    }

    pub(crate) fn all(&self) -> f64 {
        self.0.values().sum()
    }

    pub(crate) fn times(&self, factor: f64) -> Self {
        let numbers = self.0.iter();
        Self(numbers.map(|(kind, n)| (*kind, n * factor)).collect())
    }
}

impl AddAssign<&Tally> for Tally {
    fn add_assign(&mut self, other: &Tally) {
        for (kind, number) in &other.0 {
            self.add(*kind, *number);
        }
    }
}
