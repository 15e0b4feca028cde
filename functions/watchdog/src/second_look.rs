//! Has open incidents looked at again: each digest that shows one is sent to the function that
//! verifies it.

use crate::watchdog::{FUNCTION, Ports, Watchdog};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio::time::Instant;
use trailseal::alert::incident::Incident;
use trailseal::alert::incident_pages::{IncidentPage, incidents_after};
use trailseal::alert::second_look::looks;
use trailseal::finding::Stamp;
use trailseal::names::event_object::{EventObject, MAX_INCIDENTS};
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::names::seconds::whole_second;
use trailseal::watch::{SecondLookTick, VerifyingFunction};
use trailseal::world::StoreError;
use trailseal_lambda::{Deadline, WorkError, in_time, write_open_incidents};

/// The number of digests that are sent to queues at the same time.
const SENT_AT_ONCE: usize = 16;

impl<P: Ports> Watchdog<P> {
    /// Sends the digests that show open incidents to the functions. Returns the message that
    /// continues, if there was no time for all incidents.
    pub(crate) async fn second_look(
        &self,
        tick: SecondLookTick,
        deadline: Deadline,
    ) -> Result<Option<String>, WorkError> {
        let now = whole_second(Timestamp::now());
        let SecondLookTick {
            mut after,
            mut open,
        } = tick;
        let mut sent = 0;
        loop {
            let page = self.look_at_page(after.as_deref(), now);
            let page = in_time(deadline.give_up, "look at", "the incidents", page).await?;
            open = open.saturating_add(page.open);
            sent += page.sent;
            match page.next {
                Some(next) if Instant::now() >= deadline.wind_down => {
                    return Ok(Some(SecondLookTick::rest(next, open)));
                }
                Some(next) => after = Some(next),
                None => break,
            }
        }
        tracing::info!(open, sent, "what was found is looked at again");
        write_open_incidents(open, Stamp::by_function(FUNCTION, now));
        Ok(None)
    }

    /// Looks at one page of incidents.
    async fn look_at_page(&self, after: Option<&str>, now: Timestamp) -> Result<Page, StoreError> {
        let mut messages = Messages::default();
        let page = incidents_after(&self.evidence, after, |incident| {
            messages.add(&incident, now, self.digests.places());
        });
        let IncidentPage { damaged, next } = page.await?;
        for document in damaged {
            tracing::warn!(
                document,
                "the document of the incident is damaged: nobody looks at the incident again"
            );
        }
        let open = messages.open;
        let messages = messages.finish();
        let sent = messages.len();
        stream::iter(messages)
            .map(Ok)
            .try_for_each_concurrent(SENT_AT_ONCE, |(function, object)| async move {
                self.send_to(function, &object).await
            })
            .await?;
        Ok(Page { open, sent, next })
    }
}

/// The result of one page.
struct Page {
    /// The number of open incidents.
    open: u64,
    /// The number of messages.
    sent: usize,
    next: Option<String>,
}

/// The digests to send, each once for each function and with all its incidents.
#[derive(Default)]
struct Messages {
    incidents: BTreeMap<(VerifyingFunction, ObjectLocation), Vec<String>>,
    /// The number of open incidents.
    open: u64,
}

impl Messages {
    /// Adds the digests that show an incident.
    fn add(&mut self, incident: &Incident, now: Timestamp, places: &Places) {
        self.open += u64::from(incident.is_open());
        // The functions refuse objects of a bucket that the stack does not watch any more.
        let looks = looks(incident, now).into_iter();
        for look in looks.filter(|look| places.watches(&look.at.bucket)) {
            for function in look.functions {
                let of_digest = (*function, look.at.clone());
                let incidents = self.incidents.entry(of_digest).or_default();
                incidents.extend(look.incidents.iter().cloned());
            }
        }
    }

    /// Returns the messages.
    fn finish(self) -> Vec<(VerifyingFunction, EventObject)> {
        let digests = self.incidents.into_iter();
        let messages = digests.flat_map(|((function, digest), incidents)| {
            let parts: Vec<_> = incidents.chunks(MAX_INCIDENTS).map(<[_]>::to_vec).collect();
            parts.into_iter().map(move |incidents| {
                let object = EventObject::new(digest.clone()).with_incidents(incidents);
                (function, object)
            })
        });
        messages.collect()
    }
}
