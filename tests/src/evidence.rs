//! An evidence bucket in memory, with a clock, and with crashes on request.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use trailseal::world::{
    Cause, FetchEvidence, ListStored, SignCheckpoint, StoreError, StoreLog, StoredDocument,
    StoredPage,
};

/// The number of keys on a page of a listing: S3's.
const PAGE: usize = 1_000;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its content.
    pub content: Vec<u8>,
    /// When it was stored.
    pub at: Timestamp,
}

/// When a request for a write fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Before the object is written.
    Before(u64),
    /// After it is written: the answer is lost.
    After(u64),
}

/// The numbers of requests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// Objects that were read.
    pub gets: u64,
    /// Pages of listings.
    pub lists: u64,
    /// Objects that were written.
    pub puts: u64,
}

/// An evidence bucket.
#[derive(Debug)]
pub struct EvidenceStore {
    objects: Mutex<BTreeMap<String, Stored>>,
    now: Mutex<Timestamp>,
    crash: Mutex<Option<Crash>>,
    writes: AtomicU64,
    gets: AtomicU64,
    lists: AtomicU64,
    puts: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EvidenceStore {
    /// Returns an empty bucket, at a time.
    pub fn at(now: Timestamp) -> Self {
        Self {
            objects: Mutex::default(),
            now: Mutex::new(now),
            crash: Mutex::default(),
            writes: AtomicU64::default(),
            gets: AtomicU64::default(),
            lists: AtomicU64::default(),
            puts: AtomicU64::default(),
        }
    }

    /// Returns a copy of the bucket as it is now, without faults.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::at(self.now());
        *locked(&copy.objects) = self.objects();
        copy
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        *locked(&self.now)
    }

    /// Lets time pass.
    pub fn wait(&self, time: SignedDuration) {
        let mut now = locked(&self.now);
        *now += time;
    }

    /// Writes an object now.
    pub fn put(&self, key: &str, content: impl Into<Vec<u8>>) {
        let at = self.now();
        self.put_at(key, content, at);
    }

    /// Writes an object at a time.
    pub fn put_at(&self, key: &str, content: impl Into<Vec<u8>>, at: Timestamp) {
        let content = content.into();
        locked(&self.objects).insert(key.to_owned(), Stored { content, at });
    }

    /// Removes an object.
    pub fn remove(&self, key: &str) -> Option<Stored> {
        locked(&self.objects).remove(key)
    }

    /// Returns an object.
    pub fn get(&self, key: &str) -> Option<Stored> {
        locked(&self.objects).get(key).cloned()
    }

    /// Returns all objects.
    pub fn objects(&self) -> BTreeMap<String, Stored> {
        locked(&self.objects).clone()
    }

    /// Lets a later write fail, and every one after it, until the next call.
    pub fn crash(&self, crash: Option<Crash>) {
        self.writes.store(0, Ordering::SeqCst);
        *locked(&self.crash) = crash;
    }

    /// Returns the number of requests since the last call.
    pub fn requests(&self) -> Requests {
        Requests {
            gets: self.gets.swap(0, Ordering::SeqCst),
            lists: self.lists.swap(0, Ordering::SeqCst),
            puts: self.puts.swap(0, Ordering::SeqCst),
        }
    }

    fn write(&self, key: &str, content: Vec<u8>, only_new: bool) -> Result<bool, StoreError> {
        self.puts.fetch_add(1, Ordering::SeqCst);
        let number = self.writes.fetch_add(1, Ordering::SeqCst);
        let crash = *locked(&self.crash);
        let failed = || StoreError {
            action: "write",
            subject: key.to_owned(),
            cause: Cause::Unavailable("the function ended".to_owned()),
        };
        match crash {
            Some(Crash::Before(at)) if number >= at => return Err(failed()),
            Some(Crash::After(at)) if number > at => return Err(failed()),
            _ => {}
        }
        let free = !locked(&self.objects).contains_key(key);
        if free || !only_new {
            self.put(key, content);
        }
        match crash {
            Some(Crash::After(at)) if number == at => Err(failed()),
            _ => Ok(free),
        }
    }
}

