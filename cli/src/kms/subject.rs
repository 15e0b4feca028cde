//! A log file to judge.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use futures::stream::BoxStream;
use std::path::PathBuf;
use trailseal::check::arrival::{SearchResult, look_for};
use trailseal::finding::Obstacle;
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{LogFileKey, ObjectKind, classify};
use trailseal::world::{ReadObject, StoreError};

/// Log files, or reasons why there may be more.
pub(super) type Subjects = BoxStream<'static, Result<KmsSubject, Unseen>>;

/// The reason why there may be log files that are not judged.
pub(super) struct Unseen(pub(super) Box<Obstacle>);

impl From<StoreError> for Unseen {
    fn from(error: StoreError) -> Self {
        Self(Box::new(Obstacle {
            error,
            if_it_stays: None,
        }))
    }
}

/// A log file, and its place.
#[derive(Debug, Clone)]
pub(super) struct KmsSubject {
    /// The place that it was delivered to.
    pub(super) at: ObjectLocation,
    /// The content of its key.
    pub(super) key: LogFileKey,
    /// The file on disk that is a copy of it.
    pub(super) file: Option<PathBuf>,
}

impl KmsSubject {
    /// Returns the log files that `key` may mean: unchanged, URL-decoded, or without an extra
    /// slash.
    pub(super) fn readings(bucket: &str, key: &str) -> Vec<Self> {
        let readings = EventObject::as_written(bucket, key);
        let readings = readings.readings().filter_map(Self::of_object);
        readings.collect()
    }

    /// Returns the one of `readings` that exists, otherwise the first. Returns none if `readings`
    /// is empty.
    pub(super) async fn most_likely(
        mut readings: Vec<Self>,
        store: &impl ReadObject,
    ) -> Option<Self> {
        if readings.len() > 1 {
            let places: Vec<_> = readings.iter().map(|subject| subject.at.clone()).collect();
            if let SearchResult::At(at) = look_for(store, &places).await {
                readings.retain(|subject| subject.at == *at);
            }
        }
        readings.into_iter().next()
    }

    /// Returns the object at `at`, or none if its key is not that of a log file.
    pub(super) fn of_object(at: ObjectLocation) -> Option<Self> {
        match classify(&at.key) {
            ObjectKind::LogFile(key) => Some(Self {
                at,
                key,
                file: None,
            }),
            _ => None,
        }
    }
}
