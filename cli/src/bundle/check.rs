//! The files of a bundle that a verification did not read.

use super::archive::Archive;
use super::failure::RecordedAnswer;
use super::manifest::StoredFile;
use crate::report::CannotTell;
use std::sync::PoisonError;

/// The advice on a damaged bundle.
const DAMAGED: &str =
    "Use another copy of the bundle: this one is not what `trailseal collect` wrote.";

impl Archive {
    /// Checks the files that nobody has read yet. Returns what could not be verified: each file
    /// that is not what the manifest says, and that the collection was interrupted.
    pub(crate) fn check_rest(&self) -> Vec<CannotTell> {
        let checked = {
            let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
            checked.clone()
        };
        let objects = self.objects.values().filter_map(|answer| match answer {
            RecordedAnswer::Found(stored) => Some(&stored.content),
            RecordedAnswer::Absent(_) | RecordedAnswer::Failed(_) => None,
        });
        let unread = objects
            .chain(&self.reports)
            .filter(|stored| !checked.contains(&stored.file));
        let mut open: Vec<_> = unread.filter_map(|stored| self.damage(stored)).collect();
        if self.interrupted {
            open.push(CannotTell::of_run(
                self.folder.display().to_string(),
                "the collection of the bundle was interrupted: it does not hold everything that was to be verified",
                "Collect the evidence again.",
            ));
        }
        open
    }

    fn damage(&self, stored: &StoredFile) -> Option<CannotTell> {
        let damage = stored.open_in(&self.folder).err()?;
        let file = self.folder.join(&stored.file);
        Some(CannotTell::of_run(
            file.display().to_string(),
            damage,
            DAMAGED,
        ))
    }
}
