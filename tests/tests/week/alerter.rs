//! What reaches people: the incidents of `functions/alerter`, and a record of all that arrives.

use crate::functions::EVIDENCE;
use crate::store::Store;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::alert::case::{Arrived, Case, OnRecord};
use trailseal::alert::incident::{self, Incident, MAX_DOCUMENT_BYTES};
use trailseal::alert::notice::{Notice, Pace};
use trailseal::alert::received::{self, Received};
use trailseal::alert::sent_finding::SentFinding;
use trailseal::alert::{self};
use trailseal::world::{ReplaceEvidence as _, SettleEvidence as _};

/// The pace of the stack, by default.
pub(crate) const PACE: Pace = Pace {
    update_after: SignedDuration::from_hours(1),
    repeat_after: SignedDuration::from_hours(24),
};

/// A finding that reached the alerter.
#[derive(Debug, Clone)]
pub(crate) struct Alarm {
    pub(crate) finding: SentFinding,
    /// The time of the message about it. `None` if a message about the same occurrence went out
    /// before.
    pub(crate) alerted_at: Option<Timestamp>,
}

/// The alerter, and what people got from it.
pub(crate) struct Alerter {
    store: Store,
    inbox: Vec<String>,
    /// Every finding, in the order of arrival.
    pub(crate) alarms: Vec<Alarm>,
    /// Every all-clear.
    pub(crate) all_clears: Vec<SentFinding>,
    /// The number of messages.
    pub(crate) messages: usize,
}

/// A message that the alerter sends to itself.
pub(crate) struct Reminder {
    pub(crate) body: String,
    pub(crate) wait: SignedDuration,
}

impl Alerter {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            store: store.clone(),
            inbox: Vec::new(),
            alarms: Vec::new(),
            all_clears: Vec::new(),
            messages: 0,
        }
    }

    /// Adds a message of the queue. Returns whether it is the first one of a batch.
    pub(crate) fn queue(&mut self, body: String) -> bool {
        self.inbox.push(body);
        self.inbox.len() == 1
    }

    /// Works on everything in the queue. Returns the reminders that it sends to itself.
    pub(crate) async fn answer(&mut self, now: Timestamp) -> Vec<Reminder> {
        let mut groups: BTreeMap<String, Arrived> = BTreeMap::new();
        for body in std::mem::take(&mut self.inbox) {
            self.sort(&body, &mut groups).await;
        }
        let mut cases = Vec::new();
        for (id, mut arrived) in groups {
            arrived.findings.sort_by_key(SentFinding::order);
            let record = match self.look_up(&id).await {
                Some(incident) => OnRecord::Incident(Box::new(incident)),
                None => OnRecord::Nothing,
            };
            cases.extend(Case::of(arrived, record, now, PACE));
        }
        self.announce(&mut cases, now);
        let mut reminders = Vec::new();
        for case in cases {
            reminders.extend(self.record(&case, now).await);
        }
        reminders
    }

    /// Sorts a message by the incidents that it is about.
    async fn sort(&mut self, body: &str, groups: &mut BTreeMap<String, Arrived>) {
        let mut received = received::read(body.as_bytes()).expect("a message for the alerter");
        if let Received::Document(at) = &received {
            let document = self.store.recall(&at.key, usize::MAX).await;
            received = received::read(&document.expect("evidence")).expect("its document");
        }
        match received {
            Received::Findings(findings) => {
                for finding in findings {
                    if finding.all_clear {
                        self.all_clears.push(finding.clone());
                    } else {
                        self.alarms.push(Alarm {
                            finding: finding.clone(),
                            alerted_at: None,
                        });
                    }
                    let group = groups.entry(finding.id.clone()).or_default();
                    group.findings.push(finding);
                }
            }
            Received::Reminder(id) => groups.entry(id).or_default().reminded = true,
            Received::Document(_) => panic!("a document names no other"),
            Received::Checkpoint(_) => panic!("no log is written in this week"),
        }
    }

    /// Publishes one message about what is due, and one about what ends.
    fn announce(&mut self, cases: &mut [Case], now: Timestamp) {
        let is_closed = |case: &&mut Case| case.notice == Notice::Closed;
        let due = cases.iter_mut().filter(|case| case.notice.is_now());
        let (closed, open): (Vec<_>, Vec<_>) = due.partition(is_closed);
        for mut due in [open, closed] {
            if due.is_empty() {
                continue;
            }
            let entries: Vec<_> = due.iter().map(|case| case.entry()).collect();
            let more = due.iter().map(|case| case.not_in_entry()).sum::<usize>();
            let more = u64::try_from(more).expect("a few");
            alert::compose(&entries, more, None, EVIDENCE, now).expect("a message");
            self.messages += 1;
            for case in &mut due {
                case.is_published = true;
                if case.notice == Notice::Closed {
                    continue;
                }
                let id = &case.incident.id;
                let waiting = self
                    .alarms
                    .iter_mut()
                    .filter(|alarm| alarm.finding.id == *id && alarm.alerted_at.is_none());
                for alarm in waiting {
                    alarm.alerted_at = Some(now);
                }
            }
        }
    }

    /// Records what people were alerted to, and what they will be alerted to.
    async fn record(&self, case: &Case, now: Timestamp) -> Option<Reminder> {
        let waits = matches!(case.notice, Notice::Later { .. });
        let partly_ended = !case.notice.is_now() && !case.ended.is_empty();
        if !case.is_published && !waits && !partly_ended {
            return None;
        }
        let id = &case.incident.id;
        let mut incident = if case.is_first() {
            case.first_document(now)
        } else {
            case.added_to(self.look_up(id).await, now)
        };
        let reminder = incident.remind(now, PACE).map(|wait| Reminder {
            body: received::reminder(id),
            wait: wait.try_into().expect("a quarter of an hour"),
        });
        let key = incident::key(id);
        let found = self.store.look_up(&key, MAX_DOCUMENT_BYTES).await;
        let version = found.expect("evidence").map(|found| found.version);
        let document = incident.document();
        let written = self.store.replace(&key, document, version.as_deref()).await;
        assert!(written.expect("evidence"), "nobody else writes it");
        reminder
    }

    async fn look_up(&self, id: &str) -> Option<Incident> {
        let key = incident::key(id);
        let found = self.store.look_up(&key, MAX_DOCUMENT_BYTES).await;
        let found = found.expect("evidence")?;
        Some(Incident::read(&found.document, id).expect("what it wrote itself"))
    }
}
