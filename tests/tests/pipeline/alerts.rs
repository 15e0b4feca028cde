//! From findings to people: everything goes through one alerter.

use crate::world::{ALERTER, VALIDATOR, VERIFIER, World, found};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use trailseal_tests::local::{Alert, Fault, Match, Rule, Subscription};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{Object, Trail, TrailSpec};

fn trail() -> Trail {
    TrailSpec {
        hours: 3,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build()
}

/// Returns an object that has the name of a digest of the trail at another time, and is not a
/// digest.
fn junk(world: &World, number: u32) -> Object {
    let digest = &world.hour(2).object;
    let stem = digest.key.rsplit_once('_').map_or("", |(stem, _)| stem);
    let mut object = digest.with_body(b"junk".to_vec());
    let (minute, second) = (number / 60, number % 60);
    object.key = format!("{stem}_20260115T23{minute:02}{second:02}Z.json.gz");
    object
}

/// Returns the keys of all objects that people were alerted to: those in the messages, and those in
/// the lists that the messages name.
async fn reported(world: &World) -> Result<BTreeSet<String>> {
    let lists = world.evidence("alerts/").await?;
    let mut keys = BTreeSet::new();
    for alert in world.alerts() {
        keys.extend(alert.findings().into_iter().map(|finding| finding.key));
        if let Some(list) = alert.document.pointer("/leftOut/wholeList") {
            let list = list.as_str().context("a place")?;
            let (_, key) = list.split_once("/alerts/").context("a list")?;
            let list = lists.get(&format!("alerts/{key}"));
            let list = list.with_context(|| format!("no list {key}"))?;
            let findings = list["findings"].as_array().context("findings")?;
            let of = |finding: &Value| finding["object"]["key"].as_str().map(str::to_owned);
            keys.extend(findings.iter().filter_map(of));
        }
    }
    Ok(keys)
}

/// No subscriber of SNS gets so many messages that SNS suspends it, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_junk_makes_few_messages_and_hides_no_finding() -> Result<()> {
    let world = World::adjusted(trail(), |spec| {
        if let Some(rate) = spec.env.get_mut("TRAILSEAL_ALERTS_PER_MINUTE") {
            "30".clone_into(rate);
        }
    })
    .await?;
    world.deliver().await?;
    world.pump.until_idle().await?;
    let before = world.alerts().len();
    let junk: Vec<Object> = (0..200).map(|number| junk(&world, number)).collect();
    let start = Instant::now();
    for object in &junk {
        world.put(object).await?;
    }
    // A real attack immediately after them.
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.put(&world.hour(2).object).await?;
    world.pump.until_idle().await?;
    let published = world.proxy.calls(&Match::operation("sns", "Publish"));
    let messages = published.len() - before;
    ensure!(messages <= 30, "{messages} messages");
    // Thirty a minute in two environments: fifteen in each, of which only one runs here.
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    let times: Vec<Instant> = published.iter().skip(before).map(|call| call.at).collect();
    for pair in times.windows(2) {
        ensure!(
            pair[1] - pair[0] >= Duration::from_millis(3_900),
            "{times:?}"
        );
    }
    let reported = reported(&world).await?;
    for object in junk.iter().chain([log]) {
        ensure!(reported.contains(&object.key), "{} was lost", object.key);
    }
    // It is named in the message itself, not only in a list.
    let in_message = world.alerts().iter().any(|alert| {
        alert
            .findings()
            .iter()
            .any(|f| f.kind == "log-file-modified" && f.key == log.key)
            && alert.email.contains("log-file-modified")
    });
    ensure!(
        in_message,
        "after {minutes} minutes, in {messages} messages"
    );
    Ok(())
}

