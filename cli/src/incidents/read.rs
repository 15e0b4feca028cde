//! The incidents of an evidence bucket, with the newest acknowledgment of each.

use crate::evidence::source::Evidence;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use trailseal::alert::acknowledgment::{Acknowledgment, newest_acknowledgment};
use trailseal::alert::incident::Incident;
use trailseal::alert::incident_pages::{IncidentPage, incidents_after};
use trailseal::world::StoreError;

/// The maximum number of incidents that one run reads.
pub(super) const MAX_INCIDENTS: usize = 100_000;

/// The number of acknowledgments that are looked for at the same time.
const READS_AT_ONCE: usize = 16;

/// The incidents of an evidence bucket.
pub(super) struct ReadIncidents {
    /// The incidents.
    pub(super) incidents: Vec<ReadIncident>,
    /// The keys of documents that are not incidents.
    pub(super) damaged: Vec<String>,
    /// Indicates whether there are more than could be read.
    pub(super) more: bool,
}

/// An incident.
pub(super) struct ReadIncident {
    /// The incident, without its occurrences.
    pub(super) incident: Incident,
    /// The number of occurrences that are not right again.
    pub(super) open: u64,
    /// The acknowledgment that counts for it.
    pub(super) acknowledgment: Option<Acknowledgment>,
}

impl ReadIncident {
    fn new(mut incident: Incident) -> Self {
        // Many incidents do not fit into memory with their occurrences.
        let recent = std::mem::take(&mut incident.recent);
        let open = recent.iter().filter(|it| it.ended_at.is_none()).count();
        let open = u64::try_from(open).unwrap_or(u64::MAX);
        Self {
            open: open.saturating_add(incident.forgotten),
            incident,
            acknowledgment: None,
        }
    }
}

/// Reads the incidents; only the open ones, unless `all`. `progress` is called with their number.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn read(
    evidence: &Evidence,
    all: bool,
    progress: impl Fn(usize) + Send,
) -> Result<ReadIncidents, StoreError> {
    let mut read = ReadIncidents {
        incidents: Vec::new(),
        damaged: Vec::new(),
        more: false,
    };
    let mut after: Option<String> = None;
    let mut count = 0;
    loop {
        let before = read.incidents.len();
        let IncidentPage { damaged, next } = incidents_after(evidence, after.as_deref(), |it| {
            count += 1;
            if all || it.is_open() {
                read.incidents.push(ReadIncident::new(it));
            }
        })
        .await?;
        progress(count);
        read.damaged.extend(damaged);
        stream::iter(read.incidents.iter_mut().skip(before))
            .map(Ok)
            .try_for_each_concurrent(READS_AT_ONCE, |known| async move {
                let incident = &known.incident;
                let newest = newest_acknowledgment(evidence, &incident.id).await?;
                known.acknowledgment = newest.filter(|it| incident.first_seen <= it.at);
                Ok(())
            })
            .await?;
        match next {
            Some(_) if count >= MAX_INCIDENTS => {
                read.more = true;
                return Ok(read);
            }
            Some(next) => after = Some(next),
            None => return Ok(read),
        }
    }
}
