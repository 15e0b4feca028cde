//! The verdicts of a walk along whole chains are the verdicts of the functions on the digests, one
//! by one, and more if a digest's successor vouches for it.

use std::collections::BTreeSet;
use std::future::pending;
use trailseal::bucket::discovery::{self};
use trailseal::bucket::selection::Selection;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::{ChainWalk, DigestVerifier, ReadDigest};
use trailseal::check::key_ring::KeyRing;
use trailseal::finding::{DigestReference, FindingKind, Report, Verdict};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{DigestKey, DigestSeries};
use trailseal::names::places::Places;
use trailseal::trust::public_key::KeySet;
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::tamper::{digest as tamper_digest, log as tamper_log};
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, Location, Object, Stop, Trail, TrailSpec, hostile,
};

/// The number of trails with random tampering.
const CASES: u64 = 150;

/// A finding, as far as it must agree.
type Reported = (FindingKind, String);

fn reported(report: &Report) -> impl Iterator<Item = Reported> + '_ {
    report
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.object.to_string()))
}

struct Whole {
    findings: BTreeSet<Reported>,
    /// Digests with findings about them.
    damaged: BTreeSet<String>,
    /// Damaged digests whose content is still verified.
    vouched: usize,
    cannot_tell: usize,
    valid_digests: usize,
    valid_log_files: usize,
}

/// Walks every chain of the trail's buckets, as the command does.
async fn walk(digests: &DigestVerifier<&Memory, &Memory>, buckets: &[&str]) -> Whole {
    let mut whole = Whole {
        findings: BTreeSet::new(),
        damaged: BTreeSet::new(),
        vouched: 0,
        cannot_tell: 0,
        valid_digests: 0,
        valid_log_files: 0,
    };
    for bucket in buckets {
        let wanted = Wanted::default();
        let (folders, report) =
            discovery::region_folders(digests.store(), bucket, &Selection::of(""), &wanted).await;
        assert_eq!(report.verdict(), Verdict::Valid);
        for folder in folders {
            let found = discovery::digests(digests.store(), &folder, &wanted)
                .await
                .unwrap();
            for key in found.misnamed {
                let report = digests.validate(&ObjectLocation::new(*bucket, key)).await;
                whole.findings.extend(reported(&report));
            }
            for (chain, ends) in found.chains {
                let hourly = ends.hourly.iter().rev().map(|e| (DigestSeries::Hourly, *e));
                let backfill = ends.backfill.iter().map(|e| (DigestSeries::Backfill, *e));
                let mut reads: Vec<ReadDigest> = Vec::new();
                for (series, end) in hourly.chain(backfill) {
                    let key = DigestKey::of(chain.clone(), series, end);
                    let at = ObjectLocation::new(*bucket, key.to_string());
                    reads.push(digests.read_digest(at, key).await);
                }
                let known = ends.hourly.iter().copied().collect();
                let mut walk = ChainWalk::among(known, buckets.len() == 1);
                let mut reads = reads.into_iter().peekable();
                while let Some(read) = reads.next() {
                    let settled = digests.settle(&mut walk, read, reads.peek()).await;
                    whole.cannot_tell += settled.report.obstacles.len();
                    let found: BTreeSet<Reported> = reported(&settled.report).collect();
                    if found.is_empty() {
                        whole.valid_digests += 1;
                    } else {
                        whole.damaged.insert(settled.at.to_string());
                        let own = settled.report.findings.iter();
                        let of_signature =
                            own.filter(|finding| finding.object == settled.at)
                                .any(|finding| {
                                    let kind = finding.kind.as_str();
                                    kind.contains("signature") || kind.contains("algorithm")
                                });
                        if of_signature && settled.authentic.is_some() {
                            whole.vouched += 1;
                        }
                    }
                    whole.findings.extend(found);
                    let Some(authentic) = &settled.authentic else {
                        continue;
                    };
                    let scope = digests.scope(&settled.key);
                    let reference = DigestReference::of(&settled.at, authentic.digest());
                    for file in &authentic.digest().log_files {
                        let verified = digests.verify_log_file(file, &scope, &reference).await;
                        whole.cannot_tell += verified.report.obstacles.len();
                        whole.findings.extend(reported(&verified.report));
                        if verified.report.verdict() == Verdict::Valid {
                            whole.valid_log_files += 1;
                        }
                    }
                }
            }
        }
    }
    whole
}

/// Checks every object of the trail's digest folders, as the functions receive their events.
async fn one_by_one(
    digests: &DigestVerifier<&Memory, &Memory>,
    objects: &BTreeSet<ObjectLocation>,
) -> BTreeSet<Reported> {
    let mut findings = BTreeSet::new();
    for at in objects {
        findings.extend(reported(&digests.validate(at).await));
        let verified = digests.verify_log_files(at, 0, 4, pending()).await;
        findings.extend(reported(&verified.report));
    }
    findings
}

fn spec(rng: &mut Rng, seed: u64) -> TrailSpec {
    let mut spec = TrailSpec {
        hours: rng.within(&(3..=9)),
        seed,
        log_files_per_hour: 0..=2,
        records_per_file: 1..=3,
        ..TrailSpec::default()
    };
    if rng.one_in(3) {
        spec.prefix = Some("audit/logs".to_owned());
    }
    if rng.one_in(4) {
        spec.organization_id = Some("o-exampleorgid".to_owned());
    }
    let change = rng.within(&(0..=7));
    if change < 2 {
        let last_hour = rng.within(&(1..=spec.hours / 2));
        spec.stops.push(Stop {
            last_hour,
            restart_hour: Some(last_hour + 2),
        });
    } else if change < 4 {
        spec.bucket_change = Some(BucketChange {
            hour: rng.within(&(1..=spec.hours - 1)),
            bucket: "amzn-s3-demo-bucket1".to_owned(),
        });
    } else if change < 6 {
        spec.backfills.push(Backfill {
            hour: rng.within(&(1..=spec.hours - 1)),
            log_files: 2,
            generated_after_hours: 30,
            link: BackfillLink::Unlinked,
        });
    }
    spec
}

