//! Changes to a trail, and what the AWS CLI would have to see to print the truth about them.

use serde_json::{Value, json};
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::tamper::{self, digest as digests, log as logs};
use trailseal_tests::trail::{Change, DigestFile, DigestKind, Location, Object, Trail, gzip};

/// The differences between the two programs in `docs/validate-logs.md`, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    DigestsLost,
    NewestDigestLost,
    LogFileCutInTrailer,
    BytesAfterDigest,
    Unreadable,
    BucketGone,
    OrganizationWithBucket,
    OthersObjects,
    KeyOutsideValidity,
    SubjectPublicKeyInfo,
    ControlCharacters,
    Regions,
}

impl Difference {
    pub(crate) const ALL: [Self; 12] = [
        Self::DigestsLost,
        Self::NewestDigestLost,
        Self::LogFileCutInTrailer,
        Self::BytesAfterDigest,
        Self::Unreadable,
        Self::BucketGone,
        Self::OrganizationWithBucket,
        Self::OthersObjects,
        Self::KeyOutsideValidity,
        Self::SubjectPublicKeyInfo,
        Self::ControlCharacters,
        Self::Regions,
    ];

    /// Returns its number in the document.
    pub(crate) fn number(self) -> usize {
        1 + Self::ALL
            .iter()
            .position(|other| *other == self)
            .expect("all are listed")
    }
}

/// One change to the bucket.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Change(Change),
    /// The object is put into an archive storage class.
    Archive(Object),
    /// The bucket is emptied and deleted.
    DeleteBucket(String),
}

/// A change of a line of the AWS CLI: the `file`, its `verdict`, and the replacement.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    pub(crate) file: String,
    pub(crate) verdict: &'static str,
    pub(crate) with: &'static str,
}

/// A change to the trail.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) actions: Vec<Action>,
    /// Whether a changed digest is still what CloudTrail signed, and names its predecessor.
    pub(crate) leaves_chain: bool,
    /// Set if the AWS CLI does not see the change as it is.
    pub(crate) unseen: Option<Unseen>,
}

/// The changes that make the AWS CLI print the truth.
#[derive(Debug, Clone)]
pub(crate) struct Unseen {
    pub(crate) difference: Difference,
    /// The changes to make in the bucket instead.
    pub(crate) instead: Vec<Change>,
    /// Keys that it must not use.
    pub(crate) without_key: Option<String>,
    /// The part that must then be printed differently.
    pub(crate) replacement: Option<Replacement>,
}

impl Attack {
    fn seen(name: &'static str, changes: impl IntoIterator<Item = Change>) -> Self {
        Self {
            name,
            actions: changes.into_iter().map(Action::Change).collect(),
            leaves_chain: false,
            unseen: None,
        }
    }

    fn leaving_chain(mut self) -> Self {
        self.leaves_chain = true;
        self
    }

    fn put(name: &'static str, object: Object) -> Self {
        Self::seen(name, [Change::Put(object)])
    }

    fn unseen(
        name: &'static str,
        action: Action,
        difference: Difference,
        instead: Vec<Change>,
    ) -> Self {
        Self {
            name,
            actions: vec![action],
            leaves_chain: false,
            unseen: Some(Unseen {
                difference,
                instead,
                without_key: None,
                replacement: None,
            }),
        }
    }

    fn replacing(mut self, file: &Object, verdict: &'static str, with: &'static str) -> Self {
        let unseen = self.unseen.as_mut().expect("the AWS CLI does not see it");
        unseen.replacement = Some(Replacement {
            file: file.location().to_string(),
            verdict,
            with,
        });
        self
    }
}

/// The text about an archived object. The part after the first colon is S3's.
const ARCHIVED: &str = "UNVERIFIED: it is archived: InvalidObjectState: The operation is not valid for the object's storage class";

