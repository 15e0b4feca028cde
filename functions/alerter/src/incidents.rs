//! The recorded incidents, and how they are updated.

use crate::alerter::{Alerter, DOCUMENTS_AT_ONCE, Number, Ports};
use crate::inbox::Group;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use tokio::time::Instant;
use trailseal::alert::acknowledgment::{self, newest_acknowledgment};
use trailseal::alert::case::{Case, OnRecord};
use trailseal::alert::incident::{self, Incident, MAX_DOCUMENT_BYTES};
use trailseal::alert::notice::Notice;
use trailseal::alert::{self, WholeList, received};
use trailseal::world::{KeepEvidence as _, ReplaceEvidence as _, StoreError, Versioned};
use trailseal_lambda::in_time;
use trailseal_lambda::queue::ports::SendLater as _;

/// How many times a document is read again because another environment wrote it in the meantime.
const WRITE_ATTEMPTS: usize = 5;

/// How many times the findings of an incident are delivered until its record is given up. Each time,
/// people are alerted again. Without a record, nobody can acknowledge the incident, and nothing ends
/// it.
const RECORD_TRIES: u32 = 4;

/// A case, and the messages that contained it.
pub(crate) struct OpenCase {
    pub(crate) case: Case,
    pub(crate) messages: BTreeSet<Number>,
}

impl<P: Ports> Alerter<P> {
    /// Compares what arrived for one incident with what is recorded. Returns `None` if nothing is
    /// recorded and nothing arrived. Fails with the messages that go back.
    pub(crate) async fn open_case(
        &self,
        id: String,
        Group { arrived, messages }: Group,
        now: Timestamp,
        until: Instant,
    ) -> Result<Option<OpenCase>, BTreeSet<Number>> {
        let record = match in_time(until, "read", &incident::key(&id), self.look_up(&id)).await {
            Ok((record, _)) => record,
            Err(error) if arrived.findings.iter().all(|finding| finding.all_clear) => {
                tracing::warn!(error = ?error.to_string(), "the incident could not be read: its reminder or all-clear goes back to the queue and is delivered again");
                return Err(messages);
            }
            Err(error) => {
                // Whether people were alerted to it is unknown: they are alerted now.
                tracing::warn!(error = ?error.to_string(), "the incident could not be read: its alert is published, perhaps for a second time");
                OnRecord::Nothing
            }
        };
        let mut case = Case::of(arrived, record, now, self.pace);
        if let Some(case) = &mut case
            && acknowledgment::may_silence(&case.incident, case.notice)
            && self.is_acknowledged(&case.incident, now, until).await
        {
            case.silence();
        }
        Ok(case.map(|case| OpenCase { case, messages }))
    }

    /// Returns whether somebody knows of an incident, and has silenced its repeats. What cannot be
    /// read silences nothing.
    async fn is_acknowledged(&self, incident: &Incident, now: Timestamp, until: Instant) -> bool {
        let newest = newest_acknowledgment(&self.evidence, &incident.id);
        match in_time(until, "read", &incident.id, newest).await {
            Ok(acknowledgment) => acknowledgment.is_some_and(|it| it.silences(incident, now)),
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "whether somebody acknowledged the incident could not be read: its alert is repeated");
                false
            }
        }
    }

    /// Returns what is recorded about an incident, and its document's version.
    async fn look_up(&self, id: &str) -> Result<(OnRecord, Option<String>), StoreError> {
        let key = incident::key(id);
        let Some(found) = self.evidence.look_up(&key, MAX_DOCUMENT_BYTES).await? else {
            return Ok((OnRecord::Nothing, None));
        };
        let Versioned { document, version } = found;
        let record = if let Some(incident) = Incident::read(&document, id) {
            OnRecord::Incident(Box::new(incident))
        } else {
            tracing::warn!(
                document = key,
                "the document of the incident is damaged: the incident counts as new"
            );
            OnRecord::Unreadable
        };
        Ok((record, Some(version)))
    }

    /// Records what people were alerted to, and what they will be alerted to. Returns the messages
    /// of all findings that could not be recorded. `tries` returns how many times a message was
    /// delivered.
    pub(crate) async fn record(
        &self,
        cases: Vec<OpenCase>,
        now: Timestamp,
        tries: impl Fn(Number) -> u32,
    ) -> BTreeSet<Number> {
        let tries = &tries;
        let mut results = stream::iter(cases)
            .map(|case| async move {
                let is_published = case.case.is_published;
                let mut not_kept = self.record_one(case, now).await;
                if is_published {
                    not_kept.retain(|number| tries(*number) < RECORD_TRIES);
                }
                not_kept
            })
            .buffer_unordered(DOCUMENTS_AT_ONCE);
        let mut failed = BTreeSet::new();
        while let Some(not_kept) = results.next().await {
            failed.extend(not_kept);
        }
        failed
    }

    async fn record_one(&self, open: OpenCase, now: Timestamp) -> BTreeSet<Number> {
        let OpenCase { case, messages } = open;
        let waits = matches!(case.notice, Notice::Later { .. });
        if !case.is_published && !waits && !case.is_recorded_silently() {
            // Known, or refused by SNS and delivered again later.
            return BTreeSet::new();
        }
        if waits && !self.keep_waiting(&case, now).await {
            return messages;
        }
        for attempt in 0..WRITE_ATTEMPTS {
            let is_first = case.is_first() && attempt == 0;
            match self.write(&case, is_first, now).await {
                Ok(true) => return BTreeSet::new(),
                // Another environment was faster: what it wrote remains, and what arrived here is
                // added.
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(error = ?error.to_string(), "the incident could not be recorded: its alert may be published again");
                    break;
                }
            }
        }
        messages
    }

    /// Keeps the findings that people are alerted to later, for the list that they then get.
    /// Returns whether the findings are kept.
    async fn keep_waiting(&self, case: &Case, now: Timestamp) -> bool {
        if case.new.is_empty() {
            return true;
        }
        let entry = case.entry();
        let findings: Vec<_> = case.new.iter().map(|finding| (finding, entry)).collect();
        let list = alert::whole_list(&findings, &self.evidence_bucket, now);
        self.keep(&list.waiting(&case.incident.id, now)).await
    }

    /// Adds what arrived to the incident's document. If people are alerted to it later, a reminder
    /// is sent first. Returns whether the document was written.
    async fn write(&self, case: &Case, is_first: bool, now: Timestamp) -> Result<bool, StoreError> {
        let id = &case.incident.id;
        let (mut incident, version) = if is_first {
            (case.first_document(now), None)
        } else {
            let (record, version) = self.look_up(id).await?;
            (case.added_to(record.incident(), now), version)
        };
        if let Some(wait) = incident.remind(now, self.pace) {
            let reminder = received::reminder(&incident.id);
            self.queue.send_later(&reminder, wait).await?;
        }
        let (key, document) = (incident::key(&incident.id), incident.document());
        self.evidence
            .replace(&key, document, version.as_deref())
            .await
    }

    /// Keeps a list of findings. Returns whether it is kept.
    pub(crate) async fn keep(&self, list: &WholeList) -> bool {
        match self.evidence.keep(&list.key, list.document.clone()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "the list of all findings could not be stored: the alert does not name it");
                false
            }
        }
    }
}
