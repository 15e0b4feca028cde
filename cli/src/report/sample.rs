//! Sample verifications to print: a month of an organization with many findings, and extreme cases.

use super::copy::{CopyForm, CopyReport, Note, NoteKind};
use super::{
    CannotTell, ChainReport, Counts, FindingReport, MAX_KEPT, Outcome, Range, ReportSubject,
    SCHEMA, Stretch, Verification, VerificationTotals,
};
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeMap;
use trailseal::finding::{DigestReference, Finding, FindingKind, Scope};
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Sha256;
use trailseal::names::window::Window;

const BUCKET: &str = "amzn-s3-demo-bucket";
const ORGANIZATION: &str = "o-exampleorg1";
const TRAIL: &str = "organization-trail";
const ACCOUNTS: [&str; 4] = [
    "111122223333",
    "222233334444",
    "333344445555",
    "444455556666",
];
const REGIONS: [&str; 3] = ["ap-southeast-2", "eu-west-1", "us-east-1"];
const LOG_FILES_AN_HOUR: u64 = 12;

/// Text that breaks out of a page that does not escape it, and text that hides in one that does.
pub(crate) const HOSTILE: [&str; 8] = [
    "<script>document.title='run'</script>",
    "\"><img src=x onerror=\"document.title='run'\">",
    "'><svg/onload=document.title='run'>",
    "</style><style>*{display:none}</style>",
    "--></main><!--",
    "javascript:document.title='run'",
    "https://attacker.example/pixel.png",
    "safe\u{202e}gz.nosj\u{202c}\u{200b}\u{1b}[2J",
];

/// Returns a month of an organization's trail: four accounts in three Regions, with findings of
/// many kinds.
pub(crate) fn organization() -> Verification {
    let mut sample = Builder::new("2026-01-01T00:00:00Z", 31 * 24);
    for (number, account) in ACCOUNTS.into_iter().enumerate() {
        for region in REGIONS {
            sample.chain(account, region, TRAIL);
        }
        // The last account joined the organization on the 9th.
        if number == 3 {
            for chain in 9..12 {
                sample.outside(chain, 0..8 * 24 + 9);
            }
        }
    }
    sample.missing(0, 14 * 24 + 17..14 * 24 + 20);
    sample.finding(0, 15 * 24 + 3, FindingKind::LogFileModified, "");
    sample.finding(0, 15 * 24 + 4, FindingKind::LogFileMissing, "");
    sample.finding(1, 4 * 24 + 11, FindingKind::DigestSignatureInvalid, "");
    sample.finding(2, 20 * 24, FindingKind::LogFileTrailingData, "");
    sample.finding(3, 22 * 24 + 6, FindingKind::DigestModified, "");
    for hour in 9 * 24..9 * 24 + 24 {
        sample.finding(4, hour, FindingKind::LogFileMissing, "");
    }
    for (number, hostile) in HOSTILE.into_iter().enumerate() {
        sample.finding(5, 60 + 30 * number, FindingKind::LogFileModified, hostile);
    }
    sample.unreadable(6, 11 * 24..12 * 24 + 8, "access was denied (AccessDenied)");
    sample.restarted(7, 17 * 24 + 2..18 * 24 + 15);
    sample.unreadable(8, 0..60, "it is archived (GLACIER)");
    sample.finding(8, 26 * 24 + 22, FindingKind::DigestMoved, "");
    sample.finding(10, 13 * 24 + 13, FindingKind::LogFileMalformed, "");
    sample.build()
}

/// Returns one chain of two days, all valid.
pub(crate) fn valid() -> Verification {
    let mut sample = Builder::new("2026-01-15T00:00:00Z", 48);
    sample.chain(ACCOUNTS[0], REGIONS[2], "management-events");
    let mut valid = sample.build();
    valid.chains[0].organization = None;
    valid.totals.unlisted = Some(0);
    valid.keys = "the file keys.json".to_owned();
    valid
}

