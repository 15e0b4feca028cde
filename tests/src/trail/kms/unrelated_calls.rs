//! Events next to the trail's own: KMS at work for others, and KMS merely mentioned.

use super::super::json::{Fields, array};
use super::super::names::object_arn;
use super::super::records::{Caller, Record, Scene};
use super::super::region::partition;
use super::super::services;
use super::super::time::{compact_minutes, date_folder, five_minute_step, hours, seconds};
use super::attacks::not_authorized;
use super::events::{Events, old_resources, resources};
use super::{Entry, callers};

/// A bucket of the account's own data.
const DATA_BUCKET: &str = "amzn-s3-demo-source-bucket";
/// The bucket that another trail delivers to.
const OTHER_LOG_BUCKET: &str = "amzn-s3-demo-logging-bucket";

/// Returns the neighboring events of an hour, each at its own moment.
pub(super) fn records(events: &Events, hour: i64) -> Vec<Entry> {
    let unrelated_calls: [fn(&Events, &mut Scene) -> Record; 15] = [
        |_, scene| volume(scene, "Decrypt"),
        |_, scene| volume(scene, "GenerateDataKeyWithoutPlaintext"),
        |_, scene| data_object(scene, "GenerateDataKey"),
        |_, scene| data_object(scene, "Decrypt"),
        |_, scene| refused_data_object(scene),
        |_, scene| services::decrypt_secret(scene),
        |events, scene| other_object(events, scene, "GenerateDataKey"),
        |events, scene| other_object(events, scene, "Decrypt"),
        other_trail,
        |_, scene| invalid_ciphertext(scene),
        |_, scene| list_keys(scene),
        describe_key,
        |_, scene| through_kms(scene),
        query,
        |_, scene| look_up(scene),
    ];
    let start = events.spec.hour_end(hour) - hours(1);
    let entry = |(number, make): (usize, &fn(&Events, &mut Scene) -> Record)| {
        let subject = format!("{hour}/{number}");
        let after = events.rng("unrelated/time", &subject).within(&(1..=3599));
        let mut scene = events.scene("unrelated", &subject, start + seconds(after));
        Entry::plain(make(events, &mut scene))
    };
    unrelated_calls.iter().enumerate().map(entry).collect()
}

/// Returns a call with a key and an encryption context.
fn call(
    scene: &mut Scene,
    name: &'static str,
    caller: Caller,
    key_arn: &str,
    context: Fields,
) -> Record {
    let mut record = Record::call(scene, "kms.amazonaws.com", name, caller);
    let request = Fields::new().object("encryptionContext", context);
    record.request = match name {
        "Decrypt" => request.text("encryptionAlgorithm", "SYMMETRIC_DEFAULT"),
        "GenerateDataKey" => request.text("keyId", key_arn).text("keySpec", "AES_256"),
        _ => request.text("keyId", key_arn).number("numberOfBytes", 64),
    }
    .end();
    record.resources = Some(if scene.rng.one_in(3) {
        old_resources(key_arn)
    } else {
        resources(key_arn)
    });
    record
}

/// Returns the key of the account's own data.
fn data_key(scene: &Scene) -> String {
    let key = "key/5e1f0a7e-77aa-4c3d-9e21-c0ffee15600d";
    scene.arn("kms", scene.region, key)
}

fn through(mut caller: Caller, service: &str) -> Caller {
    service.clone_into(&mut caller.ip);
    service.clone_into(&mut caller.agent);
    caller
}

/// Returns the event of a volume that is attached or created: the context names the volume.
fn volume(scene: &mut Scene, name: &'static str) -> Record {
    let caller = through(Caller::role(scene), "AWS Internal");
    let volume = format!("vol-0{}", scene.rng.hex(16));
    let key = data_key(scene);
    let context = Fields::new().text("aws:ebs:id", &volume);
    call(scene, name, caller, &key, context)
}

/// Returns the event of an object in another bucket that is written or read.
fn data_object(scene: &mut Scene, name: &'static str) -> Record {
    let caller = through(Caller::role(scene), "AWS Internal");
    let arn = data_object_arn(scene);
    let key = data_key(scene);
    call(
        scene,
        name,
        caller,
        &key,
        Fields::new().text("aws:s3:arn", &arn),
    )
}

