//! The rules that the KMS events of a trail must keep, in the order of `docs/kms.md`.
//!
//! Each is a function over one event and what it is held against; none asks anybody anything.

use super::context::{Named, What};
use super::event::{Caller, KmsEvent, OBJECT_CONTEXT, Recipient, TRAIL_CONTEXT};
use super::is_key_arn;
use super::policy::PolicyVerdict;
use super::readers::{Principal, Readers};
use crate::finding::FindingKind;
use crate::names::ids::{AccountId, TrailArn};
use crate::names::object_key::Chain;
use crate::names::places::Places;
use crate::world::{Absence, Encryption, KeyDescription};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How long before a key's imported material expires it counts as expiring.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the events are held against, from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The buckets and the trails that deliver there.
    pub places: Places,
    /// The trails' keys, by ARN; empty: any.
    pub key_arns: Vec<String>,
    /// Who may read log files; empty: anybody.
    pub readers: Readers,
    /// PCR0 of the enclaves that may use KMS, in lower case; empty: any.
    pub enclave_images: Vec<String>,
}

/// The rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// 1. The context names an expected trail.
    Trail,
    /// 2. The context names an object of the trail, in a documented form.
    Object,
    /// 3. Event, object and configuration agree on the key.
    Key,
    /// 4. The key can encrypt, goes on to, and serves no other trail.
    KeyHealth,
    /// 5. Only CloudTrail writes.
    Caller,
    /// 6. KMS lets CloudTrail write.
    Delivery,
    /// 7. What was delivered is there, and is listed by a digest.
    Witness,
    /// 8. Log files are encrypted under the trail's key.
    Encryption,
    /// 9. Only listed readers read.
    Readers,
    /// 10. Enclaves attest themselves, and are known.
    Enclaves,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 10] = [
        Self::Trail,
        Self::Object,
        Self::Key,
        Self::KeyHealth,
        Self::Caller,
        Self::Delivery,
        Self::Witness,
        Self::Encryption,
        Self::Readers,
        Self::Enclaves,
    ];

    /// The stable name in receipts and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trail => "trail",
            Self::Object => "object",
            Self::Key => "key",
            Self::KeyHealth => "key-health",
            Self::Caller => "caller",
            Self::Delivery => "delivery",
            Self::Witness => "witness",
            Self::Encryption => "encryption",
            Self::Readers => "readers",
            Self::Enclaves => "enclaves",
        }
    }
}

/// What a rule says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing: the event is none of its.
    Silent,
    /// The rule is kept, and why.
    Valid(&'static str),
    /// It is broken.
    Wrong(Box<Problem>),
}

/// How a rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The finding.
    pub kind: FindingKind,
    /// What should be.
    pub expected: String,
    /// What is.
    pub actual: String,
}

fn wrong(kind: FindingKind, expected: impl Into<String>, actual: impl Into<String>) -> Ruling {
    Ruling::Wrong(Box::new(Problem {
        kind,
        expected: expected.into(),
        actual: actual.into(),
    }))
}

/// Whether an event is about our trail or our log files, and so for the rules 1 to 8.
///
/// Others share account, Region and perhaps the key with it. `trail` is the trail that the context
/// names, if that is a trail's ARN.
#[must_use]
pub fn is_ours(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&Named>,
    expected: &Expected,
) -> bool {
    let trails = &expected.places.trails;
    trail.is_some_and(|trail| trails.contains(trail))
        || named.is_some_and(|named| {
            named.ours && (event.trail.is_some() || named.log_file().is_some())
        })
}

/// Whether a call counts for and against our trail and its log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does: CloudTrail called, or the key is the trail's.
    Ours,
    /// It does not: the key is somebody else's, who may state any encryption context.
    Foreign,
    /// It does if the object that it names is under its key.
    Open,
}

