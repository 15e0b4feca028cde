//! S3, CloudTrail, KMS and SQS in memory. Each request is counted, and takes its stated time on a clock
//! of the simulation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use futures::FutureExt as _;
use trailseal::alert::findings_message::FindingsMessage;
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{
    AddEvidence, Depth, DescribeKey, Encryption, Headers, KeepEvidence, KeyDescription, ListAfter,
    ListEvidence, ListObjects, ListPublicKeys, ListVersions, Object, Page, ReadEncryption,
    ReadKeyPolicy, ReadObject, ReplaceEvidence, SettleEvidence, StoreError, Versioned, Versions,
    WaitingPage,
};
use trailseal_lambda::queue::passage::Passage;
use trailseal_lambda::queue::ports::{Ports, Requeue, SendFindings, SetRetry};
use trailseal_tests::memory::{Memory, Pieces};

use super::assumptions::latency;
use super::clock::Clock;
use super::requests::{Request, Tally};

/// The number of keys on a page of a listing.
const PAGE: usize = 1000;

/// A handle of everything that is stored.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Shared>);

#[derive(Default)]
struct Shared {
    memory: RwLock<Memory>,
    counted: Mutex<Counted>,
    clock: Clock,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    pub(crate) tally: Tally,
    /// The bytes of documents that were written to the evidence bucket.
    pub(crate) written: f64,
}

impl Store {
    pub(crate) fn of(memory: Memory) -> Self {
        Self(Arc::new(Shared {
            memory: RwLock::new(memory),
            ..Shared::default()
        }))
    }

    pub(crate) fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.0.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change(&self) -> RwLockWriteGuard<'_, Memory> {
        let memory = self.0.memory.write();
        memory.unwrap_or_else(PoisonError::into_inner)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        let counted = self.0.counted.lock();
        counted.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was counted since the last call.
    pub(crate) fn take(&self) -> Counted {
        std::mem::take(&mut *self.counted())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    async fn request(&self, request: Request) {
        self.counted().tally.count(request);
        self.0.clock.wait(latency(request)).await;
    }

    async fn put(&self, document: &str) {
        self.counted().written += crate::report::float(document.len() as u64);
        self.request(Request::EvidencePut).await;
    }

    /// Returns a page as large as S3's: pages in memory are smaller.
    fn page(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        let mut page = WaitingPage::default();
        loop {
            let after = page.keys.last().map(String::as_str).or(after);
            let next = answer((&*self.memory()).waiting(prefix, after))?;
            page.keys.extend(next.keys);
            page.more = next.more;
            if !page.more || page.keys.len() >= PAGE {
                return Ok(page);
            }
        }
    }
}

/// Memory answers at once.
fn answer<T>(request: impl Future<Output = T>) -> T {
    request.now_or_never().expect("an answer at once")
}

impl ReadObject for Store {
    type Body = Pieces;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Pieces>, StoreError> {
        self.request(Request::LogGet).await;
        answer((&*self.memory()).read(at))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        self.request(Request::LogHead).await;
        answer((&*self.memory()).headers(at))
    }
}

impl ReadEncryption for Store {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        self.request(Request::LogHead).await;
        answer((&*self.memory()).encryption(at))
    }
}

impl ListObjects for Store {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        self.request(Request::LogList).await;
        answer((&*self.memory()).list(bucket, prefix, depth, next))
    }
}

impl ListAfter for Store {
    async fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> Result<Page, StoreError> {
        self.request(Request::LogList).await;
        answer((&*self.memory()).list_after(bucket, prefix, after))
    }
}

impl ListVersions for Store {
    async fn versions(&self, at: &ObjectLocation) -> Result<Versions, StoreError> {
        self.request(Request::LogList).await;
        answer((&*self.memory()).versions(at))
    }
}

impl ListPublicKeys for Store {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        self.request(Request::PublicKeys).await;
        answer((&*self.memory()).list_public_keys(region, period))
    }
}

impl DescribeKey for Store {
    async fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> Result<KeyDescription, StoreError> {
        self.request(Request::DescribeKey).await;
        answer((&*self.memory()).describe_key(key, region))
    }
}

impl ReadKeyPolicy for Store {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        self.request(Request::KeyPolicy).await;
        answer((&*self.memory()).key_policy(key_arn))
    }
}

impl KeepEvidence for Store {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        self.put(&document).await;
        answer((&*self.memory()).keep(key, document))
    }
}

impl AddEvidence for Store {
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        self.put(&document).await;
        answer((&*self.memory()).add(key, document))
    }
}

impl ListEvidence for Store {
    async fn list_documents(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<WaitingPage, StoreError> {
        self.request(Request::EvidenceList).await;
        self.page(prefix, after)
    }
}

impl ReplaceEvidence for Store {
    async fn look_up(&self, key: &str, limit: usize) -> Result<Option<Versioned>, StoreError> {
        self.request(Request::EvidenceGet).await;
        answer((&*self.memory()).look_up(key, limit))
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.put(&document).await;
        answer((&*self.memory()).replace(key, document, version))
    }
}

impl SettleEvidence for Store {
    async fn waiting(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        self.request(Request::EvidenceList).await;
        self.page(prefix, after)
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        self.request(Request::EvidenceGet).await;
        answer((&*self.memory()).recall(key, limit))
    }

    async fn discard(&self, key: &str) -> Result<(), StoreError> {
        self.request(Request::EvidenceDelete).await;
        answer((&*self.memory()).discard(key))
    }
}

impl SendFindings for Store {
    async fn send(&self, message: &FindingsMessage) -> Result<(), StoreError> {
        if let Some(document) = &message.document {
            self.keep(&document.key, document.content.clone()).await?;
        }
        self.request(Request::Send).await;
        Ok(())
    }
}

impl SetRetry for Store {
    async fn retry_in(&self, _: &str, _: Duration) -> Result<(), StoreError> {
        self.request(Request::SendAgain).await;
        Ok(())
    }
}

impl Requeue for Store {
    async fn send(&self, _: &str, _: &Passage, _: Duration) -> Result<(), StoreError> {
        self.request(Request::SendAgain).await;
        Ok(())
    }

    async fn park(&self, _: &str) -> Result<(), StoreError> {
        self.request(Request::SendAgain).await;
        Ok(())
    }
}

impl Ports for Store {
    type Findings = Self;
    type Queue = Self;
    type Evidence = Self;
}
