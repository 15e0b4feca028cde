//! Keys as CloudTrail lists them, and as they are looked up.

use super::*;

/// Two keys that AWS documents, in PKCS#1 and in `SubjectPublicKeyInfo` form.
const PUBLISHED: &[u8] = include_bytes!("../../../testdata/list-public-keys.json");

/// Keys that CloudTrail used, from AWS's documentation.
const OF_2015: &[u8] = include_bytes!("../../../testdata/list-public-keys-2015.json");

/// Signatures that CloudTrail made, from the sample digests in AWS's documentation, each with the
/// SHA-256 of the signed bytes.
const SIGNATURES_OF_2015: &[u8] = include_bytes!("../../../testdata/signatures-2015.json");

#[test]
fn signatures_of_cloudtrail_verify_with_its_real_key_and_no_other() {
    let vectors: serde_json::Value = serde_json::from_slice(SIGNATURES_OF_2015).unwrap();
    let name = vectors["key"].as_str().unwrap();
    let keys = KeySet::from_saved_response(OF_2015).unwrap();
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let signature = hex::decode(vector["signature"].as_str().unwrap()).unwrap();
        let mut hash = hex::decode(vector["sha256OfSignedText"].as_str().unwrap()).unwrap();
        let made = |key: &PublicKey, hash: &[u8], signature: &[u8]| {
            key.signed_hash(&Digest::import_less_safe(hash, &SHA256).unwrap(), signature)
        };
        let makers: Vec<&str> = keys
            .keys
            .iter()
            .filter(|key| made(key, &hash, &signature))
            .map(|key| key.fingerprint.as_str())
            .collect();
        assert_eq!(makers, [name]);
        let key = keys
            .keys
            .iter()
            .find(|key| key.fingerprint == name)
            .unwrap();
        let mut other = signature.clone();
        other[0] ^= 1;
        assert!(!made(key, &hash, &other));
        hash[31] ^= 1;
        assert!(!made(key, &hash, &signature));
    }
}

#[test]
fn real_keys_have_the_fingerprints_that_cloudtrail_gave_them() {
    let saved: serde_json::Value = serde_json::from_slice(OF_2015).unwrap();
    let keys = KeySet::from_saved_response(OF_2015).unwrap().keys;
    let entries = saved["PublicKeyList"].as_array().unwrap();
    assert_eq!(keys.len(), entries.len());
    for (key, entry) in keys.iter().zip(entries) {
        assert_eq!(key.fingerprint, entry["Fingerprint"].as_str().unwrap());
        assert_eq!(STANDARD.encode(key.der()), entry["Value"].as_str().unwrap());
        let validity = key.valid_to.duration_since(key.valid_from);
        assert_eq!(validity, SignedDuration::from_hours(30 * 24));
    }
    // PKCS#1 starts with the modulus, `SubjectPublicKeyInfo` with the algorithm.
    let pkcs1 = |key: &&PublicKey| key.der().get(4) == Some(&0x02);
    assert_eq!(keys.iter().filter(pkcs1).count(), 3);
}

#[test]
fn a_key_without_a_region_is_reported() {
    let keys = KeySet::from_saved_response(PUBLISHED).unwrap();
    assert_eq!(keys.without_region(), keys.keys.first());
    let named = String::from_utf8_lossy(PUBLISHED)
        .replace("\"Value\"", "\"Region\":\"eu-west-1\",\"Value\"");
    let keys = KeySet::from_saved_response(named.as_bytes()).unwrap();
    assert_eq!(keys.without_region(), None);
}

