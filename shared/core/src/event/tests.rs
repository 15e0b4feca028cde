//! Events in every envelope, ours and those of other senders.

use super::envelopes::CLOUDTRAIL_VALIDATION;
use super::objects::{MAX_ENVELOPES, MAX_OBJECTS};
use super::*;
use crate::names::deed::{Deed, ObjectAction, Removal};
use crate::names::event_object::{EventObject, Origin, occurrence_of};
use crate::names::location::ObjectLocation;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn created_objects(event: &Value) -> Result<Vec<EventObject>, EventError> {
    let named = EventObjects::by(event);
    named.error.map_or(Ok(named.created), Err)
}

const KEY: &str = "AWSLogs/111122223333/CloudTrail/x y+z=.json.gz";

fn eventbridge() -> Value {
    json!({"version": "0", "source": "aws.s3", "detail-type": "Object Created",
           "detail": {"bucket": {"name": "amzn-s3-demo-bucket"}, "object": {"key": KEY, "size": 5}}})
}

fn s3(name: &str) -> Value {
    json!({"Records": [{"eventSource": "aws:s3", "eventName": name,
           "s3": {"bucket": {"name": "amzn-s3-demo-bucket"},
                  "object": {"key": "AWSLogs/111122223333/CloudTrail/x+y%2Bz%3D.json.gz"}}}]})
}

fn sqs(bodies: &[Value]) -> Value {
    json!({"Records": bodies.iter().map(|body| json!({
        "eventSource": "aws:sqs", "messageId": "m",
        "body": body.as_str().map_or_else(|| body.to_string(), str::to_owned)})).collect::<Vec<_>>()})
}

fn sns(message: &Value) -> Value {
    json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t",
           "Message": message.as_str().map_or_else(|| message.to_string(), str::to_owned)})
}

fn sns_event(message: &Value) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "Sns": sns(message)}]})
}

#[track_caller]
fn names_the_object(event: &Value) {
    let created = created_objects(event).expect("an event of a known shape");
    let objects: Vec<_> = created.into_iter().map(|created| created.object).collect();
    assert_eq!(
        objects,
        [ObjectLocation::new("amzn-s3-demo-bucket", KEY)],
        "{event}"
    );
}

#[test]
fn every_envelope_names_the_same_object() {
    let cloudtrail = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [KEY]});
    let bare = json!({"bucket": "amzn-s3-demo-bucket", "key": KEY});
    let listed = json!({"bucket": "amzn-s3-demo-bucket", "keys": [KEY]});
    for event in [
        eventbridge(),
        s3("ObjectCreated:Put"),
        cloudtrail,
        bare,
        listed,
    ] {
        names_the_object(&event);
        names_the_object(&sqs(std::slice::from_ref(&event)));
        names_the_object(&sns_event(&event));
        names_the_object(&sqs(&[sns(&event)]));
        names_the_object(&sns_event(&sqs(std::slice::from_ref(&event))));
    }
}

/// Returns the kind and number of messages, if the event consists only of unrelated messages of one
/// kind.
#[track_caller]
fn unrelated(named: &EventObjects) -> (Unrelated, u64) {
    assert_eq!((&named.created, &named.error), (&vec![], &None));
    assert_eq!(named.removed, []);
    let kinds: Vec<_> = named.unrelated.iter().collect();
    assert_eq!(kinds.len(), 1, "{kinds:?}");
    (kinds[0].0, kinds[0].1.count)
}