/// Returns eleven months of a trail that ended in the first week and was requested to the last day,
/// and of another that could not be read for a month.
pub(crate) fn ended() -> Verification {
    let days = 318;
    let mut sample = Builder::new("2026-01-14T00:00:00Z", days * 24);
    sample.chain(ACCOUNTS[0], REGIONS[1], "management-events");
    sample.chain(ACCOUNTS[0], REGIONS[2], "management-events");
    sample.missing(0, 36..days * 24 - 15);
    sample.outside(0, days * 24 - 15..days * 24);
    sample.unreadable(1, 40 * 24 + 5..70 * 24, "access was denied (AccessDenied)");
    let mut ended = sample.build();
    // A page lists a few hundred at most.
    ended.cannot_tell.truncate(20);
    for stretch in &mut ended.chains[0].coverage {
        if stretch.state == Outcome::Finding {
            (stretch.digests, stretch.log_files) = (0, 0);
        }
    }
    ended
}

/// Returns a verification without any chain.
pub(crate) fn nothing() -> Verification {
    let mut nothing = Builder::new("2026-01-15T00:00:00Z", 0).build();
    nothing.requested = Range::default();
    nothing.verdict = Outcome::CannotTell;
    nothing
}

/// Returns three years of 300 chains, with as many findings and unreadable objects as a report
/// holds.
pub(crate) fn large() -> Verification {
    let hours = 3 * 365 * 24;
    let mut sample = Builder::new("2023-01-01T00:00:00Z", hours);
    for account in 0..20 {
        for region in 0..15 {
            sample.chain(
                &format!("{:012}", 100_000_000_000_u64 + account),
                &format!("xx-region-{region:02}"),
                TRAIL,
            );
        }
    }
    for number in 0..MAX_KEPT {
        let kind = FindingKind::ALL[number % 17];
        // Everything that becomes longer when escaped.
        sample.finding(
            number % 300,
            (number * 7) % hours,
            kind,
            &"\"&<>".repeat(500),
        );
    }
    for number in 0..MAX_KEPT {
        let hour = (number * 11 + 5) % (hours - 1);
        let reason = format!("reason {}: {}", number % 80, "&".repeat(500));
        sample.unreadable(number % 300, hour..hour + 1, &reason);
    }
    let mut large = sample.build();
    large.findings_left_out = 123_456;
    *large.findings_by_kind.get_mut("log-file-missing").unwrap() += 123_456;
    large.cannot_tell_left_out = 99;
    large
}

/// Returns an incomplete copy on disk, with a note of every kind.
fn copy(example: &str) -> CopyReport {
    let kinds = [
        NoteKind::Decompressed,
        NoteKind::Renamed,
        NoteKind::Duplicate,
        NoteKind::Differing,
        NoteKind::Leftover,
    ];
    CopyReport {
        complete: false,
        form: CopyForm::PartlyDecompressed,
        digests_not_in_copy: 3,
        log_files_not_in_copy: 1234,
        notes: kinds
            .map(|kind| Note {
                files: 17,
                ..Note::new(kind, example.to_owned())
            })
            .into(),
    }
}

/// Returns hostile words in every place where a text can be.
pub(crate) fn hostile() -> Verification {
    let mut hostile = organization();
    let word = |number: usize| HOSTILE[number % HOSTILE.len()].to_owned();
    hostile.command.extend(HOSTILE.map(str::to_owned));
    hostile.source = HOSTILE.concat();
    hostile.keys = HOSTILE.concat();
    hostile.interrupted = true;
    hostile.totals.unlisted = Some(3);
    hostile.copy = Some(copy(&HOSTILE.concat()));
    hostile.totals.resumed = 17;
    for (number, chain) in hostile.chains.iter_mut().enumerate() {
        chain.bucket = word(number);
        chain.prefix = Some(word(number + 1));
        chain.organization = Some(word(number + 2));
        chain.account = word(number + 3);
        chain.region = word(number + 4);
        chain.trail = word(number + 5);
        chain.home_region = word(number + 6);
    }
    for (number, FindingReport { finding, .. }) in hostile.findings.iter_mut().enumerate() {
        finding.scope.account = Some(word(number));
        finding.scope.region = Some(word(number + 1));
        finding.scope.trail = Some(word(number + 2));
        finding.scope.home_region = Some(word(number + 3));
        finding.object.bucket = word(number + 4);
        finding.object.key = word(number + 5);
        finding.object.version_id = Some(word(number + 6));
        finding.message = word(number + 7);
        finding.expected = Some(word(number + 8));
        finding.actual = Some(word(number + 9));
        if let Some(digest) = &mut finding.digest {
            digest.bucket = word(number + 10);
            digest.key = word(number + 11);
        }
    }
    for (number, one) in hostile.cannot_tell.iter_mut().enumerate() {
        one.subject = word(number);
        one.account = Some(word(number + 1));
        one.region = Some(word(number + 2));
        one.trail = Some(word(number + 3));
        one.reason = word(number % 3);
        one.advice = word(number % 3 + 1);
    }
    hostile
}

