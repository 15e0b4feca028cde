//! The KMS events to generate for a key: who reads with it, and what goes wrong.

use super::callers;

/// Encryption of log files with a KMS key, and the events that it leaves in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsSpec {
    /// The symmetric key that log files are encrypted under.
    pub key_arn: String,
    /// An alias of the key, which some events contain instead.
    pub alias: String,
    /// The readers of log files, who take turns at random.
    pub readers: Vec<Reader>,
    /// One in this many log files is read soon after its delivery; 0 means none.
    pub read_one_in: u32,
    /// Whether an S3 Bucket Key is on: in that case, there are events for the bucket, not for
    /// objects.
    pub bucket_key: bool,
    /// An enclave that works on log files every hour.
    pub enclave: Option<EnclaveSpec>,
    /// Whether every hour has KMS events that are unrelated to the trail's log files, and events of
    /// other services that mention KMS.
    pub unrelated_calls: bool,
    /// The errors in the events or objects of some hours.
    pub anomalies: Vec<KmsAnomaly>,
}

/// A reader of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// An IAM user, by its ARN.
    User(String),
    /// A session of a role. The session's ARN leaves out the role's path; the session's issuer is
    /// the role by its full ARN.
    Role {
        /// The role's ARN.
        arn: String,
        /// The session's name.
        session: String,
    },
    /// A caller from another account than the key's, which KMS logs without an ARN.
    OtherAccount {
        /// The caller's account.
        account: String,
        /// The caller's `principalId`, as `AROAEXAMPLE:session`.
        principal: String,
    },
    /// CloudTrail itself.
    CloudTrail,
    /// An enclave, in a session of its instance's role.
    Enclave {
        /// The role's ARN.
        role_arn: String,
        /// PCR0 of its image: 96 hex digits.
        image: String,
    },
}

/// An enclave that decrypts log files' data keys, generates data keys and requests random bytes,
/// each this many times an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnclaveSpec {
    /// PCR0 of its image: 96 hex digits.
    pub image: String,
    /// The role of the instance that it runs on.
    pub role_arn: String,
    /// How many calls of each kind the enclave makes in an hour with log files.
    pub calls_per_hour: u32,
}

/// An error in an hour, about the first log file that the first chain delivers in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KmsAnomaly {
    /// The hour, which has log files.
    pub hour: u32,
    /// The error.
    pub kind: KmsAnomalyKind,
}

/// The ways in which a KMS event is wrong, or disagrees with a delivery.
///
/// The kinds up to [`KmsAnomalyKind::ForeignCaller`] are about the delivery itself, one for each
/// log file. All others are additional events: an hour may have several of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KmsAnomalyKind {
    /// The event's context names another account's trail.
    WrongTrail,
    /// The event's context names an object of another bucket.
    WrongBucket,
    /// The event's context names a log file that does not exist.
    MissingObject,
    /// The event is about another key than the one that the object is encrypted under.
    WrongKeyInEvent,
    /// The object is encrypted under another key than the one that the event is about.
    WrongKeyOnObject,
    /// Before the delivery, the key refused once: an additional event has an `errorCode` and no
    /// `resources`.
    Denied,
    /// An additional event like the delivery's has an IAM user as its caller instead of CloudTrail.
    ForeignCaller,
    /// The intruder puts a log file that CloudTrail never wrote, under the key and with
    /// CloudTrail's context. [`Trail::planted`](crate::trail::Trail::planted) has the object.
    PlantedFile,
    /// Like [`KmsAnomalyKind::PlantedFile`], but the context names only the object.
    PlantedFileBare,
    /// The intruder configures something with the trail's folder as its context.
    ForeignConfiguration,
    /// The intruder reads five log files.
    UnlistedReader,
    /// The intruder tries to read five log files and is refused.
    RefusedReader,
    /// The enclave's image is a different one.
    UnlistedImage,
    /// The enclave's module ID is not a module ID.
    MalformedModule,
    /// The enclave's PCR0 is too short to be one.
    MalformedImage,
    /// The enclave's role reads a log file without an attestation.
    MissingAttestation,
    /// The key refuses twenty deliveries within the hour, each of a different log file that is
    /// therefore never written.
    DeniedMany,
}

impl KmsAnomalyKind {
    /// Returns whether it affects a delivery, instead of being an event of its own.
    pub(super) fn changes_delivery(self) -> bool {
        matches!(
            self,
            Self::WrongTrail
                | Self::WrongBucket
                | Self::MissingObject
                | Self::WrongKeyInEvent
                | Self::WrongKeyOnObject
                | Self::Denied
                | Self::ForeignCaller
        )
    }
}

impl KmsSpec {
    /// Returns the usual events with the key: one reader, no Bucket Key, no enclave, no errors.
    pub fn new(key_arn: &str) -> Self {
        let (key_prefix, _) = key_arn.rsplit_once(":key/").expect("a KMS key ARN");
        let mut spec = Self {
            key_arn: key_arn.to_owned(),
            alias: format!("{key_prefix}:alias/cloudtrail-logs"),
            readers: Vec::new(),
            read_one_in: 3,
            bucket_key: false,
            enclave: None,
            unrelated_calls: false,
            anomalies: Vec::new(),
        };
        spec.readers = vec![Reader::User(spec.user_arn("cloudtrail-admin"))];
        spec
    }

    /// Returns a key that differs from [`KmsSpec::key_arn`] only in its ID.
    pub fn other_key_arn(&self) -> String {
        let (key_prefix, _) = self.key_arn.rsplit_once(":key/").expect("a KMS key ARN");
        format!("{key_prefix}:key/0ddba11a-0dd0-4bad-8bad-0ddba11a0ddb")
    }

    /// Returns the IAM user who plants log files and reads what he may not read.
    pub fn intruder_arn(&self) -> String {
        self.user_arn("mallory")
    }

    /// Returns an IAM user of the key's account.
    fn user_arn(&self, name: &str) -> String {
        let parts: Vec<&str> = self.key_arn.split(':').collect();
        format!("arn:{}:iam::{}:user/{name}", parts[1], parts[4])
    }
}

impl Reader {
    /// Returns the caller's ARN in CloudTrail, if it has one.
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::User(arn) => Some(arn.clone()),
            Self::Role { arn, session } => Some(callers::session_arn(arn, session)),
            Self::Enclave { role_arn, .. } => {
                let instance = callers::enclave_instance(role_arn);
                Some(callers::session_arn(role_arn, &instance))
            }
            Self::OtherAccount { .. } | Self::CloudTrail => None,
        }
    }
}

impl EnclaveSpec {
    /// Returns an enclave of one image on an instance with the role.
    pub fn new(role_arn: &str) -> Self {
        Self {
            image: "ee0d451a2ff9aaaa9bccd07700b9cab123a0ac2386ef7e88ad5ea6c72ebabea840957328e2ec890b408c9b06cb8ebe6a".into(),
            role_arn: role_arn.to_owned(),
            calls_per_hour: 2,
        }
    }

    /// Returns an image whose PCR0 differs from [`EnclaveSpec::image`] only in its last digit.
    pub fn other_image(&self) -> String {
        let (rest, last) = self.image.split_at(self.image.len() - 1);
        format!("{rest}{}", if last == "0" { "1" } else { "0" })
    }

    /// Returns the enclave as a reader.
    pub fn reader(&self) -> Reader {
        Reader::Enclave {
            role_arn: self.role_arn.clone(),
            image: self.image.clone(),
        }
    }
}