#[test]
fn an_event_that_is_not_a_creation_names_no_object() {
    let mut tagged = eventbridge();
    tagged["detail-type"] = json!("Object Tags Added");
    for (event, kind) in [
        (tagged, Unrelated::OtherS3Event),
        (s3("s3:ObjectRestore:Completed"), Unrelated::OtherS3Event),
        (s3("s3:ObjectTagging:Put"), Unrelated::OtherS3Event),
        (
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
            Unrelated::TestEvent,
        ),
        (
            json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen"}),
            Unrelated::Subscription,
        ),
    ] {
        assert_eq!(unrelated(&EventObjects::by(&event)), (kind, 1), "{event}");
        let two = sqs(&[event.clone(), event]);
        assert_eq!(unrelated(&EventObjects::by(&two)), (kind, 2));
    }
    assert_eq!(
        EventObjects::by(&json!({"Records": []})),
        EventObjects::default()
    );
    assert_eq!(
        unrelated(&EventObjects::by(&sqs(&[sns(&json!(
            CLOUDTRAIL_VALIDATION
        ))]))),
        (Unrelated::CloudtrailValidation, 1)
    );
}

/// Returns an event of EventBridge about a deletion, as AWS documents it.
fn deleted(detail: &Value) -> Value {
    let mut event = eventbridge();
    event["detail-type"] = json!("Object Deleted");
    event["time"] = json!("2026-01-15T12:00:00Z");
    for (name, value) in detail.as_object().unwrap() {
        event["detail"][name] = value.clone();
    }
    event
}

#[test]
fn an_event_says_what_was_done_to_an_object_and_by_whom() {
    let removed = |how, by_lifecycle| ObjectAction::Removed { how, by_lifecycle };
    let marker = deleted(&json!({
        "object": {"key": KEY, "etag": "d41d8cd98f00b204e9800998ecf8427e", "version-id": "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF"},
        "requester": "123456789012", "source-ip-address": "1.2.3.4",
        "reason": "DeleteObject", "deletion-type": "Delete Marker Created"}));
    let expired = deleted(&json!({"requester": "s3.amazonaws.com",
        "reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"}));
    let deed = |event: &Value| {
        let mut named = EventObjects::by(&sqs(std::slice::from_ref(event)));
        assert_eq!((&named.created, &named.error), (&vec![], &None), "{event}");
        let object = named.removed.remove(0);
        assert_eq!(
            object.object,
            ObjectLocation::new("amzn-s3-demo-bucket", KEY)
        );
        object.deed.unwrap()
    };
    let at: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        deed(&marker),
        Deed {
            action: removed(Some(Removal::Marker), false),
            reason: text("DeleteObject"),
            requester: text("123456789012"),
            source_address: text("1.2.3.4"),
            version_id: text("1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF"),
            time: Some(at),
        }
    );
    let expired = deed(&expired);
    assert_eq!(expired.action, removed(Some(Removal::Permanent), true));
    assert_eq!((expired.source_address, expired.version_id), (None, None));
    // A kind of deletion that AWS adds is still a deletion.
    let unknown = deed(&deleted(
        &json!({"deletion-type": "Shredded", "requester": 7}),
    ));
    assert_eq!(
        (unknown.action, unknown.requester),
        (removed(None, false), None)
    );

    for (name, action) in [
        (
            "ObjectRemoved:Delete",
            removed(Some(Removal::Permanent), false),
        ),
        (
            "s3:ObjectRemoved:DeleteMarkerCreated",
            removed(Some(Removal::Marker), false),
        ),
        (
            "LifecycleExpiration:Delete",
            removed(Some(Removal::Permanent), true),
        ),
        (
            "LifecycleExpiration:DeleteMarkerCreated",
            removed(Some(Removal::Marker), true),
        ),
        ("ObjectRemoved", removed(None, false)),
    ] {
        let mut record = s3(name);
        record["Records"][0]["eventTime"] = json!("2026-01-15T12:00:00.000Z");
        record["Records"][0]["userIdentity"] = json!({"principalId": "AIDAJDPLRKLG7UEXAMPLE"});
        record["Records"][0]["requestParameters"] = json!({"sourceIPAddress": "203.0.113.5"});
        record["Records"][0]["s3"]["object"]["versionId"] =
            json!("096fKKXTRTtl3on89fVO.nfljtsv6qko");
        let mut named = EventObjects::by(&record);
        let object = named.removed.remove(0);
        let readings: Vec<String> = object.readings().map(|at| at.key).collect();
        assert_eq!(
            readings,
            [KEY, "AWSLogs/111122223333/CloudTrail/x+y%2Bz%3D.json.gz"]
        );
        let deed = object.deed.unwrap();
        assert_eq!((deed.action, deed.time), (action, Some(at)), "{name}");
        assert_eq!(deed.requester, text("AIDAJDPLRKLG7UEXAMPLE"));
        assert_eq!(deed.source_address, text("203.0.113.5"));
        assert_eq!(deed.version_id, text("096fKKXTRTtl3on89fVO.nfljtsv6qko"));
    }

    let mut written = eventbridge();
    written["detail"]["requester"] = json!("x".repeat(5000));
    let mut named = EventObjects::by(&written);
    let deed = named.created.remove(0).deed.unwrap();
    assert_eq!(deed.action, ObjectAction::Written);
    assert_eq!(deed.requester.unwrap().len(), 200);
}

