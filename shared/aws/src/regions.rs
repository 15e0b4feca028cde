//! One client for each Region, created when it is first needed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Clients by Region, for the life of the process.
#[derive(Debug)]
pub(super) struct ByRegion<C>(Mutex<HashMap<String, C>>);

impl<C> Default for ByRegion<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The maximum number of Regions for which clients are kept: there are about forty, but names in
/// events may be anything.
const MAX_REGIONS: usize = 100;

impl<C: Clone> ByRegion<C> {
    /// Returns the client for `region`, created by `make` if there is none yet.
    pub(super) fn client(&self, region: &str, make: impl FnOnce() -> C) -> C {
        // Clients are only ever added: a panic elsewhere leaves nothing half done.
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        let client = make();
        if clients.len() < MAX_REGIONS {
            clients.insert(region.to_owned(), client.clone());
        }
        client
    }
}
