//! A seeded plan of faults: which calls break, and how.
//!
//! The plan decides about each call from the seed, the operation, the object, and how many such calls
//! there were before. Functions make many calls at the same time. The order in which calls about
//! different objects arrive therefore changes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::trail::rng::Rng;

use super::fault::{Fault, Match};
use super::request::Call;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// 500: the service has an internal error.
    InternalError,
    /// 503: the service is not available.
    Unavailable,
    /// The service asks for fewer requests.
    Throttled,
    /// KMS asks the service for fewer requests.
    KmsThrottled,
    /// The service denies access.
    Denied,
    /// The clocks of the service and of the function differ.
    ClockSkew,
    /// The connection ends before the answer. The service does not receive the call.
    Reset,
    /// The service carries out the call, and the connection ends before the answer.
    AnswerLost,
    /// The answer is late.
    Late,
    /// The body of the answer ends in its middle, and the connection with it.
    BodyCut,
    /// The body of the answer stops in its middle for a time.
    BodyStalls,
    /// `Content-Length` promises more bytes than the body has.
    LengthTooLarge,
    /// `Content-Length` promises fewer bytes than the body has.
    LengthTooSmall,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::InternalError,
        Self::Unavailable,
        Self::Throttled,
        Self::KmsThrottled,
        Self::Denied,
        Self::ClockSkew,
        Self::Reset,
        Self::AnswerLost,
        Self::Late,
        Self::BodyCut,
        Self::BodyStalls,
        Self::LengthTooLarge,
        Self::LengthTooSmall,
    ];

    /// Returns whether it concerns only answers that have a body.
    pub fn is_about_the_body(self) -> bool {
        matches!(
            self,
            Self::BodyCut | Self::BodyStalls | Self::LengthTooLarge | Self::LengthTooSmall
        )
    }

    /// Returns the fault of a call, with what `rng` decides about it.
    fn fault(self, call: &Call, rng: &mut Rng) -> Fault {
        let service = call.service.as_str();
        match self {
            Self::InternalError => Fault::internal_error(),
            Self::Unavailable => Fault::error(503, "ServiceUnavailable", "Please try again."),
            Self::Throttled => Fault::throttling_of(service),
            Self::KmsThrottled => Fault::kms_throttling_of(service),
            Self::Denied if service == "s3" => Fault::access_denied(),
            Self::Denied if service == "sns" => Fault::authorization_error(),
            Self::Denied => Fault::access_denied_exception(),
            Self::ClockSkew => Fault::skewed(service),
            Self::Reset => Fault::Drop,
            Self::AnswerLost => Fault::LoseAnswer,
            Self::Late => Fault::Stall(delay(rng)),
            Self::BodyCut => Fault::Halve,
            Self::BodyStalls => Fault::Pause(delay(rng)),
            Self::LengthTooLarge => Fault::Overstate(100),
            Self::LengthTooSmall => Fault::Understate(10),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::InternalError => "500",
            Self::Unavailable => "503",
            Self::Throttled => "throttled",
            Self::KmsThrottled => "KMS throttles the service",
            Self::Denied => "access denied",
            Self::ClockSkew => "clock skew",
            Self::Reset => "connection reset",
            Self::AnswerLost => "answer lost",
            Self::Late => "late answer",
            Self::BodyCut => "body cut off",
            Self::BodyStalls => "body stalls",
            Self::LengthTooLarge => "length too large",
            Self::LengthTooSmall => "length too small",
        })
    }
}

/// Returns a short time, or sometimes one that is longer than the functions wait for an answer.
fn delay(rng: &mut Rng) -> Duration {
    let longest = if rng.one_in(12) { 11_000 } else { 800 };
    Duration::from_millis(u64::from(rng.within(&(longest / 4..=longest))))
}

/// A part of a plan: some of the calls of an operation break.
#[derive(Clone, Debug)]
pub struct Shower {
    /// The calls.
    pub calls: Match,
    /// What happens to those that break.
    pub kinds: Vec<FaultKind>,
    /// How many calls of a hundred break.
    pub percent: u32,
    /// How many calls about each object may break; later ones succeed.
    pub first: usize,
}

/// How many calls broke, by kind, service and operation.
pub type Tally = BTreeMap<(FaultKind, String, String), usize>;

/// A plan.
#[derive(Debug)]
pub struct FaultPlan {
    seed: u64,
    showers: Vec<Shower>,
    /// How many calls of an operation there were about an object.
    seen: BTreeMap<(usize, String), usize>,
    /// Removed from the names of objects, because it is another date in every run.
    date: Option<[String; 2]>,
    tally: Tally,
}

