//! Requests with several entries, of which some may fail.

use crate::ports::{Refusal, Refusals};
use std::time::Duration;
use trailseal::world::StoreError;

/// How many times the entries are sent that a service did not accept for a moment. The SDK repeats
/// requests that fail as a whole.
const ROUNDS: u32 = 3;

/// The time before the entries are sent again, doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// Sends requests, each a list of positions and entries, one after the other. Returns what the
/// service did not accept in the end, by position.
pub(crate) async fn send<T, F>(
    requests: Vec<Vec<(usize, T)>>,
    one: impl Fn(Vec<T>) -> F,
) -> Refusals
where
    T: Clone,
    F: Future<Output = Result<Refusals, StoreError>>,
{
    let mut refused = Refusals::new();
    for request in requests {
        refused.extend(send_request(request, &one).await);
    }
    refused
}

async fn send_request<T, F>(request: Vec<(usize, T)>, one: &impl Fn(Vec<T>) -> F) -> Refusals
where
    T: Clone,
    F: Future<Output = Result<Refusals, StoreError>>,
{
    let (mut positions, mut entries): (Vec<usize>, Vec<T>) = request.into_iter().unzip();
    let mut refused = Refusals::new();
    let mut pause = PAUSE;
    for round in 1..=ROUNDS {
        let mut failed = one(entries.clone()).await.unwrap_or_else(|error| {
            let refusal = Refusal::of(&error);
            (0..entries.len()).map(|n| (n, refusal.clone())).collect()
        });
        let is_whole = failed.len() == entries.len();
        let mut again = (Vec::new(), Vec::new());
        for (number, (position, entry)) in positions.into_iter().zip(entries).enumerate() {
            match failed.remove(&number) {
                None => {}
                // The SDK has repeated a request that failed as a whole.
                Some(refusal) if refusal.is_final || is_whole || round == ROUNDS => {
                    refused.insert(position, refusal);
                }
                Some(_) => {
                    again.0.push(position);
                    again.1.push(entry);
                }
            }
        }
        (positions, entries) = again;
        if entries.is_empty() {
            break;
        }
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use trailseal::world::Cause;

    fn refusal(is_final: bool) -> Refusal {
        Refusal {
            reason: "r".to_owned(),
            is_final,
        }
    }

    /// Sends the numbers from 0 to 9, in two requests. Returns what was sent, and what was refused.
    async fn sent(
        answer: impl Fn(u32, &[u32]) -> Result<Refusals, StoreError>,
    ) -> (Vec<Vec<u32>>, Vec<usize>) {
        let log = Mutex::new(Vec::new());
        let requests = [0..6_u32, 6..10].map(|numbers| {
            let numbers = numbers.map(|n| (usize::try_from(n).unwrap(), n));
            numbers.collect::<Vec<_>>()
        });
        let refused = send(requests.into(), |entries: Vec<u32>| {
            let mut log = log.lock().unwrap();
            log.push(entries.clone());
            let answer = answer(u32::try_from(log.len()).unwrap(), &entries);
            async { answer }
        })
        .await;
        let log = log.into_inner().unwrap();
        (log, refused.into_keys().collect())
    }

    #[tokio::test]
    async fn only_entries_that_failed_for_a_moment_are_sent_again() {
        let (log, refused) = sent(|round, _| {
            Ok(match round {
                1 => Refusals::from([(1, refusal(false)), (2, refusal(true)), (5, refusal(false))]),
                2 => Refusals::from([(1, refusal(false))]),
                _ => Refusals::new(),
            })
        })
        .await;
        assert_eq!(
            log,
            [
                vec![0, 1, 2, 3, 4, 5],
                vec![1, 5],
                vec![5],
                vec![6, 7, 8, 9]
            ]
        );
        assert_eq!(refused, [2]);
    }

    #[tokio::test]
    async fn an_entry_that_keeps_failing_is_refused_after_three_rounds() {
        let (log, refused) = sent(|_, entries| {
            let at = entries.iter().position(|n| *n == 3);
            let more = entries.len() > 1;
            Ok(at
                .filter(|_| more)
                .map(|at| (at, refusal(false)))
                .into_iter()
                .collect())
        })
        .await;
        assert_eq!(log.len(), 3, "{log:?}");
        assert_eq!(refused, Vec::<usize>::new());
        let (log, refused) = sent(|_, entries| {
            let failing = entries
                .iter()
                .enumerate()
                .filter(|(_, n)| [3, 4].contains(*n));
            let failing = failing.map(|(at, _)| (at, refusal(false)));
            Ok(failing
                .take(entries.len().saturating_sub(1).max(1))
                .collect())
        })
        .await;
        assert!(log.len() <= 4, "{log:?}");
        assert!(!refused.is_empty());
    }

    #[tokio::test]
    async fn a_request_that_fails_as_a_whole_is_not_repeated_here() {
        let (log, refused) = sent(|round, _| match round {
            1 => Err(StoreError {
                action: "send",
                subject: "x".to_owned(),
                cause: Cause::Unavailable("throttled".to_owned()),
            }),
            _ => Ok(Refusals::new()),
        })
        .await;
        assert_eq!(log.len(), 2);
        assert_eq!(refused, [0, 1, 2, 3, 4, 5]);
    }
}