/// Makes a random change to a log file.
pub(crate) fn to_log_file(rng: &mut Rng, log: &Object) -> Attack {
    let not_gzip = || vec![Change::Put(logs::not_gzip(log))];
    match rng.within(&(0..=11)) {
        0 | 1 => Attack::seen("log file deleted", [tamper::delete(log)]),
        2 => Attack::put("log file modified", logs::modified(log)),
        3 => Attack::put("log file recompressed", logs::recompressed(log)),
        4 => Attack::put("log file with a second member", logs::second_member(log)),
        5 => Attack::put("log file with junk behind it", logs::junk_after(log)),
        6 => Attack::put("log file cut in half", logs::cut_in_half(log)),
        7 => Attack::put("log file not compressed", logs::not_gzip(log)),
        8 => Attack::put("log file that is no JSON", logs::not_json(log)),
        9 => Attack::put("log file empty", logs::empty(log)),
        10 => Attack::unseen(
            "log file cut in its trailer",
            Action::Change(Change::Put(logs::cut_in_trailer(log))),
            Difference::LogFileCutInTrailer,
            not_gzip(),
        ),
        _ => Attack::unseen(
            "log file archived",
            Action::Archive(log.clone()),
            Difference::Unreadable,
            not_gzip(),
        )
        .replacing(log, "INVALID: invalid format", ARCHIVED),
    }
}

/// Makes a random change to a digest of an untouched trail.
pub(crate) fn to_digest(rng: &mut Rng, trail: &Trail, digest: &DigestFile) -> Attack {
    match rng.within(&(0..=25)) {
        0 | 1 => Attack::seen("digest deleted", [tamper::delete(&digest.object)]),
        2..=8 => to_metadata(rng, trail, digest),
        9..=14 => to_signature(rng, trail, digest),
        15..=20 => to_content(rng, trail, digest),
        _ => unseen_in_digest(rng, trail, digest),
    }
}

fn to_metadata(rng: &mut Rng, trail: &Trail, digest: &DigestFile) -> Attack {
    let object = &digest.object;
    match rng.within(&(0..=6)) {
        0 => Attack::put("digest without metadata", digests::without_metadata(object)),
        1 => {
            let other = &rng.pick(&trail.digests).object;
            let tampered = digests::with_metadata_of(object, other);
            Attack::put("digest with another's metadata", tampered)
        }
        2 => Attack::put(
            "digest's signature not hex",
            digests::non_hex_signature(object),
        ),
        3 => Attack::put("digest's signature short", digests::short_signature(object)),
        4 => {
            let tampered = digests::with_signature(object, "abc");
            Attack::put("digest's signature odd", tampered)
        }
        5 if digest.kind == DigestKind::Backfill => {
            let mut tampered = object.clone();
            let entry = "backfill-generation-timestamp";
            if rng.one_in(2) {
                tampered.metadata.remove(entry);
            } else {
                let time = "some day".to_owned();
                tampered.metadata.insert(entry.to_owned(), time);
            }
            Attack::put("backfill digest without its time", tampered)
        }
        _ => Attack::put("digest's algorithm wrong", digests::wrong_algorithm(object))
            .leaving_chain(),
    }
}

fn to_signature(rng: &mut Rng, trail: &Trail, digest: &DigestFile) -> Attack {
    match rng.within(&(0..=4)) {
        0 => {
            let signed = digests::signed_by_rogue(digest, digests::ClaimedKey::Own, |_| {});
            Attack::put("digest signed by a rogue", signed.object)
        }
        1 => {
            let signed = digests::signed_by_rogue(digest, digests::ClaimedKey::Genuine, |_| {});
            Attack::put("digest forged", signed.object)
        }
        2 => {
            let foreign = ["eu-central-1", "ap-southeast-2"]
                .into_iter()
                .find(|region| {
                    trail.spec.keys.signer_at(region, digest.generated_at) != digest.signer
                });
            let region = foreign.expect("one of them has other keys");
            let signed = digests::signed_by_region(trail, digest, region);
            Attack::put("digest signed by another Region", signed.object)
        }
        3 if digest.kind == DigestKind::Hourly => {
            let signed = digests::wrong_previous_hash(digest);
            Attack::put("digest's hash of its predecessor wrong", signed.object).leaving_chain()
        }
        _ => Attack::put("digest begins a chain", digests::restarted(digest).object),
    }
}