fn data_object_arn(scene: &mut Scene) -> String {
    format!(
        "arn:{}:s3:::{DATA_BUCKET}/orders/2026/part-{}.json.gz",
        partition(scene.region),
        scene.rng.hex(8)
    )
}

/// Returns the read of an object in another bucket by somebody who may not read it.
fn refused_data_object(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let arn = caller.arn().expect("a user's ARN");
    let object = data_object_arn(scene);
    let key = data_key(scene);
    let context = Fields::new().text("aws:s3:arn", &object);
    let record = call(scene, "Decrypt", caller, &key, context);
    let message = not_authorized(&arn, "kms:Decrypt");
    Entry::plain(record).refused(message).record
}

/// Returns an event of an object that is in the log bucket, under the log files' key, and is not a
/// log file.
fn other_object(events: &Events, scene: &mut Scene, name: &'static str) -> Record {
    let caller = through(Caller::user(scene), "AWS Internal");
    let arn = object_arn(events.spec, &events.spec.bucket, "notes/on call.txt");
    let context = Fields::new().text("aws:s3:arn", &arn);
    call(scene, name, caller, &events.kms.key_arn, context)
}

/// Returns the event of another trail that delivers a log file to its own bucket under its own key.
fn other_trail(events: &Events, scene: &mut Scene) -> Record {
    let region = events.spec.home_region.as_str();
    let trail = scene.arn("cloudtrail", region, "trail/data-events");
    let account = scene.account;
    let step = five_minute_step(scene.time);
    let object = format!(
        "arn:{}:s3:::{OTHER_LOG_BUCKET}/AWSLogs/{account}/CloudTrail/{region}/{}/\
         {account}_CloudTrail_{region}_{}_{}.json.gz",
        partition(region),
        date_folder(step),
        compact_minutes(step),
        scene.rng.alphanumeric(16)
    );
    let key = scene.arn("kms", region, "key/7a11ed0c-1d2e-4f3a-8b4c-5d6e7f809a1b");
    let context = Fields::new()
        .text("aws:cloudtrail:arn", &trail)
        .text("aws:s3:arn", &object);
    let caller = callers::cloudtrail();
    call(scene, "GenerateDataKey", caller, &key, context)
}

/// Returns a call so wrong that KMS does not log the request: null parameters.
fn invalid_ciphertext(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "kms.amazonaws.com", "Decrypt", caller);
    record.error = Some(("InvalidCiphertextException", String::new()));
    record
}

/// Returns a call without parameters.
fn list_keys(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    Record::call(scene, "kms.amazonaws.com", "ListKeys", caller)
}

/// Returns a call that describes the log files' key.
fn describe_key(events: &Events, scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "kms.amazonaws.com", "DescribeKey", caller);
    let key_id = events.key_id(&mut scene.rng, &events.kms.key_arn);
    record.request = Fields::new().text("keyId", &key_id).end();
    record.resources = Some(resources(&events.kms.key_arn));
    record
}

/// Returns a call to another service with KMS as the user agent.
fn through_kms(scene: &mut Scene) -> Record {
    let mut record = services::describe_instances(scene);
    record.agent = "kms.amazonaws.com".into();
    record
}

/// Returns a query over log files that names KMS, its context and the trail.
fn query(events: &Events, scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "athena.amazonaws.com", "StartQueryExecution", caller);
    let text = format!(
        "SELECT eventid FROM cloudtrail WHERE eventsource = 'kms.amazonaws.com' AND \
         json_extract_scalar(requestparameters, '$.encryptionContext[\"aws:cloudtrail:arn\"]') = '{}'",
        events.spec.trail_arn()
    );
    record.request = Fields::new()
        .text("queryString", &text)
        .text("clientRequestToken", &scene.rng.uuid())
        .text("workGroup", "primary")
        .end();
    record.read_only = Some(false);
    record
}

/// Returns a search of the event history for the events of KMS.
fn look_up(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "cloudtrail.amazonaws.com", "LookupEvents", caller);
    let attribute = Fields::new()
        .text("attributeKey", "EventSource")
        .text("attributeValue", "kms.amazonaws.com");
    record.request = Fields::new()
        .number("maxResults", 50)
        .raw("lookupAttributes", &array(&[attribute.end()]))
        .end();
    record
}
