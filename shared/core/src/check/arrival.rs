//! Finds the object that an event means, and says what it means if the object is missing.
//!
//! Most events name an object in only one way, and this file sends no request: the check finds out
//! whether the object exists. S3 is asked first if a key can be read in two ways, or if a person or
//! a relay names the object. A name that never belonged to an object is not a deletion.
//!
//! The tests are in `tests/tests/events.rs`.

use crate::check::digest::DigestVerifier;
use crate::finding::{Finding, Obstacle, Report};
use crate::names::event_object::EventObject;
use crate::names::event_object::Origin;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::world::{Absence, Cause, ListPublicKeys, ReadObject, StoreError};

/// The result of an event.
#[derive(Debug)]
pub enum Arrival {
    /// The object to check.
    At(ObjectLocation),
    /// No such object exists, and nothing proves that it ever did. There is nothing to check.
    NotFound(Box<Report>),
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Finds the digest that an event means.
    ///
    /// A relay's message that names a digest may be the only notice of it. If the digest is missing
    /// at the last try, it counts as deleted.
    pub async fn arrival(&self, created: &EventObject) -> Arrival {
        let arrival = arrival(&self.store, created, |at, absence| {
            match classify(&at.key) {
                ObjectKind::Digest(key) => Some(self.missing_on_arrival(at, &key, absence)),
                _ => None,
            }
        });
        match arrival.await {
            Arrival::NotFound(mut report) if created.is_second_look() => {
                report.all_clears = self.gone_at_second_look(created);
                Arrival::NotFound(report)
            }
            arrival => arrival,
        }
    }
}

/// Finds the object that an event means, in `store`. `deleted` returns the finding if an object
/// that a message in the queue names remains missing.
///
/// Looks only for those readings of the key that are the name of a digest or log file, the
/// most likely first. An object that cannot be read at the moment is the object: another must not
/// take its place because S3 did not answer.
pub async fn arrival<S: ReadObject>(
    store: &S,
    created: &EventObject,
    deleted: impl FnOnce(&ObjectLocation, Absence) -> Option<Finding>,
) -> Arrival {
    let readings: Vec<ObjectLocation> = created
        .readings()
        .filter(|at| classify(&at.key) != ObjectKind::Other)
        .collect();
    let Some(first) = readings.first() else {
        // The object does not belong to the trail, and the check says so.
        return Arrival::At(created.object.clone());
    };
    if created.origin == Origin::Service && readings.len() == 1 {
        return Arrival::At(first.clone());
    }
    // Another reading of the key in an AWS event counts only if S3 says that nothing exists there.
    // A refused object may be the right one.
    if created.origin == Origin::Service
        && let Err(error) = store.read(first).await
        && error.absence().is_none()
    {
        return Arrival::At(first.clone());
    }
    let absence = match look_for(store, &readings).await {
        SearchResult::At(at) => return Arrival::At(at.clone()),
        SearchResult::NotFound(absence) => absence,
    };
    if created.is_second_look() {
        // Nothing says that it still exists. Its deletion, if it was one, has an incident of its own.
        return Arrival::NotFound(Box::default());
    }
    match created.origin {
        Origin::Service => Arrival::At(first.clone()),
        Origin::Person => not_found(&readings, absence, None),
        Origin::Message => match deleted(first, absence) {
            Some(finding) => not_found(&readings, absence, Some(finding)),
            None => Arrival::At(first.clone()),
        },
    }
}

/// The result of the search for an object.
#[derive(Debug)]
pub enum SearchResult<'a> {
    /// The object is here, or this is the place that could not be read.
    At(&'a ObjectLocation),
    /// The object is in none of the places. Holds what S3 said about the first one.
    NotFound(Absence),
}

/// Looks for an object in `places`, the most likely first.
pub async fn look_for<'a, S: ReadObject>(
    store: &S,
    places: &'a [ObjectLocation],
) -> SearchResult<'a> {
    let mut absence = None;
    let mut refused = None;
    for at in places {
        match store.read(at).await.map_err(|error| error.cause) {
            Err(Cause::Absent(why)) => {
                absence.get_or_insert(why);
            }
            // A caller who may not list the bucket is also refused a missing object.
            Err(Cause::Denied(_)) => {
                refused.get_or_insert(at);
            }
            // It exists; or S3 did not answer, and no other place is searched.
            Ok(_) | Err(_) => return SearchResult::At(at),
        }
    }
    match refused {
        Some(at) => SearchResult::At(at),
        None => SearchResult::NotFound(absence.unwrap_or(Absence::NoObject)),
    }
}

/// Returns a report that says nothing about an object that no reading of its key finds.
fn not_found(
    readings: &[ObjectLocation],
    absence: Absence,
    if_it_stays: Option<Finding>,
) -> Arrival {
    let names: Vec<String> = readings.iter().map(ObjectLocation::to_string).collect();
    let mut report = Report::new();
    report.obstacles.push(Obstacle {
        error: StoreError {
            action: "read",
            subject: names.join(" or "),
            cause: Cause::Absent(absence),
        },
        if_it_stays,
    });
    Arrival::NotFound(Box::new(report))
}