fn to_content(rng: &mut Rng, trail: &Trail, digest: &DigestFile) -> Attack {
    let object = &digest.object;
    let cut = |length: usize| object.with_body(object.body.slice(..length));
    let length = object.body.len();
    match rng.within(&(0..=7)) {
        0 => {
            let edited = digests::edited(digest, |document| {
                document.log_files.pop();
                document.newest_event_time = None;
            });
            Attack::put("digest edited", edited)
        }
        1 => {
            let other = &rng.pick(&trail.digests).object;
            let tampered = digests::copied_to(other, &object.location());
            Attack::put("digest replaced by another", tampered)
        }
        2 => Attack::put("digest cut off", cut(length / 2)),
        3 => Attack::put("digest cut in its trailer", cut(length - 2)),
        4 => Attack::put("digest that is no gzip", object.with_body(&b"garbage"[..])),
        5 => Attack::put("digest empty", object.with_body(&b""[..])),
        6 => {
            let documents = [
                "<digest/>",
                "[1]",
                "null",
                "3",
                "\"text\"",
                "{}",
                "{\"digestEndTime\":1",
            ];
            let document = gzip::compress(rng.pick(&documents).as_bytes());
            Attack::put("digest of another document", object.with_body(document))
        }
        _ => Attack::put(
            "digest with a field of another kind",
            with_odd_field(rng, digest),
        ),
    }
}

fn unseen_in_digest(rng: &mut Rng, trail: &Trail, digest: &DigestFile) -> Attack {
    let object = &digest.object;
    let put = |object: Object| Action::Change(Change::Put(object));
    match rng.within(&(0..=3)) {
        0 => {
            let more = [&object.body[..], b"more"].concat();
            Attack::unseen(
                "bytes behind a digest",
                put(object.with_body(more)),
                Difference::BytesAfterDigest,
                Vec::new(),
            )
            .replacing(
                object,
                "valid",
                "INVALID: unexpected data after end of compressed stream",
            )
            .leaving_chain()
        }
        1 => Attack::unseen(
            "digest archived",
            Action::Archive(object.clone()),
            Difference::Unreadable,
            vec![Change::Put(object.with_body(&b"garbage"[..]))],
        )
        .replacing(object, "INVALID: invalid format", ARCHIVED),
        2 => signed_late(trail, digest),
        _ => {
            let mut document = json_of(digest);
            let forged = "f00d\nDigest file\ts3://b/k\tvalid\u{1b}[2K";
            document["digestPublicKeyFingerprint"] = json!(forged);
            let body = gzip::compress(document.to_string().as_bytes());
            // The AWS CLI sees it, and only the words differ.
            Attack::unseen(
                "digest with a line in a field",
                put(object.with_body(body.clone())),
                Difference::ControlCharacters,
                vec![Change::Put(object.with_body(body))],
            )
        }
    }
}

/// Returns a digest signed with a key that is no longer valid.
pub(crate) fn signed_late(trail: &Trail, digest: &DigestFile) -> Attack {
    let signed = digests::signed_after_validity(trail, digest);
    let put = Change::Put(signed.object);
    let mut attack = Attack::unseen(
        "digest signed after its key's time",
        Action::Change(put.clone()),
        Difference::KeyOutsideValidity,
        vec![put],
    );
    // A backfill digest may be signed at any time.
    if let Some(unseen) = &mut attack.unseen
        && digest.kind != DigestKind::Backfill
    {
        unseen.without_key = Some(signed.signer.fingerprint);
    }
    attack
}

fn json_of(digest: &DigestFile) -> Value {
    serde_json::from_str(&digest.document.to_json()).expect("JSON")
}

fn with_odd_field(rng: &mut Rng, digest: &DigestFile) -> Object {
    let mut document = json_of(digest);
    let fields = [
        "digestPublicKeyFingerprint",
        "digestPublicKeyFingerprint",
        "digestS3Bucket",
        "digestS3Object",
        "previousDigestSignature",
        "digestEndTime",
        "digestStartTime",
        "logFiles",
        "awsAccountId",
    ];
    let field = *rng.pick(&fields);
    let values = [
        json!(null),
        json!(7),
        json!(true),
        json!([1]),
        json!({}),
        json!("x"),
    ];
    match rng.within(&(0..=6)) {
        0 => {
            document.as_object_mut().expect("an object").remove(field);
        }
        _ => document[field] = rng.pick(&values).clone(),
    }
    digest
        .object
        .with_body(gzip::compress(document.to_string().as_bytes()))
}

