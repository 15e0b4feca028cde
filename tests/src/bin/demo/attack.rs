//! The attacker's changes to the trail, and the findings that must be reported about them.

use anyhow::{Context as _, Result, bail};
use trailseal_tests::local::Expected;
use trailseal_tests::trail::tamper;
use trailseal_tests::trail::{DigestFile, LogFile, Object, Trail};

use crate::feed::Feed;
use crate::stage::REGIONS;

/// The hour in which the attacker arrives: its log files are delivered, but the digest that lists
/// them is not yet.
pub(crate) const HOUR: u32 = 21;
/// How many consecutive digests the attacker deletes.
const DELETED_DIGESTS: u32 = 3;
/// The hour whose log file is deleted long after it was verified.
const VERIFIED_HOUR: u32 = 10;

/// One thing that is done to the trail.
pub(crate) struct Attack {
    /// The Region whose files are changed.
    pub(crate) region: String,
    /// The attack, for the table.
    pub(crate) what: String,
    /// The attack, and its purpose.
    pub(crate) reported: String,
    /// The objects that are changed.
    pub(crate) objects: Vec<Object>,
    /// The type of the objects.
    pub(crate) about: About,
    /// The findings that must be reported.
    pub(crate) expected: Vec<Expected>,
    act: Act,
}

/// The target of an attack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// A log file.
    LogFile,
    /// Digests, without which log files are no longer verified.
    Digests,
    /// The key of the log files.
    Key,
    /// A log file that is restored.
    Restored,
    /// The whole trail.
    Trail,
}

enum Act {
    WriteLogFile(Object),
    WriteDigest(Object),
    Delete,
    DisableKey,
    Stop,
}

/// Returns the attacks of the attacker's hour, in order, for a trail whose Regions are each attacked differently.
pub(crate) fn attacks(trail: &Trail) -> Result<Vec<Attack>> {
    let [logs, edits, deletions] = &trail.spec.regions[..] else {
        bail!("the attack needs a trail in three Regions");
    };
    let account = &trail.spec.accounts[0];
    let log_files = trail.logs_of(trail.digest(account, logs, HOUR));
    let late = last_with_kms_call(&log_files)?;
    let mut others = log_files.iter().filter(|log| log.object != late.object);
    let mut next = || others.next().context("the hour has too few log files");
    let edited = trail.digest(account, edits, HOUR - 1);
    let gone: Vec<&DigestFile> = (HOUR - DELETED_DIGESTS..HOUR)
        .map(|hour| trail.digest(account, deletions, hour))
        .collect();
    let successor = trail.digest(account, deletions, HOUR);
    Ok(vec![
        modify(next()?),
        delete(next()?),
        append(next()?),
        edit(edited),
        delete_digests(&gone, successor),
        disable_key(late),
    ])
}

/// Returns the deletion of a log file that was verified long before.
pub(crate) fn deletion(trail: &Trail) -> Result<Attack> {
    // No other log file of this Region is deleted: the incident, and so the message, is its own.
    let digest = trail.digest(&trail.spec.accounts[0], REGIONS[1], VERIFIED_HOUR);
    let log = *trail.logs_of(digest).first().context("an empty hour")?;
    Ok(Attack {
        region: log.region.clone(),
        what: "deleted a verified log file".to_owned(),
        reported: format!(
            "The attacker deletes a log file of hour {VERIFIED_HOUR}, which was verified long ago."
        ),
        objects: vec![log.object.clone()],
        about: About::Restored,
        expected: vec![Expected::new("object-deleted", &log.object.key)],
        act: Act::Delete,
    })
}

/// Returns the end of the trail in all Regions, after its last hour.
pub(crate) fn silence(trail: &Trail) -> Attack {
    let newest = trail.spec.regions.iter().map(|region| {
        let digest = trail.digest(&trail.spec.accounts[0], region, trail.spec.hours);
        digest.object.clone()
    });
    let newest: Vec<Object> = newest.collect();
    let overdue = newest
        .iter()
        .map(|digest| Expected::new("digest-overdue", &digest.key));
    Attack {
        region: "all Regions".to_owned(),
        what: "stopped the trail".to_owned(),
        reported: "The attacker stops the trail. CloudTrail delivers no more files, so S3 sends no events."
            .to_owned(),
        expected: overdue.collect(),
        objects: newest,
        about: About::Trail,
        act: Act::Stop,
    }
}

/// Returns the log files of the hour that exist when the attacker arrives.
pub(crate) fn delivered_before(trail: &Trail, attacks: &[Attack]) -> Vec<Object> {
    let late = attacks
        .iter()
        .filter(|attack| matches!(attack.act, Act::DisableKey));
    let late: Vec<&Object> = late.flat_map(|attack| &attack.objects).collect();
    let of_hour = trail
        .log_files
        .iter()
        .filter(|log| log.hour == i64::from(HOUR));
    of_hour
        .map(|log| log.object.clone())
        .filter(|object| !late.contains(&object))
        .collect()
}

/// Returns the last log file that records a KMS call about another one: the KMS checker has to look
/// at it.
fn last_with_kms_call<'a>(log_files: &[&'a LogFile]) -> Result<&'a LogFile> {
    let mut with_calls = log_files.iter().rev().filter(|log| {
        let mut events = log.kms_events.iter();
        events.any(|event| event.about.is_some())
    });
    let last = with_calls.next();
    last.copied()
        .context("no log file of the hour records a KMS call")
}

