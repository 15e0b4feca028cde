//! A second look at what was found: the all-clears of exactly the objects that are right again.

use crate::stage::{Stage, after, small};
use std::collections::BTreeSet;
use std::future::pending;
use trailseal::check::arrival::Arrival;
use trailseal::finding::{Finding, FindingKind, Report};
use trailseal::names::event_object::{EventObject, Origin, occurrence_of};
use trailseal::names::ids::TrailArn;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::world::Cause;
use trailseal_tests::trail::tamper::{digest as tamper_digest, log as tamper_log};
use trailseal_tests::trail::{DigestFile, Object, TrailSpec};

impl Stage {
    /// Does what the functions do with a digest that `watchdog` sends: returns what both find, and
    /// the all-clears.
    async fn look(&self, digest: &DigestFile, incidents: &[String]) -> Report {
        let at = ObjectLocation::new(&digest.object.bucket, &digest.object.key);
        let object = EventObject::new(at.clone()).with_incidents(incidents.to_vec());
        let verifier = self.verifier();
        let validated = verifier.validate_delivered(&at).await;
        let of_digests = verifier.digests_right_again(&object, &validated);
        let progress = verifier.verify_log_files(&at, 0, 8, pending()).await;
        let of_log_files = verifier.log_files_right_again(&object, &progress);
        let mut report = validated.report;
        report.absorb(progress.report);
        report.give_up();
        report.all_clears = of_digests;
        report.all_clears.extend(of_log_files);
        report
    }
}

fn kinds(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(|it| it.kind.as_str()).collect()
}

fn ids(findings: &[Finding]) -> Vec<String> {
    let ids: BTreeSet<_> = findings.iter().map(|it| it.id().to_string()).collect();
    ids.into_iter().collect()
}

/// What is done to one object, and the kind of the finding.
struct Case {
    /// Returns the changed object, or `None` if it is deleted.
    change: fn(&Object) -> Option<Object>,
    found: &'static str,
}

async fn assert_ends(of_digest: bool, case: Case) {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let digest = stage.digest(3).clone();
    let original = if of_digest {
        stage.digest(2).object.clone()
    } else {
        stage.trail.logs_of(&digest)[0].object.clone()
    };
    match (case.change)(&original) {
        Some(changed) => stage.memory.put(changed),
        None => stage.memory.delete(&original),
    }
    let bad = stage.look(&digest, &[]).await;
    assert_eq!(kinds(&bad.findings), BTreeSet::from([case.found]));
    let open = ids(&bad.findings);
    // Nothing ends as long as it is wrong.
    let still_bad = stage.look(&digest, &open).await;
    assert!(still_bad.all_clears.is_empty(), "{still_bad:#?}");
    stage.memory.put(original.clone());
    let good = stage.look(&digest, &open).await;
    assert!(good.findings.is_empty(), "{good:#?}");
    assert_eq!(ids(&good.all_clears), open, "{good:#?}");
    for all_clear in &good.all_clears {
        assert!(all_clear.all_clear && all_clear.ends_incident);
        assert_eq!(all_clear.object.key, original.key);
        assert!(!all_clear.message.is_empty());
    }
    // Nobody asks for these, or for something else.
    for other in [Vec::new(), vec!["0".repeat(64)]] {
        let good = stage.look(&digest, &other).await;
        assert!(good.all_clears.is_empty(), "{good:#?}");
    }
}

#[tokio::test]
async fn what_was_found_about_a_log_file_ends_when_it_is_restored() {
    for (change, found) in [
        (
            (|_| None) as fn(&Object) -> Option<Object>,
            "log-file-missing",
        ),
        (|log| Some(tamper_log::modified(log)), "log-file-modified"),
        (
            |log| Some(tamper_log::junk_after(log)),
            "log-file-trailing-data",
        ),
        (
            |log| Some(tamper_log::cut_in_half(log)),
            "log-file-malformed",
        ),
    ] {
        assert_ends(false, Case { change, found }).await;
    }
}

#[tokio::test]
async fn what_was_found_about_a_digest_ends_when_it_is_restored() {
    for (change, found) in [
        (
            (|_| None) as fn(&Object) -> Option<Object>,
            "digest-missing",
        ),
        (
            |digest| Some(tamper_digest::without_metadata(digest)),
            "digest-modified",
        ),
        (
            |digest| Some(tamper_digest::non_hex_signature(digest)),
            "digest-modified",
        ),
        (
            |digest| Some(tamper_log::cut_in_half(digest)),
            "digest-modified",
        ),
    ] {
        assert_ends(true, Case { change, found }).await;
    }
}

#[tokio::test]
async fn what_was_found_about_the_looked_at_digest_ends_too() {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let digest = stage.digest(3).clone();
    let forged = tamper_digest::with_signature(&digest.object, &"00".repeat(256));
    for (changed, kind) in [
        (Some(forged), "digest-signature-invalid"),
        (
            Some(tamper_digest::without_metadata(&digest.object)),
            "digest-signature-missing",
        ),
        (None, "digest-missing"),
    ] {
        match changed {
            Some(changed) => stage.memory.put(changed),
            None => stage.memory.delete(&digest.object),
        }
        let bad = stage.look(&digest, &[]).await;
        assert_eq!(kinds(&bad.findings), BTreeSet::from([kind]));
        let open = ids(&bad.findings);
        stage.memory.put(digest.object.clone());
        let good = stage.look(&digest, &open).await;
        assert_eq!(ids(&good.all_clears), open, "{kind}");
    }
}