/// A digest with more findings than a message of the queue can contain.
#[tokio::test(flavor = "multi_thread")]
async fn findings_too_large_for_a_message_go_through_the_evidence_bucket() -> Result<()> {
    let world = World::of(TrailSpec::large(1_200).build()).await?;
    world.stop_events().await?;
    world.put(&world.hour(1).object).await?;
    let event = world.hour(1).object.bare_event();
    world.pump.send(VERIFIER, &event.to_string()).await?;
    world.settle().await?;
    let documents = world.evidence("findings/").await?;
    ensure!(!documents.is_empty(), "no document of findings");
    let alerts = world.alerts();
    ensure!(alerts.len() == 1, "{} alerts", alerts.len());
    ensure!(
        alerts[0].document["count"] == 1_200,
        "{:#}",
        alerts[0].document["count"]
    );
    ensure!(reported(&world).await?.len() == 1_200);
    // The same again: people have already been alerted to it.
    world.pump.send(VERIFIER, &event.to_string()).await?;
    world.settle().await?;
    ensure!(world.alerts().len() == 1);
    Ok(())
}

/// People are alerted to a finding once, regardless of which function finds it and how often.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_occurrence_is_one_message() -> Result<()> {
    let world = World::of(trail()).await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    let alerts = world.alerts().len();
    for _ in 0..3 {
        world.put(&world.hour(2).object).await?;
        world.settle().await?;
    }
    ensure!(world.alerts().len() == alerts);
    // Other content in the same file is another occurrence, which people are alerted to later.
    world.put(&tamper_log::second_member(log)).await?;
    world.put(&world.hour(2).object).await?;
    world.settle().await?;
    let incidents = world.evidence("incidents/").await?;
    let modified = incidents
        .values()
        .filter(|incident| incident["kind"] == "log-file-modified");
    ensure!(modified.count() == 1, "{incidents:#?}");
    Ok(())
}

/// A finding that only one of two functions sees is not left to the other function.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_verifier_reports_by_itself_what_is_wrong_with_a_digest() -> Result<()> {
    let world = World::of(trail()).await?;
    world.stop_events().await?;
    world.deliver().await?;
    let junk = junk(&world, 1);
    world.put(&junk).await?;
    let event = junk.bare_event();
    world.pump.send(VERIFIER, &event.to_string()).await?;
    world.settle().await?;
    world.assert_alerts(&[found("digest-malformed", &junk)]);
    world.pump.send(VALIDATOR, &event.to_string()).await?;
    world.settle().await?;
    ensure!(world.alerts().len() == 1, "the validator finds the same");
    Ok(())
}

/// Returns a message about a finding of an incident that grows.
fn growth(occurrence: &str, detected_at: Timestamp) -> String {
    let id = "5f0d3c2b1a49586776859403a2b1c0dfee0f1e2d3c4b5a69788796a5b4c3d2e1";
    json!({
        "schema": "trailseal.findings/1", "function": "kms-context-checker", "version": "0.1.0",
        "detectedAt": detected_at, "count": 1,
        "findings": [{
            "schema": "trailseal.finding/1", "id": id, "kind": "kms-unlisted-reader",
            "severity": "medium", "account": "111122223333", "region": "us-east-1",
            "trail": null, "homeRegion": null,
            "object": {"bucket": "amzn-s3-demo-bucket", "key": occurrence},
            "message": "Somebody read.", "advice": "Ask.", "detectedAt": detected_at,
            "function": "kms-context-checker", "version": "0.1.0", "occurrence": occurrence,
        }],
    })
    .to_string()
}