/// A chain under construction: the state of each hour.
struct Hours {
    account: String,
    region: String,
    trail: String,
    /// None for an hour that was not requested.
    states: Vec<Option<Outcome>>,
    missing: u64,
    bad_digests: u64,
    bad_log_files: u64,
}

struct Builder {
    start: Timestamp,
    chains: Vec<Hours>,
    findings: Vec<Finding>,
    cannot_tell: Vec<CannotTell>,
    hours: usize,
}

impl Builder {
    fn new(start: &str, hours: usize) -> Self {
        Self {
            start: start.parse().unwrap(),
            chains: Vec::new(),
            findings: Vec::new(),
            cannot_tell: Vec::new(),
            hours,
        }
    }

    fn chain(&mut self, account: &str, region: &str, trail: &str) {
        self.chains.push(Hours {
            account: account.to_owned(),
            region: region.to_owned(),
            trail: trail.to_owned(),
            states: vec![Some(Outcome::Valid); self.hours],
            missing: 0,
            bad_digests: 0,
            bad_log_files: 0,
        });
    }

    fn at(&self, hour: usize) -> Timestamp {
        self.start + i64::try_from(hour).unwrap().hours()
    }

    fn scope(&self, chain: usize) -> Scope {
        let chain = &self.chains[chain];
        Scope {
            account: Some(chain.account.clone()),
            region: Some(chain.region.clone()),
            trail: Some(format!(
                "arn:aws:cloudtrail:us-east-1:{}:trail/{}",
                ACCOUNTS[0], chain.trail
            )),
            home_region: Some("us-east-1".to_owned()),
        }
    }

    /// Returns the key of a chain's digest, or of one of its log files, whose hour ends at `hour`.
    fn key(&self, chain: usize, hour: usize, folder: &str) -> String {
        let Hours {
            account,
            region,
            trail,
            ..
        } = &self.chains[chain];
        let end = self.at(hour);
        let day = end.strftime("%Y/%m/%d");
        let name = if folder == "CloudTrail" {
            let unique = format!(
                "{:016X}",
                (chain * 100_000 + hour).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            );
            format!("{region}_{}_{unique}", end.strftime("%Y%m%dT%H%MZ"))
        } else {
            let time = end.strftime("%Y%m%dT%H%M%SZ");
            format!("{region}_{trail}_us-east-1_{time}")
        };
        format!(
            "AWSLogs/{ORGANIZATION}/{account}/{folder}/{region}/{day}/{account}_{folder}_{name}.json.gz"
        )
    }

    fn digest(&self, chain: usize, hour: usize) -> DigestReference {
        DigestReference {
            bucket: BUCKET.to_owned(),
            key: self.key(chain, hour + 1, "CloudTrail-Digest"),
            start_time: Some(self.at(hour)),
            end_time: Some(self.at(hour + 1)),
        }
    }

    fn set(&mut self, chain: usize, hours: std::ops::Range<usize>, state: Option<Outcome>) {
        self.chains[chain].states[hours].fill(state);
    }

    fn outside(&mut self, chain: usize, hours: std::ops::Range<usize>) {
        self.set(chain, hours, None);
    }