impl FetchEvidence for EvidenceStore {
    async fn fetch(&self, key: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        let found = self.get(key).map(|stored| stored.content);
        if found.as_ref().is_some_and(|content| content.len() > limit) {
            return Err(StoreError {
                action: "read",
                subject: key.to_owned(),
                cause: Cause::TooLarge(format!("it has more than {limit} bytes")),
            });
        }
        Ok(found)
    }
}

impl StoreLog for EvidenceStore {
    async fn create(&self, key: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        self.write(key, content, true)
    }

    async fn overwrite(&self, key: &str, content: Vec<u8>) -> Result<(), StoreError> {
        self.write(key, content, false).map(|_| ())
    }
}

impl ListStored for EvidenceStore {
    async fn list_stored(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<StoredPage, StoreError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        let objects = locked(&self.objects);
        let from = after.map_or_else(|| prefix.to_owned(), |after| format!("{after}\0"));
        let mut found = objects
            .range(from.max(prefix.to_owned())..)
            .take_while(|(key, _)| key.starts_with(prefix));
        let documents = found.by_ref().take(PAGE);
        let documents = documents.map(|(key, stored)| StoredDocument {
            key: key.clone(),
            last_modified: stored.at,
        });
        Ok(StoredPage {
            documents: documents.collect(),
            more: found.next().is_some(),
        })
    }

    async fn list_folders(&self, prefix: &str) -> Result<(Vec<String>, bool), StoreError> {
        self.lists.fetch_add(1, Ordering::SeqCst);
        let objects = locked(&self.objects);
        let mut folders = BTreeSet::new();
        let mut from = prefix.to_owned();
        while let Some((key, _)) = objects.range(from.clone()..).next() {
            let Some(below) = key.strip_prefix(prefix) else {
                break;
            };
            if let Some((name, _)) = below.split_once('/') {
                let folder = format!("{prefix}{name}/");
                // The first key after everything in this folder.
                from = format!("{prefix}{name}0");
                folders.insert(folder);
            } else {
                from = format!("{key}\0");
            }
        }
        Ok((folders.into_iter().collect(), false))
    }
}

/// Signs checkpoints with a key in memory.
#[derive(Debug)]
pub struct LocalSigner(Ed25519KeyPair);

impl LocalSigner {
    /// Returns a signer whose key follows from a number.
    ///
    /// # Panics
    /// Never: 32 bytes are a private key.
    pub fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]);
        Self(pair.expect("32 bytes are a private key"))
    }

    /// Returns the public key.
    ///
    /// # Panics
    /// Never: an Ed25519 key has 32 bytes.
    pub fn public(&self) -> [u8; 32] {
        let public = self.0.public_key().as_ref();
        public.try_into().expect("an Ed25519 key has 32 bytes")
    }

    /// Returns the signature of a message.
    pub fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

impl SignCheckpoint for LocalSigner {
    async fn public_key(&self) -> Result<[u8; 32], StoreError> {
        Ok(self.public())
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.signature(message))
    }
}

/// Returns the key of a receipt.
pub fn receipt_key(at: Timestamp, chain: usize, function: &str) -> String {
    let day = at.strftime("%Y/%m/%d");
    let time = at.strftime("%Y%m%dT%H%M%SZ");
    let account = 111_122_223_333_usize + chain;
    format!(
        "receipts/{day}/{account}/us-east-1/{time}_management_us-east-1_0123456789abcdef/{function}-{time}-fedcba9876543210.json"
    )
}

/// Returns a receipt.
pub fn receipt(at: Timestamp, chain: usize, function: &str) -> Value {
    let account = (111_122_223_333_usize + chain).to_string();
    let folder = format!("AWSLogs/{account}/");
    json!({
        "schema": "trailseal.receipt/1",
        "object": {"bucket": "amzn-s3-demo-bucket", "key": format!("{folder}CloudTrail-Digest/us-east-1/x.json.gz")},
        "chain": {"folder": folder, "account": account, "region": "us-east-1", "trail": "management", "homeRegion": "us-east-1"},
        "digest": {"signed": true, "backfill": false, "logFiles": 3},
        "verdict": "valid", "valid": 1, "rules": {}, "counts": {}, "findings": [], "findingsLeftOut": 0,
        "cannotTell": [], "cannotTellLeftOut": 0, "checkedAt": at.to_string(), "function": function,
        "version": "0.1.0", "functionVersion": "$LATEST", "requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
    })
}