/// Whether a call counts, by its key. `known`: keys that are the trail's where none is configured.
///
/// An encryption context is what the caller says, and anybody may say anything with a key of his own.
/// But a data key is bound to its KMS key: what is encrypted under one cannot be an object that is
/// encrypted under another.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-generatedatakey.html> (the key among the
/// resources).
#[must_use]
pub fn standing(
    event: &KmsEvent<'_>,
    named: Option<&Named>,
    expected: &Expected,
    known: &BTreeSet<String>,
) -> Standing {
    if is_cloudtrail(event) {
        return Standing::Ours;
    }
    // Anybody may be refused a key, in any context.
    if event.failed() {
        return Standing::Foreign;
    }
    // A call that succeeded has its key's ARN among its resources. Of one that is not known, the worst
    // is assumed.
    let Some(key) = event.key_named().filter(|key| is_key_arn(key)) else {
        return Standing::Ours;
    };
    let keys = &expected.key_arns;
    if keys.is_empty() {
        return if known.iter().any(|known| same_key(known, key)) {
            Standing::Ours
        } else if writes_replica(event, named) {
            // Nothing is said of it, under whichever key the object is.
            Standing::Foreign
        } else {
            Standing::Open
        };
    }
    if keys.iter().any(|ours| is_same_or_related(key, ours)) {
        Standing::Ours
    } else {
        Standing::Foreign
    }
}

/// The same of a call that names an object with these headers.
#[must_use]
pub fn standing_by_object(event: &KmsEvent<'_>, object: &Encryption) -> Standing {
    let key = event.key_named().unwrap_or_default();
    if kms_key(object).is_some_and(|header| same_key(header, key)) {
        Standing::Ours
    } else {
        Standing::Foreign
    }
}

/// Whether two ARNs name the same key, or the same multi-Region key in two Regions: these share
/// their id, their key material, and what they can decrypt.
///
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html>.
fn is_same_or_related(key: &str, ours: &str) -> bool {
    fn parts(arn: &str) -> Option<[&str; 3]> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "kms", _, account, key] => Some([partition, account, key]),
            _ => None,
        }
    }
    key == ours
        || match (parts(key), parts(ours)) {
            (Some(key), Some(ours)) => {
                let [_, _, resource] = key;
                key == ours && resource.starts_with("key/mrk-")
            }
            _ => false,
        }
}

/// Whether a key may be asked for, by the account in its ARN: that of the log buckets, or of a
/// configured key. A name without an account is one of our own account's; where no account is known
/// to be ours, any is.
#[must_use]
pub fn is_of_our_accounts(key: &str, expected: &Expected) -> bool {
    fn account_in(arn: &str) -> Option<&str> {
        arn.starts_with("arn:").then(|| arn.split(':').nth(4))?
    }
    let configured = expected.key_arns.iter().filter_map(|arn| account_in(arn));
    let owner = expected.places.bucket_owner.as_ref().map(AccountId::as_str);
    let mut ours = configured.chain(owner).peekable();
    match account_in(key) {
        Some(account) if ours.peek().is_some() => ours.any(|ours| ours == account),
        _ => true,
    }
}

/// Rule 5, of a call under somebody else's key: who makes a data key for, or decrypts, what he says
/// is our trail's is told, once a caller, and nothing is said of the trail. S3 writes a replica under
/// the replica's key, and nothing is said of that.
#[must_use]
pub fn foreign(event: &KmsEvent<'_>, named: Option<&Named>, expected: &Expected) -> Ruling {
    let is_told = is_writing(event) || event.name == "Decrypt";
    if event.failed() || !is_told || writes_replica(event, named) {
        return Ruling::Silent;
    }
    let keys = &expected.key_arns;
    wrong(
        FindingKind::KmsForeignContext,
        if keys.is_empty() {
            "the key of the log file that the call names".to_owned()
        } else {
            format!("a configured key: {}", keys.join(" or "))
        },
        format!(
            "{} under {}, with {TRAIL_CONTEXT} {} and {OBJECT_CONTEXT} {}",
            caller_shown(event),
            event.key_named().unwrap_or("no key"),
            event.trail.as_deref().unwrap_or("none"),
            event.object.as_deref().unwrap_or("none"),
        ),
    )
}

