//! What CloudTrail delivers, and what becomes of it on its way.

use crate::functions::Function;
use crate::world::Act;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use trailseal_tests::trail::{Object, Trail};

/// The changes to deliveries.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    /// The functions that get no event about an object, by its key.
    lost: BTreeMap<String, Vec<Function>>,
    /// The objects that do not arrive.
    kept_back: BTreeSet<String>,
    /// The objects that arrive at another time.
    moved: BTreeMap<String, Timestamp>,
}

impl Deliveries {
    /// Loses the events about an object for some functions.
    pub(crate) fn lose(&mut self, object: &Object, functions: &[Function]) {
        self.lost.insert(object.key.clone(), functions.to_vec());
    }

    /// Removes an object before anybody sees it.
    pub(crate) fn keep_back(&mut self, object: &Object) {
        self.kept_back.insert(object.key.clone());
    }

    /// Makes an object arrive at another time.
    pub(crate) fn move_to(&mut self, object: &Object, at: Timestamp) {
        self.moved.insert(object.key.clone(), at);
    }

    /// Returns the deliveries of a trail.
    pub(crate) fn of(&self, trail: &Trail) -> Vec<(Timestamp, Act)> {
        let objects = trail.objects().into_iter();
        let arriving = objects.filter(|object| !self.kept_back.contains(&object.key));
        arriving
            .map(|object| {
                let at = self.moved.get(&object.key).copied();
                let act = Act::Deliver {
                    object: object.clone(),
                    lost: self.lost.get(&object.key).cloned().unwrap_or_default(),
                };
                (at.unwrap_or(object.delivered_at), act)
            })
            .collect()
    }
}
