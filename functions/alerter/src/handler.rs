//! A batch of findings: it is compared with what was already published, published in one message,
//! and recorded.
//!
//! In this order, a crash in between sends a finding twice and never loses one. The tests are in
//! `tests/`.

use crate::alerter::{Alerter, DOCUMENTS_AT_ONCE, Number, Ports};
use crate::inbox::Inbox;
use crate::incidents::OpenCase;
use crate::topic::Accepted;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tokio::time::{Instant, timeout_at};
use trailseal::alert::Alert;
use trailseal::names::seconds::whole_second;
use trailseal_lambda::queue::receive_count;
use trailseal_lambda::{AnswerBatch, Deadline};

/// A batch, compared with the recorded incidents.
struct OpenCases {
    cases: Vec<OpenCase>,
    /// The checkpoints of the evidence log, with their messages.
    checkpoints: Vec<(Number, Alert)>,
    failed: BTreeSet<Number>,
    /// The messages that there is no room for.
    later: BTreeSet<Number>,
}

impl<P: Ports> AnswerBatch for Alerter<P> {
    /// Answers a batch with the messages that go back to the queue.
    async fn answer(
        &self,
        messages: Vec<SqsMessage>,
        now: Timestamp,
        deadline: Deadline,
    ) -> SqsBatchResponse {
        let now = whole_second(now);
        let opened = self.open_cases(&messages, now, deadline.half_time);
        let failed = if let Ok(OpenCases {
            mut cases,
            checkpoints,
            mut failed,
            later,
        }) = timeout_at(deadline.wind_down, opened).await
        {
            failed.extend(self.announce(&mut cases, now, deadline).await);
            for (number, alert) in checkpoints {
                if self.publish(&alert, deadline).await != Accepted::Yes {
                    failed.insert(number);
                }
            }
            let tries = |number| messages.get(number).map_or(0, receive_count);
            let record = self.record(cases, now, tries);
            // A finding that is not recorded is delivered again, so one that SNS accepted may be
            // sent twice.
            match timeout_at(deadline.answer_by, record).await {
                Ok(not_kept) => failed.extend(not_kept),
                Err(_) => failed.extend((0..messages.len()).filter(|n| !later.contains(n))),
            }
            failed.extend(self.send_later(&messages, &later, deadline).await);
            failed
        } else {
            tracing::warn!(
                "there was no time left to read the recorded incidents: all messages of the batch go back to the queue and are delivered again"
            );
            (0..messages.len()).collect()
        };
        self.retry_soon(&messages, &failed, deadline).await;
        let mut response = SqsBatchResponse::default();
        for message in failed.iter().filter_map(|number| messages.get(*number)) {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = message.message_id.clone().unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
        response
    }
}

impl<P: Ports> Alerter<P> {
    /// Returns what arrived, with what is recorded about it. Nothing is read after `until`.
    async fn open_cases(
        &self,
        messages: &[SqsMessage],
        now: Timestamp,
        until: Instant,
    ) -> OpenCases {
        let inbox = Inbox::of(messages, &self.evidence, &self.evidence_bucket, until);
        let mut inbox = inbox.await;
        self.leave_out_known(&mut inbox, now, until).await;
        let mut failed = inbox.failed;
        let mut cases = Vec::new();
        let mut results = stream::iter(inbox.groups)
            .map(|(id, group)| self.open_case(id, group, now, until))
            .buffer_unordered(DOCUMENTS_AT_ONCE);
        while let Some(result) = results.next().await {
            match result {
                Ok(case) => cases.extend(case),
                Err(messages) => failed.extend(messages),
            }
        }
        OpenCases {
            cases,
            checkpoints: inbox.checkpoints,
            failed,
            later: inbox.later,
        }
    }
}