#[test]
fn a_function_that_works_on_created_objects_counts_the_deleted_ones_as_unrelated() {
    let event = deleted(&json!({}));
    let many = sqs(&[event.clone(), eventbridge(), event]);
    let named = EventObjects::by(&many);
    assert_eq!((named.created.len(), named.removed.len()), (1, 2));
    let named = named.of_created();
    assert_eq!((named.created.len(), named.removed.len()), (1, 0));
    assert_eq!(named.unrelated.count(Unrelated::OtherS3Event), 2);
    assert_eq!(EventObjects::by(&many).into_objects().count(), 3);
}

/// An event about a deletion that names no object is broken only for a function that needs it.
#[test]
fn a_broken_event_about_a_deletion_is_unrelated_to_created_objects() {
    let eventbridge = json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}});
    let notification =
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete"}]});
    for event in [eventbridge, notification] {
        let of_created = EventObjects::by(&event).of_created();
        assert_eq!(of_created.error, None, "{event}");
        assert_eq!(of_created.unrelated.count(Unrelated::OtherS3Event), 1);
        assert!(EventObjects::by(&event).of_all().error.is_some(), "{event}");
    }
}

/// Returns messages that other services and people send to a shared topic, queue or bus.
fn messages_of_others() -> Vec<(Value, Unrelated)> {
    let config = |kind: &str, more: Value| {
        let mut message = json!({"messageType": kind, "recordVersion": "1.3",
            "notificationCreationTime": "2026-01-15T12:00:00.000Z"});
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        (message, Unrelated::AwsConfig)
    };
    let item = json!({"configurationItem": {"resourceType": "AWS::S3::Bucket",
        "configuration": {"bucket": {"name": "b"}, "object": {"key": "k"}}}});
    let file = json!({"s3Bucket": "amzn-s3-demo-bucket",
        "s3ObjectKey": "AWSLogs/111122223333/Config/us-east-1/2026/1/15/ConfigHistory/x.json.gz"});
    vec![
        config("ConfigurationItemChangeNotification", item),
        config(
            "ConfigurationSnapshotDeliveryStarted",
            json!({"configSnapshotId": "x"}),
        ),
        config("ConfigurationSnapshotDeliveryCompleted", file.clone()),
        config("ConfigurationHistoryDeliveryCompleted", file),
        config(
            "ComplianceChangeNotification",
            json!({"s3ObjectKey": null, "s3Bucket": null}),
        ),
        config(
            "OversizedConfigurationItemChangeNotification",
            json!({"s3DeliverySummary": {"s3BucketLocation": "b/AWSLogs/x.json.gz"}}),
        ),
        config("ScheduledNotification", json!({})),
        (
            json!({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
            "detail": {"instance-id": "i-1", "state": "running"}}),
            Unrelated::OtherSource,
        ),
        (
            json!({"source": "aws.guardduty", "detail-type": "GuardDuty Finding",
            "detail": {"resource": {"s3BucketDetails": [{"name": "b"}]}}}),
            Unrelated::OtherSource,
        ),
        (
            json!({"Records": [{"eventSource": "aws:ses", "ses": {"mail": {}}}]}),
            Unrelated::OtherRecord,
        ),
        (
            json!({"Records": [{"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}]}),
            Unrelated::OtherRecord,
        ),
        // A CloudWatch alarm, an SES bounce, a Lambda destination, a person's note.
        (
            json!({"AlarmName": "a", "NewStateValue": "ALARM", "Trigger": {}}),
            Unrelated::OtherJson,
        ),
        (
            json!({"notificationType": "Bounce", "mail": {"headers": [KEY]}}),
            Unrelated::OtherJson,
        ),
        (
            json!({"version": "1.0", "requestContext": {"condition": "Success"},
            "requestPayload": eventbridge(), "responsePayload": null}),
            Unrelated::OtherJson,
        ),
        (
            json!({"Type": "Alarm", "Message": "x"}),
            Unrelated::OtherJson,
        ),
        (json!({}), Unrelated::OtherJson),
        (
            json!("Maintenance on Saturday: the log bucket will be slow."),
            Unrelated::Text,
        ),
        (json!("\"quoted\""), Unrelated::Text),
        (
            json!("AWSLogs/111122223333/CloudTrail/x.json.gz s3ObjectKey aws:s3"),
            Unrelated::Text,
        ),
    ]
}

#[test]
fn an_unrelated_event_is_named_by_its_kind_and_is_not_an_error() {
    for (message, kind) in messages_of_others() {
        let text = message
            .as_str()
            .map_or_else(|| message.to_string(), str::to_owned);
        assert_eq!(
            unrelated(&EventObjects::by_text(&text)),
            (kind, 1),
            "{text}"
        );
        for wrapped in [sqs(&[sns(&message)]), sns_event(&message), sqs(&[message])] {
            assert_eq!(
                unrelated(&EventObjects::by(&wrapped)),
                (kind, 1),
                "{wrapped}"
            );
        }
    }
}

#[test]
fn an_unrelated_record_affects_no_other_record() {
    let mut bodies: Vec<Value> = messages_of_others().into_iter().map(|(m, _)| m).collect();
    let others = u64::try_from(bodies.len()).unwrap();
    bodies.insert(3, eventbridge());
    let named = EventObjects::by(&sqs(&bodies));
    assert_eq!(
        named.created,
        [
            EventObject::new(ObjectLocation::new("amzn-s3-demo-bucket", KEY))
                .with_deed(Deed::new(ObjectAction::Written))
        ]
    );
    assert_eq!(
        named
            .unrelated
            .iter()
            .map(|(_, seen)| seen.count)
            .sum::<u64>(),
        others
    );
}

/// Checks that an event of ours remains one, whatever else it contains: a text that a user can
/// choose, or a field that identifies other messages.
#[test]
fn added_fields_never_make_our_event_unrelated() {
    let cloudtrail = json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [KEY]});
    let bare = json!({"bucket": "amzn-s3-demo-bucket", "key": KEY});
    for event in [eventbridge(), s3("ObjectCreated:Put"), cloudtrail, bare] {
        for (message, _) in messages_of_others() {
            let Some(fields) = message.as_object() else {
                continue;
            };
            let mut mixed = event.clone();
            for (name, value) in fields {
                if mixed.get(name).is_none() {
                    mixed[name] = value.clone();
                }
            }
            let named = EventObjects::by_text(&mixed.to_string());
            let is_named = named
                .created
                .iter()
                .any(|created| created.object.key == KEY);
            assert!(is_named || named.error.is_some(), "{mixed}");
        }
    }
    for hostile in [
        "ConfigurationItemChangeNotification",
        "\",\"messageType\":\"x",
        "s3:TestEvent",
        CLOUDTRAIL_VALIDATION,
        "{\"source\":\"aws.ec2\",\"detail-type\":\"x\"}",
        "\u{0}\u{feff}[",
    ] {
        let mut event = eventbridge();
        event["detail"]["object"]["key"] = json!(hostile);
        let mut notification = s3("ObjectCreated:Put");
        notification["Records"][0]["s3"]["object"]["key"] = json!(hostile);
        let delivery = json!({"s3Bucket": "b", "s3ObjectKey": [hostile]});
        for event in [event, notification, delivery] {
            let named = EventObjects::by_text(&event.to_string());
            assert_eq!(named.created.len(), 1, "{event}");
            assert!(named.unrelated.is_empty() && named.error.is_none());
        }
    }
}

#[test]
fn malformed_events_are_errors() {
    let mut renamed = eventbridge();
    renamed["source"] = json!("my.relay");
    let mut untyped = eventbridge();
    untyped.as_object_mut().unwrap().remove("detail-type");
    let mut anonymous = untyped.clone();
    anonymous.as_object_mut().unwrap().remove("source");
    let mut record = s3("ObjectCreated:Put")["Records"][0].clone();
    record["eventSource"] = json!("minio:s3");
    let cut = eventbridge().to_string();
    for event in [
        json!([]),
        json!(null),
        json!(7),
        json!([eventbridge()]),
        json!({"Records": {}}),
        json!({"Records": [{}]}),
        json!({"Records": [record]}),
        record.clone(),
        json!({"Records": [{"eventSource": "aws:sqs"}]}),
        json!({"Records": [{"eventSource": "aws:s3"}]}),
        json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}),
        json!({"Type": "Notification", "Message": eventbridge().to_string()}),
        json!({"Type": "Notification", "TopicArn": "t"}),
        json!(&cut[..cut.len() - 9]),
        json!("[1"),
        json!("\u{feff}{}"),
        json!("\u{a0}{\"bucket\":"),
        renamed,
        untyped,
        anonymous,
        eventbridge()["detail"].clone(),
        json!({"source": "aws.s3", "detail-type": "Object Created", "detail": {}}),
        json!({"source": "aws.s3", "detail-type": "Object Created",
               "detail": {"bucket": {"name": "b"}, "object": {"key": null}}}),
        json!({"s3Bucket": "b", "s3ObjectKey": [5]}),
        json!({"s3Bucket": "b", "s3ObjectKey": "AWSLogs/x.json.gz"}),
        json!({"s3Bucket": "b"}),
        json!({"s3ObjectKey": ["k"]}),
        json!({"S3Bucket": "b", "S3ObjectKey": ["k"]}),
        json!({"Bucket": "b", "Key": "k"}),
        json!({"bucket": "b", "key": ["k"]}),
        json!({"bucket": "b", "key": "k", "resumeAt": -1}),
        json!({"bucket": "b", "resumeAt": 1}),
        json!({"bucket": "b", "key": "k", "incidents": "0"}),
        json!({"bucket": "b", "key": "k", "incidents": ["0"]}),
        json!({"bucket": "b", "key": "k", "incidents": [format!("{}/1", "0".repeat(64))]}),
        json!({"bucket": "b", "key": "k", "incidents": ["A".repeat(64)]}),
        json!({"bucket": "b", "key": "k", "incidents": vec!["0".repeat(64); 101]}),
        json!({"bucket": "b", "key": "k".repeat(2000)}),
        json!({"s3Bucket": "b", "s3ObjectKey": vec!["k"; 1001]}),
    ] {
        assert!(
            created_objects(&sqs(std::slice::from_ref(&event))).is_err(),
            "{event}"
        );
    }
    assert!(EventObjects::by_text("").error.is_some());
}