    /// Returns a finding on an hour's digest or log file, whose key ends in `hostile`.
    fn finding(&mut self, chain: usize, hour: usize, kind: FindingKind, hostile: &str) {
        let is_log_file = kind.as_str().starts_with("log-file");
        let folder = if is_log_file {
            "CloudTrail"
        } else {
            "CloudTrail-Digest"
        };
        let key = self.key(chain, hour + 1, folder) + hostile;
        let expected = format!("SHA-256 {}", Sha256::of(key.as_bytes()));
        let actual = format!("SHA-256 {}{hostile}", Sha256::of(expected.as_bytes()));
        let message = match kind {
            FindingKind::LogFileMissing => {
                "CloudTrail delivered the log file, and it is now missing.".to_owned()
            }
            FindingKind::LogFileModified => {
                format!("The log file's content is not what CloudTrail delivered.{hostile}")
            }
            FindingKind::LogFileTrailingData => {
                "9,216 bytes follow the end of the log file.".to_owned()
            }
            FindingKind::LogFileMalformed => "The log file is no gzip file.".to_owned(),
            FindingKind::DigestModified => {
                "The content of the digest is not what its successor signed.".to_owned()
            }
            FindingKind::DigestSignatureInvalid => {
                "The digest's signature is not one of CloudTrail's over this content.".to_owned()
            }
            _ => format!("The object is not where or what CloudTrail says.{hostile}"),
        };
        let mut finding = Finding::for_tests(
            kind,
            self.scope(chain),
            ObjectLocation::new(BUCKET, key),
            message,
        )
        .with_digest(self.digest(chain, hour));
        if kind != FindingKind::LogFileMissing {
            finding = finding.with_evidence(expected, actual);
        }
        self.findings.push(finding);
        self.set(chain, hour..hour + 1, Some(Outcome::Finding));
        if is_log_file {
            self.chains[chain].bad_log_files += 1;
        } else {
            self.chains[chain].bad_digests += 1;
        }
    }

    fn missing(&mut self, chain: usize, hours: std::ops::Range<usize>) {
        let number = hours.len();
        let window = Window {
            from: Some(self.at(hours.start)),
            to: self.at(hours.end),
        };
        self.findings.push(
            Finding::for_tests(
                FindingKind::DigestMissing,
                self.scope(chain),
                ObjectLocation::new(BUCKET, self.key(chain, hours.end, "CloudTrail-Digest")),
                format!(
                    "{number} consecutive hourly digests are missing. Nobody can verify the log files that were delivered from {} to {}. The object named here is the newest of the missing digests.",
                    window.from.unwrap(), window.to
                ),
            )
            .with_digest(self.digest(chain, hours.end))
            .with_window(window),
        );
        self.chains[chain].missing += u64::try_from(number).unwrap();
        self.set(chain, hours, Some(Outcome::Finding));
    }

    fn restarted(&mut self, chain: usize, hours: std::ops::Range<usize>) {
        let window = Window {
            from: Some(self.at(hours.start)),
            to: self.at(hours.end),
        };
        self.findings.push(
            Finding::for_tests(
                FindingKind::ChainRestarted,
                self.scope(chain),
                ObjectLocation::new(BUCKET, self.key(chain, hours.end + 1, "CloudTrail-Digest")),
                "A new chain starts here, and older digests of the trail are in the bucket: logging was off in between.",
            )
            .with_digest(self.digest(chain, hours.end))
            .with_window(window),
        );
        self.set(chain, hours, Some(Outcome::Finding));
    }

    fn unreadable(&mut self, chain: usize, hours: std::ops::Range<usize>, reason: &str) {
        for hour in hours {
            let scope = self.scope(chain);
            self.cannot_tell.push(CannotTell {
                subject: format!("s3://{BUCKET}/{}", self.key(chain, hour + 1, "CloudTrail-Digest")),
                account: scope.account,
                region: scope.region,
                trail: Some(self.chains[chain].trail.clone()),
                reason: reason.to_owned(),
                advice: "Allow s3:GetObject on the object, or restore it (aws s3api restore-object), and verify again.".to_owned(),
            });
            let state = &mut self.chains[chain].states[hour];
            *state = (*state).max(Some(Outcome::CannotTell));
        }
    }