/// A folder that was unreadable is one incident with an occurrence for each object.
#[tokio::test]
async fn an_object_that_can_be_read_again_ends_its_own_occurrence() {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let digest = stage.digest(3).clone();
    let log = stage.trail.logs_of(&digest)[0].object.clone();
    for cause in [
        Cause::Denied("no".to_owned()),
        Cause::KeyUnusable("disabled".to_owned()),
        Cause::Archived("GLACIER".to_owned()),
    ] {
        stage.memory.fail(&log, &cause, 1);
        let bad = stage.look(&digest, &[]).await;
        let [found] = &bad.findings[..] else {
            panic!("{bad:#?}")
        };
        let id = found.id().to_string();
        let open = [occurrence_of(&id, &found.short_occurrence())];
        let good = stage.look(&digest, &open).await;
        let [all_clear] = &good.all_clears[..] else {
            panic!("{good:#?}")
        };
        assert_eq!(all_clear.id(), found.id());
        assert_eq!(all_clear.occurrence(), found.occurrence());
        assert!(!all_clear.ends_incident);
    }
}

/// Checks that an object that could not be read leaves everything open: the look is repeated.
#[tokio::test]
async fn a_look_that_could_not_tell_ends_nothing() {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let digest = stage.digest(3).clone();
    let logs = stage.trail.logs_of(&digest);
    let (bad, other) = (logs[0].object.clone(), logs[1].object.clone());
    stage.memory.delete(&bad);
    let open = ids(&stage.look(&digest, &[]).await.findings);
    stage.memory.put(bad);
    stage
        .memory
        .fail(&other, &Cause::Denied("no".to_owned()), 1);
    let unsettled = stage.look(&digest, &open).await;
    assert!(unsettled.all_clears.is_empty(), "{unsettled:#?}");
    let good = stage.look(&digest, &open).await;
    assert_eq!(ids(&good.all_clears), open);
}

/// A gap in a chain stays forever, and says nothing about the digests on both sides.
#[tokio::test]
async fn a_gap_keeps_no_other_incident_open() {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let start = after(stage.end(2), 10).to_string();
    let digest = tamper_digest::chain_gap(stage.digest(3), &start);
    stage.memory.put(digest.object.clone());
    let before = stage.digest(2).object.clone();
    stage.memory.delete(&before);
    let bad = stage.look(&digest, &[]).await;
    assert!(kinds(&bad.findings).contains("digest-missing"), "{bad:#?}");
    let open = ids(&bad.findings);
    stage.memory.put(before);
    let good = stage.look(&digest, &open).await;
    assert_eq!(kinds(&good.findings), BTreeSet::from(["chain-gap"]));
    assert_eq!(kinds(&good.all_clears), BTreeSet::from(["digest-missing"]));
}

#[tokio::test]
async fn a_trail_that_is_expected_now_ends_its_incident() {
    let mut stage = Stage::of(small());
    stage.pass(after(stage.end(3), 35)).await;
    let digest = stage.digest(3).clone();
    let right = stage.places.clone();
    let other = "arn:aws:cloudtrail:us-east-1:111122223333:trail/another";
    stage.places = Places {
        trails: vec![TrailArn::parse(other).unwrap()],
        ..right.clone()
    };
    let bad = stage.look(&digest, &[]).await;
    let unexpected = FindingKind::DigestTrailUnexpected.as_str();
    assert_eq!(kinds(&bad.findings), BTreeSet::from([unexpected]));
    let open = ids(&bad.findings);
    assert!(stage.look(&digest, &open).await.all_clears.is_empty());
    stage.places = right;
    assert_eq!(ids(&stage.look(&digest, &open).await.all_clears), open);
}

/// Nothing says that the object of an incident still exists: a person may have removed a forgery.
#[tokio::test]
async fn a_second_look_at_an_object_that_is_gone_is_no_finding() {
    let mut stage = Stage::of(TrailSpec {
        hours: 4,
        ..small()
    });
    stage.pass(after(stage.end(3), 35)).await;
    let original = stage.digest(3).object.clone();
    let mut to = original.location();
    to.key = to
        .key
        .replace("/us-east-1/", "/eu-west-1/")
        .replace("_us-east-1_", "_eu-west-1_");
    let copy = tamper_digest::copied_to(&original, &to);
    stage.memory.put(copy.clone());
    let at = ObjectLocation::new(&copy.bucket, &copy.key);
    let verifier = stage.verifier();
    let bad = verifier.validate_delivered(&at).await.report;
    assert_eq!(kinds(&bad.findings), BTreeSet::from(["digest-moved"]));
    let open = ids(&bad.findings);
    drop(verifier);
    stage.memory.delete(&copy);
    let object = EventObject::new(at)
        .with_origin(Origin::Message)
        .with_incidents(open.clone());
    let Arrival::NotFound(report) = stage.verifier().arrival(&object).await else {
        panic!("it is gone");
    };
    assert!(report.findings.is_empty() && report.obstacles.is_empty());
    assert_eq!(ids(&report.all_clears), open);
    // Another incident about the same object does not end.
    let other = object.with_incidents(vec!["0".repeat(64)]);
    let Arrival::NotFound(report) = stage.verifier().arrival(&other).await else {
        panic!("it is gone");
    };
    assert!(report.all_clears.is_empty() && report.findings.is_empty());
}