#[test]
fn an_invocation_with_an_event_of_unknown_shape_is_an_error() {
    for event in [
        json!({}),
        json!({"what": "ever"}),
        json!("text"),
        json!({"bucket": "b"}),
        json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": "e30="}}]}),
    ] {
        assert!(created_objects(&event).is_err(), "{event}");
    }
    let ec2 = json!({"source": "aws.ec2", "detail-type": "x"});
    assert_eq!(
        unrelated(&EventObjects::by(&ec2)),
        (Unrelated::OtherSource, 1)
    );
}

#[test]
fn a_record_that_is_alone_or_encoded_twice_names_its_object() {
    names_the_object(&s3("ObjectCreated:Put")["Records"][0]);
    names_the_object(&sqs(&[json!(json!(eventbridge().to_string()).to_string())]));
}

#[test]
fn an_object_is_looked_at_again_for_the_incidents_that_a_message_names() {
    let occurrence = occurrence_of(&"a".repeat(64), &"1".repeat(16));
    let incidents = vec!["0".repeat(64), occurrence];
    let at = ObjectLocation::new("b", "k");
    for object in [EventObject::new(at.clone()), EventObject::rest(at, 7)] {
        let object = object.with_incidents(incidents.clone());
        let body = serde_json::to_string(&object).unwrap();
        let read = &EventObjects::by_text(&body).created[0];
        assert!(read.is_second_look());
        assert_eq!(read.incidents, incidents);
        assert_eq!(read.resume_at, object.resume_at);
    }
    let bare = json!({"bucket": "b", "key": "k"});
    assert!(!EventObjects::by(&bare).created[0].is_second_look());
}