/// Whether the call makes a data key to write with.
#[must_use]
pub fn is_writing(event: &KmsEvent<'_>) -> bool {
    event.name.starts_with("GenerateDataKey") || event.name == "Encrypt"
}

/// Whether the call makes a data key to write a replica with. S3 replicates under a role of the bucket's
/// owner and a key of the replica's.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html>.
fn writes_replica(event: &KmsEvent<'_>, named: Option<&Named>) -> bool {
    is_writing(event) && named.is_some_and(|named| named.replica)
}

/// Whether the call is one of CloudTrail itself.
///
/// Current events: `userIdentity` is the service. Older ones: CloudTrail's own role or user, in an
/// account of AWS's, called from within AWS, as a service event. Nobody else's calls are service
/// events, and no account of a trail's or key's owner is AWS's, whatever its roles are named.
#[must_use]
pub fn is_cloudtrail(event: &KmsEvent<'_>) -> bool {
    let Caller {
        kind,
        arn,
        invoked_by,
        ..
    } = &event.caller;
    let kind = kind.as_deref().unwrap_or_default();
    let invoked_by = invoked_by.as_deref().unwrap_or_default();
    if kind == "AWSService" {
        return matches!(
            invoked_by,
            "cloudtrail.amazonaws.com" | "cloudtrail.amazonaws.com.cn"
        );
    }
    let resource = arn.as_deref().and_then(|arn| arn.splitn(6, ':').nth(5));
    let is_its_own = resource.is_some_and(|resource| match kind {
        "AssumedRole" => resource.starts_with("assumed-role/AWSCloudTrail/"),
        "IAMUser" => resource == "user/AWSCloudTrail",
        _ => false,
    });
    is_its_own
        && !is_of_an_owner(event)
        && invoked_by == "internal.amazonaws.com"
        && event.event_type.as_deref() == Some("AwsServiceEvent")
}

/// Whether the caller's account owns the trail or the key of the call.
fn is_of_an_owner(event: &KmsEvent<'_>) -> bool {
    let account_in = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
    let by_arn = event.caller.arn.as_deref().and_then(account_in);
    let callers = [by_arn.as_deref(), event.caller.account.as_deref()];
    let owners = [&event.trail, &event.key, &event.requested_key];
    let mut owners = owners
        .into_iter()
        .flatten()
        .filter_map(|arn| account_in(arn));
    owners.any(|owner| callers.contains(&Some(owner.as_str())))
}

/// Rule 1, as far as the configuration tells: `aws:cloudtrail:arn` is a trail's ARN, and one of
/// the configured trails. None configured: see [`trail_is_known`]. `named` is the trail of that ARN,
/// if it is one.
#[must_use]
pub fn trail(event: &KmsEvent<'_>, named: Option<&TrailArn>, expected: &Expected) -> Ruling {
    let Some(text) = event.trail.as_deref() else {
        // Encrypted by the bucket's default, or under a Bucket Key: no trail is named.
        return Ruling::Silent;
    };
    let trails = &expected.places.trails;
    match named {
        None => wrong(
            FindingKind::KmsContextMismatch,
            format!("{TRAIL_CONTEXT} with a trail's ARN"),
            text,
        ),
        Some(_) if trails.is_empty() => Ruling::Silent,
        Some(arn) if trails.contains(arn) => Ruling::Valid("the trail is a configured one"),
        Some(_) => {
            let trails: Vec<String> = trails.iter().map(TrailArn::to_string).collect();
            wrong(
                FindingKind::KmsContextMismatch,
                format!("{TRAIL_CONTEXT} {}", trails.join(" or ")),
                text,
            )
        }
    }
}

