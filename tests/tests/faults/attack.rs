//! Attacks on a small trail, and what must be found about each.

use crate::stage::Stage;
use anyhow::Result;
use trailseal_tests::trail::tamper::{digest as tamper_digest, log as tamper_log};
use trailseal_tests::trail::{DigestFile, KmsAnomalyKind, Object, Trail, deliver};

/// A finding: its kind, and the objects that it may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) kind: &'static str,
    pub(crate) keys: Vec<String>,
}

impl Wanted {
    pub(crate) fn new(kind: &'static str, object: &Object) -> Self {
        Self {
            kind,
            keys: vec![object.key.clone()],
        }
    }

    pub(crate) fn is(&self, kind: &str, key: &str) -> bool {
        self.kind == kind && self.keys.iter().any(|known| known == key)
    }
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    ModifyLogFile,
    AppendToLogFile,
    BreakLogFile,
    DeleteLogFile,
    DeleteVerifiedLogFile,
    OverwriteVerifiedLogFile,
    PlantLogFile,
    EditDigest,
    StripDigest,
    DeleteDigest,
    DeleteVerifiedDigest,
    Kms(KmsAnomalyKind),
}

impl Attack {
    pub(crate) const OF_LOG_FILE: [Self; 7] = [
        Self::ModifyLogFile,
        Self::AppendToLogFile,
        Self::BreakLogFile,
        Self::DeleteLogFile,
        Self::DeleteVerifiedLogFile,
        Self::OverwriteVerifiedLogFile,
        Self::PlantLogFile,
    ];

    pub(crate) const OF_DIGEST: [Self; 4] = [
        Self::EditDigest,
        Self::StripDigest,
        Self::DeleteDigest,
        Self::DeleteVerifiedDigest,
    ];

    pub(crate) const OF_KMS: [Self; 3] = [
        Self::Kms(KmsAnomalyKind::WrongTrail),
        Self::Kms(KmsAnomalyKind::WrongKeyInEvent),
        Self::Kms(KmsAnomalyKind::PlantedFile),
    ];

    /// Returns whether it happens after the functions have seen the files for the first time.
    pub(crate) fn is_late(self) -> bool {
        matches!(
            self,
            Self::DeleteVerifiedLogFile
                | Self::OverwriteVerifiedLogFile
                | Self::DeleteVerifiedDigest
        )
    }

    pub(crate) fn is_of_digest(self) -> bool {
        Self::OF_DIGEST.contains(&self)
    }
}

/// An attack on a trail.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) attack: Attack,
    /// The hour of the digest, or of the digest that lists the log file.
    pub(crate) hour: u32,
    /// The number of the log file in the list.
    pub(crate) number: usize,
}

impl Planned {
    fn digest<'a>(&self, trail: &'a Trail) -> &'a DigestFile {
        trail.digest(&trail.spec.accounts[0], "us-east-1", self.hour)
    }

    /// Returns the object before the attack.
    pub(crate) fn object(&self, trail: &Trail) -> Object {
        let digest = self.digest(trail);
        if self.attack.is_of_digest() {
            return digest.object.clone();
        }
        match self.attack {
            Attack::Kms(kind @ KmsAnomalyKind::PlantedFile) => trail.planted_by(kind).clone(),
            Attack::PlantLogFile => {
                let log = &trail.logs_of(digest)[self.number].object;
                let key = log.key.replace(".json.gz", "0planted.json.gz");
                Object { key, ..log.clone() }
            }
            _ => trail.logs_of(digest)[self.number].object.clone(),
        }
    }

    /// Carries it out.
    pub(crate) async fn carry_out(&self, stage: &Stage, trail: &Trail) -> Result<()> {
        let (s3, object) = (stage.aws.s3(), self.object(trail));
        let changed = match self.attack {
            Attack::ModifyLogFile => tamper_log::modified(&object),
            Attack::AppendToLogFile => tamper_log::junk_after(&object),
            Attack::BreakLogFile => tamper_log::cut_in_half(&object),
            Attack::EditDigest => tamper_digest::without_first_log(self.digest(trail)),
            Attack::StripDigest => tamper_digest::without_metadata(&object),
            Attack::Kms(KmsAnomalyKind::PlantedFile) => object,
            // It is in the trail.
            Attack::Kms(_) => return Ok(()),
            Attack::OverwriteVerifiedLogFile => {
                return deliver::put_by(&s3, &tamper_log::modified(&object), None).await;
            }
            Attack::PlantLogFile => return deliver::put_by(&s3, &object, None).await,
            Attack::DeleteLogFile
            | Attack::DeleteVerifiedLogFile
            | Attack::DeleteDigest
            | Attack::DeleteVerifiedDigest => {
                return deliver::delete_by(&s3, &object.location(), None).await;
            }
        };
        deliver::put(&s3, &changed).await
    }

    /// Returns what must be found, and what may be found besides: it is true as well, but depends on
    /// when the functions look.
    pub(crate) fn wanted(&self, trail: &Trail) -> (Vec<Wanted>, Vec<Wanted>) {
        let object = self.object(trail);
        let of = |kinds: &[&'static str]| -> Vec<Wanted> {
            kinds
                .iter()
                .map(|kind| Wanted::new(kind, &object))
                .collect()
        };
        let (must, may): (&[_], &[_]) = match self.attack {
            Attack::ModifyLogFile => (&["log-file-modified"], &[]),
            Attack::AppendToLogFile => (&["log-file-trailing-data"], &[]),
            Attack::BreakLogFile => (&["log-file-malformed"], &[]),
            Attack::DeleteLogFile => (&["log-file-missing", "object-deleted"], &[]),
            Attack::DeleteVerifiedLogFile => (&["object-deleted"], &["log-file-missing"]),
            Attack::OverwriteVerifiedLogFile => (&["object-overwritten"], &["log-file-modified"]),
            Attack::PlantLogFile => (&["log-file-unlisted"], &[]),
            Attack::EditDigest => (&["digest-signature-invalid", "digest-modified"], &[]),
            Attack::StripDigest => (&["digest-signature-missing", "digest-modified"], &[]),
            Attack::DeleteDigest => (&["digest-missing", "object-deleted"], &[]),
            Attack::DeleteVerifiedDigest => (&["object-deleted"], &["digest-missing"]),
            Attack::Kms(kind) => return (of_anomaly(trail, kind), Vec::new()),
        };
        (of(must), of(may))
    }
}

fn of_anomaly(trail: &Trail, kind: KmsAnomalyKind) -> Vec<Wanted> {
    if kind == KmsAnomalyKind::PlantedFile {
        return vec![Wanted::new("kms-foreign-caller", trail.planted_by(kind))];
    }
    let (log, event) = trail.kms_anomaly(kind);
    let about = event.about.as_ref().map(|about| about.key.clone());
    let kinds: &[_] = match kind {
        KmsAnomalyKind::WrongKeyInEvent => &["kms-key-mismatch"],
        _ => &["kms-context-mismatch"],
    };
    let keys: Vec<String> = about.into_iter().chain([log.object.key.clone()]).collect();
    let wanted = kinds.iter().map(|kind| Wanted {
        kind,
        keys: keys.clone(),
    });
    wanted.collect()
}
