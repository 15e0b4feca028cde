//! Chains that are verified, hour by hour, as the functions record it.

use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailseal::receipt::{ChainHead, Receipt, advance};

/// The chains: their accounts and Regions.
pub(crate) const CHAINS: [(&str, &str); 3] = [
    ("111122223333", "us-east-1"),
    ("111122223334", "us-east-1"),
    ("111122223335", "us-east-1"),
];

/// Returns a receipt of the digest of a chain that ends at a time.
pub(crate) fn receipt(
    function: &str,
    (account, region): (&str, &str),
    end: Timestamp,
    at: Timestamp,
) -> Value {
    let (day, time) = (end.strftime("%Y/%m/%d"), end.strftime("%Y%m%dT%H%M%SZ"));
    let key = format!(
        "AWSLogs/{account}/CloudTrail-Digest/{region}/{day}/{account}_CloudTrail-Digest_{region}_management_us-east-1_{time}.json.gz"
    );
    let folder = format!("AWSLogs/{account}/");
    let mut receipt = json!({
        "schema": "trailseal.receipt/1",
        "object": {"bucket": "amzn-s3-demo-bucket", "key": key},
        "chain": {"folder": folder, "account": account, "region": region, "trail": "management", "homeRegion": "us-east-1"},
        "digest": {
            "signed": true, "backfill": false, "sha256": "aa".repeat(32), "logFiles": 3,
            "startTime": end - SignedDuration::from_hours(1), "endTime": end,
        },
        "verdict": "valid", "valid": 1, "rules": {}, "counts": {}, "findings": [], "findingsLeftOut": 0,
        "cannotTell": [], "cannotTellLeftOut": 0, "checkedAt": at, "function": function,
        "version": "0.1.0", "functionVersion": "$LATEST", "requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95",
    });
    if function == "log-verifier" {
        receipt["logFiles"] =
            json!({"listed": 3, "from": 0, "until": 3, "valid": 3, "finding": 0, "cannotTell": 0});
    }
    receipt
}

/// Writes a receipt now. Returns its key.
pub(crate) fn write(world: &World, receipt: &Value) -> String {
    let json = receipt.to_string();
    let key = Receipt::read(json.as_bytes())
        .expect("a receipt")
        .key_of_digest(&json);
    world.store.put(&key, json);
    key
}

/// Writes a receipt of `digest-validator` now, and the head of its chain. Returns its key.
pub(crate) fn write_with_head(world: &World, receipt: &Value) -> String {
    let key = write(world, receipt);
    let read = Receipt::read(receipt.to_string().as_bytes()).expect("a receipt");
    let head = ChainHead::of(&read, &key).expect("a signed digest");
    let place = head.key().expect("the key of a digest");
    let known = world.store.get(&place);
    let known = known.map(|known| ChainHead::read(&known.content).expect("a head"));
    if let Some(next) = advance(known.as_ref(), &read, &key) {
        world.store.put(&place, next.to_json());
    }
    key
}

/// Lets an hour pass, in which the digests of the hour before it are verified.
pub(crate) async fn hour(world: &World) -> Vec<String> {
    let now = world.store.now();
    let end = now - SignedDuration::from_mins(30);
    let mut keys = Vec::new();
    for chain in CHAINS {
        let validated = receipt("digest-validator", chain, end, now);
        keys.push(write_with_head(world, &validated));
        keys.push(write(world, &receipt("log-verifier", chain, end, now)));
    }
    append(world).await;
    keys
}

/// Lets an hour pass, in the middle of which the log is continued.
pub(crate) async fn append(world: &World) {
    world.store.wait(SignedDuration::from_mins(30));
    world.append_all().await;
    world.store.wait(SignedDuration::from_mins(30));
}

/// Returns the document of an incident.
pub(crate) fn incident(id: &str, opened: &str, closed: Option<&str>) -> Value {
    let finding = |all_clear: bool, at: &str| {
        json!({
            "schema": "trailseal.finding/1", "id": id, "severity": "critical", "kind": "log-file-missing",
            "account": "111122223333", "region": "us-east-1", "trail": null, "homeRegion": null,
            "object": {"bucket": "amzn-s3-demo-bucket", "key": "x", "versionId": null},
            "message": "A log file is missing.", "allClear": all_clear, "advice": "Restore it.",
            "detectedAt": at, "function": "log-verifier", "version": "0.1.0", "occurrence": "0123456789abcdef",
        })
    };
    let mut incident = json!({
        "schema": "trailseal.incident/1", "id": id, "kind": "log-file-missing", "severity": "critical",
        "account": "111122223333", "region": "us-east-1", "firstSeen": opened, "lastSeen": opened,
        "occurrences": 1, "toldAt": null, "toldOccurrences": 0, "reminderUntil": null,
        "latest": finding(false, opened), "recent": [], "forgotten": 0,
    });
    if let Some(closed) = closed {
        incident["closing"] = json!({"allClear": finding(true, closed), "isPublished": true});
    }
    incident
}
