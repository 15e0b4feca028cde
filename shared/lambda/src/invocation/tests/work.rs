//! Work that is not about objects.

use super::*;
use crate::invocation::batch::Messages as _;
use crate::invocation::work::{Work, WorkError, WorkService, answer_work};

/// Does what the message says.
struct Worker;

impl Work for Worker {
    async fn work(&self, message: &str, _: Deadline) -> Result<Option<String>, WorkError> {
        let failed = |cause| {
            WorkError::Failed(StoreError {
                action: "work on",
                subject: message.to_owned(),
                cause,
            })
        };
        match message.trim_matches('"') {
            "long" => Ok(Some("the rest".to_owned())),
            "malformed" => Err(WorkError::Malformed("no".to_owned())),
            "slow-down" => Err(failed(Cause::Unavailable("SlowDown".to_owned()))),
            "denied" => Err(failed(Cause::Denied("no".to_owned()))),
            "stalls" => std::future::pending().await,
            "panics" => panic!("as requested"),
            _ => Ok(None),
        }
    }
}

type Workers = Arc<WorkService<Worker, Memory>>;

fn workers(queue: Line) -> Workers {
    let resender = Resender {
        queue,
        max_receives: 5,
    };
    Arc::new(WorkService::new(Worker, resender))
}

async fn work(workers: &Workers, event: Value) -> Result<Value, Diagnostic> {
    let run = Run {
        deadline: Deadline::of_invocation(SystemTime::now() + Duration::from_secs(2)),
        request_id: "request".into(),
        function_version: "7".into(),
    };
    answer_work(Arc::clone(workers), event, run).await
}

fn sent(workers: &Workers) -> Vec<Again> {
    std::mem::take(&mut workers.resender().queue.sent.lock().unwrap())
}

#[tokio::test]
async fn work_that_takes_longer_continues_with_a_new_message() {
    let workers = workers(Line::default());
    let done = work(&workers, sqs(&[("m", "done", 1)])).await.unwrap();
    assert!(sent_back(&done).is_empty() && sent(&workers).is_empty());
    let long = work(&workers, sqs(&[("m", "long", 1)])).await.unwrap();
    assert!(sent_back(&long).is_empty());
    let again = sent(&workers);
    let [(body, passage, 0)] = again.as_slice() else {
        panic!("{again:?}");
    };
    assert_eq!(
        (body.as_str(), passage.attempt, passage.hops),
        ("the rest", 1, 1)
    );
    // A person who invokes the function knows whether anything is left.
    for (message, done) in [("done", true), ("long", false)] {
        let answer = work(&workers, json!(message)).await.unwrap();
        assert_eq!(answer, json!({ "done": done }));
    }
    assert!(work(&workers, json!("malformed")).await.is_err());
}

#[tokio::test]
async fn work_that_fails_is_tried_again_and_parked_as_any_message() {
    let workers = workers(Line::default());
    for (message, attempts) in [
        ("malformed", 2),
        ("denied", 3),
        ("slow-down", 5),
        ("panics", 5),
    ] {
        let mut passage = Passage::default();
        for attempt in 1..attempts {
            let event = json!({"Records": [record("m", message, 1, &passage)]});
            assert!(sent_back(&work(&workers, event).await.unwrap()).is_empty());
            let again = sent(&workers);
            let [(body, carried, _)] = again.as_slice() else {
                panic!("{message} {attempt}: {again:?}");
            };
            assert_eq!((body.as_str(), carried.attempt), (message, attempt + 1));
            passage = Passage {
                not_before: None,
                ..*carried
            };
        }
        let event = json!({"Records": [record("m", message, 1, &passage)]});
        assert!(sent_back(&work(&workers, event).await.unwrap()).is_empty());
        assert!(sent(&workers).is_empty());
        let parked = std::mem::take(&mut *workers.resender().queue.parked.lock().unwrap());
        assert_eq!(parked, [message]);
    }
    let event = sqs(&[("m", "stalls", 1)]);
    assert!(sent_back(&work(&workers, event).await.unwrap()).is_empty());
    assert_eq!(sent(&workers)[0].0, "stalls");
    // A rest that was sent too often is not sent again.
    let passage = Passage {
        hops: 500,
        ..Passage::default()
    };
    let event = json!({"Records": [record("m", "long", 1, &passage)]});
    work(&workers, event).await.unwrap();
    assert_eq!(sent(&workers)[0].0, "long");
    // A rest that the queue does not accept leaves the message in the queue.
    let refusing = self::workers(Line {
        refuses: true,
        ..Line::default()
    });
    let answer = work(&refusing, sqs(&[("m", "long", 1)])).await.unwrap();
    assert_eq!(sent_back(&answer), ["m"]);
}
