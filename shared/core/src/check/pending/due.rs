//! The documents of deliveries that are due for a digest, and the order in which they are settled.

use super::document::{name_of, oldest_in};
use crate::world::{SettleEvidence, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// The maximum number of pages that are listed starting with the oldest document, and again for the
/// newest ones.
const MAX_PAGES: usize = 50;

/// The time before a digest's end at which the search for the newest documents starts.
const NEWEST: SignedDuration = SignedDuration::from_hours(2);

/// The maximum number of documents that one digest settles. An hour of a chain has a dozen.
const MAX_DOCUMENTS: usize = 4_000;

/// The documents that one digest settles.
#[derive(Debug, Default)]
pub(super) struct DueDocuments {
    /// Their names, alternating between the newest and the oldest.
    pub(super) names: Vec<String>,
    /// The number of other listed documents that are due.
    pub(super) left: usize,
    /// Indicates whether there are more than those that were listed.
    pub(super) more: bool,
}

/// Lists the documents in `folders` that hold deliveries up to `end`.
///
/// # Errors
/// [`StoreError`]: it is unknown what is pending.
pub(super) async fn due<E: SettleEvidence>(
    evidence: &E,
    folders: &[String],
    end: Timestamp,
) -> Result<DueDocuments, StoreError> {
    let mut names = BTreeSet::new();
    let mut more = false;
    for folder in folders {
        let mut listing = DueListing {
            evidence,
            folder,
            end,
            names: &mut names,
        };
        if listing.list(None).await? {
            let newest = end.saturating_sub(NEWEST).unwrap_or(end);
            listing
                .list(Some(format!("{folder}{}", name_of(newest))))
                .await?;
            more = true;
        }
    }
    let (names, left) = both_ends(names, MAX_DOCUMENTS);
    Ok(DueDocuments { names, left, more })
}

struct DueListing<'a, E> {
    evidence: &'a E,
    folder: &'a str,
    end: Timestamp,
    names: &'a mut BTreeSet<(Timestamp, String)>,
}

impl<E: SettleEvidence> DueListing<'_, E> {
    /// Adds the due names after `after`. Returns whether there are more.
    async fn list(&mut self, mut after: Option<String>) -> Result<bool, StoreError> {
        for _ in 0..MAX_PAGES {
            let page = self.evidence.waiting(self.folder, after.as_deref()).await?;
            let last = page.keys.last().cloned();
            // The names sort by time: after the first that is not due, none is.
            let mut is_over = !page.more;
            for name in page.keys {
                match oldest_in(&name) {
                    Some(oldest) if oldest <= self.end => {
                        self.names.insert((oldest, name));
                    }
                    Some(_) => is_over = true,
                    // Trailseal stored nothing with such a name.
                    None => {}
                }
            }
            if is_over || last.is_none() {
                return Ok(false);
            }
            after = last;
        }
        Ok(true)
    }
}

/// Returns `limit` of the names, alternating between the newest and the oldest, and how many are
/// left. Anybody who makes documents appear chooses their times, but cannot push others out at both
/// ends for long.
fn both_ends(names: BTreeSet<(Timestamp, String)>, limit: usize) -> (Vec<String>, usize) {
    let left = names.len().saturating_sub(limit);
    let mut names = names.into_iter();
    let mut chosen = Vec::new();
    while chosen.len() < limit {
        let next = if chosen.len().is_multiple_of(2) {
            names.next_back()
        } else {
            names.next()
        };
        match next {
            Some((_, name)) => chosen.push(name),
            None => break,
        }
    }
    (chosen, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_the_oldest_are_first_and_the_rest_is_counted() {
        let names = |numbers: &[i64]| -> BTreeSet<(Timestamp, String)> {
            let names = numbers.iter();
            names
                .map(|n| (Timestamp::from_second(*n).unwrap(), n.to_string()))
                .collect()
        };
        let all = [1, 2, 3, 4, 5];
        for (limit, chosen, left) in [
            (0, vec![], 5),
            (1, vec!["5"], 4),
            (3, vec!["5", "1", "4"], 2),
            (9, vec!["5", "1", "4", "2", "3"], 0),
        ] {
            let chosen: Vec<String> = chosen.into_iter().map(str::to_owned).collect();
            assert_eq!(both_ends(names(&all), limit), (chosen, left));
        }
    }
}
