//! `trailseal inspect`: which step fails, and the exit code.

use anyhow::Result;
use trailseal_tests::local::{Fault, FaultProxy, Match};
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::digest::{
    ClaimedKey, copied_to, signed_by_rogue, without_first_log, without_metadata, wrong_algorithm,
};
use trailseal_tests::trail::tamper::log::{cut_in_half, modified};
use trailseal_tests::trail::{
    Backfill, BackfillLink, Change, DigestFile, Location, Object, Trail, TrailSpec,
};

use crate::stage::{ACCOUNT, Copy, Ran, Stage, run_offline, small};

const REGION: &str = "us-east-1";

/// Returns the steps with this result word, in their order, each once.
fn steps<'a>(ran: &'a Ran, word: &str) -> Vec<&'a str> {
    let mut steps: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.get(..13).is_some_and(|head| head.trim_end() == word))
        .filter_map(|line| line.get(13..26))
        .map(str::trim_end)
        .collect();
    steps.dedup();
    steps
}

fn location(object: &Object) -> String {
    object.location().to_string()
}

/// Checks that exactly these steps fail, that these could not be verified, and the exit code.
#[track_caller]
fn assert_steps(ran: &Ran, code: i32, failed: &[&str], unverified: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    assert_eq!(steps(ran, "FAIL"), failed, "{}", ran.out);
    assert_eq!(steps(ran, "cannot tell"), unverified, "{}", ran.out);
    let verdict = match code {
        0 => "\nVALID: ",
        1 => " FINDING",
        _ => "\nCANNOT TELL: ",
    };
    assert!(ran.out.contains(verdict), "{}", ran.out);
}

fn digest(trail: &Trail, hour: u32) -> &Object {
    &trail.digest(ACCOUNT, REGION, hour).object
}

const ALL_STEPS: [&str; 10] = [
    "gzip",
    "document",
    "place",
    "algorithm",
    "key",
    "signature",
    "content",
    "predecessor",
    "successor",
    "log file",
];

