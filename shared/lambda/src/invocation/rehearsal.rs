//! A function without Lambda: it answers the same events in the same way, over queues and an
//! evidence bucket of the caller. The benchmarks count what a function does.

use super::answer::answer;
use super::check::Check;
use super::check_metrics::CheckMetrics;
use super::deadline::Deadline;
use super::publisher::Publisher;
use super::resender::Resender;
use super::run::Run;
use super::service::Service;
use super::unrelated::UnrelatedMessages;
use crate::queue::ports::Ports;
use lambda_runtime::Diagnostic;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use trailseal::names::places::Places;

/// What the function is configured with.
#[derive(Debug, Clone)]
pub struct RehearsalSettings {
    /// The log buckets.
    pub places: Places,
    /// The name of the evidence bucket.
    pub evidence_bucket: String,
    /// Whether the messages are about past digests, which are verified again.
    pub is_history: bool,
    /// How many times a message is tried.
    pub max_receives: u32,
}

/// A function and everything that it acts through.
pub struct Rehearsal<C, P: Ports>(Arc<Service<C, P>>);

impl<C: Check, P: Ports> Rehearsal<C, P> {
    /// Returns a function with this check, which acts through these queues and this bucket.
    pub fn new(
        check: C,
        settings: RehearsalSettings,
        findings: P::Findings,
        queue: P::Queue,
        evidence: P::Evidence,
    ) -> Self {
        Self(Arc::new(Service {
            check,
            places: settings.places,
            is_history: settings.is_history,
            publisher: Publisher {
                findings,
                evidence,
                evidence_bucket: Some(settings.evidence_bucket).filter(|_| C::MANY_FINDINGS),
                metrics: CheckMetrics::default(),
            },
            resender: Resender {
                queue,
                max_receives: settings.max_receives,
            },
            unrelated: UnrelatedMessages::default(),
            bytes_read: Arc::default(),
        }))
    }

    /// Answers one event, as an invocation that Lambda ends after `timeout`.
    ///
    /// # Errors
    /// What Lambda would get instead of an answer.
    pub async fn answer(&self, event: Value, timeout: Duration) -> Result<Value, Diagnostic> {
        let run = Run {
            deadline: Deadline::of_invocation(SystemTime::now() + timeout),
            request_id: "8f507cfc-xmpl-4697-b07a-ac58fc914c95".into(),
            function_version: "$LATEST".into(),
        };
        answer(Arc::clone(&self.0), event, run).await
    }
}