impl FaultPlan {
    /// Returns a plan. If several parts match a call, the first one decides.
    pub fn new(seed: u64, showers: Vec<Shower>) -> Self {
        Self {
            seed,
            showers,
            seen: BTreeMap::new(),
            date: None,
            tally: Tally::new(),
        }
    }

    /// Ignores a date in the names of objects: `2026-01-15`.
    #[must_use]
    pub fn ignoring_date(mut self, date: &str) -> Self {
        self.date = Some([date.replace('-', "/"), date.replace('-', "")]);
        self
    }

    /// Removes a part.
    pub fn remove(&mut self, number: usize) {
        if let Some(shower) = self.showers.get_mut(number) {
            shower.percent = 0;
        }
    }

    /// Returns how many calls broke.
    pub fn into_tally(self) -> Tally {
        self.tally
    }

    /// Decides about a call.
    pub(super) fn meet(&mut self, call: &Call) -> Option<Fault> {
        let mut showers = self.showers.iter().enumerate();
        let (number, shower) =
            showers.find(|(_, shower)| shower.percent > 0 && shower.calls.matches(call))?;
        let target = self.target(call);
        let seen = self.seen.entry((number, target.clone())).or_default();
        *seen += 1;
        if *seen > shower.first {
            return None;
        }
        let subject = format!("{number} {target} {seen}");
        let mut rng = Rng::for_subject(self.seed, &subject);
        // The first number of a sequence changes little with the end of its subject.
        rng.next();
        if rng.within(&(1..=100)) > shower.percent {
            return None;
        }
        let kind = *rng.pick(&shower.kinds);
        let fault = kind.fault(call, &mut rng);
        let key = (kind, call.service.clone(), call.operation.clone());
        *self.tally.entry(key).or_default() += 1;
        Some(fault)
    }

    /// Returns the operation and the object. The names of documents in the evidence bucket contain
    /// times, so that only their folder counts.
    fn target(&self, call: &Call) -> String {
        let operation = &call.operation;
        let Some(key) = call.key() else {
            return operation.clone();
        };
        if !key.contains("AWSLogs/") {
            let (folder, _) = key.split_once('/').unwrap_or((key, ""));
            return format!("{operation} {folder}");
        }
        let mut key = key.to_owned();
        for date in self.date.iter().flatten() {
            key = key.replace(date, "");
        }
        format!("{operation} {key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::request::Protocol;
    use hyper::Method;

    fn call(key: &str) -> Call {
        Call {
            service: "s3".to_owned(),
            region: "us-east-1".to_owned(),
            access_key: String::new(),
            protocol: Protocol::S3,
            method: Method::GET,
            path: format!("/amzn-s3-demo-bucket/{key}"),
            query: String::new(),
            operation: "GetObject".to_owned(),
            object: Some(("amzn-s3-demo-bucket".to_owned(), key.to_owned())),
        }
    }

    fn plan(seed: u64) -> FaultPlan {
        let shower = Shower {
            calls: Match::service("s3"),
            kinds: FaultKind::ALL.to_vec(),
            percent: 30,
            first: 4,
        };
        FaultPlan::new(seed, vec![shower]).ignoring_date("2026-01-15")
    }

    /// Returns the faults of five calls about each of these objects.
    fn met(mut plan: FaultPlan, keys: &[String]) -> BTreeMap<String, Vec<String>> {
        let mut met: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for _ in 0..5 {
            for key in keys {
                let fault = format!("{:?}", plan.meet(&call(key)));
                met.entry(key.clone()).or_default().push(fault);
            }
        }
        met
    }

    #[test]
    fn a_plan_decides_the_same_in_any_order() {
        let keys: Vec<String> = (0..50).map(|n| format!("AWSLogs/{n}")).collect();
        let reversed: Vec<String> = keys.iter().rev().cloned().collect();
        let first = met(plan(1), &keys);
        assert_eq!(first, met(plan(1), &reversed));
        assert_ne!(first, met(plan(2), &keys));
        let broken = first.values().flatten().filter(|it| *it != "None");
        // 30 of 100 calls, of the first four about each object.
        let broken = broken.count();
        assert!((35..=85).contains(&broken), "{broken}");
        assert!(first.values().all(|faults| faults[4] == "None"));
    }

    #[test]
    fn a_plan_does_not_change_with_the_date() {
        let today = met(plan(1), &["AWSLogs/2026/01/15/x_20260115T0000Z".to_owned()]);
        let later = met(plan(1), &["AWSLogs/2026/01/16/x_20260116T0000Z".to_owned()]);
        let without = met(plan(1), &["AWSLogs//x_T0000Z".to_owned()]);
        assert_eq!(today.values().next(), without.values().next());
        assert_ne!(today.values().next(), later.values().next());
    }
}
