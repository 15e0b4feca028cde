//! The other objects in a log bucket, which must be ignored.

use bytes::Bytes;

use super::gzip;
use super::names::{account_folder, file_key};
use super::object::{Location, Object};
use super::rng::Rng;
use super::spec::TrailSpec;
use super::time::hours;

/// Returns folder markers, one Insight file for each chain, and objects that are not CloudTrail's.
pub(crate) fn extras(spec: &TrailSpec) -> Vec<Object> {
    let mut objects = Vec::new();
    for account in &spec.accounts {
        let folder = account_folder(spec, account);
        for marker in ["CloudTrail", "CloudTrail-Digest"] {
            objects.push(plain(spec, format!("{folder}/{marker}/"), Bytes::new()));
        }
        for region in &spec.regions {
            let mut rng = Rng::for_subject(spec.seed, &format!("insight/{account}/{region}"));
            let delivered_at = spec.start + hours(1);
            let key = file_key(
                spec,
                "CloudTrail-Insight",
                account,
                region,
                delivered_at,
                &rng.alphanumeric(16),
            );
            let location = Location {
                bucket: spec.bucket.clone(),
                key,
            };
            let body = gzip::compress(br#"{"Records":[]}"#);
            objects.push(Object::gzipped_json(location, body, delivered_at));
        }
        let config = format!(
            "{folder}/Config/{0}/2026/1/15/ConfigHistory/{account}_Config_{0}_ConfigHistory.json.gz",
            spec.home_region
        );
        objects.push(plain(spec, config, gzip::compress(b"{}")));
    }
    let notes = "notes/read me (old) +1.txt".to_owned();
    objects.push(plain(spec, notes, Bytes::from_static(b"not a log file\n")));
    objects
}

fn plain(spec: &TrailSpec, key: String, body: Bytes) -> Object {
    let location = Location {
        bucket: spec.bucket.clone(),
        key,
    };
    Object {
        content_type: "application/octet-stream".into(),
        content_encoding: None,
        ..Object::gzipped_json(location, body, spec.start)
    }
}