/// Rule 1, where no trail is configured: the trail is one whose digests lie in the bucket, by home
/// Region and name. `known` are the chains there, beside the object; none: nothing can be said.
#[must_use]
pub fn trail_is_known(trail: &TrailArn, known: &[Chain]) -> Ruling {
    let is = |chain: &Chain| chain.trail == trail.name && chain.home_region == trail.home_region;
    if known.is_empty() {
        return Ruling::Silent;
    }
    if known.iter().any(is) {
        return Ruling::Valid("the trail delivers digests to the bucket");
    }
    let mut names: Vec<String> = known
        .iter()
        .map(|chain| format!("{} of {}", chain.trail, chain.home_region))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(5);
    wrong(
        FindingKind::KmsContextMismatch,
        format!(
            "{TRAIL_CONTEXT} of a trail that delivers digests to the bucket: {}",
            names.join(" or ")
        ),
        trail.to_string(),
    )
}

/// Rule 2: `aws:s3:arn` names a bucket of ours, in one of the four documented forms, and agrees
/// with itself and with the trail.
#[must_use]
pub fn object(
    event: &KmsEvent<'_>,
    trail: Option<&TrailArn>,
    named: Option<&Named>,
    expected: &Expected,
) -> Ruling {
    let mismatch =
        |expected: String, actual: &str| wrong(FindingKind::KmsContextMismatch, expected, actual);
    let (Some(named), Some(text)) = (named, event.object.as_deref()) else {
        return mismatch(
            format!("{OBJECT_CONTEXT} with the bucket, folder or log file"),
            event.object.as_deref().unwrap_or("none"),
        );
    };
    let places = &expected.places;
    if !named.ours {
        return mismatch(
            format!("{OBJECT_CONTEXT} in {}", places.log_buckets.join(" or ")),
            text,
        );
    }
    let partition = trail
        .or(places.trails.first())
        .map(|trail| trail.home_region.partition());
    let well_formed = !matches!(named.what, What::Odd | What::OddLogFile(_));
    if !well_formed || partition.is_some_and(|partition| partition != named.partition) {
        return mismatch(
            format!(
                "{OBJECT_CONTEXT} with the bucket, the trail's folder, or a log file's key that agrees with itself"
            ),
            text,
        );
    }
    match (trail, named.single_account()) {
        (Some(trail), Some(account)) if trail.account != *account => mismatch(
            format!(
                "{OBJECT_CONTEXT} of account {}, which the trail belongs to",
                trail.account
            ),
            text,
        ),
        _ => Ruling::Valid("the object is the trail's, and its path agrees with itself"),
    }
}

/// Rule 3, the configuration: `key`, by ARN, is one of the configured keys.
#[must_use]
pub fn key(key_arn: &str, expected: &Expected) -> Ruling {
    let keys = &expected.key_arns;
    if keys.is_empty() || keys.iter().any(|arn| arn == key_arn) {
        Ruling::Valid("the key is the trail's")
    } else {
        wrong(
            FindingKind::KmsKeyMismatch,
            format!("a configured key: {}", keys.join(" or ")),
            format!("the KMS call used {key_arn}"),
        )
    }
}

/// Rule 3, the object: it is encrypted under the key of its delivery. Rule 8 says more of an
/// object that is under no key at all.
#[must_use]
pub fn key_of_object(key_arn: &str, object: &Encryption) -> Ruling {
    match kms_key(object) {
        None => Ruling::Silent,
        Some(key) if same_key(key, key_arn) => Ruling::Valid("event and object agree on the key"),
        Some(key) => wrong(
            FindingKind::KmsKeyMismatch,
            format!("the key of the KMS call, {key_arn}"),
            format!("the object is encrypted under {key}"),
        ),
    }
}

/// The KMS key that an object's headers name, if it is under one.
pub(super) fn kms_key(object: &Encryption) -> Option<&str> {
    let algorithm = object.algorithm.as_deref()?;
    algorithm
        .starts_with("aws:kms")
        .then_some(object.kms_key_id.as_deref())?
}

/// Whether an object is encrypted under a KMS key.
#[must_use]
pub fn is_under_kms(object: &Encryption) -> bool {
    kms_key(object).is_some()
}