fn period(from: &str, to: &str) -> SigningPeriod {
    SigningPeriod {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

#[test]
fn published_keys_of_both_encodings_are_read_and_named_as_aws_names_them() {
    let keys: Vec<PublicKey> = KeySet::from_saved_response(PUBLISHED)
        .unwrap()
        .into_iter()
        .collect();
    let fingerprints: Vec<&str> = keys.iter().map(|k| k.fingerprint.as_str()).collect();
    assert_eq!(
        fingerprints,
        [
            "8eba5db5bea9b640d1c96a77256fe7f2",
            "31e8b5433410dfb61a9dc45cc65b22ff",
            "28f6b7a258b62ece75008b18eaffc92b"
        ]
    );
    assert_eq!(keys[0].valid_from.to_string(), "2015-07-08T01:04:01Z");
    assert_eq!(keys[2].valid_from.to_string(), "2026-09-05T17:06:29Z");
}

#[test]
fn a_key_is_found_in_its_time_and_region_only() {
    let keys = KeySet::from_saved_response(PUBLISHED).unwrap();
    let region = Region::new("us-east-1").unwrap();
    let name = "28F6B7A258B62ECE75008B18EAFFC92B";
    let find = |from, to| keys.find(&region, name, period(from, to));
    assert!(matches!(
        find("2026-09-20T00:00:00Z", "2026-09-20T01:00:00Z"),
        KeyLookup::Found(_)
    ));
    assert!(matches!(
        find("2026-09-05T16:00:00Z", "2026-09-05T17:06:29Z"),
        KeyLookup::Found(_)
    ));
    assert!(matches!(
        find("2026-09-05T16:00:00Z", "2026-09-05T17:06:28Z"),
        KeyLookup::OutsideValidity(_)
    ));
    assert!(matches!(
        find("2026-10-05T17:06:30Z", "2026-10-06T17:06:30Z"),
        KeyLookup::OutsideValidity(_)
    ));
    let text = String::from_utf8_lossy(PUBLISHED)
        .replace("\"Value\"", "\"Region\":\"eu-west-1\",\"Value\"");
    let elsewhere = KeySet::from_saved_response(text.as_bytes()).unwrap();
    assert_eq!(
        elsewhere.find(
            &region,
            name,
            period("2026-09-20T00:00:00Z", "2026-09-20T01:00:00Z")
        ),
        KeyLookup::Unknown
    );
}

#[test]
fn other_text_is_not_a_response() {
    for json in [
        "",
        "{}",
        "[{}]",
        "PUBLICKEYLIST\t8eba5db5bea9b640d1c96a77256fe7f2\t1436317441.0",
        r#"{"PublicKeyList":[{"Value":"?","ValidityStartTime":1,"ValidityEndTime":2}]}"#,
        r#"{"PublicKeyList":[{"Value":"AAAA","ValidityStartTime":1,"ValidityEndTime":2}]}"#,
        r#"{"PublicKeyList":[{"Value":"","ValidityStartTime":1e300,"ValidityEndTime":2}]}"#,
    ] {
        assert!(
            KeySet::from_saved_response(json.as_bytes()).is_err(),
            "{json}"
        );
    }
}

#[test]
fn keys_are_read_in_every_format_that_tools_save() {
    let published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
    let list = published["PublicKeyList"].as_array().unwrap();
    let one = |key| serde_json::json!({ "PublicKeyList": [key] }).to_string();
    let each: Vec<String> = list.iter().map(one).collect();
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(String::from_utf8_lossy(PUBLISHED).encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let expected = KeySet::from_saved_response(PUBLISHED).unwrap().keys;
    assert_eq!(expected.len(), 3);
    for bytes in [
        serde_json::to_vec(list).unwrap(),
        each.concat().into_bytes(),
        each.join("\n").into_bytes(),
        each.join("\r\n\u{feff}").into_bytes(),
        [PUBLISHED, PUBLISHED].concat(),
        ["\u{feff}".as_bytes(), PUBLISHED].concat(),
        utf16,
    ] {
        let keys = KeySet::from_saved_response(&bytes).unwrap().keys;
        assert_eq!(keys, expected, "{}", String::from_utf8_lossy(&bytes));
    }
    for nothing in ["[]", r#"{"PublicKeyList":[]}"#] {
        assert!(
            KeySet::from_saved_response(nothing.as_bytes())
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_key_with_the_fingerprint_of_another_key_is_refused() {
    let mut published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
    published["PublicKeyList"][0]["Value"] = published["PublicKeyList"][1]["Value"].clone();
    let error = KeySet::from_saved_response(published.to_string().as_bytes()).unwrap_err();
    assert!(
        matches!(error, PublicKeyError::Fingerprint { .. }),
        "{error}"
    );
    published["PublicKeyList"][0]["Fingerprint"] = serde_json::Value::Null;
    assert!(KeySet::from_saved_response(published.to_string().as_bytes()).is_ok());
}

#[test]
fn the_limit_on_keys_applies_to_all_responses_together() {
    let published: serde_json::Value = serde_json::from_slice(PUBLISHED).unwrap();
    let key = &published["PublicKeyList"][0];
    let of = |count: usize| serde_json::to_string(&vec![key; count]).unwrap();
    let most = of(MAX_SAVED_KEYS);
    assert!(KeySet::from_saved_response(most.as_bytes()).is_ok());
    let error = KeySet::from_saved_response(format!("{most}{}", of(1)).as_bytes());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("more than 10000 keys")
    );
}
