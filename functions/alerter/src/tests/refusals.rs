//! SNS or the evidence bucket refuses.

use super::*;

#[tokio::test]
async fn findings_that_sns_refuses_go_back_and_are_not_recorded_as_published() {
    let aws = Aws::default();
    aws.0.lock().unwrap().refuses.insert("publish");
    let bodies = [body(&[modified("a")], 0), body(&[reading("l")], 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![0, 1]));
    assert!(aws.0.lock().unwrap().documents.is_empty());
    // They are delivered again soon, instead of after the visibility timeout.
    let retries = std::mem::take(&mut aws.0.lock().unwrap().retries);
    let soon = |n: u32| (format!("receipt {n}"), 30);
    assert_eq!(retries, [soon(0), soon(1)]);
    aws.0.lock().unwrap().refuses.clear();
    assert_eq!(answer(&aws, &bodies, 1).await, Some(vec![]));
    assert_eq!(published(&aws).len(), 2);
}

#[tokio::test]
async fn a_failing_evidence_bucket_stops_no_alert() {
    for refused in ["look up", "keep", "recall"] {
        let aws = Aws::default();
        aws.0.lock().unwrap().refuses.insert(refused);
        let bodies = [body(&[modified("a")], 0)];
        assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]), "{refused}");
        assert_eq!(published(&aws).len(), 1, "{refused}");
    }
    // What could not be recorded is published again, a few times.
    let aws = Aws::default();
    aws.0.lock().unwrap().refuses.insert("replace");
    let bodies = [body(&[modified("a")], 0)];
    for (number, failed) in [(1, vec![0]), (2, vec![0]), (3, vec![0]), (4, vec![])] {
        aws.0.lock().unwrap().receives = number;
        assert_eq!(answer(&aws, &bodies, 0).await, Some(failed), "{number}");
        assert_eq!(number_of_alerts(&aws), usize::try_from(number).unwrap());
    }
    aws.0.lock().unwrap().refuses.clear();
    aws.0.lock().unwrap().receives = 2;
    for _ in 0..2 {
        assert_eq!(answer(&aws, &bodies, 1).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), 5);
    }
    // A finding in neither the message nor a list that it names has reached nobody.
    let aws = Aws::default();
    aws.0.lock().unwrap().refuses.insert("keep");
    let bodies: Vec<String> = (0..3_000)
        .map(|n| body(&[modified(&format!("{n:0900}"))], 0))
        .collect();
    let failed = answer(&aws, &bodies, 0).await.unwrap();
    assert_eq!(failed.len() + published(&aws).len(), 3_000);
    aws.0.lock().unwrap().refuses.clear();
    let rest: Vec<String> = failed.iter().map(|n| bodies[*n].clone()).collect();
    assert_eq!(answer(&aws, &rest, 1).await, Some(vec![]));
    let lists: Vec<usize> = {
        let world = aws.0.lock().unwrap();
        let lists = world
            .documents
            .iter()
            .filter(|(key, _)| key.starts_with("alerts/"));
        let count = |document: &str| {
            let list: Value = serde_json::from_str(document).unwrap();
            list["findings"].as_array().unwrap().len()
        };
        lists.map(|(_, (document, _))| count(document)).collect()
    };
    assert_eq!(lists, [failed.len()]);
}

/// Something that SNS refuses does not keep the other findings from people.
#[tokio::test]
async fn a_message_that_sns_always_refuses_is_replaced_by_a_short_one() {
    let aws = Aws::default();
    aws.0.lock().unwrap().refused_word = Some("poison");
    let bodies = [body(&[modified("poison"), modified("a")], 0)];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    let world = aws.0.lock().unwrap();
    assert_eq!(world.alerts.len(), 1);
    assert_eq!(world.alerts[0].subject, "[CRITICAL] Trailseal: 2 findings");
    let list = world
        .documents
        .iter()
        .find(|(key, _)| key.starts_with("alerts/"));
    let (key, (document, _)) = list.unwrap();
    assert!(world.alerts[0].message.contains(key));
    assert!(document.contains("poison") && document.contains("log-file-modified"));
}

/// The alert is published with what is known, which is nothing.
#[tokio::test]
async fn an_evidence_bucket_that_does_not_answer_keeps_no_alert_back() {
    let aws = Aws::default();
    aws.0.lock().unwrap().stalls.insert("look up");
    let found = [body(&[modified("a")], 0)];
    let failed = answer_within(&aws, &found, 0, Duration::from_secs(4)).await;
    assert_eq!(failed, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 1);
}