#[test]
fn the_origin_of_a_name_depends_on_its_place_in_the_event() {
    let bare = json!({"bucket": "b", "key": "k"});
    let rest = json!({"bucket": "b", "key": "k", "resumeAt": 7});
    let cloudtrail = json!({"s3Bucket": "b", "s3ObjectKey": ["k"]});
    let origin = |named: EventObjects| named.created[0].origin;
    assert_eq!(origin(EventObjects::by(&bare)), Origin::Person);
    assert_eq!(origin(EventObjects::by(&rest)), Origin::Person);
    assert_eq!(
        origin(EventObjects::by_text(&bare.to_string())),
        Origin::Message
    );
    assert_eq!(origin(EventObjects::by(&sns_event(&bare))), Origin::Message);
    assert_eq!(
        origin(EventObjects::by_text(&rest.to_string())),
        Origin::Service
    );
    for event in [eventbridge(), s3("ObjectCreated:Put"), cloudtrail] {
        assert_eq!(origin(EventObjects::by(&event)), Origin::Service);
        assert_eq!(
            origin(EventObjects::by_text(&event.to_string())),
            Origin::Service
        );
    }
}

/// AWS documents how each of its events writes a key: EventBridge unchanged, an S3 notification
/// URL-encoded.
#[test]
fn a_key_of_uncertain_form_is_read_both_ways() {
    let key = "team+a%2Bb/x.json.gz";
    let mut event = eventbridge();
    event["detail"]["object"]["key"] = json!(key);
    let mut notification = s3("ObjectCreated:Put");
    notification["Records"][0]["s3"]["object"]["key"] = json!(key);
    let decoded = "team a+b/x.json.gz";
    for (event, expected) in [
        (event, vec![key]),
        (notification, vec![decoded, key]),
        (
            json!({"s3Bucket": "b", "s3ObjectKey": [key]}),
            vec![key, decoded],
        ),
        (json!({"bucket": "b", "key": key}), vec![key, decoded]),
        (json!({"bucket": "b", "key": key, "resumeAt": 5}), vec![key]),
    ] {
        let created = created_objects(&event).unwrap();
        let readings: Vec<String> = created[0].readings().map(|at| at.key).collect();
        assert_eq!(readings, expected, "{event}");
    }
}

