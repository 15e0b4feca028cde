//! The function dies at any step, and nothing is lost.

use super::*;

#[tokio::test]
async fn a_finding_is_published_even_if_the_alerter_crashes_at_any_step() {
    let bodies = [
        body(&[modified("a"), modified("b")], 61),
        body(&[reading("l")], 61),
    ];
    let mut died = 0;
    for step in 0.. {
        let aws = Aws::default();
        // An incident that is open, and grows.
        answer(&aws, &[body(&[reading("earlier")], 0)], 0).await;
        let before = published(&aws).len();
        {
            let mut world = aws.0.lock().unwrap();
            world.steps = 0;
            world.crashes_at = Some(step);
        }
        let done = answer(&aws, &bodies, 61).await;
        aws.0.lock().unwrap().crashes_at = None;
        if done.is_none() {
            died += 1;
            // The messages were not acknowledged: they are delivered again.
            assert_eq!(answer(&aws, &bodies, 70).await, Some(vec![]));
        }
        let keys: BTreeSet<String> = published(&aws)[before..]
            .iter()
            .map(|(_, key, _)| key.clone())
            .collect();
        assert_eq!(
            keys,
            BTreeSet::from(["a", "b", "l"].map(str::to_owned)),
            "died at step {step}"
        );
        // From then on, people have been alerted to it.
        let alerts = number_of_alerts(&aws);
        assert_eq!(answer(&aws, &bodies, 71).await, Some(vec![]));
        assert_eq!(number_of_alerts(&aws), alerts, "died at step {step}");
        if done.is_some() {
            break;
        }
    }
    assert!(died >= 14, "{died} steps");
}

#[tokio::test]
async fn a_pending_update_survives_a_crash_at_any_step() {
    for step in 0.. {
        let aws = Aws::default();
        answer(&aws, &[body(&[reading("earlier")], 0)], 0).await;
        {
            let mut world = aws.0.lock().unwrap();
            world.steps = 0;
            world.crashes_at = Some(step);
        }
        let new = [body(&[reading("later")], 10)];
        let done = answer(&aws, &new, 10).await;
        aws.0.lock().unwrap().crashes_at = None;
        if done.is_none() {
            assert_eq!(answer(&aws, &new, 20).await, Some(vec![]));
        }
        let reminders = take_later(&aws);
        assert!(!reminders.is_empty(), "died at step {step}: no reminder");
        answer(&aws, &reminders, 60).await;
        assert!(
            published(&aws)
                .iter()
                .any(|(_, key, new)| key == "later" && *new == 1),
            "died at step {step}: {:?}",
            published(&aws)
        );
        if done.is_some() {
            break;
        }
    }
}
