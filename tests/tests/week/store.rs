//! S3, CloudTrail's keys, KMS and the evidence bucket, which all functions of the world share.

use futures::FutureExt as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::public_key::{PublicKey, SigningPeriod};
use trailseal::world::{
    Cause, Depth, DescribeKey, Encryption, Headers, KeepEvidence, KeyDescription, ListAfter,
    ListEvidence, ListObjects, ListPublicKeys, ListVersions, Object, Page, ReadEncryption,
    ReadKeyPolicy, ReadObject, ReplaceEvidence, SettleEvidence, StoreError, Versioned, Versions,
    WaitingPage,
};
use trailseal_tests::memory::{Memory, Pieces};

/// While S3 throttles requests, it refuses one in this many.
const REFUSED_ONE_IN: usize = 3;

/// A handle of everything that is stored. A function keeps one, as it keeps a client of AWS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    memory: RwLock<Memory>,
    is_throttled: AtomicBool,
    requests: AtomicUsize,
}

impl Store {
    pub(crate) fn of(memory: Memory) -> Self {
        Self(Arc::new(Shared {
            memory: RwLock::new(memory),
            ..Shared::default()
        }))
    }

    /// Returns what is stored, to read it.
    pub(crate) fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.0.memory.read().expect("no panic")
    }

    /// Returns what is stored, to change it.
    pub(crate) fn change(&self) -> RwLockWriteGuard<'_, Memory> {
        self.0.memory.write().expect("no panic")
    }

    /// Makes S3 throttle requests, or accept them again.
    pub(crate) fn throttle(&self, is_throttled: bool) {
        self.0.is_throttled.store(is_throttled, Ordering::Relaxed);
    }

    /// Fails if S3 refuses the request.
    fn accept(&self, action: &'static str, subject: &str) -> Result<(), StoreError> {
        if !self.0.is_throttled.load(Ordering::Relaxed) {
            return Ok(());
        }
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(REFUSED_ONE_IN) {
            return Err(StoreError {
                action,
                subject: subject.to_owned(),
                cause: Cause::Unavailable("SlowDown".to_owned()),
            });
        }
        Ok(())
    }
}

/// Memory answers at once.
fn answer<T>(request: impl Future<Output = T>) -> T {
    request.now_or_never().expect("an answer at once")
}

impl ReadObject for Store {
    type Body = Pieces;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<Pieces>, StoreError> {
        self.accept("read", &at.to_string())?;
        answer((&*self.memory()).read(at))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        self.accept("read the headers of", &at.to_string())?;
        answer((&*self.memory()).headers(at))
    }
}

impl ReadEncryption for Store {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
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
        self.accept("list", prefix)?;
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
        self.accept("list", prefix)?;
        answer((&*self.memory()).list_after(bucket, prefix, after))
    }
}

impl ListVersions for Store {
    async fn versions(&self, at: &ObjectLocation) -> Result<Versions, StoreError> {
        self.accept("list the versions of", &at.to_string())?;
        answer((&*self.memory()).versions(at))
    }
}

impl ListPublicKeys for Store {
    async fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> Result<Vec<PublicKey>, StoreError> {
        answer((&*self.memory()).list_public_keys(region, period))
    }
}

impl DescribeKey for Store {
    async fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> Result<KeyDescription, StoreError> {
        answer((&*self.memory()).describe_key(key, region))
    }
}

impl ReadKeyPolicy for Store {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        answer((&*self.memory()).key_policy(key_arn))
    }
}

impl KeepEvidence for Store {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        answer(KeepEvidence::keep(&&*self.memory(), key, document))
    }
}

impl trailseal::world::AddEvidence for Store {
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        answer((&*self.memory()).add(key, document))
    }
}

impl ListEvidence for Store {
    async fn list_documents(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<WaitingPage, StoreError> {
        answer((&*self.memory()).list_documents(prefix, after))
    }
}

impl ReplaceEvidence for Store {
    async fn look_up(&self, key: &str, limit: usize) -> Result<Option<Versioned>, StoreError> {
        answer((&*self.memory()).look_up(key, limit))
    }

    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        answer((&*self.memory()).replace(key, document, version))
    }
}

impl SettleEvidence for Store {
    async fn waiting(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        answer((&*self.memory()).waiting(prefix, after))
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        answer((&*self.memory()).recall(key, limit))
    }

    async fn discard(&self, key: &str) -> Result<(), StoreError> {
        answer((&*self.memory()).discard(key))
    }
}