/// An incident that is opened early hides nothing that is found later, and a finding with a future
/// time suppresses no later one.
#[tokio::test(flavor = "multi_thread")]
async fn an_incident_opened_early_hides_no_later_finding() -> Result<()> {
    let world = World::of(trail()).await?;
    let now = Timestamp::now();
    let ahead = now + SignedDuration::from_hours(24 * 8);
    world.pump.send(ALERTER, &growth("noise", ahead)).await?;
    world.settle().await?;
    ensure!(world.alerts().len() == 1);
    for number in 0..5 {
        let real = growth(&format!("real {number}"), Timestamp::now());
        world.pump.send(ALERTER, &real).await?;
    }
    world.settle().await?;
    ensure!(world.alerts().len() == 1, "within the hour");
    let reminders = world.proxy.calls(&Match::operation("sqs", "SendMessage"));
    let reminder = reminders.iter().find_map(|call| {
        let body = call.parameters.get("MessageBody")?.as_str()?;
        let delay = call.parameters.get("DelaySeconds")?.as_u64()?;
        (body.contains("trailseal.reminder/1") && delay == 900).then(|| body.to_owned())
    });
    let reminder = reminder.context("no reminder is on its way")?;
    // An hour later, without anything new, the reminder arrives.
    let (key, mut incident) = world
        .evidence("incidents/")
        .await?
        .into_iter()
        .next()
        .context("no incident")?;
    ensure!(
        incident["occurrences"] == 6 && incident["toldOccurrences"] == 1,
        "{incident:#}"
    );
    incident["toldAt"] = json!(now - SignedDuration::from_mins(61));
    world.keep_evidence(&key, &incident).await?;
    world.pump.send(ALERTER, &reminder).await?;
    world.settle().await?;
    let alerts = world.alerts();
    ensure!(alerts.len() == 2, "{} alerts", alerts.len());
    let update = &alerts[1];
    ensure!(
        update.subject.contains("update: 5 findings"),
        "{}",
        update.subject
    );
    ensure!(
        update.email.contains("5 more since the alert at"),
        "{}",
        update.email
    );
    ensure!(update.findings()[0].key == "real 4");
    Ok(())
}

/// The alerter dies while SNS has its message: the finding is delivered again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_alerter_loses_nothing() -> Result<()> {
    let world = World::adjusted(trail(), |spec| {
        if spec.env.contains_key("TRAILSEAL_ALERTS_PER_MINUTE") {
            spec.timeout = Duration::from_secs(4);
        }
    })
    .await?;
    world.deliver().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    let stall = Fault::Stall(Duration::from_secs(30));
    for calls in [
        Match::operation("s3", "GetObject").path_contains("/incidents/"),
        Match::operation("sns", "Publish"),
        Match::operation("s3", "PutObject").path_contains("/incidents/"),
    ] {
        let rule = world.proxy.add(Rule::new(calls, stall.clone()));
        world.pump.round().await?;
        world.pump.round().await?;
        world.proxy.remove(rule);
    }
    world.settle().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    ensure!(
        world
            .proxy
            .alerts()
            .iter()
            .flat_map(Alert::findings)
            .count()
            >= 1
    );
    Ok(())
}

/// A subscription whose filter policy checks the body gets what the policy names, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_filter_policy_on_the_body_passes_what_it_names() -> Result<()> {
    let world = World::of(trail()).await?;
    let sns = world.aws.sns();
    let topics = sns.list_topics().send().await?;
    let topic = topics.topics().iter().find_map(|topic| topic.topic_arn());
    let mut arns = topics.topics().iter().filter_map(|topic| topic.topic_arn());
    let topic = arns.find(|arn| arn.contains("AlertTopic")).or(topic);
    let topic = topic.context("no topic")?;
    let critical = Subscription::create(&world.aws, topic, "critical").await?;
    let all = sns.list_subscriptions_by_topic().topic_arn(topic);
    let subscriptions = all.send().await?;
    let mut to_queue = subscriptions.subscriptions().iter();
    let arn = to_queue
        .find(|one| one.protocol() == Some("sqs"))
        .and_then(|one| one.subscription_arn())
        .context("no subscription")?;
    for (name, value) in [
        ("FilterPolicyScope", "MessageBody"),
        ("FilterPolicy", r#"{"severity":["critical"]}"#),
    ] {
        let set = sns.set_subscription_attributes().subscription_arn(arn);
        let set = set.attribute_name(name).attribute_value(value);
        set.send().await?;
    }
    // The trail is new, which has low severity.
    world.deliver().await?;
    world.settle().await?;
    ensure!(!world.proxy.alerts().is_empty());
    ensure!(critical.take().await?.is_empty());
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper_log::modified(log)).await?;
    world.put(&world.hour(2).object).await?;
    world.settle().await?;
    let got = critical.take().await?;
    ensure!(got.len() == 1, "{} alerts", got.len());
    ensure!(
        got[0]
            .findings()
            .iter()
            .any(|f| f.kind == "log-file-modified")
    );
    Ok(())
}
