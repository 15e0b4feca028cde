//! What happens to a batch of findings: held against what people have heard of, sent in one message,
//! put on record.
//!
//! In this order: a crash between sends a finding twice and never loses one.

use crate::inbox::{Group, Inbox, Number};
use crate::rate::Rate;
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsMessage};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout_at;
use trailseal::alert::findings_message::{self, SentFinding};
use trailseal::alert::incident::{self, Incident, MAX_DOCUMENT_BYTES, Pace, Telling};
use trailseal::alert::{self, Composed, Entry, WholeList};
use trailseal::finding::Stamp;
use trailseal::names::seconds::whole_second;
use trailseal::world::{Cause, KeepEvidence, ReplaceEvidence, SettleEvidence, Versioned};
use trailseal_lambda::queue::ports::PublishAlert;
use trailseal_lambda::queue::ports::SendLater;
use trailseal_lambda::{Deadline, write_alert};

/// How many documents are read or written at once.
const DOCUMENTS_AT_ONCE: usize = 64;

/// How often a document is read anew because somebody else wrote it meanwhile.
const WRITE_ATTEMPTS: usize = 5;

/// How often SNS is tried in one invocation.
const PUBLISH_ATTEMPTS: usize = 3;

/// When a message comes again for which there was no room.
const NO_ROOM: Duration = Duration::from_secs(15);

/// How soon a message comes back that failed, in seconds: soon after a hiccup, and for some three
/// hours in an outage.
const RETRY_AFTER: [u64; 6] = [30, 60, 120, 300, 600, 900];

/// The longest time that a reminder waits in the queue.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// So much later than it is due a reminder counts as lost, and another one is sent.
const REMINDER_LOST: Duration = Duration::from_mins(10);

/// The function and everything it acts through.
pub(crate) struct Alerter<P, E, Q> {
    pub(crate) topic: P,
    pub(crate) evidence: E,
    pub(crate) queue: Q,
    pub(crate) evidence_bucket: String,
    pub(crate) pace: Pace,
    pub(crate) rate: Rate,
}

/// Whether SNS has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepted {
    Yes,
    /// It may have it a moment later.
    NotNow,
    /// It refuses this message.
    Never,
}

/// An incident of which something came.
struct Case {
    incident: Incident,
    /// How many occurrences were on record.
    known: u64,
    /// Whether no document of it was there.
    is_first: bool,
    telling: Telling,
    /// The findings that are new in it.
    new: Vec<SentFinding>,
    /// The messages that brought them.
    messages: BTreeSet<Number>,
    /// Whether a reminder of it came.
    reminded: bool,
    /// Whether people have heard of all of it with this invocation's message.
    is_told: bool,
}

