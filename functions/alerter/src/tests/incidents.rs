//! The alerts about an incident, and their times.

use super::*;

#[tokio::test]
async fn findings_of_one_batch_are_one_message_and_repeats_are_not_sent() {
    let aws = Aws::default();
    let bodies = [
        body(&[modified("a"), modified("b")], 0),
        body(&[modified("c"), modified("a")], 0),
        body(&[reading("l")], 0),
    ];
    assert_eq!(answer(&aws, &bodies, 0).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 1);
    assert_eq!(published(&aws).len(), 4);
    // Retries, duplicates and other functions.
    for minute in [1, 30, 61, 120] {
        assert_eq!(answer(&aws, &bodies, minute).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), 1, "minute {minute}");
    }
    // What persists is repeated after a day.
    assert_eq!(answer(&aws, &bodies, 24 * 60).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 2);
    assert!(
        aws.0.lock().unwrap().alerts[1]
            .subject
            .contains("still found")
    );
}

/// Somebody who opens an incident early hides nothing that is found later.
#[tokio::test]
async fn a_new_occurrence_of_an_open_incident_is_an_update_within_the_hour() {
    let aws = Aws::default();
    answer(&aws, &[body(&[reading("noise")], 0)], 0).await;
    for n in 0..20 {
        let new = body(&[reading(&format!("real {n}"))], 5);
        assert_eq!(answer(&aws, &[new], 5 + n).await, Some(vec![]));
    }
    assert_eq!(number_of_alerts(&aws), 1);
    // Nothing else arrives except the reminder, in as many steps as SQS's maximum delay requires.
    let mut minute = 5;
    let mut reminders = 0;
    loop {
        let later = std::mem::take(&mut aws.0.lock().unwrap().later);
        let Some((reminder, delay)) = later.into_iter().next() else {
            break;
        };
        assert!(delay <= 900, "{delay}");
        reminders += 1;
        minute += i64::try_from(delay).unwrap() / 60;
        assert_eq!(answer(&aws, &[reminder], minute).await, Some(vec![]));
    }
    assert!((4..=5).contains(&reminders), "{reminders}");
    assert_eq!(number_of_alerts(&aws), 2);
    assert_eq!(
        published(&aws)[1],
        ("kms-unlisted-reader".to_owned(), "real 19".to_owned(), 20)
    );
    // Each of them is in a list that the message names.
    let world = aws.0.lock().unwrap();
    let json = json_of(&world.alerts[1]);
    let folder = json["findings"][0]["incident"]["waited"].as_str().unwrap();
    let (_, folder) = folder.split_once(&format!("{BUCKET}/")).unwrap();
    for n in 0..20 {
        let name = format!("\"real {n}\"");
        let listed = world
            .documents
            .iter()
            .any(|(key, (document, _))| key.starts_with(folder) && document.contains(&name));
        assert!(listed, "{name}");
    }
    drop(world);
    assert!((60..=75).contains(&minute), "{minute}");
}

/// Incidents that grew for an hour by thousands of findings still fit into one message.
#[tokio::test]
async fn thousands_of_grown_incidents_fit_into_one_message() {
    let aws = Aws::default();
    let about = |key: &str, n: usize| {
        reading(&format!("{n}{}", "k".repeat(900)))
            .about(format!("principal {key}"), format!("{key} {n}"))
    };
    let many = |n: usize| -> Vec<String> {
        let all = (0..300).map(|key| body(&[about(&key.to_string(), n)], 0));
        all.collect()
    };
    assert_eq!(answer(&aws, &many(0), 0).await, Some(vec![]));
    for n in 1..20 {
        assert_eq!(answer(&aws, &many(n), 5).await, Some(vec![]));
    }
    assert_eq!(number_of_alerts(&aws), 1);
    assert_eq!(answer(&aws, &many(20), 61).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 2);
    let world = aws.0.lock().unwrap();
    assert!(
        world.alerts[1].subject.contains("update: 6000 findings"),
        "{}",
        world.alerts[1].subject
    );
}
