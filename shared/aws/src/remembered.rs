//! Answers of KMS that are remembered for a complete run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use trailseal::names::ids::Region;
use trailseal::world::{Cause, DescribeKey, KeyDescription, ReadKeyPolicy, StoreError};

/// The maximum number of keys whose answers are remembered.
const MAX_KEYS: usize = 10_000;

/// An answer, or the action that failed and its cause.
type Answer<T> = Arc<OnceCell<Result<T, (&'static str, Cause)>>>;

/// Keys in KMS, each asked about once: a run uses the first answer throughout.
#[derive(Debug)]
pub struct Remembered<K> {
    kms: K,
    descriptions: Mutex<HashMap<String, Answer<KeyDescription>>>,
    policies: Mutex<HashMap<String, Answer<String>>>,
}

impl<K> Remembered<K> {
    /// Remembers the answers of `kms`.
    #[must_use]
    pub fn new(kms: K) -> Self {
        Self {
            kms,
            descriptions: Mutex::default(),
            policies: Mutex::default(),
        }
    }
}

/// Asks, unless the answer is known. The cause of a failure decides whether the failure is
/// remembered.
async fn once<T: Clone>(
    known: &Mutex<HashMap<String, Answer<T>>>,
    name: String,
    subject: &str,
    ask: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let cell = {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KEYS {
            known.clear();
        }
        Arc::clone(known.entry(name).or_default())
    };
    let answer = cell
        .get_or_try_init(|| async {
            match ask.await {
                Ok(answer) => Ok(Ok(answer)),
                Err(error) => match error.cause {
                    Cause::Absent(_) => Ok(Err((error.action, error.cause))),
                    _ if error.cause.is_refusal() => Ok(Err((error.action, error.cause))),
                    _ => Err(error),
                },
            }
        })
        .await?;
    answer.clone().map_err(|(action, cause)| StoreError {
        action,
        subject: subject.to_owned(),
        cause,
    })
}

impl<K: DescribeKey> DescribeKey for Remembered<K> {
    async fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> Result<KeyDescription, StoreError> {
        let name = format!("{} {key}", region.map_or("", Region::as_str));
        let ask = Box::pin(self.kms.describe_key(key, region));
        once(&self.descriptions, name, key, ask).await
    }
}

impl<K: ReadKeyPolicy> ReadKeyPolicy for Remembered<K> {
    async fn key_policy(&self, key_arn: &str) -> Result<String, StoreError> {
        let ask = Box::pin(self.kms.key_policy(key_arn));
        once(&self.policies, key_arn.to_owned(), key_arn, ask).await
    }
}
