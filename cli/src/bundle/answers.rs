//! The recorded answers to one kind of request.

use super::failure::{RecordedAbsence, RecordedAnswer, RecordedFailure};
use super::manifest::Recorded;
use super::{MAX_ANSWERS, MAX_MANIFEST_BYTES};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use trailseal::world::{Cause, StoreError};

/// The bytes of a manifest around an answer: names of fields, and white space.
const AROUND_ANSWER: u64 = 256;

/// The maximum number of failed requests of a kind in a manifest. The bundle does not hold the
/// answers to the others, either.
const MAX_FAILURES: usize = 10_000;

/// The room that is left in a manifest.
#[derive(Debug, Default)]
pub(super) struct Room {
    answers: AtomicUsize,
    bytes: AtomicU64,
}

impl Room {
    /// Returns one without room.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        Self {
            answers: AtomicUsize::new(MAX_ANSWERS),
            bytes: AtomicU64::new(0),
        }
    }

    /// Takes the room for an answer. Returns why there is none.
    fn take(&self, what: &impl Serialize) -> Result<(), Cause> {
        let json = serde_json::to_vec(what).map_err(|error| Cause::Failed(error.to_string()))?;
        let bytes = u64::try_from(json.len()).unwrap_or(u64::MAX);
        // The manifest is written with white space: a line for each value.
        let bytes = bytes.saturating_mul(2).saturating_add(AROUND_ANSWER);
        let answers = self.answers.fetch_add(1, Ordering::Relaxed);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Half of the manifest is kept for its other parts.
        if answers < MAX_ANSWERS && before.saturating_add(bytes) <= MAX_MANIFEST_BYTES / 2 {
            return Ok(());
        }
        Err(Cause::TooLarge(format!(
            "the bundle would have more than {MAX_ANSWERS} answers, or more than {} bytes of them: collect a part at a time, with --start-time, --end-time, --account or --region",
            MAX_MANIFEST_BYTES / 2
        )))
    }
}

/// The answers to one kind of request, each asked for once: a run sees the answer that is recorded.
#[derive(Debug)]
pub(super) struct Answers<K, T> {
    slots: Mutex<BTreeMap<K, Arc<AnswerSlot<T>>>>,
}

/// The answer to a request, or why there is none yet.
#[derive(Debug)]
struct AnswerSlot<T> {
    settled: OnceCell<RecordedAnswer<T>>,
    failed: Mutex<Option<RecordedFailure>>,
}

impl<K, T> Default for Answers<K, T> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<K: Ord + Clone + Serialize, T: Clone + Serialize> Answers<K, T> {
    fn slots(&self) -> MutexGuard<'_, BTreeMap<K, Arc<AnswerSlot<T>>>> {
        // Every change is a single entry.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the recorded answer, or asks and records it. A failure is recorded, too, until
    /// another attempt succeeds.
    ///
    /// # Errors
    /// The [`StoreError`] of `ask`, or that there is no room for the answer.
    pub(super) async fn ask(
        &self,
        room: &Room,
        request: K,
        action: &'static str,
        subject: &(dyn Fn() -> String + Sync),
        ask: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let slot = {
            let mut slots = self.slots();
            let slot = slots.entry(request.clone()).or_insert_with(|| {
                Arc::new(AnswerSlot {
                    settled: OnceCell::new(),
                    failed: Mutex::default(),
                })
            });
            Arc::clone(slot)
        };
        let answered = slot
            .settled
            .get_or_try_init(|| async {
                let answer = match ask.await {
                    Ok(found) => RecordedAnswer::Found(found),
                    Err(error) => match error.absence().and_then(RecordedAbsence::of) {
                        Some(absence) => RecordedAnswer::Absent(absence),
                        None => return Err(error),
                    },
                };
                room.take(&(&request, &answer))
                    .map_err(|cause| StoreError {
                        action,
                        subject: subject(),
                        cause,
                    })?;
                Ok(answer)
            })
            .await;
        match answered {
            Ok(answer) => answer.replay(action, subject).cloned(),
            Err(error) => {
                *slot.failed.lock().unwrap_or_else(PoisonError::into_inner) =
                    RecordedFailure::of(&error.cause);
                Err(error)
            }
        }
    }

    /// Returns all answers, in the order of their requests. At most [`MAX_FAILURES`] failures are
    /// among them.
    pub(super) fn recorded(&self) -> Vec<Recorded<K, T>> {
        let mut failures = 0;
        let mut recorded = Vec::new();
        for (request, slot) in self.slots().iter() {
            let failed = || {
                let failed = slot.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.clone().map(RecordedAnswer::Failed)
            };
            let answer = slot.settled.get().cloned().or_else(|| {
                failures += 1;
                failed().filter(|_| failures <= MAX_FAILURES)
            });
            if let Some(answer) = answer {
                recorded.push(Recorded {
                    request: request.clone(),
                    answer,
                });
            }
        }
        recorded
    }
}
