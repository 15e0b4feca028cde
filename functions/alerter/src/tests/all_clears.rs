//! What was found is right again.

use super::*;

fn right_again(finding: Finding) -> Finding {
    finding.into_all_clear("The file is back.")
}

/// Returns the subjects of the alerts that SNS accepted since the last call.
fn take_subjects(aws: &Aws) -> Vec<String> {
    let alerts = std::mem::take(&mut aws.0.lock().unwrap().alerts);
    alerts.into_iter().map(|alert| alert.subject).collect()
}

#[tokio::test]
async fn an_incident_closes_with_one_message_and_opens_again() {
    let aws = Aws::default();
    let found = [body(&[modified("a")], 0)];
    let cleared = [body(&[right_again(modified("a"))], 5)];
    answer(&aws, &found, 0).await;
    take_subjects(&aws);
    for minute in [5, 6, 60 * 30] {
        assert_eq!(answer(&aws, &cleared, minute).await, Some(vec![]));
        let expected: &[&str] = match minute {
            5 => &["[ALL CLEAR] Trailseal: 1 incident closed: log-file-modified"],
            _ => &[],
        };
        assert_eq!(take_subjects(&aws), expected, "minute {minute}");
    }
    // The finding of before, delivered again: nobody is woken up.
    assert_eq!(answer(&aws, &found, 60 * 31).await, Some(vec![]));
    assert_eq!(take_subjects(&aws), [""; 0]);
    let again = body(&[modified("a")], 60 * 32);
    assert_eq!(answer(&aws, &[again], 60 * 32).await, Some(vec![]));
    let alert = aws.0.lock().unwrap().alerts[0].clone();
    assert_eq!(
        alert.subject,
        "[CRITICAL] Trailseal: 1 finding: log-file-modified"
    );
    assert!(
        alert.message.contains("Found again after an all-clear."),
        "{}",
        alert.message
    );
}

#[tokio::test]
async fn an_all_clear_says_what_was_found_and_why_it_is_right() {
    let aws = Aws::default();
    let both = [
        body(&[right_again(modified("a"))], 5),
        body(&[modified("a")], 4),
    ];
    // In any order within a batch, and even if nobody was alerted to it before.
    assert_eq!(answer(&aws, &both, 6).await, Some(vec![]));
    let alert = aws.0.lock().unwrap().alerts[0].clone();
    assert_eq!(
        alert.subject,
        "[ALL CLEAR] Trailseal: 1 incident closed: log-file-modified"
    );
    let message: Value = serde_json::from_str(&alert.message).unwrap();
    let email = message["email"].as_str().unwrap();
    for line in [
        "1 incident closed: Trailseal no longer finds what it reported.",
        "1. ALL CLEAR log-file-modified\n   The file is back.\n   What to do: Nothing, if you know",
        "This closes the incident that was first found at 2026-01-15T12:04:00Z: Something was done.",
    ] {
        assert!(email.contains(line), "{line}: {email}");
    }
    let finding = &json_of(&alert)["findings"][0];
    assert_eq!(finding["allClear"], true);
    assert_eq!(finding["incident"]["state"], "closed");
    // The finding itself reaches people through the list.
    assert_eq!(aws.0.lock().unwrap().alerts.len(), 1);
    let list = json_of(&alert)["leftOut"]["wholeList"].to_string();
    assert!(list.contains("s3://amzn-s3-demo-bucket/alerts/"), "{list}");
}

/// The all-clear of an earlier check is delivered after the finding of a later one.
#[tokio::test]
async fn an_all_clear_that_is_late_does_not_close_what_was_found_again() {
    let aws = Aws::default();
    for minute in [0, 5] {
        let found = [body(&[modified("a")], minute)];
        assert_eq!(answer(&aws, &found, minute).await, Some(vec![]));
    }
    take_subjects(&aws);
    for (checked, closed) in [(3, 0), (6, 1)] {
        let cleared = [body(&[right_again(modified("a"))], checked)];
        assert_eq!(answer(&aws, &cleared, 7).await, Some(vec![]));
        assert_eq!(take_subjects(&aws).len(), closed, "{checked}");
    }
}

#[tokio::test]
async fn an_all_clear_of_an_unknown_incident_is_done() {
    let aws = Aws::default();
    let cleared = [body(&[right_again(modified("a"))], 5)];
    assert_eq!(answer(&aws, &cleared, 5).await, Some(vec![]));
    assert_eq!(number_of_alerts(&aws), 0);
    // If the record cannot be read, the all-clear waits.
    aws.0.lock().unwrap().refuses.insert("look up");
    assert_eq!(answer(&aws, &cleared, 6).await, Some(vec![0]));
    assert_eq!(number_of_alerts(&aws), 0);
}

#[tokio::test]
async fn new_findings_and_closed_incidents_are_two_messages() {
    let aws = Aws::default();
    answer(&aws, &[body(&[modified("a")], 0)], 0).await;
    take_subjects(&aws);
    let news = [body(&[reading("l"), right_again(modified("a"))], 5)];
    assert_eq!(answer(&aws, &news, 5).await, Some(vec![]));
    assert_eq!(
        take_subjects(&aws),
        [
            "[MEDIUM] Trailseal: 1 finding: kms-unlisted-reader",
            "[ALL CLEAR] Trailseal: 1 incident closed: log-file-modified"
        ]
    );
}

/// Two objects of one incident; each ends in its own batch.
#[tokio::test]
async fn an_incident_stays_open_until_its_last_occurrence_ends() {
    let aws = Aws::default();
    answer(&aws, &[body(&[reading("l"), reading("m")], 0)], 0).await;
    take_subjects(&aws);
    for (log_file, minute, closed) in [("l", 5, 0), ("m", 10, 1)] {
        let cleared = body(&[right_again(reading(log_file))], minute);
        assert_eq!(answer(&aws, &[cleared], minute).await, Some(vec![]));
        assert_eq!(take_subjects(&aws).len(), closed, "{log_file}");
    }
}

#[tokio::test]
async fn an_all_clear_is_published_even_if_the_alerter_crashes_at_any_step() {
    let mut died = 0;
    for step in 0.. {
        let aws = Aws::default();
        answer(&aws, &[body(&[reading("l"), reading("m")], 0)], 0).await;
        let first = [body(&[right_again(reading("l"))], 5)];
        let second = [body(&[right_again(reading("m"))], 6)];
        take_subjects(&aws);
        {
            let mut world = aws.0.lock().unwrap();
            world.steps = 0;
            world.crashes_at = Some(step);
        }
        let mut done = true;
        for bodies in [&first, &second] {
            if answer(&aws, bodies, 6).await.is_none() {
                done = false;
                aws.0.lock().unwrap().crashes_at = None;
                // The messages were not acknowledged: they are delivered again.
                assert_eq!(answer(&aws, bodies, 7).await, Some(vec![]));
            }
        }
        aws.0.lock().unwrap().crashes_at = None;
        let subjects = take_subjects(&aws);
        let closed = subjects.iter().all(|s| s.starts_with("[ALL CLEAR]"));
        assert!(closed && !subjects.is_empty(), "died at step {step}");
        // From then on, people know.
        for bodies in [&first, &second] {
            assert_eq!(answer(&aws, bodies, 8).await, Some(vec![]));
        }
        assert_eq!(number_of_alerts(&aws), 0, "died at step {step}");
        if done {
            break;
        }
        died += 1;
    }
    assert!(died >= 12, "{died} steps");
}
