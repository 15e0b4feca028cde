//! What each kind of finding means, and how it is established.

use trailseal::finding::{FindingKind, Severity};

/// A kind of finding, explained to a reader who never saw a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Explanation {
    /// What it means.
    pub(super) means: &'static str,
    /// How it is established.
    pub(super) established: &'static str,
}

const EXPLANATIONS: &[(&str, Explanation)] = &[
    (
        "digest-signature-invalid",
        Explanation {
            means: "The content or the metadata of the digest is not what CloudTrail signed. Nothing that it lists is proven.",
            established: "The signature in the object's metadata was checked over the digest's end time, bucket, key, the SHA-256 of its content and the signature of the digest before, with the public key that CloudTrail names for it. It does not fit.",
        },
    ),
    (
        "digest-signature-missing",
        Explanation {
            means: "The metadata that holds the digest's signature is gone, as it is after the object was copied or uploaded again.",
            established: "The object's metadata has no signature where CloudTrail puts one.",
        },
    ),
    (
        "digest-moved",
        Explanation {
            means: "The digest was delivered to another bucket or key: this is a copy, or another digest in its place.",
            established: "The bucket and key that the digest states, which are signed, were compared with where it was found.",
        },
    ),
    (
        "digest-malformed",
        Explanation {
            means: "The object where a digest should be is none.",
            established: "It was read to the end: it has to be one gzip member of bounded size, holding one digest document that does not contradict itself.",
        },
    ),
    (
        "digest-key-unknown",
        Explanation {
            means: "The digest was signed by a key that CloudTrail does not know.",
            established: "The fingerprint that the digest states was looked up among the public keys of its Region and time.",
        },
    ),
    (
        "digest-key-out-of-period",
        Explanation {
            means: "The key is CloudTrail's and the signature is right, but CloudTrail lists the key for another time. It may have signed late.",
            established: "The validity that CloudTrail lists for the key was compared with the time of the digest.",
        },
    ),
    (
        "digest-algorithm-unsupported",
        Explanation {
            means: "The digest names a hash or signature algorithm that CloudTrail does not use.",
            established: "The algorithms that the digest states were compared with the documented ones, SHA-256 and SHA-256 with RSA.",
        },
    ),
    (
        "digest-missing",
        Explanation {
            means: "A digest, or a whole stretch of them, is gone. No log file of that time is proven.",
            established: "The next digest, which CloudTrail signed, names the one before by bucket and key, and that object is not there. The stretch ends at the last digest before it that is there and signed.",
        },
    ),
    (
        "digest-modified",
        Explanation {
            means: "The digest is not the one that its successor vouches for.",
            established: "The successor, which CloudTrail signed, states the SHA-256 and the signature of the digest before. They were compared with the object.",
        },
    ),
    (
        "chain-gap",
        Explanation {
            means: "Two neighbouring digests leave time between them, or overlap.",
            established: "The end of the earlier digest and the begin of the later one, both signed, were compared.",
        },
    ),
    (
        "chain-restarted",
        Explanation {
            means: "A new chain starts where one existed: logging was off in between, and what happened then is not recorded.",
            established: "The later digest, which CloudTrail signed, names no digest before it, and older ones of the same trail are in the bucket.",
        },
    ),
    (
        "chain-started",
        Explanation {
            means: "A chain of digests starts, and nothing of it is there from before: the trail or the Region is new, or everything older was deleted.",
            established: "The first digest names none before it, and no older one was found.",
        },
    ),
    (
        "digest-trail-unexpected",
        Explanation {
            means: "A trail that is none of the expected ones delivers digests.",
            established: "The trail's name, account and home Region in the digest's key were compared with the expected trails.",
        },
    ),
    (
        "digest-overdue",
        Explanation {
            means: "CloudTrail writes a digest every hour, and none came for hours: logging may be off, or the newest digests gone.",
            established: "The end of the newest digest there is was compared with the time.",
        },
    ),
    (
        "log-file-missing",
        Explanation {
            means: "A log file that CloudTrail delivered is gone.",
            established: "A digest that CloudTrail signed lists it, and no such object is in the bucket.",
        },
    ),
    (
        "log-file-modified",
        Explanation {
            means: "The content of the log file is not what CloudTrail delivered: records were changed, added or removed.",
            established: "The SHA-256 of the inflated log file was compared with the one that the signed digest lists.",
        },
    ),
    (
        "log-file-trailing-data",
        Explanation {
            means: "Bytes were added behind the end of the log file. Some readers show them as records, others do not.",
            established: "The log file was read to its last byte: it goes on after its gzip stream ends.",
        },
    ),
    (
        "log-file-malformed",
        Explanation {
            means: "The log file cannot be inflated: it is no gzip file, is cut off, or inflates without end.",
            established: "The log file was inflated to its end and the checksum in its trailer compared.",
        },
    ),
    (
        "log-file-unlisted",
        Explanation {
            means: "A log file is in the bucket that CloudTrail does not vouch for: whoever reads the bucket takes its records for CloudTrail's.",
            established: "The bucket's log files were compared with what the digests list. The digests of its time are there, and none of them lists it.",
        },
    ),
    (
        "kms-context-mismatch",
        Explanation {
            means: "A KMS call under a trail's encryption context names another trail, or an object that is not the trail's.",
            established: "The encryption context that the KMS call records was compared with the trail and its objects.",
        },
    ),
    (
        "kms-foreign-context",
        Explanation {
            means: "Somebody named the trail or one of its log files in a KMS call under a key that is not the trail's. It says nothing about the log files themselves.",
            established: "The key of the KMS event was compared with the trail's keys.",
        },
    ),
    (
        "kms-key-mismatch",
        Explanation {
            means: "A log file is encrypted under another key than the trail's.",
            established: "The key of the KMS call was compared with the object's and with the configured ones.",
        },
    ),
    (
        "kms-key-unusable",
        Explanation {
            means: "The trail's key cannot encrypt log files any more: nothing more is recorded.",
            established: "KMS describes the key as disabled, about to be deleted, or not meant for encryption.",
        },
    ),
    (
        "kms-key-expiring",
        Explanation {
            means: "The imported material of the trail's key expires soon. From then on no log file can be delivered or read.",
            established: "KMS was asked for the key's expiration date.",
        },
    ),
    (
        "kms-policy-open",
        Explanation {
            means: "The key's policy lets CloudTrail encrypt for any trail: another trail can write under the key.",
            established: "The key's policy was read: a statement gives CloudTrail the key without naming the trail in a condition.",
        },
    ),
    (
        "kms-foreign-caller",
        Explanation {
            means: "Somebody other than CloudTrail wrote a log file, or under a trail's encryption context.",
            established: "The KMS event of the encryption names its caller, and it is not CloudTrail.",
        },
    ),
    (
        "kms-delivery-denied",
        Explanation {
            means: "CloudTrail could not encrypt a log file: records are being lost.",
            established: "The KMS event of the delivery carries an error.",
        },
    ),
    (
        "kms-unlisted-reader",
        Explanation {
            means: "A principal read log files who is not among the listed readers.",
            established: "The KMS events of the reading name their caller; it was compared with the list of readers.",
        },
    ),
    (
        "log-file-encryption-changed",
        Explanation {
            means: "A log file is not encrypted under the trail's key.",
            established: "The object's headers name its encryption; they were compared with the trail's key.",
        },
    ),
    (
        "delivery-unsettled",
        Explanation {
            means: "CloudTrail delivered a log file, and whether a digest lists it could not be found out for days.",
            established: "The KMS event of the delivery was held against every digest that could be read since.",
        },
    ),
    (
        "enclave-image-unlisted",
        Explanation {
            means: "An enclave of an unknown image used KMS.",
            established: "The KMS event carries the enclave's attestation; its image digest was compared with the listed ones.",
        },
    ),
    (
        "enclave-attestation-malformed",
        Explanation {
            means: "A KMS event carries an attestation that no Nitro Enclave makes.",
            established: "The form of the enclave's module id and image digest was checked.",
        },
    ),
    (
        "enclave-attestation-missing",
        Explanation {
            means: "A reader that reads from an enclave only read without the enclave's attestation.",
            established: "The KMS event of the reading carries no attestation.",
        },
    ),
    (
        "object-unreadable-denied",
        Explanation {
            means: "Nothing can be said about the object. This is no sign of tampering by itself.",
            established: "Access to it was denied at every try.",
        },
    ),
    (
        "object-archived",
        Explanation {
            means: "Nothing can be said about the object. This is no sign of tampering by itself.",
            established: "It lies in an archive storage class, and cannot be read before it is restored.",
        },
    ),
];

/// What the kind of this name means, if it is known.
pub(super) fn explanation(name: &str) -> Option<Explanation> {
    EXPLANATIONS
        .iter()
        .find_map(|(kind, explanation)| (*kind == name).then_some(*explanation))
}

/// Where the kind of this name stands among all kinds, and how bad it is.
pub(super) fn rank(name: &str) -> Option<(usize, Severity)> {
    FindingKind::ALL
        .iter()
        .enumerate()
        .find_map(|(place, kind)| (kind.as_str() == name).then(|| (place, kind.severity())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_explained() {
        for kind in FindingKind::ALL {
            assert!(explanation(kind.as_str()).is_some(), "{kind}");
        }
        assert_eq!(explanation("no-such-kind"), None);
    }
}
