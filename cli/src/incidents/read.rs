//! The incidents of an evidence bucket, with the newest acknowledgment of each.

use crate::evidence::source::Evidence;
use std::collections::BTreeMap;
use trailseal::alert::acknowledgment::{ACKNOWLEDGMENTS, Acknowledgment, newest_among};
use trailseal::alert::incident::Incident;
use trailseal::alert::incident_pages::{IncidentPage, incidents_after};
use trailseal::evidence_log::every_stored;
use trailseal::world::StoreError;

/// The maximum number of incidents that one run reads.
pub(super) const MAX_INCIDENTS: usize = 100_000;

/// The incidents of an evidence bucket.
pub(super) struct ReadIncidents {
    /// Each incident, with the acknowledgment that counts for it.
    pub(super) incidents: Vec<(Incident, Option<Acknowledgment>)>,
    /// The keys of documents that are not incidents.
    pub(super) damaged: Vec<String>,
    /// Indicates whether there are more than could be read.
    pub(super) more: bool,
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
    let mut acknowledged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    every_stored(evidence, ACKNOWLEDGMENTS, |document| {
        let rest = document.key.strip_prefix(ACKNOWLEDGMENTS);
        if let Some((id, _)) = rest.and_then(|rest| rest.split_once('/')) {
            let of_incident = acknowledged.entry(id.to_owned()).or_default();
            of_incident.push(document.key.clone());
        }
    })
    .await?;
    let mut read = ReadIncidents {
        incidents: Vec::new(),
        damaged: Vec::new(),
        more: false,
    };
    let mut after: Option<String> = None;
    let mut count = 0;
    loop {
        let page = incidents_after(evidence, after.as_deref()).await?;
        let IncidentPage {
            incidents,
            damaged,
            next,
        } = page;
        count += incidents.len();
        progress(count);
        read.damaged.extend(damaged);
        for incident in incidents {
            if !all && !incident.is_open() {
                continue;
            }
            let keys = acknowledged.get(&incident.id).map(Vec::as_slice);
            let newest = newest_among(evidence, &incident.id, keys.unwrap_or_default()).await?;
            let newest = newest.filter(|it| incident.first_seen <= it.at);
            read.incidents.push((incident, newest));
        }
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
