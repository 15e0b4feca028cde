//! Which digests are verified again because of an open incident, and when.

use super::incident::Incident;
use super::verified_again::{can_be_looked_at, functions, is_of_one_object, look_at};
use crate::names::event_object::{names_incident, occurrence_of};
use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::watch::VerifyingFunction;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The time after its start in which an incident is looked at every hour. Then, it is looked at once
/// a day.
const EVERY_HOUR_FOR: SignedDuration = SignedDuration::from_hours(48);

/// The maximum number of digests that are verified again for one incident at one look.
const MAX_DIGESTS: usize = 20;

/// A digest that is verified again because of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLook {
    /// Its location.
    pub at: ObjectLocation,
    /// The functions that verify it.
    pub functions: &'static [VerifyingFunction],
    /// What ends if they find it right: the incident, or occurrences of it. See
    /// [`EventObject::incidents`](crate::names::event_object::EventObject::incidents).
    pub incidents: Vec<String>,
}

/// Returns the digests that are verified again at `now` because of an incident. Somebody may have
/// written the document of the incident: what no function accepts is left out.
#[must_use]
pub fn looks(incident: &Incident, now: Timestamp) -> Vec<SecondLook> {
    let functions = functions(&incident.kind);
    if functions.is_empty() || !incident.is_open() || !is_due(incident, now) {
        return Vec::new();
    }
    // Every digest once, the newest first, with the occurrences that it shows.
    let mut digests: Vec<ObjectLocation> = Vec::new();
    let mut shown: BTreeMap<ObjectLocation, Vec<String>> = BTreeMap::new();
    let open = incident.recent.iter().rev();
    for occurrence in open.filter(|occurrence| occurrence.ended_at.is_none()) {
        let name = if is_of_one_object(&incident.kind) {
            incident.id.clone()
        } else {
            occurrence_of(&incident.id, &occurrence.occurrence)
        };
        // A document of an earlier version does not name the digest.
        let of_latest = || look_at(&incident.latest);
        let at = occurrence.look_at.clone().filter(can_be_looked_at);
        if let Some(at) = at.or_else(of_latest).filter(|_| names_incident(&name)) {
            let shown = shown.entry(at.clone()).or_insert_with(|| {
                digests.push(at);
                Vec::new()
            });
            if shown.last() != Some(&name) {
                shown.push(name);
            }
        }
    }
    if digests.len() > MAX_DIGESTS {
        // Other ones at the next look, after an hour or after a day.
        let hours = usize::try_from(hour_of(now)).unwrap_or(0);
        let days = hours / 24;
        let start = hours.wrapping_mul(MAX_DIGESTS).wrapping_add(days) % digests.len();
        digests.rotate_left(start);
        digests.truncate(MAX_DIGESTS);
    }
    let look = |at| SecondLook {
        incidents: shown.remove(&at).unwrap_or_default(),
        at,
        functions,
    };
    digests.into_iter().map(look).collect()
}

/// Returns whether an incident is looked at in this hour. Old incidents are spread over the day.
fn is_due(incident: &Incident, now: Timestamp) -> bool {
    if now.duration_since(incident.first_seen) <= EVERY_HOUR_FOR {
        return true;
    }
    let [first, ..] = Sha256::of(incident.id.as_bytes()).to_bytes();
    i64::from(first) % 24 == hour_of(now).rem_euclid(24)
}

/// Returns the number of the hour, since 1970.
fn hour_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(3600)
}

#[cfg(test)]
mod tests;