fn modify(log: &LogFile) -> Attack {
    Attack {
        region: log.region.clone(),
        what: "changed a record in a log file".to_owned(),
        reported: format!(
            "To hide an address, the attacker downloads a log file that no digest lists yet, changes the \
             source address of its first record to {}, and uploads the file again.",
            tamper::log::FALSE_ADDRESS
        ),
        objects: vec![log.object.clone()],
        about: About::LogFile,
        expected: vec![Expected::new("log-file-modified", &log.object.key)],
        act: Act::WriteLogFile(tamper::log::modified(&log.object)),
    }
}

fn delete(log: &LogFile) -> Attack {
    Attack {
        region: log.region.clone(),
        what: "deleted a log file".to_owned(),
        reported: "The attacker deletes another log file.".to_owned(),
        objects: vec![log.object.clone()],
        about: About::LogFile,
        expected: vec![
            Expected::new("object-deleted", &log.object.key),
            Expected::new("log-file-missing", &log.object.key),
        ],
        act: Act::Delete,
    }
}

fn append(log: &LogFile) -> Attack {
    Attack {
        region: log.region.clone(),
        what: "appended a second gzip member to a log file".to_owned(),
        reported:
            "To add a false record, the attacker appends a second gzip member to a third log file. A \
               tool such as gunzip also reads the false record. A tool that stops after the first \
               member sees the original file."
                .to_owned(),
        objects: vec![log.object.clone()],
        about: About::LogFile,
        expected: vec![Expected::new("log-file-trailing-data", &log.object.key)],
        act: Act::WriteLogFile(tamper::log::second_member(&log.object)),
    }
}

fn edit(digest: &DigestFile) -> Attack {
    let key = &digest.object.key;
    Attack {
        region: digest.region.clone(),
        what: "removed a log file from a digest's list".to_owned(),
        reported:
            "To hide a log file, the attacker removes it from the list of a digest, and keeps the \
               signature in the metadata of the digest."
                .to_owned(),
        objects: vec![digest.object.clone()],
        about: About::Digests,
        expected: vec![
            Expected::new("digest-signature-invalid", key),
            Expected::new("digest-modified", key),
        ],
        act: Act::WriteDigest(tamper::digest::without_first_log(digest)),
    }
}

/// Returns the attack with one finding for the whole range, about its newest digest, and one about
/// the deletions, which names the first of them.
fn delete_digests(gone: &[&DigestFile], successor: &DigestFile) -> Attack {
    let newest = &gone[gone.len() - 1];
    Attack {
        region: successor.region.clone(),
        what: format!("deleted {} consecutive digests", gone.len()),
        reported: format!(
            "To make some hours impossible to verify, the attacker deletes {} consecutive digests.",
            gone.len()
        ),
        objects: gone.iter().map(|digest| digest.object.clone()).collect(),
        about: About::Digests,
        expected: vec![
            Expected::new("object-deleted", &gone[0].object.key),
            Expected::new("digest-missing", &newest.object.key).window(
                &gone[0].document.digest_start_time,
                &successor.document.digest_start_time,
            ),
        ],
        act: Act::Delete,
    }
}

fn disable_key(log: &LogFile) -> Attack {
    Attack {
        region: log.region.clone(),
        what: "disabled the KMS key of the log files".to_owned(),
        reported:
            "To make log files unreadable, the attacker disables their KMS key, just before the next one \
               arrives."
                .to_owned(),
        objects: vec![log.object.clone()],
        about: About::Key,
        expected: vec![Expected::new("kms-key-unusable", &log.object.key)],
        act: Act::DisableKey,
    }
}

impl Attack {
    /// Returns the objects that the attacker deletes.
    pub(crate) fn deleted(&self) -> &[Object] {
        match self.act {
            Act::Delete => &self.objects,
            Act::WriteLogFile(_) | Act::WriteDigest(_) | Act::DisableKey | Act::Stop => &[],
        }
    }

    /// Carries out the attack, except for its deletions.
    pub(crate) async fn carry_out(
        &self,
        feed: &Feed,
        kms: &aws_sdk_kms::Client,
        key_id: &str,
    ) -> Result<()> {
        match &self.act {
            Act::WriteLogFile(object) => feed.put_log_file(object).await,
            Act::WriteDigest(object) => feed.put_digest(object).await,
            Act::Delete | Act::Stop => Ok(()),
            Act::DisableKey => {
                let disabled = kms.disable_key().key_id(key_id).send().await;
                disabled.context("disabling the key")?;
                for object in &self.objects {
                    feed.put_log_file(object).await?;
                }
                Ok(())
            }
        }
    }

    /// Makes the repair that the owners make at once, if any.
    pub(crate) async fn repair(
        &self,
        kms: &aws_sdk_kms::Client,
        key_id: &str,
    ) -> Result<Option<&'static str>> {
        if !matches!(self.act, Act::DisableKey) {
            return Ok(None);
        }
        let enabled = kms.enable_key().key_id(key_id).send().await;
        enabled.context("enabling the key")?;
        Ok(Some("The owners of the trail enable the KMS key again."))
    }
}
