//! Two execution environments at the same time.

use super::*;

/// Two environments have the same incident: neither undoes what the other writes.
#[tokio::test]
async fn concurrent_writes_lose_no_occurrence() {
    let aws = Aws::default();
    let (one, other) = ([body(&[reading("one")], 0)], [body(&[reading("other")], 0)]);
    let (a, b) = tokio::join!(answer(&aws, &one, 0), answer(&aws, &other, 0));
    assert_eq!((a, b), (Some(vec![]), Some(vec![])));
    let world = aws.0.lock().unwrap();
    let document = world
        .documents
        .iter()
        .find(|(key, _)| key.starts_with("incidents/"));
    let incident: Value = serde_json::from_str(&document.unwrap().1.0).unwrap();
    assert_eq!(incident["occurrences"], 2);
    assert_eq!(incident["toldOccurrences"], 2);
    assert_eq!(world.alerts.len(), 2);
}

/// A reminder and a new occurrence arrive together: neither is lost.
#[tokio::test]
async fn a_reminder_and_a_new_occurrence_are_both_kept() {
    let aws = Aws::default();
    answer(&aws, &[body(&[reading("first")], 0)], 0).await;
    answer(&aws, &[body(&[reading("second")], 5)], 5).await;
    let reminder = [take_later(&aws).swap_remove(0)];
    // At the full hour one environment has the reminder, another a third occurrence.
    let third = [body(&[reading("third")], 59)];
    let (a, b) = tokio::join!(answer(&aws, &third, 59), answer(&aws, &reminder, 60));
    assert_eq!((a, b), (Some(vec![]), Some(vec![])));
    // In either order, people are alerted to all three within the next hour.
    for round in 1..=10 {
        answer(&aws, &take_later(&aws), 60 + 15 * round).await;
    }
    let world = aws.0.lock().unwrap();
    let document = world.documents.iter().find(|(key, (document, _))| {
        key.starts_with("incidents/") && document.contains("trailseal.incident/1")
    });
    let incident: Value = serde_json::from_str(&document.unwrap().1.0).unwrap();
    assert_eq!(incident["occurrences"], 3);
    assert_eq!(incident["toldOccurrences"], 3);
}