impl<P, E, Q> Alerter<P, E, Q>
where
    P: PublishAlert,
    E: KeepEvidence + SettleEvidence + ReplaceEvidence,
    Q: SendLater,
{
    /// Answers a batch with the messages that go back to the queue.
    pub(crate) async fn answer(
        &self,
        messages: Vec<SqsMessage>,
        now: Timestamp,
        deadline: Deadline,
    ) -> SqsBatchResponse {
        let now = whole_second(now);
        let read = self.read(&messages, now);
        let failed = if let Ok(Read {
            mut cases,
            mut failed,
            later,
        }) = timeout_at(deadline.wind_down, read).await
        {
            failed.extend(self.tell(&mut cases, now, deadline).await);
            let record = self.record(cases, now);
            // What is not on record comes again, and what SNS has accepted may be sent twice.
            match timeout_at(deadline.answer_by, record).await {
                Ok(not_kept) => failed.extend(not_kept),
                Err(_) => failed.extend((0..messages.len()).filter(|n| !later.contains(n))),
            }
            failed.extend(self.send_later(&messages, &later, deadline).await);
            failed
        } else {
            tracing::warn!("there was no time to read what is known; every message goes back");
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

    /// Sends the messages on for which there was no room. Gives those that the queue did not take.
    async fn send_later(
        &self,
        messages: &[SqsMessage],
        later: &BTreeSet<Number>,
        deadline: Deadline,
    ) -> BTreeSet<Number> {
        let mut left = later.clone();
        for number in later {
            let body = messages
                .get(*number)
                .and_then(|message| message.body.as_deref());
            let sent = self.queue.send_later(body.unwrap_or_default(), NO_ROOM);
            match timeout_at(deadline.answer_by, sent).await {
                Ok(Ok(())) => {
                    left.remove(number);
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = ?error.to_string(), "the message goes back to its queue");
                }
                Err(_) => break,
            }
        }
        left
    }

    /// Has messages that go back delivered again before the queue's visibility timeout, which is made
    /// for functions that crash.
    async fn retry_soon(
        &self,
        messages: &[SqsMessage],
        failed: &BTreeSet<Number>,
        deadline: Deadline,
    ) {
        let failed = failed.iter().filter_map(|number| messages.get(*number));
        let set = stream::iter(failed).for_each_concurrent(DOCUMENTS_AT_ONCE, |message| async move {
            let Some(receipt) = &message.receipt_handle else {
                return;
            };
            let receives = message.attributes.get("ApproximateReceiveCount");
            let receives = receives.and_then(|count| count.parse().ok()).unwrap_or(1_usize);
            let [.., longest] = RETRY_AFTER;
            let wait = RETRY_AFTER.get(receives.saturating_sub(1)).copied();
            let wait = Duration::from_secs(wait.unwrap_or(longest));
            if let Err(error) = self.queue.retry_in(receipt, wait).await {
                tracing::warn!(error = ?error.to_string(), "the message comes back only after the visibility timeout");
            }
        });
        // What is not set comes back later.
        let _ = timeout_at(deadline.answer_by, set).await;
    }

    /// What came, with what is known of it.
    async fn read(&self, messages: &[SqsMessage], now: Timestamp) -> Read {
        let inbox = Inbox::of(messages, &self.evidence, &self.evidence_bucket).await;
        let mut failed = inbox.failed;
        let mut cases = Vec::new();
        let mut results = stream::iter(inbox.groups)
            .map(|(id, group)| self.case(id, group, now))
            .buffer_unordered(DOCUMENTS_AT_ONCE);
        while let Some(result) = results.next().await {
            match result {
                Ok(case) => cases.extend(case),
                Err(messages) => failed.extend(messages),
            }
        }
        Read {
            cases,
            failed,
            later: inbox.later,
        }
    }

    /// What came of one incident, held against what is known; none where nothing is known and
    /// nothing came. Fails with the messages that go back.
    async fn case(
        &self,
        id: String,
        group: Group,
        now: Timestamp,
    ) -> Result<Option<Case>, BTreeSet<Number>> {
        let known = match self.look_up(&id).await {
            Ok(known) => known,
            Err(error) if group.findings.is_empty() => {
                tracing::warn!(error = ?error.to_string(), "the reminder goes back to its queue");
                return Err(group.messages);
            }
            Err(error) => {
                // It stays unknown whether people have heard of it: they hear of it now.
                tracing::warn!(error = ?error.to_string(), "sent, perhaps not for the first time");
                Known::default()
            }
        };
        let known_occurrences = known.incident.as_ref().map_or(0, |i| i.occurrences);
        let first = group.findings.first().map(Incident::of);
        let Some(mut incident) = known.incident.or(first) else {
            return Ok(None);
        };
        if group.reminded {
            incident.reminder_until = None;
        }
        let mut new = group.findings;
        new.retain(|finding| incident.add(finding, now));
        if known.version.is_some() {
            // It is read again before it is written: thousands of them take no room meanwhile.
            incident.recent = Vec::new();
        }
        Ok(Some(Case {
            telling: incident.telling(now, self.pace),
            incident,
            known: known_occurrences,
            is_first: known.version.is_none(),
            new,
            messages: group.messages,
            reminded: group.reminded,
            is_told: false,
        }))
    }

    async fn look_up(&self, id: &str) -> Result<Known, trailseal::world::StoreError> {
        let key = incident::key(id);
        let Some(found) = self.evidence.look_up(&key, MAX_DOCUMENT_BYTES).await? else {
            return Ok(Known::default());
        };
        let Versioned { document, version } = found;
        let incident = Incident::read(&document, id);
        if incident.is_none() {
            tracing::warn!(document = key, "no incident can be read from it");
        }
        Ok(Known {
            incident,
            version: Some(version),
        })
    }

    /// Sends one message about everything that people should hear of now. Gives the messages of
    /// findings that SNS did not accept.
    async fn tell(
        &self,
        cases: &mut [Case],
        now: Timestamp,
        deadline: Deadline,
    ) -> BTreeSet<Number> {
        let mut due: Vec<&mut Case> = cases.iter_mut().filter(|c| c.telling.is_now()).collect();
        if due.is_empty() {
            return BTreeSet::new();
        }
        due.sort_by_cached_key(|case| alert::rank(&entry(case)));
        let entries: Vec<Entry<'_>> = due.iter().map(|case| entry(case)).collect();
        // Beside the newest finding of each incident.
        let more = due.iter().map(|case| case.new.len().max(1) - 1);
        let more = u64::try_from(more.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
        let list = self.whole_list(&due, &entries, now);
        let Some((composed, mut is_listed)) = self.compose(&entries, &list, more, now).await else {
            // What nobody hears of comes again.
            return due
                .iter()
                .flat_map(|case| case.messages.iter().copied())
                .collect();
        };
        let mut accepted = self.publish(&composed.alert, deadline).await;
        let mut shown = composed.shown;
        if accepted == Accepted::Never {
            // For something in it, which must not keep its neighbours from people.
            is_listed = is_listed || self.keep(&list).await;
            if let Some(plain) = alert::plain(&entries, &self.place_of(&list)).filter(|_| is_listed)
            {
                shown.fill(false);
                accepted = self.publish(&plain, deadline).await;
            }
        }
        if accepted == Accepted::Yes {
            let opened = entries.iter().filter(|e| e.telling == Telling::Opened);
            let opened = u64::try_from(opened.count()).unwrap_or(u64::MAX);
            let findings = entries.iter().map(|entry| entry.incident.untold().max(1));
            let stamp = Stamp {
                function: "alerter",
                detected_at: now,
            };
            write_alert(findings.fold(0, u64::saturating_add), opened, stamp);
        }
        let mut failed = BTreeSet::new();
        for (case, shown) in due.into_iter().zip(shown) {
            // What is in neither the message nor the list that it names has reached nobody.
            let is_in_message = shown && case.new.len() <= 1;
            if accepted == Accepted::Yes && (is_in_message || is_listed) {
                case.is_told = true;
            } else {
                failed.extend(case.messages.iter().copied());
            }
        }
        failed
    }

    /// All findings of which people hear now.
    fn whole_list(&self, due: &[&mut Case], entries: &[Entry<'_>], now: Timestamp) -> WholeList {
        let findings = due.iter().zip(entries).flat_map(|(case, entry)| {
            let latest = case.new.is_empty().then_some(&case.incident.latest);
            let findings = case.new.iter().chain(latest);
            findings.map(|finding| (finding, *entry))
        });
        let findings: Vec<(&SentFinding, Entry<'_>)> = findings.collect();
        alert::whole_list(&findings, &self.evidence_bucket, now)
    }

    fn place_of(&self, list: &WholeList) -> String {
        format!("s3://{}/{}", self.evidence_bucket, list.key)
    }

    async fn keep(&self, list: &WholeList) -> bool {
        match self.evidence.keep(&list.key, list.document.clone()).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(error = ?error.to_string(), "the alert names no list of all findings");
                false
            }
        }
    }

    /// The message, and whether it names a list of all findings. The list is in the evidence bucket
    /// before the message that names it goes out.
    async fn compose(
        &self,
        entries: &[Entry<'_>],
        list: &WholeList,
        more: u64,
        now: Timestamp,
    ) -> Option<(Composed, bool)> {
        let bucket = self.evidence_bucket.as_str();
        let place = self.place_of(list);
        let composed = alert::compose(entries, more, Some(&place), bucket, now)?;
        if more == 0 && composed.shown.iter().all(|shown| *shown) {
            return Some((composed, false));
        }
        if self.keep(list).await {
            return Some((composed, true));
        }
        let composed = alert::compose(entries, more, None, bucket, now)?;
        Some((composed, false))
    }

    async fn publish(&self, alert: &alert::Alert, deadline: Deadline) -> Accepted {
        for _ in 0..PUBLISH_ATTEMPTS {
            if !self.rate.turn(deadline.give_up).await {
                tracing::warn!("there was no time left for the alert");
                return Accepted::NotNow;
            }
            match timeout_at(deadline.give_up, self.topic.publish(alert)).await {
                Ok(Ok(())) => {
                    tracing::info!(subject = alert.subject, "SNS has accepted the alert");
                    return Accepted::Yes;
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = ?error.to_string(), "SNS did not accept the alert");
                    match error.cause {
                        Cause::Unavailable(_) => {}
                        cause if cause.is_permanent() => return Accepted::Never,
                        _ => return Accepted::NotNow,
                    }
                }
                Err(_) => {
                    tracing::warn!("SNS did not answer in time");
                    return Accepted::NotNow;
                }
            }
        }
        Accepted::NotNow
    }

    /// Puts on record what people have heard of, and what they will. Gives the messages of what is
    /// neither.
    async fn record(&self, cases: Vec<Case>, now: Timestamp) -> BTreeSet<Number> {
        let mut results = stream::iter(cases)
            .map(|case| self.record_one(case, now))
            .buffer_unordered(DOCUMENTS_AT_ONCE);
        let mut failed = BTreeSet::new();
        while let Some(not_kept) = results.next().await {
            failed.extend(not_kept);
        }
        failed
    }

    async fn record_one(&self, mut case: Case, now: Timestamp) -> BTreeSet<Number> {
        let waits = matches!(case.telling, Telling::Later { .. });
        if !case.is_told && !waits {
            // Known, or refused by SNS and coming again.
            return BTreeSet::new();
        }
        if waits && !self.keep_waiting(&case, now).await {
            return case.messages;
        }
        for _ in 0..WRITE_ATTEMPTS {
            match self.write(&mut case, now).await {
                Ok(true) => return BTreeSet::new(),
                // Another environment was faster: what it wrote holds, and what came here is added.
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(error = ?error.to_string(), "the incident is not on record");
                    break;
                }
            }
        }
        if case.is_told {
            // People have heard of it; they may hear of it once more.
            return BTreeSet::new();
        }
        case.messages
    }

    /// Keeps the findings that people hear of later, for the list that they then get. Whether they are
    /// kept.
    async fn keep_waiting(&self, case: &Case, now: Timestamp) -> bool {
        if case.new.is_empty() {
            return true;
        }
        let findings: Vec<_> = case
            .new
            .iter()
            .map(|finding| (finding, entry(case)))
            .collect();
        let mut list = alert::whole_list(&findings, &self.evidence_bucket, now);
        let (_, name) = list.key.rsplit_once('/').unwrap_or_default();
        list.key = format!(
            "{}{}_{name}",
            incident::folder(&case.incident.id),
            now.strftime("%Y%m%dT%H%M%SZ")
        );
        self.keep(&list).await
    }

    /// Adds what came to the incident's document. What people hear of later has a reminder on its way
    /// first. Whether the document was written.
    async fn write(
        &self,
        case: &mut Case,
        now: Timestamp,
    ) -> Result<bool, trailseal::world::StoreError> {
        let (mut incident, version, new) = if std::mem::take(&mut case.is_first) {
            (case.incident.clone(), None, case.new.len())
        } else {
            let known = self.look_up(&case.incident.id).await?;
            let mut incident = known
                .incident
                .unwrap_or_else(|| Incident::of(&case.incident.latest));
            if case.reminded {
                incident.reminder_until = None;
            }
            let added = case.new.iter().filter(|finding| incident.add(finding, now));
            let added = added.count();
            (incident, known.version, added)
        };
        if case.is_told {
            let new = u64::try_from(new).unwrap_or(u64::MAX);
            incident.told(now, case.known, new);
        }
        if let Telling::Later { at } = incident.telling(now, self.pace)
            && incident.reminder_until.is_none_or(|until| until < now)
        {
            let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            let wait = wait.min(LONGEST_WAIT);
            let reminder = findings_message::reminder(&incident.id);
            self.queue.send_later(&reminder, wait).await?;
            incident.reminder_until = now.checked_add(wait + REMINDER_LOST).ok();
        }
        let key = incident::key(&incident.id);
        self.evidence
            .replace(&key, incident.document(), version.as_deref())
            .await
    }
}

fn entry(case: &Case) -> Entry<'_> {
    Entry {
        incident: &case.incident,
        telling: case.telling,
        waited: case.incident.untold() > u64::try_from(case.new.len()).unwrap_or(u64::MAX),
    }
}

/// A batch, held against what is known.
struct Read {
    cases: Vec<Case>,
    failed: BTreeSet<Number>,
    /// The messages for which there is no room.
    later: BTreeSet<Number>,
}

/// What is known of an incident.
#[derive(Default)]
struct Known {
    incident: Option<Incident>,
    version: Option<String>,
}