/// An object's header holds the key's ARN, or its bare id where the writer named it so.
pub(super) fn same_key(header: &str, arn: &str) -> bool {
    header == arn || arn.split_once(":key/").is_some_and(|(_, id)| id == header)
}

/// Rule 4, the key: symmetric, for encryption, and usable.
#[must_use]
pub fn key_health(key: &KeyDescription) -> Ruling {
    // While a multi-Region key's primary is being changed, the key works.
    let usable = matches!(key.state.as_str(), "Enabled" | "Updating");
    if key.spec == "SYMMETRIC_DEFAULT" && key.usage == "ENCRYPT_DECRYPT" && usable {
        return Ruling::Valid("the key can encrypt log files");
    }
    wrong(
        FindingKind::KmsKeyUnusable,
        "a symmetric key (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) that is Enabled",
        format!("{}, {}, {}", key.spec, key.usage, key.state),
    )
}

/// Rule 4, the key's material: where it was imported, it does not expire soon after the time that
/// the events are of.
///
/// When it expires, KMS deletes it, and the key cannot be used until it is imported again:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-delete-key-material.html>.
#[must_use]
pub fn key_material(key: &KeyDescription, at: Timestamp) -> Ruling {
    match key.expires {
        Some(expires) if expires.duration_since(at) < EXPIRES_SOON => wrong(
            FindingKind::KmsKeyExpiring,
            format!(
                "key material that does not expire within {} days",
                EXPIRES_SOON.as_hours() / 24
            ),
            format!("its imported material expires at {expires}"),
        ),
        Some(_) => Ruling::Valid("the key's material does not expire soon"),
        None => Ruling::Silent,
    }
}

/// Rule 4, the policy: CloudTrail may generate data keys for named trails only.
#[must_use]
pub fn key_policy(verdict: &PolicyVerdict) -> Ruling {
    match verdict {
        PolicyVerdict::Sound => Ruling::Valid("the key's policy names the trails"),
        PolicyVerdict::Open { statements } => wrong(
            FindingKind::KmsPolicyOpen,
            format!(
                "kms:GenerateDataKey* for cloudtrail.amazonaws.com only with a condition on kms:EncryptionContext:{TRAIL_CONTEXT}"
            ),
            format!("no such condition in {}", statements.join(", ")),
        ),
        PolicyVerdict::Unreadable(_) => Ruling::Silent,
    }
}

/// Rule 5: only CloudTrail has data keys generated under a trail's context or for a log file.
///
/// Where S3 replicates, it writes under a role of the bucket's owner.
#[must_use]
pub fn caller(event: &KmsEvent<'_>, named: Option<&Named>) -> Ruling {
    if !is_writing(event) || event.failed() {
        return Ruling::Silent;
    }
    if is_cloudtrail(event) {
        return Ruling::Valid("CloudTrail called");
    }
    if writes_replica(event, named) {
        return Ruling::Silent;
    }
    wrong(
        FindingKind::KmsForeignCaller,
        "CloudTrail (userIdentity AWSService, invokedBy cloudtrail.amazonaws.com)",
        caller_shown(event),
    )
}

/// Who called, from where: for people.
#[must_use]
pub fn caller_shown(event: &KmsEvent<'_>) -> String {
    let who = event.caller.principal().shown();
    match event.source.as_deref() {
        Some(source) => format!("{who} from {source}"),
        None => who,
    }
}

/// Rule 6: KMS lets CloudTrail write.
#[must_use]
pub fn delivery(event: &KmsEvent<'_>) -> Ruling {
    if !is_writing(event) || !is_cloudtrail(event) {
        return Ruling::Silent;
    }
    match event.error.as_deref() {
        None => Ruling::Valid("KMS gave CloudTrail a data key"),
        Some(error) => wrong(
            FindingKind::KmsDeliveryDenied,
            "a data key for CloudTrail",
            format!("KMS answered {error}"),
        ),
    }
}

