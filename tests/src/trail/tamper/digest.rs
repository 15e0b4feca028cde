//! Tampering with digest files: by somebody who cannot sign, by somebody who signs with a wrong
//! key, and digests that are genuinely signed but inconsistent.

use crate::trail::digest::DigestDocument;
use crate::trail::gzip;
use crate::trail::keys::{PoolKey, Signer};
use crate::trail::object::{Location, Object, SIGNATURE, SIGNATURE_ALGORITHM};
use crate::trail::output::{DigestFile, DigestKind, Trail};
use crate::trail::schedule::fingerprint;

/// Returns an edited document with the old signature.
pub fn edited(digest: &DigestFile, edit: impl FnOnce(&mut DigestDocument)) -> Object {
    let mut document = digest.document.clone();
    edit(&mut document);
    let body = gzip::compress(document.to_json().as_bytes());
    digest.object.with_body(body)
}

/// Removes one log file from the digest, with the old signature.
pub fn without_first_log(digest: &DigestFile) -> Object {
    edited(digest, |document| {
        document.log_files.remove(0);
    })
}

/// Removes all user metadata, and with it the signature.
pub fn without_metadata(digest: &Object) -> Object {
    let mut tampered = digest.clone();
    tampered.metadata.clear();
    tampered
}

/// Gives the digest the genuine signature of another digest.
pub fn with_metadata_of(digest: &Object, other: &Object) -> Object {
    Object {
        metadata: other.metadata.clone(),
        ..digest.clone()
    }
}

/// Replaces the metadata's signature with this text.
pub fn with_signature(digest: &Object, signature: &str) -> Object {
    with_entry(digest, SIGNATURE, signature)
}

/// Replaces the metadata's signature with text that is not hex.
pub fn non_hex_signature(digest: &Object) -> Object {
    with_signature(digest, "this is not a signature")
}

/// Removes the last byte of the metadata's signature.
pub fn short_signature(digest: &Object) -> Object {
    let signature = &digest.metadata[SIGNATURE];
    with_signature(digest, &signature[..signature.len() - 2])
}

/// Names in the metadata an algorithm that CloudTrail does not use.
pub fn wrong_algorithm(digest: &Object) -> Object {
    with_entry(digest, SIGNATURE_ALGORITHM, "SHA1withRSA")
}

fn with_entry(digest: &Object, name: &str, value: &str) -> Object {
    let mut tampered = digest.clone();
    tampered.metadata.insert(name.to_owned(), value.to_owned());
    tampered
}

/// Copies the digest with its metadata to another key or bucket.
pub fn copied_to(digest: &Object, to: &Location) -> Object {
    Object {
        bucket: to.bucket.clone(),
        key: to.key.clone(),
        ..digest.clone()
    }
}

/// The fingerprint by which a forged digest names its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimedKey {
    /// The forger's own, which no key service knows.
    Own,
    /// The genuine one: the key exists, but did not make the signature.
    Genuine,
}

/// Returns a forged digest, signed with a key that CloudTrail does not know.
pub fn signed_by_rogue(
    digest: &DigestFile,
    claimed: ClaimedKey,
    edit: impl FnOnce(&mut DigestDocument),
) -> DigestFile {
    let signer = Signer {
        key: PoolKey::Rogue,
        fingerprint: match claimed {
            ClaimedKey::Own => fingerprint(&PoolKey::Rogue.pkcs1_der()),
            ClaimedKey::Genuine => digest.signer.fingerprint.clone(),
        },
    };
    digest.resealed(&signer, edit)
}

/// Returns the digest, signed with the key that another Region uses at the time.
#[track_caller]
pub fn signed_by_region(trail: &Trail, digest: &DigestFile, region: &str) -> DigestFile {
    let keys = &trail.spec.keys;
    let signer = keys.signer(region, keys.period_at(digest.generated_at));
    assert_ne!(
        signer.key, digest.signer.key,
        "{region} uses the same keys as {}",
        digest.region
    );
    digest.resealed(&signer, |_| {})
}

/// Returns the digest, signed with a genuine key of its Region that was no longer valid at the
/// time.
pub fn signed_after_validity(trail: &Trail, digest: &DigestFile) -> DigestFile {
    signed_in_period(trail, digest, -1)
}

/// Returns the digest, signed with a genuine key of its Region that was not yet valid at the time.
pub fn signed_before_validity(trail: &Trail, digest: &DigestFile) -> DigestFile {
    signed_in_period(trail, digest, 1)
}

/// Steps from the digest's time backward or forward until a key is not valid at that time.
fn signed_in_period(trail: &Trail, digest: &DigestFile, step: i64) -> DigestFile {
    let keys = &trail.spec.keys;
    let mut period = keys.period_at(digest.generated_at);
    let invalid = loop {
        period += step;
        let (start, end) = keys.validity(period);
        if digest.generated_at < start || trail.spec.hour_end(digest.hour) > end {
            break period;
        }
    };
    digest.resealed(&keys.signer(&digest.region, invalid), |_| {})
}