    fn build(mut self) -> Verification {
        let start = self.start;
        let mut totals = VerificationTotals {
            unlisted: None,
            requests: 107_213,
            ..VerificationTotals::default()
        };
        let chains: Vec<_> = self
            .chains
            .iter()
            .map(|hours| report(hours, start))
            .collect();
        for chain in &chains {
            totals.chains += 1;
            totals.digests.merge(chain.digests);
            totals.digests_missing += chain.digests_missing;
            totals.log_files.merge(chain.log_files);
            totals.bytes += chain.bytes;
        }
        let detected_at = "2026-02-01T06:03:41Z".parse().unwrap();
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        let mut findings_by_kind = BTreeMap::new();
        for finding in &self.findings {
            *findings_by_kind
                .entry(finding.kind.to_string())
                .or_default() += 1;
        }
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|finding| FindingReport {
                finding: finding.clone(),
                detected_at,
            })
            .collect();
        let verdict = chains
            .iter()
            .map(|chain| chain.verdict)
            .max()
            .unwrap_or(Outcome::Valid);
        Verification {
            schema: SCHEMA,
            version: "0.1.0",
            command: [
                "trailseal",
                "verify",
                "s3://amzn-s3-demo-bucket",
                "--start-time",
                "2026-01-01",
                "--end-time",
                "2026-02-01",
                "--format",
                "html",
                "--output",
                "january.html",
            ]
            .map(str::to_owned)
            .into(),
            source: format!("s3://{BUCKET}"),
            subject: ReportSubject::Everything,
            keys: "CloudTrail (ListPublicKeys)".to_owned(),
            requested: Range {
                from: Some(start),
                to: Some(start + i64::try_from(self.hours).unwrap().hours()),
            },
            started_at: "2026-02-01T06:00:00Z".parse().unwrap(),
            finished_at: "2026-02-01T06:03:42Z".parse().unwrap(),
            interrupted: false,
            verdict,
            copy: None,
            totals,
            chains,
            findings_by_kind,
            findings,
            findings_left_out: 0,
            cannot_tell: self.cannot_tell,
            cannot_tell_left_out: 0,
        }
    }
}

fn report(hours: &Hours, start: Timestamp) -> ChainReport {
    let count = |state| {
        let hours = hours.states.iter().filter(|other| **other == Some(state));
        u64::try_from(hours.count()).unwrap()
    };
    let asked = count(Outcome::Valid) + count(Outcome::Finding) + count(Outcome::CannotTell);
    let digests = Counts {
        finding: hours.bad_digests,
        cannot_tell: count(Outcome::CannotTell),
        valid: asked.saturating_sub(hours.bad_digests + count(Outcome::CannotTell) + hours.missing),
    };
    let log_files = Counts {
        finding: hours.bad_log_files,
        cannot_tell: 0,
        valid: (digests.valid * LOG_FILES_AN_HOUR).saturating_sub(hours.bad_log_files),
    };
    ChainReport {
        bucket: BUCKET.to_owned(),
        prefix: None,
        organization: Some(ORGANIZATION.to_owned()),
        account: hours.account.clone(),
        region: hours.region.clone(),
        trail: hours.trail.clone(),
        home_region: "us-east-1".to_owned(),
        verdict: hours
            .states
            .iter()
            .flatten()
            .copied()
            .max()
            .unwrap_or(Outcome::Valid),
        digests,
        digests_missing: hours.missing,
        log_files,
        bytes: log_files.valid * 1_048_576,
        coverage: stretches(&hours.states, start),
        end: None,
    }
}

fn stretches(states: &[Option<Outcome>], start: Timestamp) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut hour = 0_i64;
    for same in states.chunk_by(|one, other| one == other) {
        let from = start + hour.hours();
        hour += i64::try_from(same.len()).unwrap();
        let digests = u64::try_from(same.len()).unwrap();
        if let [Some(state), ..] = same {
            stretches.push(Stretch {
                from,
                to: start + hour.hours(),
                state: *state,
                digests,
                log_files: digests * LOG_FILES_AN_HOUR,
            });
        }
    }
    stretches
}