/// Makes one change to the trail.
fn tamper(
    rng: &mut Rng,
    trail: &Trail,
    memory: &mut Memory,
    digests: &mut BTreeSet<ObjectLocation>,
) {
    let digest = rng.pick(&trail.digests);
    let other = rng.pick(&trail.digests);
    let mut put = |memory: &mut Memory, object: Object| {
        if object.key.contains("CloudTrail-Digest") {
            digests.insert(ObjectLocation::new(&object.bucket, &object.key));
        }
        memory.put(object);
    };
    match rng.within(&(0..=16)) {
        0 | 1 => {
            let at = ObjectLocation::new(&digest.object.bucket, &digest.object.key);
            memory.delete(&digest.object);
            digests.remove(&at);
        }
        2 => put(memory, tamper_digest::without_metadata(&digest.object)),
        3 => put(
            memory,
            tamper_digest::with_metadata_of(&digest.object, &other.object),
        ),
        4 => put(
            memory,
            tamper_digest::edited(digest, |document| document.log_files.clear()),
        ),
        5 => put(memory, tamper_log::junk_after(&digest.object)),
        6 => put(memory, tamper_log::not_gzip(&digest.object)),
        7 => put(memory, tamper_digest::wrong_algorithm(&digest.object)),
        8 => put(
            memory,
            tamper_digest::copied_to(
                &digest.object,
                &Location {
                    bucket: other.object.bucket.clone(),
                    key: other.object.key.clone(),
                },
            ),
        ),
        9 => put(
            memory,
            tamper_digest::copied_to(
                &digest.object,
                &Location {
                    bucket: digest.object.bucket.clone(),
                    key: digest.object.key.replace(".json.gz", "_copy.json.gz"),
                },
            ),
        ),
        10 if digest.document.previous_digest_s3_object.is_some() => {
            put(memory, tamper_digest::wrong_previous_hash(digest).object);
        }
        11 => put(
            memory,
            tamper_digest::signed_after_validity(trail, digest).object,
        ),
        12 => put(memory, hostile::digest_with_entries(digest, 100_001)),
        _ if trail.log_files.is_empty() => {}
        number => {
            let log = &rng.pick(&trail.log_files).object;
            match number {
                13 => memory.delete(log),
                14 => put(memory, tamper_log::modified(log)),
                15 => put(memory, tamper_log::second_member(log)),
                _ => put(memory, tamper_log::cut_in_half(log)),
            }
        }
    }
}

#[tokio::test]
async fn the_command_finds_the_same_as_the_functions() {
    let mut kinds = BTreeSet::new();
    let mut vouched = 0;
    for seed in 0..CASES {
        let mut rng = Rng::for_subject(seed, "whole");
        let trail = spec(&mut rng, seed).build();
        let mut memory = Memory::of(&trail);
        let mut objects: BTreeSet<ObjectLocation> = trail
            .digests
            .iter()
            .map(|digest| ObjectLocation::new(&digest.object.bucket, &digest.object.key))
            .collect();
        let attacks = rng.within(&(0..=3));
        for _ in 0..attacks {
            tamper(&mut rng, &trail, &mut memory, &mut objects);
        }
        let buckets = trail.spec.buckets();
        let places = Places {
            log_buckets: buckets.iter().copied().map(str::to_owned).collect(),
            ..Places::default()
        };
        let memory = &memory;
        let digests = DigestVerifier::new(memory, KeyRing::new(memory, KeySet::default()), places);
        let by_functions = one_by_one(&digests, &objects).await;
        let whole = walk(&digests, &buckets).await;
        let missing: Vec<_> = by_functions.difference(&whole.findings).collect();
        assert!(
            missing.is_empty(),
            "seed {seed}: the walk misses {missing:#?}"
        );
        for (kind, object) in whole.findings.difference(&by_functions) {
            // About a damaged digest that its successor vouches for: its log files, and its
            // predecessor.
            let of_log_file = kind.as_str().starts_with("log-file-");
            let of_link = matches!(
                kind,
                FindingKind::DigestMissing | FindingKind::DigestModified
            );
            assert!(
                of_log_file && !whole.damaged.is_empty()
                    || of_link && whole.vouched > 0
                    || *kind == FindingKind::ChainGap,
                "seed {seed}: only the walk finds {kind} {object}"
            );
        }
        vouched += whole.vouched;
        kinds.extend(whole.findings.iter().map(|(kind, _)| *kind));
        assert_eq!(whole.cannot_tell, 0, "seed {seed}");
        if attacks == 0 {
            assert_eq!(whole.findings, by_functions, "seed {seed}");
            let restarted = trail.spec.stops.len();
            assert_eq!(whole.findings.len(), restarted, "seed {seed}");
            let valid = trail.digests.len() - restarted;
            assert_eq!(whole.valid_digests, valid, "seed {seed}");
            assert_eq!(whole.valid_log_files, trail.log_files.len(), "seed {seed}");
        }
    }
    assert!(kinds.len() >= 12, "the cases are too tame: {kinds:?}");
    assert!(
        vouched > 10,
        "few digests are vouched for by their successors: {vouched}"
    );
}
