//! Which object an event means, and what it means that the object is not there.
//!
//! Most events name an object in one way only, and nothing is asked here: the check finds out
//! whether the object is there. S3 is asked first where a key can be read in two ways, and where a
//! person or a relay names the object: a name that was never that of an object is no deletion.
//!
//! The tests are in `tests/tests/events.rs`.

use crate::check::digest::DigestVerifier;
use crate::finding::{Finding, Obstacle, Report};
use crate::names::created::Created;
use crate::names::created::Origin;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::world::{Absence, Cause, ListPublicKeys, ReadObject, StoreError};

/// What an event comes to.
#[derive(Debug)]
pub enum Arrival {
    /// The object to check.
    At(ObjectLocation),
    /// No such object is there, and nothing proves that there was one: there is nothing to check.
    NotThere(Box<Report>),
}

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Finds the digest that an event means.
    ///
    /// A relay's message that names a digest may be the only word of it: if the digest is not
    /// there at the last try, it counts as deleted.
    pub async fn arrival(&self, created: &Created) -> Arrival {
        arrival(&self.store, created, |at, absence| {
            match classify(&at.key) {
                ObjectKind::Digest(key) => Some(self.missing_on_arrival(at, &key, absence)),
                _ => None,
            }
        })
        .await
    }
}

/// Finds the object that an event means, in `store`. `deleted` says what is found if an object
/// that a message in the queue names stays away.
///
/// Of the readings of the key, only those that are the name of a digest or log file are looked
/// for, the likeliest first. One that cannot be looked at just now is the object: another must not
/// take its place because S3 did not answer.
pub async fn arrival<S: ReadObject>(
    store: &S,
    created: &Created,
    deleted: impl FnOnce(&ObjectLocation, Absence) -> Option<Finding>,
) -> Arrival {
    let readings: Vec<ObjectLocation> = created
        .readings()
        .filter(|at| classify(&at.key) != ObjectKind::Other)
        .collect();
    let Some(first) = readings.first() else {
        // None of the trail's: the check says so.
        return Arrival::At(created.object.clone());
    };
    if created.origin == Origin::Service && readings.len() == 1 {
        return Arrival::At(first.clone());
    }
    // Only where S3 says that nothing is there does another reading of an AWS event's key count: what is
    // refused may be the object.
    if created.origin == Origin::Service
        && let Err(error) = store.read(first).await
        && error.absence().is_none()
    {
        return Arrival::At(first.clone());
    }
    let absence = match look_for(store, &readings).await {
        Whereabouts::At(at) => return Arrival::At(at.clone()),
        Whereabouts::Nowhere(absence) => absence,
    };
    match created.origin {
        Origin::Service => Arrival::At(first.clone()),
        Origin::Person => not_there(&readings, absence, None),
        Origin::Message => match deleted(first, absence) {
            Some(finding) => not_there(&readings, absence, Some(finding)),
            None => Arrival::At(first.clone()),
        },
    }
}

/// What was found where an object may be.
#[derive(Debug)]
pub enum Whereabouts<'a> {
    /// The object is here, or it is here that it could not be looked at.
    At(&'a ObjectLocation),
    /// It is in none of the places. What S3 said of the first one.
    Nowhere(Absence),
}

/// Looks for an object in `places`, the likeliest first.
pub async fn look_for<'a, S: ReadObject>(
    store: &S,
    places: &'a [ObjectLocation],
) -> Whereabouts<'a> {
    let mut absence = None;
    let mut refused = None;
    for at in places {
        match store.read(at).await.map_err(|error| error.cause) {
            Err(Cause::Absent(why)) => {
                absence.get_or_insert(why);
            }
            // Whoever may not list the bucket is refused what is not there.
            Err(Cause::Denied(_)) => {
                refused.get_or_insert(at);
            }
            // There; or S3 did not answer, and no other place is looked into.
            Ok(_) | Err(_) => return Whereabouts::At(at),
        }
    }
    match refused {
        Some(at) => Whereabouts::At(at),
        None => Whereabouts::Nowhere(absence.unwrap_or(Absence::NoObject)),
    }
}

/// Nothing can be said of an object that is not there, by any reading of its key.
fn not_there(
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
    Arrival::NotThere(Box::new(report))
}