/// Deletes several consecutive hourly digests.
pub(crate) fn run_of_digests(rng: &mut Rng, hourly: &[&DigestFile]) -> Attack {
    let count = u32::try_from(hourly.len()).expect("a short chain");
    let length = rng.within(&(2..=count.min(4)));
    let first = rng.within(&(0..=count - length));
    let run = hourly.iter().skip(index(first)).take(index(length));
    let run: Vec<&DigestFile> = run.copied().collect();
    Attack::seen("digests deleted in a row", tamper::delete_digests(&run))
}

/// Deletes the newest or the oldest digest.
pub(crate) fn end_of_chain(rng: &mut Rng, hourly: &[&DigestFile]) -> Attack {
    let digest = if rng.one_in(2) {
        hourly.first()
    } else {
        hourly.last()
    };
    let digest = digest.expect("a chain has digests");
    Attack::seen("digest at an end deleted", [tamper::delete(&digest.object)])
}

/// Deletes the last requested digest.
pub(crate) fn newest_of_range(digest: &DigestFile) -> Attack {
    Attack::seen("newest digest deleted", [tamper::delete(&digest.object)])
}

/// Plants an object that is not a digest of the trail among those that are.
pub(crate) fn planted(rng: &mut Rng, digest: &DigestFile) -> Attack {
    let genuine = &digest.object;
    let (folder, name) = genuine.key.rsplit_once('/').expect("a folder");
    let (head, time) = name.rsplit_once('_').expect("a time");
    let key = match rng.within(&(0..=3)) {
        // Everything after it is no longer listed.
        0 => format!("{folder}/{head}_20991231T235959Z.json.gz"),
        // Another trail, whose name starts with this one's and continues with the Region.
        1 => format!("{folder}/{head}_other_us-east-1_{time}"),
        2 => format!("{folder}/{head}_x_{time}"),
        // In the folder of another day.
        _ => format!("{}/01/{name}", folder.rsplit_once('/').expect("a day").0),
    };
    let to = Location {
        bucket: genuine.bucket.clone(),
        key,
    };
    Attack::unseen(
        "an object planted",
        Action::Change(Change::Put(digests::copied_to(genuine, &to))),
        Difference::OthersObjects,
        Vec::new(),
    )
}

/// Deletes the bucket that the trail was moved from, with everything in it.
pub(crate) fn bucket_gone(trail: &Trail, bucket: &str) -> Attack {
    let inside = trail
        .objects()
        .into_iter()
        .filter(|object| object.bucket == bucket);
    let emptied: Vec<Change> = inside.map(tamper::delete).collect();
    let mut actions: Vec<Action> = emptied.iter().cloned().map(Action::Change).collect();
    actions.push(Action::DeleteBucket(bucket.to_owned()));
    Attack {
        name: "the old bucket gone",
        actions,
        leaves_chain: false,
        unseen: Some(Unseen {
            difference: Difference::BucketGone,
            instead: emptied,
            without_key: None,
            replacement: None,
        }),
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("32 bits fit")
}

impl Action {
    fn location(&self) -> Option<Location> {
        match self {
            Self::Change(Change::Put(object)) | Self::Archive(object) => Some(object.location()),
            Self::Change(Change::Delete(location)) => Some(location.clone()),
            Self::DeleteBucket(_) => None,
        }
    }
}

impl Attack {
    /// Returns whether both are about the same object.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.actions.iter().any(|one| {
            let location = one.location();
            other
                .actions
                .iter()
                .any(|other| other.location() == location)
        })
    }

    /// Returns whether it deletes an object.
    pub(crate) fn deletes(&self, object: &Object) -> bool {
        let deleted = |action: &Action| match action {
            Action::Change(Change::Delete(location)) => *location == object.location(),
            _ => false,
        };
        self.actions.iter().any(deleted)
    }

    /// Returns whether it changes an object.
    pub(crate) fn alters(&self, object: &Object) -> bool {
        let altered = |action: &Action| match action {
            Action::Change(Change::Put(put)) => {
                put.location() == object.location()
                    && (&put.body, &put.metadata) != (&object.body, &object.metadata)
            }
            action => action.location() == Some(object.location()),
        };
        self.actions.iter().any(altered)
    }

    /// Returns the key of the first object that it is about.
    pub(crate) fn first_object(&self) -> Option<String> {
        Some(self.actions.first()?.location()?.to_string())
    }
}