/// Rule 7, the first look: the log file that the event says was delivered is there.
#[must_use]
pub fn present(found: Result<(), Absence>, event: &str) -> Ruling {
    match found {
        Ok(()) => Ruling::Valid("the log file that was delivered is there"),
        Err(absence) => wrong(
            FindingKind::LogFileMissing,
            format!("the log file that {event} shows being delivered"),
            absence.to_string(),
        ),
    }
}

/// Rule 8: a log file is encrypted under one of the configured keys. None configured: under any
/// key, where a KMS event shows that the trail uses one (`uses_a_key`).
#[must_use]
pub fn encryption(object: &Encryption, uses_a_key: bool, expected: &Expected) -> Ruling {
    let keys = &expected.key_arns;
    if keys.is_empty() && !uses_a_key {
        return Ruling::Silent;
    }
    let what_it_should_be = || match keys.as_slice() {
        [] => "encryption under a KMS key (SSE-KMS)".to_owned(),
        keys => format!("encryption under {}", keys.join(" or ")),
    };
    match kms_key(object) {
        None => wrong(
            FindingKind::LogFileEncryptionChanged,
            what_it_should_be(),
            format!(
                "the object is not encrypted under a KMS key but with {}",
                object.algorithm.as_deref().unwrap_or("nothing")
            ),
        ),
        Some(key) if keys.is_empty() || keys.iter().any(|arn| same_key(key, arn)) => {
            Ruling::Valid("the log file is encrypted under the trail's key")
        }
        Some(key) => wrong(
            FindingKind::LogFileEncryptionChanged,
            what_it_should_be(),
            format!("the object is encrypted under {key}"),
        ),
    }
}

/// Whether the event is a reading of our log files: of one by its name, or of what lies under a
/// Bucket Key of the trail's.
#[must_use]
pub fn is_reading(event: &KmsEvent<'_>, named: Option<&Named>, expected: &Expected) -> bool {
    if event.name != "Decrypt" || event.failed() {
        return false;
    }
    let Some(named) = named.filter(|named| named.ours) else {
        return false;
    };
    named.log_file().is_some()
        || (matches!(named.what, What::Bucket | What::Folder { .. })
            && (event.trail.is_some() || uses_our_key(event, expected)))
}

fn uses_our_key(event: &KmsEvent<'_>, expected: &Expected) -> bool {
    let key = event.key_named();
    key.is_some_and(|key| expected.key_arns.iter().any(|arn| arn == key))
}

/// The caller of a reading, with whether its account is one of ours: the owner of the trail or the
/// key of the call, or the configured owner of the log buckets.
///
/// KMS decrypts nothing under another context than it was encrypted under: of a call that succeeded,
/// the trail and the key are those of the log file.
fn reading_principal<'a>(event: &'a KmsEvent<'_>, expected: &Expected) -> Principal<'a> {
    let owner = expected.places.bucket_owner.as_ref().map(AccountId::as_str);
    let account = event.caller.account.as_deref();
    Principal {
        is_ours: is_of_an_owner(event) || (owner.is_some() && account == owner),
        ..event.caller.principal()
    }
}

/// Rule 9: only CloudTrail, our own functions and the listed readers read log files.
#[must_use]
pub fn reader(event: &KmsEvent<'_>, named: Option<&Named>, expected: &Expected) -> Ruling {
    let readers = &expected.readers;
    if readers.is_empty() || !is_reading(event, named, expected) {
        return Ruling::Silent;
    }
    if is_cloudtrail(event) {
        return Ruling::Valid("CloudTrail itself read");
    }
    let principal = reading_principal(event, expected);
    if readers.is_own(&principal) {
        return Ruling::Valid("a function of Trailseal's read");
    }
    if readers.allows(&principal) {
        return Ruling::Valid("the reader is a listed one");
    }
    wrong(
        FindingKind::KmsUnlistedReader,
        "one of the listed readers",
        caller_shown(event),
    )
}

