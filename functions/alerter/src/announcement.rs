//! One message about everything that people should be alerted to now.

use crate::alerter::{Alerter, Number, Ports};
use crate::incidents::OpenCase;
use crate::topic::Accepted;
use jiff::Timestamp;
use std::collections::BTreeSet;
use trailseal::alert::notice::Notice;
use trailseal::alert::sent_finding::SentFinding;
use trailseal::alert::{self, Alert, AlertEntry, Composed, WholeList};
use trailseal::finding::Stamp;
use trailseal_lambda::{Deadline, write_alert};

/// The cases that have reached people with a message.
struct Reach {
    /// Whether SNS accepted the message.
    is_accepted: bool,
    /// Whether the message names a list of all findings.
    is_listed: bool,
    /// Whether each case is in the message.
    shown: Vec<bool>,
}

impl<P: Ports> Alerter<P> {
    /// Publishes one message about everything that people should be alerted to now, and one about
    /// the incidents that end: whoever reads the first does not have to look for the second in it.
    /// Returns the queue messages whose findings SNS did not accept.
    pub(crate) async fn announce(
        &self,
        cases: &mut [OpenCase],
        now: Timestamp,
        deadline: Deadline,
    ) -> BTreeSet<Number> {
        let due = cases.iter_mut().filter(|open| open.case.notice.is_now());
        let (closed, open): (Vec<_>, Vec<_>) =
            due.partition(|open| open.case.notice == Notice::Closed);
        let mut failed = BTreeSet::new();
        for due in [open, closed] {
            failed.extend(self.announce_one(due, now, deadline).await);
        }
        failed
    }

    async fn announce_one(
        &self,
        mut due: Vec<&mut OpenCase>,
        now: Timestamp,
        deadline: Deadline,
    ) -> BTreeSet<Number> {
        if due.is_empty() {
            return BTreeSet::new();
        }
        due.sort_by_cached_key(|open| alert::rank(&open.case.entry()));
        let reach = self.send(&due, now, deadline).await;
        let mut failed = BTreeSet::new();
        for (open, shown) in due.into_iter().zip(reach.shown) {
            // A finding in neither the message nor the list that it names has reached nobody.
            let is_in_message = shown && open.case.not_in_entry() == 0;
            if reach.is_accepted && (is_in_message || reach.is_listed) {
                open.case.is_published = true;
            } else {
                failed.extend(open.messages.iter().copied());
            }
        }
        failed
    }

    /// Sends the message about these cases; if SNS refuses it, sends the shortest one.
    async fn send(&self, due: &[&mut OpenCase], now: Timestamp, deadline: Deadline) -> Reach {
        let entries: Vec<AlertEntry<'_>> = due.iter().map(|open| open.case.entry()).collect();
        // Besides the newest finding of each incident.
        let more = due.iter().map(|open| open.case.not_in_entry());
        let more = u64::try_from(more.fold(0, usize::saturating_add)).unwrap_or(u64::MAX);
        let list = self.list_of(due, &entries, now);
        let Some((composed, mut is_listed)) = self.compose(&entries, &list, more, now).await else {
            // Findings that reach nobody are delivered again.
            return Reach {
                is_accepted: false,
                is_listed: false,
                shown: vec![false; due.len()],
            };
        };
        let Composed { alert, mut shown } = composed;
        let mut accepted = self.publish(&alert, deadline).await;
        if accepted == Accepted::Never {
            // Something in the message is refused, which must not keep the other findings from
            // people.
            is_listed = is_listed || self.keep(&list).await;
            if let Some(plain) = self.plain(&entries, &list).filter(|_| is_listed) {
                shown.fill(false);
                accepted = self.publish(&plain, deadline).await;
            }
        }
        let is_accepted = accepted == Accepted::Yes;
        if is_accepted {
            count(&entries, now);
        }
        Reach {
            is_accepted,
            is_listed,
            shown,
        }
    }

    /// Returns the list of all findings that people are alerted to now.
    fn list_of(
        &self,
        due: &[&mut OpenCase],
        entries: &[AlertEntry<'_>],
        now: Timestamp,
    ) -> WholeList {
        let findings = due.iter().zip(entries).flat_map(|(open, entry)| {
            let case = &open.case;
            let is_shown_besides = case.new.is_empty() || entry.notice == Notice::Closed;
            let findings = case
                .new
                .iter()
                .chain(is_shown_besides.then(|| entry.finding()));
            findings.map(|finding| (finding, *entry))
        });
        let findings: Vec<(&SentFinding, AlertEntry<'_>)> = findings.collect();
        alert::whole_list(&findings, &self.evidence_bucket, now)
    }

    /// Returns the message, and whether it names a list of all findings. The list is in the
    /// evidence bucket before the message that names it is published.
    async fn compose(
        &self,
        entries: &[AlertEntry<'_>],
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

    fn plain(&self, entries: &[AlertEntry<'_>], list: &WholeList) -> Option<Alert> {
        alert::plain(entries, &self.place_of(list))
    }

    fn place_of(&self, list: &WholeList) -> String {
        format!("s3://{}/{}", self.evidence_bucket, list.key)
    }
}

/// Writes the metrics of a message that SNS has accepted.
fn count(entries: &[AlertEntry<'_>], now: Timestamp) {
    let opened = entries.iter().filter(|e| e.notice == Notice::Opened);
    let opened = u64::try_from(opened.count()).unwrap_or(u64::MAX);
    let findings = entries.iter().map(|entry| match entry.notice {
        Notice::Closed => entry.incident.unpublished(),
        _ => entry.incident.unpublished().max(1),
    });
    let stamp = Stamp::by_function("alerter", now);
    write_alert(findings.fold(0, u64::saturating_add), opened, stamp);
}