/// The name, the change, the steps that fail, and the steps that could not be verified.
type Case = (&'static str, Change, Vec<&'static str>, Vec<&'static str>);

/// Returns a copy whose name is half an hour later.
fn planted_after(digest: &DigestFile) -> Object {
    let bucket = digest.object.bucket.clone();
    let key = digest.object.key.replace("T030000Z", "T033000Z");
    copied_to(&digest.object, &Location { bucket, key })
}

/// Returns the changes to the third digest, its log files and the digests next to it.
fn cases(trail: &Trail) -> Vec<Case> {
    let third = trail.digest(ACCOUNT, REGION, 3);
    let log = &trail.logs_of(third)[0].object;
    let rest = ["content", "predecessor", "log files"];
    vec![
        ("log", Change::Put(modified(log)), vec!["log file"], vec![]),
        ("no log", delete(log), vec!["log file"], vec![]),
        (
            "edited",
            Change::Put(without_first_log(third)),
            vec!["signature", "successor"],
            rest.to_vec(),
        ),
        (
            "stripped",
            Change::Put(without_metadata(&third.object)),
            vec!["signature", "successor"],
            vec![],
        ),
        (
            "algorithm",
            Change::Put(wrong_algorithm(&third.object)),
            vec!["algorithm"],
            vec![],
        ),
        (
            "rogue",
            Change::Put(signed_by_rogue(third, ClaimedKey::Own, |_| {}).object),
            vec!["key", "successor"],
            vec!["signature", "content", "predecessor", "log files"],
        ),
        (
            "cut",
            Change::Put(cut_in_half(&third.object)),
            vec!["gzip", "successor"],
            vec!["log files"],
        ),
        (
            "gone",
            delete(&third.object),
            vec!["object"],
            vec!["log files"],
        ),
        (
            "predecessor gone",
            delete(digest(trail, 2)),
            vec!["predecessor"],
            vec![],
        ),
        (
            "predecessor stripped",
            Change::Put(without_metadata(digest(trail, 2))),
            vec!["predecessor"],
            vec![],
        ),
        ("successor gone", delete(digest(trail, 4)), vec![], vec![]),
        (
            "another one planted behind it",
            Change::Put(planted_after(third)),
            vec![],
            vec![],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_digest_in_s3_is_printed() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        backfills: vec![Backfill {
            hour: 2,
            log_files: 1,
            generated_after_hours: 30,
            link: BackfillLink::Unlinked,
        }],
        ..small("amzn-s3-demo-inspect")
    }
    .build();
    stage.deliver(&trail).await?;
    let third = trail.digest(ACCOUNT, REGION, 3);
    let at = location(&third.object);
    let inspect = async |at: &str| stage.run(&["inspect", at]).await;

    let ran = inspect(&at).await?;
    assert_steps(&ran, 0, &[], &[]);
    assert_eq!(steps(&ran, "ok"), ALL_STEPS);
    // The signed text, line by line, and the signature.
    for line in third
        .document
        .signing_string(&third.sealed.sha256)
        .split('\n')
    {
        assert!(
            ran.out.lines().any(|printed| printed.trim() == line),
            "{line}"
        );
    }
    assert!(ran.out.contains(&third.sealed.signature));
    for log in trail.logs_of(third) {
        assert!(ran.out.contains(&log.object.key) && ran.out.contains(&log.sha256));
    }

    // The first and the last of a chain, and one that is in no chain.
    let first = inspect(&location(digest(&trail, 0))).await?;
    assert_steps(&first, 0, &[], &[]);
    let last = inspect(&location(digest(&trail, 6))).await?;
    assert_steps(&last, 0, &[], &[]);
    assert_eq!(steps(&last, "-"), ["successor"]);
    let backfill = inspect(&location(&trail.backfill(ACCOUNT, REGION, 2).object)).await?;
    assert_steps(&backfill, 0, &[], &[]);
    assert_eq!(steps(&backfill, "-"), ["predecessor"]);

    for (name, change, failed, unverified) in cases(&trail) {
        println!("{name}");
        let changes = [change];
        stage.apply(&changes).await?;
        let ran = inspect(&at).await?;
        assert_steps(&ran, i32::from(!failed.is_empty()), &failed, &unverified);
        stage.undo(&trail, &changes).await?;
    }

    // Nothing says that it ever existed.
    let never = at.replace("T030000Z", "T031500Z");
    inspect(&never).await?.refused(2);
    inspect(&at.replace("inspect", "nowhere")).await?.refused(2);
    Ok(())
}

/// A lifecycle rule has deleted the previous digests: the oldest one that is kept is CloudTrail's,
/// and nothing is known about the time before. A hole is a finding, regardless of its age.
#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_kept_digest_is_valid_and_the_time_before_it_could_not_be_verified() -> Result<()>
{
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-inspect-kept").build();
    stage.deliver(&trail).await?;
    let inspect = async |hour: u32| {
        let at = location(digest(&trail, hour));
        stage.run(&["inspect", &at]).await
    };
    let expired: Vec<Change> = (0..3).map(|hour| delete(digest(&trail, hour))).collect();
    stage.apply(&expired).await?;
    let ran = inspect(3).await?;
    assert_steps(&ran, 2, &[], &["predecessor"]);
    assert!(
        ran.out.contains("the oldest digest of this chain"),
        "{}",
        ran.out
    );
    assert_steps(&inspect(4).await?, 0, &[], &[]);
    let ran = inspect(2).await?;
    assert!(ran.refused(2).contains("is a later one"), "{}", ran.err);
    // An earlier digest exists: somebody deleted those in between.
    stage.undo(&trail, &expired[..1]).await?;
    assert_steps(&inspect(3).await?, 1, &["predecessor"], &[]);
    assert_steps(&inspect(2).await?, 1, &["object"], &["log files"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_read_unchanged() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        prefix: Some("team a+b".into()),
        ..small("amzn-s3-demo-inspect-keys")
    }
    .build();
    stage.deliver(&trail).await?;
    let third = digest(&trail, 3);
    let encoded = third.key.replace('+', "%2B").replace(' ', "+");
    for key in [
        third.key.clone(),
        encoded.clone(),
        format!("/{}", third.key),
        format!("/{encoded}"),
        encoded.replace('/', "%2F"),
    ] {
        let at = format!("s3://{}/{key}", third.bucket);
        assert_steps(&stage.run(&["inspect", &at]).await?, 0, &[], &[]);
    }
    // If the object exists by no reading of the key, it could not be verified.
    let never = format!("s3://{}//{encoded}", third.bucket).replace("T030000Z", "T031500Z");
    stage.run(&["inspect", &never]).await?.refused(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_digest_is_authentic_but_in_the_wrong_place() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-inspect-copied").build();
    stage.deliver(&trail).await?;
    let third = trail.digest(ACCOUNT, REGION, 3);
    let inspect = async |at: &str| stage.run(&["inspect", at]).await;
    // Copied over another digest, and to another folder.
    let over = Location {
        bucket: third.object.bucket.clone(),
        key: digest(&trail, 5).key.clone(),
    };
    let aside = Location {
        bucket: third.object.bucket.clone(),
        key: format!(
            "backup/{}",
            third.object.key.rsplit('/').next().expect("a name")
        ),
    };
    stage
        .apply(&[
            Change::Put(copied_to(&third.object, &over)),
            Change::Put(copied_to(&third.object, &aside)),
        ])
        .await?;
    let unverified = ["content", "predecessor", "log files"];
    let ran = inspect(&over.to_string()).await?;
    assert_steps(&ran, 1, &["place", "successor"], &unverified);
    // It is still CloudTrail's signature.
    assert!(steps(&ran, "ok").contains(&"signature"));
    assert_steps(
        &inspect(&aside.to_string()).await?,
        1,
        &["place"],
        &unverified,
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_object_is_reported_at_its_step() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-inspect-denied").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let third = trail.digest(ACCOUNT, REGION, 3);
    let get = |object: &Object| Match::operation("s3", "GetObject").path_contains(&object.key);
    let log = &trail.logs_of(third)[0].object;
    let rest = [
        "key",
        "signature",
        "content",
        "predecessor",
        "successor",
        "log files",
    ];
    for (calls, unverified) in [
        (get(log), vec!["log file"]),
        (get(digest(&trail, 2)), vec!["predecessor"]),
        (get(&third.object), vec!["object", "successor", "log files"]),
        (
            Match::operation("cloudtrail", "ListPublicKeys"),
            rest.to_vec(),
        ),
    ] {
        proxy.fail(calls.clone(), Fault::access_denied());
        let ran = stage
            .run_through(&proxy, &["inspect", &location(&third.object)])
            .await?;
        let unverified: Vec<&str> = unverified
            .into_iter()
            .filter(|step| steps(&ran, "cannot tell").contains(step) || *step != "successor")
            .collect();
        assert_steps(&ran, 2, &[], &unverified);
        proxy.clear_rules();
    }
    // The next digest is not part of the verdict.
    proxy.fail(get(digest(&trail, 4)), Fault::access_denied());
    let ran = stage
        .run_through(
            &proxy,
            &["inspect", &location(&third.object), "--no-log-files"],
        )
        .await?;
    assert_steps(&ran, 0, &[], &["successor"]);
    assert_eq!(steps(&ran, "-"), ["log files"]);
    let logs = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    proxy.forget();
    assert!(proxy.calls(&logs).is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_in_a_file_needs_a_given_signature() -> Result<()> {
    let trail = TrailSpec {
        prefix: Some("audit".into()),
        ..small("amzn-s3-demo-inspect-file")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let keys = copy.text("keys.json");
    let third = trail.digest(ACCOUNT, REGION, 3);
    let inspect = async |file: &str, more: &[&str]| {
        let arguments = ["inspect", file, "--keys", &keys];
        run_offline(&[&arguments[..], more].concat()).await
    };
    let file = copy.file(&third.object).display().to_string();
    // From the next digest, which the one after it verifies.
    let ran = inspect(&file, &[]).await?;
    assert_steps(&ran, 0, &[], &[]);
    assert_eq!(steps(&ran, "ok"), ALL_STEPS);
    // From the command line, correct and wrong.
    let signature = third.sealed.signature.as_str();
    assert_steps(
        &inspect(&file, &["--signature", signature]).await?,
        0,
        &[],
        &[],
    );
    let wrong = trail.digest(ACCOUNT, REGION, 2).sealed.signature.as_str();
    // The next digest contains the correct one.
    let ran = inspect(&file, &["--signature", wrong]).await?;
    assert_steps(&ran, 0, &[], &[]);
    assert!(ran.err.contains("wrong signatures"), "{}", ran.err);
    inspect(&file, &["--signature", "no hex"])
        .await?
        .refused(64);
    // The newest digest has none.
    let newest = trail.digest(ACCOUNT, REGION, 6);
    let file_of_newest = copy.file(&newest.object).display().to_string();
    let unproven = ["signature", "content", "predecessor", "log files"];
    assert_steps(&inspect(&file_of_newest, &[]).await?, 2, &[], &unproven);
    let given = ["--signature", newest.sealed.signature.as_str()];
    assert_steps(&inspect(&file_of_newest, &given).await?, 0, &[], &[]);
    // A log file next to it.
    copy.apply(&[Change::Put(modified(&trail.logs_of(third)[0].object))])?;
    assert_steps(&inspect(&file, &[]).await?, 1, &["log file"], &[]);

    copy.apply(&[delete(&trail.logs_of(third)[0].object)])?;
    assert_steps(&inspect(&file, &[]).await?, 2, &[], &["log file"]);
    let complete = inspect(&file, &["--complete"]).await?;
    assert_steps(&complete, 1, &["log file"], &[]);

    // Without a copy around it, nothing next to it is known.
    let name = third.object.key.rsplit('/').next().expect("a name");
    let alone = copy.text(name);
    std::fs::copy(&file, &alone)?;
    assert_steps(&inspect(&alone, &[]).await?, 2, &[], &unproven);
    let ran = inspect(&alone, &["--signature", signature]).await?;
    assert_steps(&ran, 2, &[], &["predecessor", "log file"]);
    // Under another digest's name, and under a name without meaning.
    let renamed = copy.text(&name.replace("T030000Z", "T040000Z"));
    std::fs::copy(&file, &renamed)?;
    let ran = inspect(&renamed, &["--signature", signature]).await?;
    assert_steps(
        &ran,
        1,
        &["place"],
        &["content", "predecessor", "log files"],
    );
    let nameless = copy.text("digest.json.gz");
    std::fs::copy(&file, &nameless)?;
    let ran = inspect(&nameless, &[]).await?;
    assert!(ran.refused(64).contains("_CloudTrail-Digest_"));
    Ok(())
}