#[test]
fn a_bad_record_affects_no_other_record() {
    let mut event = s3("ObjectCreated:Put");
    let mut bad = event["Records"][0].clone();
    bad["s3"]["object"]["key"] = json!(7);
    let records = event["Records"].as_array_mut().unwrap();
    records.insert(0, bad);
    let named = EventObjects::by(&event);
    assert_eq!(named.created.len(), 1);
    assert!(matches!(named.error, Some(EventError::Unknown(_))));
    for keys in [
        json!({"s3Bucket": "amzn-s3-demo-bucket", "s3ObjectKey": [7, KEY]}),
        json!({"bucket": "amzn-s3-demo-bucket", "keys": [7, KEY]}),
    ] {
        let named = EventObjects::by(&keys);
        assert_eq!(named.created.len(), 1);
        assert!(matches!(named.error, Some(EventError::Unknown(_))));
    }
}

#[test]
fn a_list_of_keys_names_each_object_as_a_key_does() {
    let keys = ["team+a%2Bb/x.json.gz", "/y", "\u{ffff}"];
    let message = EventObject::message_of("b", &keys);
    let listed = EventObjects::by_text(&message);
    assert_eq!((&listed.error, &listed.removed), (&None, &vec![]));
    let each = keys.map(|key| {
        let bare = json!({"bucket": "b", "key": key}).to_string();
        EventObjects::by_text(&bare).created.remove(0)
    });
    assert_eq!(listed.created, each);
    assert!(listed.created.iter().all(EventObject::is_listed));
    // A message of keys would not say everything about these.
    let deed = created_objects(&eventbridge()).unwrap().remove(0);
    let incidents = each[0].clone().with_incidents(vec!["0".repeat(64)]);
    let rest = EventObject::rest(ObjectLocation::new("b", "k"), 5);
    let cloudtrail = EventObject::as_written("b", "k");
    for object in [deed, incidents, rest, cloudtrail] {
        assert!(!object.is_listed(), "{object:?}");
    }
    // What is only similar is an error, and nothing is lost.
    for broken in [
        json!({"bucket": "b", "keys": "k"}),
        json!({"bucket": 7, "keys": ["k"]}),
        json!({"Bucket": "b", "Keys": ["k"]}),
        json!({"bucket": "b", "keys": []}),
        json!({"bucket": "b", "keys": ["k"], "key": "k"}),
        json!({"bucket": "b", "keys": ["k"], "incidents": ["0".repeat(64)]}),
        json!({"bucket": "b", "keys": ["k"], "resumeAt": 5}),
    ] {
        let error = EventObjects::by_text(&broken.to_string()).error;
        assert!(matches!(error, Some(EventError::Unknown(_))), "{broken}");
    }
    let many = vec!["k"; MAX_OBJECTS + 1];
    let many = EventObjects::by_text(&EventObject::message_of("b", &many));
    assert_eq!(many.error, Some(EventError::TooManyObjects));
}