/// Rule 10, the form: module id and image digest are such as the Nitro hypervisor makes.
///
/// An instance may attest itself with its `NitroTPM`, too: that is no enclave, and none of this
/// rule's.
///
/// Source: <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html> (PCR0 is a SHA-384),
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-enclave.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-nitro-tpm.html>.
#[must_use]
pub fn attestation(recipient: &Recipient<'_>) -> Ruling {
    if is_nitro_tpm(recipient) {
        return Ruling::Silent;
    }
    let module = recipient.module_id.as_deref();
    let image = recipient.image.as_deref();
    if !module.is_some_and(is_module_id) {
        return wrong(
            FindingKind::EnclaveAttestationMalformed,
            "attestationDocumentModuleId i-<hex digits>-enc<hex digits>",
            module.unwrap_or("none"),
        );
    }
    if !image.is_some_and(is_image_digest) {
        return wrong(
            FindingKind::EnclaveAttestationMalformed,
            "attestationDocumentEnclaveImageDigest of 96 hex digits (SHA-384)",
            image.unwrap_or("none"),
        );
    }
    Ruling::Valid("the attestation is well-formed")
}

fn is_module_id(text: &str) -> bool {
    is_module_of(text, "-enc")
}

/// Whether it is the attestation of an instance, which has no image digest.
fn is_nitro_tpm(recipient: &Recipient<'_>) -> bool {
    let module = recipient.module_id.as_deref();
    recipient.image.is_none() && module.is_some_and(|module| is_module_of(module, "-tpm"))
}

/// Whether `text` is an instance's id and another one, with `separator` between them.
fn is_module_of(text: &str, separator: &str) -> bool {
    let is_id = |text: &str| {
        (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    text.strip_prefix("i-")
        .and_then(|rest| rest.split_once(separator))
        .is_some_and(|(instance, module)| is_id(instance) && is_id(module))
}

fn is_image_digest(text: &str) -> bool {
    text.len() == 96 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Rule 10, the image: a listed one, where images are listed.
#[must_use]
pub fn image(recipient: &Recipient<'_>, expected: &Expected) -> Ruling {
    let images = &expected.enclave_images;
    let Some(image) = recipient.image.as_deref().filter(|_| !images.is_empty()) else {
        return Ruling::Silent;
    };
    if images
        .iter()
        .any(|listed| listed.eq_ignore_ascii_case(image))
    {
        return Ruling::Valid("the enclave's image is a listed one");
    }
    // The attestation of an enclave in debug mode has zeros only.
    let debug = image.bytes().all(|byte| byte == b'0');
    wrong(
        FindingKind::EnclaveImageUnlisted,
        "one of the listed enclave images",
        if debug {
            format!("PCR0 {image}: an enclave in debug mode, whose memory can be read")
        } else {
            format!("PCR0 {image}")
        },
    )
}

/// Rule 10, the reader: whoever reads from an enclave only, reads with its attestation.
#[must_use]
pub fn attested(event: &KmsEvent<'_>, named: Option<&Named>, expected: &Expected) -> Ruling {
    let reads = is_reading(event, named, expected)
        || (event.name == "Decrypt" && !event.failed() && uses_our_key(event, expected));
    if !reads
        || !expected
            .readers
            .enclave_only(&reading_principal(event, expected))
    {
        return Ruling::Silent;
    }
    let found = match &event.recipient {
        Some(recipient) if is_nitro_tpm(recipient) => "a call with the attestation of an instance",
        Some(_) => return Ruling::Valid("the enclave attested itself"),
        None => "a call without any",
    };
    wrong(
        FindingKind::EnclaveAttestationMissing,
        "a Decrypt call with the attestation of an enclave",
        format!("{found}, by {}", caller_shown(event)),
    )
}

/// An enclave's PCR0, the SHA-384 over its image, in lower case; none if it is not 96 hex digits.
///
/// Rule: <https://docs.aws.amazon.com/enclaves/latest/user/set-up-attestation.html>
#[must_use]
pub fn enclave_image(text: &str) -> Option<String> {
    let hex = text.len() == 96 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase())
}
