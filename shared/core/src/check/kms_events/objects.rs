//! Looks up the objects that KMS events name.
//!
//! The tests are in `tests/tests/kms/delivery.rs`.

use crate::finding::{Obstacle, Report, Scope};
use crate::kms::review::ObjectState;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{ObjectKind, classify};
use crate::world::ReadEncryption;
use futures::stream::{self, StreamExt as _};
use std::collections::HashMap;

/// The maximum number of objects that are reported individually as unreadable.
const MAX_UNREAD: usize = 50;

/// The number of requests about objects that are in flight for one log file.
const REQUESTS_AT_ONCE: usize = 16;

/// Returns the state of the objects. Adds those that could not be looked up to `report`, too.
pub(super) async fn look_at_objects<S: ReadEncryption>(
    store: &S,
    objects: Vec<ObjectLocation>,
    trails: &[TrailArn],
    report: &mut Report,
) -> HashMap<ObjectLocation, ObjectState> {
    let mut answers = stream::iter(objects)
        .map(|object| async move {
            let answer = store.encryption(&object).await;
            (object, answer)
        })
        .buffer_unordered(REQUESTS_AT_ONCE);
    let mut looked = HashMap::new();
    let (mut unread, mut last) = (0_usize, None);
    while let Some((object, answer)) = answers.next().await {
        let found = match answer {
            Ok(headers) => ObjectState::Exists(headers),
            Err(error) => {
                if let Some(absence) = error.absence() {
                    ObjectState::Gone(absence)
                } else {
                    unread += 1;
                    if unread <= MAX_UNREAD {
                        report.cannot_tell(error, &scope_of(&object, trails), &object);
                    } else {
                        last = Some(error);
                    }
                    ObjectState::Unknown
                }
            }
        };
        looked.insert(object, found);
    }
    if let Some(mut error) = last {
        let more = unread - MAX_UNREAD;
        error.subject = format!("{more} more log files, {} among them", error.subject);
        let if_it_stays = None;
        report.obstacles.push(Obstacle { error, if_it_stays });
    }
    looked
}

fn scope_of(object: &ObjectLocation, trails: &[TrailArn]) -> Scope {
    match classify(&object.key) {
        ObjectKind::LogFile(key) => Scope::of_log_file(&key, trails),
        _ => Scope::default(),
    }
}