#[test]
fn the_nesting_of_envelopes_is_bounded() {
    let mut event = eventbridge();
    for _ in 0..MAX_ENVELOPES {
        event = sqs(&[event]);
    }
    names_the_object(&event);
    assert_eq!(created_objects(&sqs(&[event])), Err(EventError::TooDeep));
}

#[test]
fn deep_json_in_a_body_is_an_error() {
    let deep = "[".repeat(100_000);
    assert!(matches!(
        created_objects(&sqs(&[json!(deep)])),
        Err(EventError::Json(_))
    ));
}

#[test]
fn a_returned_rest_resumes_where_it_stopped() {
    let created = EventObject::rest(ObjectLocation::new("amzn-s3-demo-bucket", KEY), 17);
    let written = serde_json::to_string(&created).unwrap();
    assert_eq!(EventObjects::by_text(&written).created, [created]);
}

proptest! {
    #[test]
    fn any_text_never_panics(text in "\\PC{0,200}") {
        let _ = EventObjects::by_text(&text);
        let _ = crate::names::url_encoding::url_decode(&text);
    }

    /// Checks that an event of ours names one object and nothing else, whatever the key is.
    #[test]
    fn any_key_is_named(key in "\\PC{1,100}") {
        let mut event = eventbridge();
        event["detail"]["object"]["key"] = json!(key);
        let mut notification = s3("ObjectCreated:Put");
        notification["Records"][0]["s3"]["object"]["key"] = json!(key);
        for event in [event, notification, json!({"s3Bucket": "b", "s3ObjectKey": [key]})] {
            let named = EventObjects::by_text(&event.to_string());
            prop_assert_eq!(named.created.len(), 1);
            prop_assert!(named.unrelated.is_empty() && named.error.is_none());
            prop_assert!(named.created[0].readings().any(|at| at.key == key));
        }
    }
}
