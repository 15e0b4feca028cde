//! One listing of everything that is pending, for several digests.
//!
//! Without it, each digest costs a listing of its chain's folder, which is empty in most chains.

use super::document::FOLDER;
use crate::world::{SettleEvidence, StoreError, WaitingPage};

/// The names of all pending documents, if they fit on one page.
#[derive(Debug, Clone)]
pub struct PendingOverview {
    /// `None` if there are more than a page has: each folder is then listed by itself.
    names: Option<Vec<String>>,
}

impl PendingOverview {
    /// Lists what is pending now. What is written later is not in it, as if it were written after
    /// the digest was verified: it waits for the next digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list<E: SettleEvidence>(evidence: &E) -> Result<Self, StoreError> {
        let page = evidence.waiting(&format!("{FOLDER}/"), None).await?;
        let names = (!page.more).then_some(page.keys);
        Ok(Self { names })
    }

    /// Returns whether more is pending than one page has.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.names.is_none()
    }

    /// Returns the evidence bucket, in which this overview answers for listings.
    pub fn of<'a, E>(&'a self, evidence: &'a E) -> OverviewedEvidence<'a, E> {
        OverviewedEvidence {
            overview: self,
            evidence,
        }
    }
}

/// The evidence bucket with an overview of what is pending in it.
#[derive(Debug)]
pub struct OverviewedEvidence<'a, E> {
    overview: &'a PendingOverview,
    evidence: &'a E,
}

impl<E: SettleEvidence> SettleEvidence for OverviewedEvidence<'_, E> {
    async fn waiting(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        let Some(names) = &self.overview.names else {
            return self.evidence.waiting(prefix, after).await;
        };
        let names = names.iter().filter(|name| name.starts_with(prefix));
        let names = names.filter(|name| after.is_none_or(|after| name.as_str() > after));
        Ok(WaitingPage {
            keys: names.cloned().collect(),
            more: false,
        })
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        self.evidence.recall(key, limit).await
    }

    async fn discard(&self, key: &str) -> Result<(), StoreError> {
        self.evidence.discard(key).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Documents, of which a listing returns a page.
    struct Shelf {
        names: Vec<String>,
        page: usize,
        listings: AtomicUsize,
    }

    impl SettleEvidence for Shelf {
        async fn waiting(
            &self,
            prefix: &str,
            after: Option<&str>,
        ) -> Result<WaitingPage, StoreError> {
            self.listings.fetch_add(1, Ordering::Relaxed);
            let names = self.names.iter().filter(|name| name.starts_with(prefix));
            let mut names = names.filter(|name| after.is_none_or(|after| name.as_str() > after));
            let keys = names.by_ref().take(self.page).cloned().collect();
            let more = names.next().is_some();
            Ok(WaitingPage { keys, more })
        }

        async fn recall(&self, key: &str, _: usize) -> Result<Vec<u8>, StoreError> {
            Ok(key.as_bytes().to_vec())
        }

        async fn discard(&self, _: &str) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn now<T>(request: impl Future<Output = Result<T, StoreError>>) -> T {
        request.now_or_never().unwrap().unwrap()
    }

    /// Returns the pages of some folders through an overview, without it, and the number of
    /// listings through it.
    fn listed(page: usize) -> (Vec<WaitingPage>, Vec<WaitingPage>, usize) {
        let names = ["pending/1/a", "pending/1/b", "pending/1/c", "pending/2/a"];
        let shelf = Shelf {
            names: names.map(str::to_owned).to_vec(),
            page,
            listings: AtomicUsize::new(0),
        };
        let asked = [
            ("pending/1/", None),
            ("pending/1/", Some("pending/1/a")),
            ("pending/2/", Some("pending/2")),
            ("pending/3/", None),
        ];
        let direct = asked.map(|(prefix, after)| now(shelf.waiting(prefix, after)));
        shelf.listings.store(0, Ordering::Relaxed);
        let overview = now(PendingOverview::list(&shelf));
        let evidence = overview.of(&shelf);
        let seen = asked.map(|(prefix, after)| now(evidence.waiting(prefix, after)));
        let listings = shelf.listings.load(Ordering::Relaxed);
        (seen.into(), direct.into(), listings)
    }

    #[test]
    fn one_listing_answers_for_every_folder() {
        let (seen, direct, listings) = listed(4);
        assert_eq!(seen, direct);
        assert_eq!(listings, 1);
    }

    #[test]
    fn if_more_is_pending_than_a_page_has_each_folder_is_listed() {
        let (seen, direct, listings) = listed(3);
        assert_eq!(seen, direct);
        assert_eq!(listings, 5);
    }
}
