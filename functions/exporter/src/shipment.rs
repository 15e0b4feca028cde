//! What one output gets of an alert.

use trailseal::export::change::{Change, of_incidents};
use trailseal::export::rest::Output;
use trailseal::export::summary::{Summary, chosen};

/// The changes of an alert.
#[derive(Debug)]
pub(crate) struct AlertContent {
    pub(crate) changes: Vec<Change>,
    /// The location of the list that they come from, if the alert does not hold them all.
    pub(crate) list: Option<String>,
    /// The number of findings that are neither in the alert nor in a list that could be read.
    pub(crate) unlisted: u64,
}

/// What one output sends.
#[derive(Debug)]
pub(crate) struct Shipment<'a> {
    pub(crate) output: Output,
    pub(crate) changes: Vec<&'a Change>,
    /// What is said about the rest of the alert, after the changes.
    pub(crate) summary: Option<Summary>,
}

impl<'a> Shipment<'a> {
    /// Returns what an output sends of an alert.
    pub(crate) fn of(output: Output, alert: &'a AlertContent) -> Self {
        let AlertContent {
            changes,
            list,
            unlisted,
        } = alert;
        let (changes, summary) = match output {
            Output::FindingEvents => {
                let new = changes.iter().filter(|change| change.is_new_finding());
                (new.collect(), None)
            }
            Output::Chat => chosen(of_incidents(changes), *unlisted, list.as_deref()),
            Output::IncidentEvents | Output::OcsfEvents | Output::SecurityHub | Output::Webhook => {
                (of_incidents(changes), None)
            }
        };
        Self {
            output,
            changes,
            summary,
        }
    }
}
