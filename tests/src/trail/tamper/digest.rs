//! Tampering with digest files: by those who cannot sign, by those who sign with a wrong key, and
//! digests that are genuinely signed and yet do not fit.

use crate::trail::digest::DigestDocument;
use crate::trail::gzip;
use crate::trail::keys::{PoolKey, Signer};
use crate::trail::object::{Location, Object, SIGNATURE, SIGNATURE_ALGORITHM};
use crate::trail::output::{DigestFile, DigestKind, Trail};
use crate::trail::schedule::fingerprint;

/// An edited document under the old signature.
pub fn edited(digest: &DigestFile, edit: impl FnOnce(&mut DigestDocument)) -> Object {
    let mut document = digest.document.clone();
    edit(&mut document);
    let body = gzip::compress(document.to_json().as_bytes());
    digest.object.with_body(body)
}

/// The digest lists one log file less, under the old signature.
pub fn without_first_log(digest: &DigestFile) -> Object {
    edited(digest, |document| {
        document.log_files.remove(0);
    })
}

/// All user metadata is gone, and with it the signature.
pub fn without_metadata(digest: &Object) -> Object {
    let mut tampered = digest.clone();
    tampered.metadata.clear();
    tampered
}

/// The metadata holds the genuine signature of another digest.
pub fn with_metadata_of(digest: &Object, other: &Object) -> Object {
    Object {
        metadata: other.metadata.clone(),
        ..digest.clone()
    }
}

/// The metadata's signature is this text.
pub fn with_signature(digest: &Object, signature: &str) -> Object {
    with_entry(digest, SIGNATURE, signature)
}

/// The metadata's signature is no hex.
pub fn non_hex_signature(digest: &Object) -> Object {
    with_signature(digest, "this is not a signature")
}

/// The metadata's signature lacks its last byte.
pub fn short_signature(digest: &Object) -> Object {
    let signature = &digest.metadata[SIGNATURE];
    with_signature(digest, &signature[..signature.len() - 2])
}

/// The metadata names an algorithm that CloudTrail does not use.
pub fn wrong_algorithm(digest: &Object) -> Object {
    with_entry(digest, SIGNATURE_ALGORITHM, "SHA1withRSA")
}

fn with_entry(digest: &Object, name: &str, value: &str) -> Object {
    let mut tampered = digest.clone();
    tampered.metadata.insert(name.to_owned(), value.to_owned());
    tampered
}

/// The digest, metadata and all, under another key or in another bucket.
pub fn copied_to(digest: &Object, to: &Location) -> Object {
    Object {
        bucket: to.bucket.clone(),
        key: to.key.clone(),
        ..digest.clone()
    }
}

/// By which fingerprint a forged digest names its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimedKey {
    /// By the forger's own, which no key service knows.
    Own,
    /// By the genuine one: the key exists, but did not make the signature.
    Genuine,
}

/// A forged digest, signed with a key that CloudTrail does not know.
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

/// The digest, signed with the key that another Region uses at the time.
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

/// The digest, signed with a genuine key of its Region that was no longer valid at the time.
pub fn signed_after_validity(trail: &Trail, digest: &DigestFile) -> DigestFile {
    signed_in_period(trail, digest, -1)
}

/// The digest, signed with a genuine key of its Region that was not yet valid at the time.
pub fn signed_before_validity(trail: &Trail, digest: &DigestFile) -> DigestFile {
    signed_in_period(trail, digest, 1)
}

/// Goes from the digest's time backwards or forwards until a key is not valid at that time.
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

/// Genuinely signed, but with a hash of its predecessor that is not the predecessor's.
pub fn wrong_previous_hash(digest: &DigestFile) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        let hash = document.previous_digest_hash_value.as_mut();
        let hash = hash.expect("a digest with a predecessor");
        let first = if hash.starts_with('0') { "1" } else { "0" };
        hash.replace_range(..1, first);
    })
}

/// Genuinely signed, but beginning later than its predecessor ends.
pub fn chain_gap(digest: &DigestFile, start_time: &str) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        start_time.clone_into(&mut document.digest_start_time);
    })
}

/// Genuinely signed, but naming a digest of another account, Region or hour as its predecessor.
pub fn foreign_predecessor(digest: &DigestFile, predecessor: &DigestFile) -> DigestFile {
    digest.resealed(&digest.signer, |document| {
        document.link_to(&predecessor.document, &predecessor.sealed);
    })
}

/// Genuinely signed, but a starting digest in the middle of a chain.
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
    fn a_rogue_signs_under_either_name() {
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
    fn another_regions_key_is_not_published_in_the_digests_own() {
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