/// Returns a genuinely signed digest with a wrong hash of its predecessor.
pub fn wrong_previous_hash(digest: &DigestFile) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        let hash = document.previous_digest_hash_value.as_mut();
        let hash = hash.expect("a digest with a predecessor");
        let first = if hash.starts_with('0') { "1" } else { "0" };
        hash.replace_range(..1, first);
    })
}

/// Returns a genuinely signed digest that starts later than its predecessor ends.
pub fn chain_gap(digest: &DigestFile, start_time: &str) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        start_time.clone_into(&mut document.digest_start_time);
    })
}

/// Returns a genuinely signed digest that names a digest of another account, Region or hour as its
/// predecessor.
pub fn foreign_predecessor(digest: &DigestFile, predecessor: &DigestFile) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        document.link_to(&predecessor.document, &predecessor.sealed);
    })
}

/// Returns a genuinely signed starting digest in the middle of a chain.
pub fn restarted(digest: &DigestFile) -> DigestFile {
    let mut restarted = digest.resealed(&digest.signer, |document| {
        document.previous_digest_s3_bucket = None;
        document.previous_digest_s3_object = None;
        document.previous_digest_hash_value = None;
        document.previous_digest_hash_algorithm = None;
        document.previous_digest_signature = None;
        document.list(Vec::new());
    });
    restarted.kind = DigestKind::Starting;
    restarted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::TrailSpec;

    const ACCOUNT: &str = "111122223333";
    const REGION: &str = "us-east-1";

    fn trail() -> Trail {
        TrailSpec {
            hours: 3,
            ..TrailSpec::default()
        }
        .build()
    }

    #[test]
    fn an_edited_digest_keeps_its_signature() {
        let trail = trail();
        let digest = trail.digest(ACCOUNT, REGION, 2);
        let tampered = without_first_log(digest);
        assert_eq!(tampered.metadata, digest.object.metadata);
        let json: serde_json::Value =
            serde_json::from_slice(&gzip::inflate(&tampered.body)).expect("JSON");
        let listed = json["logFiles"].as_array().expect("an array").len();
        assert_eq!(listed, digest.document.log_files.len() - 1);
    }

    #[test]
    fn a_rogue_key_signs_under_either_fingerprint() {
        let trail = trail();
        let digest = trail.digest(ACCOUNT, REGION, 2);
        let own = signed_by_rogue(digest, ClaimedKey::Own, |_| {});
        let claimed = signed_by_rogue(digest, ClaimedKey::Genuine, |_| {});
        let genuine = &digest.document.digest_public_key_fingerprint;
        assert_ne!(&own.document.digest_public_key_fingerprint, genuine);
        assert_eq!(&claimed.document.digest_public_key_fingerprint, genuine);
        assert_eq!(claimed.sealed.sha256, digest.sealed.sha256);
        assert_ne!(claimed.sealed.signature, digest.sealed.signature);
    }

    #[test]
    fn keys_outside_their_validity_are_published_for_other_times() {
        let trail = trail();
        let digest = trail.digest(ACCOUNT, REGION, 2);
        let published = trail.public_keys_by_region();
        let validity = |signed: &DigestFile| {
            let fingerprint = &signed.document.digest_public_key_fingerprint;
            let keys = published[REGION].as_array().expect("keys");
            let key = keys.iter().find(|key| key["Fingerprint"] == **fingerprint);
            key.expect("a published key").clone()
        };
        let expired = validity(&signed_after_validity(&trail, digest));
        assert_eq!(expired["ValidityEndTime"], "2026-01-11T00:00:00Z");
        let early = validity(&signed_before_validity(&trail, digest));
        assert_eq!(early["ValidityStartTime"], "2026-01-21T00:00:00Z");
    }

    #[test]
    fn another_regions_key_is_not_published_in_the_digests_region() {
        let trail = trail();
        let signed = signed_by_region(&trail, trail.digest(ACCOUNT, REGION, 2), "eu-west-1");
        let published = trail.public_keys_by_region().to_string();
        assert!(!published.contains(&signed.document.digest_public_key_fingerprint));
    }

    #[test]
    fn a_wrong_previous_hash_is_signed_genuinely() {
        let trail = trail();
        let digest = trail.digest(ACCOUNT, REGION, 2);
        let forged = wrong_previous_hash(digest);
        assert_ne!(
            forged.document.previous_digest_hash_value,
            digest.document.previous_digest_hash_value
        );
        let signed = forged.document.signing_string(&forged.sealed.sha256);
        assert_eq!(
            forged.sealed.signature,
            digest.signer.key.sign(signed.as_bytes())
        );
    }
}
