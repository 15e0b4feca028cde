//! Asks KMS about the keys that events name, and remembers which keys the names refer to.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use crate::kms::key_name::is_key_arn;
use crate::kms::policy::{PolicyVerdict, check_policy};
use crate::kms::review::KeyState;
use crate::names::ids::Region;
use crate::world::{Cause, DescribeKey, KeyDescription, ReadKeyPolicy, StoreError};
use futures::stream::{self, StreamExt as _};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of requests about keys that are in flight for one log file.
const REQUESTS_AT_ONCE: usize = 16;

/// The maximum number of names that are remembered between log files.
const MAX_REMEMBERED: usize = 10_000;

/// Looks keys up.
#[derive(Debug)]
pub(super) struct KmsKeyLookup<K> {
    kms: K,
    /// The key that an alias or a bare ID in a Region refers to.
    resolved: Mutex<HashMap<String, String>>,
}

impl<K: DescribeKey + ReadKeyPolicy> KmsKeyLookup<K> {
    /// Returns the state of the keys with these names, each in its Region, and the errors of those
    /// that could not be looked up.
    pub(super) async fn look_at(
        &self,
        names: Vec<(String, Region)>,
    ) -> (HashMap<String, KeyState>, Vec<(String, StoreError)>) {
        let mut answers = stream::iter(names)
            .map(|(key, region)| async move {
                let looked = self.look_at_one(&key, &region).await;
                (key, looked)
            })
            .buffer_unordered(REQUESTS_AT_ONCE);
        let (mut keys, mut errors) = (HashMap::new(), Vec::new());
        while let Some((key, answer)) = answers.next().await {
            match answer {
                Ok(looked) => {
                    keys.insert(key, looked);
                }
                Err(error) => errors.push((key, error)),
            }
        }
        (keys, errors)
    }

    /// Returns the keys that these names refer to in a Region. It is useful to know which key
    /// refused, but the refusal is reported without it, too.
    pub(super) async fn resolve(
        &self,
        names: Vec<String>,
        region: &Region,
    ) -> HashMap<String, KeyState> {
        stream::iter(names)
            .map(|key| async move {
                let described = self.kms.describe_key(&key, Some(region)).await;
                (key, described)
            })
            .buffer_unordered(REQUESTS_AT_ONCE)
            .filter_map(|(key, answer)| async move {
                let description = answer.ok()?;
                let policy = None;
                Some((
                    key,
                    KeyState {
                        description,
                        policy,
                    },
                ))
            })
            .collect()
            .await
    }

    async fn look_at_one(&self, key: &str, region: &Region) -> Result<KeyState, StoreError> {
        let name = format!("{region} {key}");
        let resolved = self.resolved().get(&name).cloned();
        let asked = resolved.as_deref().unwrap_or(key);
        let description = match self.kms.describe_key(asked, Some(region)).await {
            Ok(description) => description,
            // An alias may be deleted without the key that it referred to.
            Err(error) if error.absence().is_some() && !asked.contains("alias/") => {
                return Ok(KeyState {
                    description: KeyDescription {
                        arn: asked.to_owned(),
                        spec: "no such key".to_owned(),
                        usage: "no usage".to_owned(),
                        state: "deleted".to_owned(),
                        expires: None,
                    },
                    policy: None,
                });
            }
            Err(error) => return Err(error),
        };
        if !is_key_arn(key) {
            let mut resolved = self.resolved();
            if resolved.len() < MAX_REMEMBERED {
                resolved.insert(name, description.arn.clone());
            }
        }
        let policy = match self.kms.key_policy(&description.arn).await {
            Ok(policy) => Some(check_policy(&policy)),
            // Nobody may read the policy of another account's key.
            Err(error) if matches!(error.cause, Cause::Denied(_)) => {
                Some(PolicyVerdict::Unreadable(error.to_string()))
            }
            Err(error) if error.absence().is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(KeyState {
            description,
            policy,
        })
    }
}

impl<K> KmsKeyLookup<K> {
    pub(super) fn new(kms: K) -> Self {
        Self {
            kms,
            resolved: Mutex::default(),
        }
    }

    fn resolved(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
