//! Copies on disk as they occur: decompressed, renamed, with files that tools leave, behind links,
//! and incomplete. Their content is still verified, and nothing in them hides a finding.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::log::{cut_in_half, junk_after, modified};
use trailseal_tests::trail::{Change, DigestFile, LogFile, Trail, TrailSpec, gzip};

use crate::stage::{ACCOUNT, Copy, Ran, Report, Stage, run_offline, small, verify, with};

const REGION: &str = "us-east-1";

/// The first bytes of an `AppleDouble` file.
const APPLE_DOUBLE: &[u8] = &[0, 5, 0x16, 7, 0, 2, 0, 0];

fn digest(trail: &Trail, hour: u32) -> &DigestFile {
    trail.digest(ACCOUNT, REGION, hour)
}

fn log_of(trail: &Trail, hour: u32) -> &LogFile {
    trail.logs_of(digest(trail, hour))[0]
}

/// Returns how many digests and log files a trail has.
fn all(trail: &Trail) -> u64 {
    (trail.digests.len() + trail.log_files.len()) as u64
}

/// Returns every file of a copy, in order.
fn files(copy: &Copy) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![copy.path("copy")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_digest(path: &Path) -> bool {
    path.display().to_string().contains("CloudTrail-Digest")
}

/// Returns the name of a file without `.json.gz`.
fn stem(path: &Path) -> Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.strip_suffix(".json.gz"))
        .context("a name")
}

fn decompress_to(path: &Path, to: &Path) -> Result<()> {
    let content = gzip::inflate(&fs::read(path)?);
    fs::remove_file(path)?;
    Ok(fs::write(to, content)?)
}

/// Does what `gunzip -r` does to some files.
fn gunzip(copy: &Copy, which: impl Fn(&Path) -> bool) -> Result<()> {
    for path in files(copy)?.iter().filter(|path| which(path)) {
        let to = path.with_file_name(format!("{}.json", stem(path)?));
        decompress_to(path, &to)?;
    }
    Ok(())
}

/// Returns the number in a note on the files of the copy, by the kind of the note.
fn noted(report: &Report, kind: &str) -> u64 {
    let notes = report.json["copy"]["notes"].as_array().expect("notes");
    let note = notes.iter().find(|note| note["kind"] == kind);
    note.map_or(0, |note| {
        assert!(!note["example"].as_str().expect("an example").is_empty());
        note["files"].as_u64().expect("a count")
    })
}

/// Checks that everything is valid, as in a copy of another form.
#[track_caller]
fn all_valid(report: &Report, trail: &Trail) {
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [trail.digests.len() as u64, 0, 0]);
    assert_eq!(
        report.counts("logFiles"),
        [trail.log_files.len() as u64, 0, 0]
    );
    assert_eq!(report.json["chains"][0]["bucket"], trail.spec.bucket);
}

async fn report(copy: &Copy, more: &[&str]) -> Result<Report> {
    Ok(run_offline(&with(copy.verify(), more)).await?.report())
}

async fn text(copy: &Copy, format: &str, more: &[&str]) -> Result<Ran> {
    let mut arguments = with(copy.verify(), more);
    let at = arguments.iter().position(|a| a == "json");
    format.clone_into(&mut arguments[at.context("a format")?]);
    run_offline(&arguments).await
}

async fn inspect(copy: &Copy, file: &Path, more: &[&str]) -> Result<Ran> {
    let (file, keys) = (file.display().to_string(), copy.text("keys.json"));
    run_offline(&[&["inspect", &file, "--keys", &keys], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn decompressed_files_are_valid_by_their_content() -> Result<()> {
    let trail = small("amzn-s3-demo-inflated").build();
    // As a browser or an SDK stores them.
    let copy = Copy::of(&trail)?;
    for path in files(&copy)? {
        decompress_to(&path, &path)?;
    }
    let found = report(&copy, &["--unlisted"]).await?;
    all_valid(&found, &trail);
    assert_eq!(found.json["copy"]["form"], "decompressed");
    assert_eq!(noted(&found, "decompressed"), all(&trail));
    let said = text(&copy, "text", &[]).await?;
    let first = said.out.lines().next().context("a line")?;
    assert!(
        first.starts_with("VALID: everything in the decompressed copy "),
        "{first}"
    );
    assert_eq!(said.out.matches("files are decompressed: ").count(), 1);
    let page = text(&copy, "html", &[]).await?;
    assert!(page.out.contains("decompressed copy"), "{}", page.out);
    // As `gunzip -r` leaves them.
    let copy = Copy::of(&trail)?;
    gunzip(&copy, |_| true)?;
    for more in [&[][..], &["--unlisted"][..], &["--complete"][..]] {
        let found = report(&copy, more).await?;
        all_valid(&found, &trail);
        assert_eq!(noted(&found, "decompressed"), all(&trail));
    }
    // Only the log files.
    let copy = Copy::of(&trail)?;
    gunzip(&copy, |path| !is_digest(path))?;
    let found = report(&copy, &["--unlisted"]).await?;
    all_valid(&found, &trail);
    assert_eq!(found.json["copy"]["form"], "partly-decompressed");
    assert_eq!(noted(&found, "decompressed"), trail.log_files.len() as u64);
    let lines = text(&copy, "ndjson", &[]).await?;
    let last: Value = serde_json::from_str(lines.out.lines().last().context("a line")?)?;
    assert_eq!(last["copy"]["form"], "partly-decompressed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decompressed_file_of_other_content_is_a_finding() -> Result<()> {
    let trail = small("amzn-s3-demo-inflated-changed").build();
    for renamed in [true, false] {
        let copy = Copy::of(&trail)?;
        let place = |path: PathBuf| -> Result<PathBuf> {
            Ok(if renamed {
                path.with_file_name(format!("{}.json", stem(&path)?))
            } else {
                path
            })
        };
        for path in files(&copy)? {
            decompress_to(&path, &place(path.clone())?)?;
        }
        let log = place(copy.file(&log_of(&trail, 2).object))?;
        let original = fs::read_to_string(&log)?;
        for other in [
            original.replacen("eventName", "eventname", 1),
            format!("{original} "),
            format!("{original}{original}"),
            original[..original.len() - 1].to_owned(),
            r#"{"Records":[]}"#.to_owned(),
        ] {
            ensure!(other != original);
            fs::write(&log, other)?;
            report(&copy, &[])
                .await?
                .reported(1, &[("log-file-modified", 1)]);
        }
        for other in ["", "no JSON", "\u{feff}{}"] {
            fs::write(&log, other)?;
            report(&copy, &[])
                .await?
                .reported(1, &[("log-file-malformed", 1)]);
        }
        fs::write(&log, &original)?;
        // A digest that leaves a log file out.
        let third = place(copy.file(&digest(&trail, 3).object))?;
        let original = fs::read_to_string(&third)?;
        let mut document: Value = serde_json::from_str(&original)?;
        document["logFiles"]
            .as_array_mut()
            .context("a list")?
            .remove(0);
        fs::write(&third, document.to_string())?;
        report(&copy, &[]).await?.reported(
            1,
            &[("digest-modified", 1), ("digest-signature-invalid", 1)],
        );
        // Written again without its escaped slashes, it has the same content, but is not what was
        // signed.
        let document: Value = serde_json::from_str(&original)?;
        fs::write(&third, document.to_string())?;
        assert_eq!(report(&copy, &[]).await?.code, 1);
        fs::write(&third, &original)?;
        all_valid(&report(&copy, &[]).await?, &trail);
    }
    Ok(())
}

/// Somebody who changes the file with the object's own name cannot hide it with a correct file next
/// to it.
#[tokio::test(flavor = "multi_thread")]
async fn a_correct_file_next_to_a_changed_one_hides_no_finding() -> Result<()> {
    let trail = small("amzn-s3-demo-beside").build();
    let log = &log_of(&trail, 2).object;
    let content = gzip::inflate(&log.body);
    for (changed, kind) in [
        (junk_after(log), "log-file-trailing-data"),
        (modified(log), "log-file-modified"),
        (cut_in_half(log), "log-file-malformed"),
    ] {
        let copy = Copy::of(&trail)?;
        copy.apply(&[Change::Put(changed)])?;
        let file = copy.file(log);
        fs::write(
            file.with_file_name(format!("{}.json", stem(&file)?)),
            &content,
        )?;
        fs::write(
            file.with_file_name(format!("{} (1).json.gz", stem(&file)?)),
            &log.body,
        )?;
        report(&copy, &[]).await?.reported(1, &[(kind, 1)]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_gzip_is_accepted_in_s3_and_nothing_is_skipped() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-strict").build();
    stage.deliver(&trail).await?;
    let (third, log) = (&digest(&trail, 3).object, &log_of(&trail, 5).object);
    let changes = [
        Change::Put(third.with_body(gzip::inflate(&third.body))),
        Change::Put(log.with_body(gzip::inflate(&log.body))),
    ];
    stage.apply(&changes).await?;
    let found = stage.run(&verify(&trail)).await?.report();
    found.reported(
        1,
        &[
            ("digest-malformed", 1),
            ("digest-modified", 1),
            ("log-file-malformed", 1),
        ],
    );
    assert_eq!(found.json["copy"], Value::Null);
    stage.undo(&trail, &changes).await?;
    // Under any name: a decompressed log file in place of the delivered one, its second copy, and
    // the names of files that tools leave.
    let named = |name: &str| {
        let mut object = log.clone();
        let folder = log.key.rfind('/').expect("a folder") + 1;
        let stem = &log.key[folder..log.key.len() - ".json.gz".len()];
        object.key = format!("{}{}", &log.key[..folder], name.replace("NAME", stem));
        object
    };
    let planted = [
        "NAME.json",
        "NAME (1).json.gz",
        "._NAME.json.gz",
        ".DS_Store",
        "NAME.json.gz.6eF32F12",
        "x.tmp",
    ];
    let mut changes: Vec<Change> = planted.map(|name| Change::Put(named(name))).into();
    changes.push(delete(log));
    stage.apply(&changes).await?;
    let found = stage
        .run(&with(verify(&trail), &["--unlisted"]))
        .await?
        .report();
    found.reported(1, &[("log-file-missing", 1), ("log-file-unlisted", 6)]);
    let complete = with(verify(&trail), &["--complete"]);
    let refused = stage.run(&complete).await?;
    assert!(refused.refused(64).contains("a copy on disk"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_copies_replace_missing_files() -> Result<()> {
    let trail = small("amzn-s3-demo-second").build();
    for name in [
        "NAME (1).json.gz",
        "NAME.json (1).gz",
        "NAME - Copy.json.gz",
        "Copy of NAME.json.gz",
        "NAME copy.json.gz",
        "NAME(1).json.gz",
    ] {
        let copy = Copy::of(&trail)?;
        for path in files(&copy)? {
            let name = name.replace("NAME", stem(&path)?);
            fs::rename(&path, path.with_file_name(name))?;
        }
        for more in [&[][..], &["--unlisted"][..], &["--complete"][..]] {
            let found = report(&copy, more).await?;
            all_valid(&found, &trail);
            assert_eq!(noted(&found, "renamed"), all(&trail), "{name}");
        }
        // Their content is still verified.
        copy.apply(&[])?;
        let log = copy.file(&log_of(&trail, 2).object);
        let log = log.with_file_name(name.replace("NAME", stem(&log)?));
        fs::write(&log, &modified(&log_of(&trail, 2).object).body)?;
        report(&copy, &[])
            .await?
            .reported(1, &[("log-file-modified", 1)]);
        let digest_file = copy.file(&digest(&trail, 3).object);
        let third = digest_file.with_file_name(name.replace("NAME", stem(&digest_file)?));
        fs::write(&third, &digest(&trail, 2).object.body)?;
        assert_eq!(report(&copy, &[]).await?.code, 1);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_files_are_skipped_and_others_are_reported() -> Result<()> {
    let trail = small("amzn-s3-demo-duplicates").build();
    let copy = Copy::of(&trail)?;
    for path in files(&copy)? {
        let name = format!("{} - Copy.json.gz", stem(&path)?);
        fs::copy(&path, path.with_file_name(name))?;
        let name = format!("{}.json", stem(&path)?);
        fs::write(path.with_file_name(name), gzip::inflate(&fs::read(&path)?))?;
    }
    let found = report(&copy, &[]).await?;
    all_valid(&found, &trail);
    assert_eq!(noted(&found, "duplicate"), 2 * trail.digests.len() as u64);
    let found = report(&copy, &["--unlisted"]).await?;
    all_valid(&found, &trail);
    assert_eq!(noted(&found, "duplicate"), 2 * all(&trail));

    // Other content under such a name: it is not verified, and somebody may read it.
    let third = copy.file(&digest(&trail, 3).object);
    let forged = third.with_file_name(format!("{}.json", stem(&third)?));
    let original = fs::read_to_string(&forged)?;
    fs::write(&forged, original.replace("hashValue", "hashvalue"))?;
    let found = report(&copy, &[]).await?;
    found.reported(2, &[]);
    assert_eq!(found.counts("digests"), [7, 0, 0]);
    assert_eq!(found.unverified(), [forged.display().to_string()]);
    assert_eq!(noted(&found, "differing"), 1);
    fs::write(&forged, original)?;
    // Another digest under the name of a second copy was moved there.
    let second_copy = third.with_file_name(format!("{} - Copy.json.gz", stem(&third)?));
    fs::write(&second_copy, &digest(&trail, 2).object.body)?;
    report(&copy, &[])
        .await?
        .reported(1, &[("digest-moved", 1)]);
    fs::write(&second_copy, &digest(&trail, 3).object.body)?;
    // A log file that no digest lists is found under such names, too.
    let log = copy.file(&log_of(&trail, 2).object);
    for name in ["NAME.json", "NAME - Copy.json.gz"] {
        let planted = log.with_file_name(name.replace("NAME", stem(&log)?));
        let original = fs::read(&planted)?;
        fs::write(&planted, r#"{"Records":[{"eventName":"Planted"}]}"#)?;
        let found = report(&copy, &["--unlisted"]).await?;
        found.reported(1, &[("log-file-unlisted", 1)]);
        assert!(
            found.objects("log-file-unlisted")[0].ends_with(&name.replace("NAME", stem(&log)?))
        );
        fs::write(&planted, original)?;
    }
    all_valid(&report(&copy, &["--unlisted"]).await?, &trail);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_tools_leave_are_skipped_and_counted() -> Result<()> {
    let trail = small("amzn-s3-demo-leftovers").build();
    let copy = Copy::of(&trail)?;
    let mut left = 0;
    let originals = files(&copy)?;
    for path in &originals {
        let name = format!("._{}.json.gz", stem(path)?);
        fs::write(path.with_file_name(name), APPLE_DOUBLE)?;
        let inside = path.strip_prefix(copy.path("copy"))?;
        let zipped = copy.path("copy").join("__MACOSX").join(inside);
        fs::create_dir_all(zipped.parent().context("a folder")?)?;
        fs::write(&zipped, APPLE_DOUBLE)?;
        left += 1;
    }
    for folder in [&originals[0], originals.last().context("a file")?] {
        for name in [
            ".DS_Store",
            "Thumbs.db",
            "desktop.ini",
            "Unconfirmed 4711.crdownload",
            "NAME.json.gz.part",
            "NAME.json.gz.6eF32F12",
            "NAME.tmp",
        ] {
            let name = name.replace("NAME", stem(folder)?);
            fs::write(folder.with_file_name(name), "x")?;
            left += 1;
        }
    }
    let found = report(&copy, &[]).await?;
    all_valid(&found, &trail);
    let found = report(&copy, &["--unlisted"]).await?;
    all_valid(&found, &trail);
    assert_eq!(found.json["totals"]["unlisted"], 0);
    // One of them is the folder that macOS adds.
    assert_eq!(noted(&found, "leftover"), left + 1);
    let said = text(&copy, "text", &["--unlisted"]).await?;
    let lines = said
        .out
        .lines()
        .filter(|line| line.contains("AWS CLI left there"));
    assert_eq!(lines.count(), 1, "{}", said.out);
    // The name by itself does not make a file an `AppleDouble` file.
    let planted = format!("._{}.json.gz", stem(&copy.file(&log_of(&trail, 2).object))?);
    let planted = copy.file(&log_of(&trail, 2).object).with_file_name(planted);
    fs::write(&planted, &log_of(&trail, 2).object.body)?;
    report(&copy, &["--unlisted"])
        .await?
        .reported(1, &[("log-file-unlisted", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_missing_in_a_copy_is_a_finding_only_if_the_copy_is_complete() -> Result<()> {
    let trail = TrailSpec {
        regions: vec![REGION.into(), "eu-west-1".into()],
        log_files_per_hour: 20..=20,
        hours: 12,
        ..small("amzn-s3-demo-half")
    }
    .build();
    let copy = Copy::of(&trail)?;
    // Half of the log files of one Region, and three digests, two of them consecutive.
    let chain: Vec<&DigestFile> = trail.chain(ACCOUNT, REGION);
    let gone: Vec<&DigestFile> = [4, 7, 8].map(|hour| digest(&trail, hour)).into();
    // The signature of a digest is in the next one.
    let unverified: Vec<&DigestFile> = [3, 4, 6, 7, 8].map(|hour| digest(&trail, hour)).into();
    let mut changes: Vec<Change> = gone.iter().map(|digest| delete(&digest.object)).collect();
    let mut logs = 0;
    for log in chain
        .iter()
        .flat_map(|digest| trail.logs_of(digest))
        .step_by(2)
    {
        changes.push(delete(&log.object));
        let is_listed = |digest: &&DigestFile| {
            let listed = trail.logs_of(digest);
            listed
                .iter()
                .any(|listed| listed.object.key == log.object.key)
        };
        logs += u64::from(!unverified.iter().any(is_listed));
    }
    copy.apply(&changes)?;
    let found = report(&copy, &["--unlisted"]).await?;
    found.reported(2, &[]);
    assert_eq!(found.counts("logFiles")[1..], [0, logs]);
    assert_eq!(found.json["copy"]["logFilesNotInCopy"], logs);
    assert_eq!(found.json["copy"]["digestsNotInCopy"], 3);
    assert_eq!(found.json["copy"]["complete"], false);
    assert_eq!(found.json["totals"]["digestsMissing"], 0);
    let unverified = found.json["cannotTell"].as_array().context("a list")?;
    let about = |what: &str| {
        let reasons = unverified
            .iter()
            .map(|one| one["reason"].as_str().expect("one"));
        reasons.filter(|reason| reason.contains(what)).count()
    };
    assert_eq!(about(&format!("{logs} log files")), 1, "{unverified:#?}");
    assert_eq!(about("3 digests are not in this copy, in 2 stretches"), 1);
    // The log files of the missing digests, with --unlisted.
    assert_eq!(about("could not be verified"), 1, "{unverified:#?}");
    assert_eq!(about("cannot verify the signature"), 2, "{unverified:#?}");
    assert_eq!(unverified.len(), 5);
    let states = |report: &Report| -> Vec<String> {
        let chains = report.json["chains"].as_array().expect("chains");
        let chain = chains.iter().find(|chain| chain["region"] == REGION);
        let coverage = chain.expect("a chain")["coverage"].as_array();
        let states = coverage.expect("a list").iter();
        states.map(|stretch| stretch["state"].to_string()).collect()
    };
    assert!(states(&found).iter().all(|state| state != "\"finding\""));

    // The advice does not begin with deleted versions.
    let said = text(&copy, "text", &[]).await?;
    let first = said.out.lines().next().context("a line")?;
    assert!(first.contains("incomplete copy"), "{first}");
    assert!(!said.out.contains("list-object-versions"), "{}", said.out);
    for advice in ["--complete", "aws s3 sync", "--start-time"] {
        assert!(said.out.contains(advice), "{}", said.out);
    }
    // Line by line, each one is reported.
    let lines = text(&copy, "ndjson", &[]).await?;
    let reported = lines
        .out
        .lines()
        .filter(|line| line.contains("\"cannotTell\",\"subject\""));
    assert_eq!(reported.count() as u64, logs + 2 + 2);

    let found = report(&copy, &["--complete"]).await?;
    found.reported(1, &[("digest-missing", 2), ("log-file-missing", logs)]);
    assert_eq!(found.json["copy"]["complete"], true);
    assert_eq!(found.json["totals"]["digestsMissing"], 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ends_of_an_unfinished_copy_could_not_be_verified() -> Result<()> {
    let trail = small("amzn-s3-demo-ends").build();
    let copy = Copy::of(&trail)?;
    let oldest = [0, 1].map(|hour| delete(&digest(&trail, hour).object));
    copy.apply(&oldest)?;
    let found = report(&copy, &[]).await?;
    found.reported(2, &[]);
    assert!(
        found.json["cannotTell"][0]["reason"]
            .to_string()
            .contains("no digest before")
    );
    // The copied part of the time is complete.
    report(&copy, &["--start-time", "2026-01-15T02:00:00Z"])
        .await?
        .reported(0, &[]);
    // A lifecycle rule may have expired them, unless the user says what should be kept.
    report(&copy, &["--complete"]).await?.reported(2, &[]);
    report(
        &copy,
        &["--complete", "--start-time", "2026-01-15T00:00:00Z"],
    )
    .await?
    .reported(1, &[("digest-missing", 1)]);
    // After its end, if that was requested.
    let end = [
        "--start-time",
        "2026-01-15T02:00:00Z",
        "--end-time",
        "2026-01-15T20:00:00Z",
    ];
    let found = report(&copy, &end).await?;
    found.reported(2, &[]);
    assert!(
        found.json["cannotTell"][0]["reason"]
            .to_string()
            .contains("this copy has no digest that can be verified")
    );
    report(&copy, &[&end[..], &["--complete"]].concat())
        .await?
        .reported(1, &[("digest-overdue", 1)]);
    Ok(())
}

/// No verified digest explains the hole, either.
#[tokio::test(flavor = "multi_thread")]
async fn the_advice_for_uncovered_time_of_an_unfinished_copy_is_to_finish_it() -> Result<()> {
    let trail = small("amzn-s3-demo-uncovered").build();
    let copy = Copy::of(&trail)?;
    copy.apply(&[0, 1, 2, 4].map(|hour| delete(&digest(&trail, hour).object)))?;
    let range = ["--start-time", "2026-01-15T01:00:00Z"];
    for (more, kinds, advice) in [
        (&[][..], &[][..], "Finish the copy"),
        (
            &["--complete"][..],
            &[("digest-missing", 1)][..],
            "Look for deleted versions",
        ),
    ] {
        let found = report(&copy, &[&range[..], more].concat()).await?;
        found.reported(if kinds.is_empty() { 2 } else { 1 }, kinds);
        let unverified = found.json["cannotTell"].as_array().context("a list")?;
        let uncovered = unverified.iter().find(|one| {
            let reason = one["reason"].as_str().expect("a reason");
            reason.contains("covers 2026-01-15T01:00:00Z to 2026-01-15T02:00:00Z")
        });
        assert!(uncovered.is_some(), "{unverified:#?}");
        let said = uncovered.context("a statement")?["advice"].as_str();
        assert!(
            said.context("advice")?.starts_with(advice),
            "{unverified:#?}"
        );
    }
    // A digest after the time may exist without being verified.
    let copy = Copy::of(&trail)?;
    copy.apply(&[4, 5].map(|hour| delete(&digest(&trail, hour).object)))?;
    let found = run_offline(&copy.verify_bare()).await?.report();
    found.reported(2, &[]);
    let reason = found.json["cannotTell"][0]["reason"].to_string();
    assert!(
        reason.contains("this copy has no digest that can be verified"),
        "{reason}"
    );
    Ok(())
}

/// A change is a finding in every copy, including an incomplete one.
#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_copy_hides_no_finding() -> Result<()> {
    let trail = small("amzn-s3-demo-unfinished").build();
    let copy = Copy::of(&trail)?;
    copy.apply(&[
        delete(&digest(&trail, 4).object),
        delete(&log_of(&trail, 6).object),
        Change::Put(modified(&log_of(&trail, 2).object)),
    ])?;
    let found = report(&copy, &[]).await?;
    found.reported(1, &[("log-file-modified", 1)]);
    assert_eq!(found.json["copy"]["logFilesNotInCopy"], 1);
    let said = text(&copy, "text", &[]).await?;
    assert!(
        said.out.starts_with("1 FINDING in the incomplete copy "),
        "{}",
        said.out
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed() -> Result<()> {
    let trail = small("amzn-s3-demo-linked").build();
    let copy = Copy::of(&trail)?;
    let real = copy.path("real");
    fs::rename(copy.path("copy"), &real)?;
    let bucket = real.join(&copy.bucket);
    // A directory with a link to the copy, to a folder of it, and to its AWSLogs folder.
    for target in [real.clone(), bucket.clone(), bucket.join("AWSLogs")] {
        for name in ["link", "AWSLogs"] {
            let given = copy.path("copy");
            fs::create_dir(&given)?;
            if name == "AWSLogs" && target != bucket.join("AWSLogs") {
                fs::remove_dir(given)?;
                continue;
            }
            symlink(&target, given.join(name))?;
            symlink(&given, given.join("back"))?;
            symlink(&target, given.join("once-more"))?;
            all_valid(&report(&copy, &["--unlisted"]).await?, &trail);
            fs::remove_dir_all(given)?;
        }
    }
    // The directory is a link.
    symlink(&real, copy.path("copy"))?;
    all_valid(&report(&copy, &["--unlisted"]).await?, &trail);
    // Date folders, an account and a file are links; some lead back up.
    let day = bucket.join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15");
    let digests = bucket.join("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026");
    for (number, folder) in [day.clone(), digests, bucket.join("AWSLogs/111122223333")]
        .iter()
        .enumerate()
    {
        let away = copy.path(&format!("away-{number}"));
        fs::rename(folder, &away)?;
        symlink(&away, folder)?;
        symlink(&bucket, away.join("up"))?;
        symlink(&away, away.join("self"))?;
    }
    let log = copy.file(&log_of(&trail, 2).object);
    fs::rename(&log, copy.path("log"))?;
    symlink(copy.path("log"), &log)?;
    all_valid(&report(&copy, &["--unlisted"]).await?, &trail);
    // One file of it, by its path.
    let third = copy.file(&digest(&trail, 3).object);
    let ran = inspect(&copy, &third, &[]).await?;
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let ran = run_offline(&["kms", &copy.text("copy")]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    let count = format!("{} log files read", trail.log_files.len());
    assert!(ran.out.contains(&count), "{}", ran.out);
    // A device behind a link is not opened.
    fs::remove_file(&log)?;
    symlink("/dev/zero", &log)?;
    let found = report(&copy, &["--complete"]).await?;
    found.reported(2, &[]);
    assert!(found.json.to_string().contains("it is not a regular file"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_reads_the_named_file() -> Result<()> {
    let trail = small("amzn-s3-demo-inspect-copies").build();
    let copy = Copy::of(&trail)?;
    let third = copy.file(&digest(&trail, 3).object);
    let content = gzip::inflate(&fs::read(&third)?);
    // Decompressed, and under the name of a second copy, next to the object and without it.
    let decompressed = third.with_file_name(format!("{}.json", stem(&third)?));
    fs::write(&decompressed, &content)?;
    let renamed = third.with_file_name(format!("{} (1).json.gz", stem(&third)?));
    fs::copy(&third, &renamed)?;
    for beside in [true, false] {
        for file in [&decompressed, &renamed] {
            let ran = inspect(&copy, file, &[]).await?;
            assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
            assert_eq!(ran.out.contains("is decompressed"), file == &decompressed);
        }
        if beside {
            fs::remove_file(&third)?;
        }
    }
    // Outside any copy of a bucket: by its own signature.
    let signature = digest(&trail, 3).sealed.signature.as_str();
    for file in [&decompressed, &renamed] {
        let alone = copy.path("alone").join(file.file_name().context("a name")?);
        fs::create_dir_all(copy.path("alone"))?;
        fs::copy(file, &alone)?;
        let flags = ["--no-log-files", "--signature", signature];
        let ran = inspect(&copy, &alone, &flags).await?;
        assert!(
            ran.out.contains("it is a signature of the key"),
            "{}{}",
            ran.out,
            ran.err
        );
        assert_ne!(ran.code, 1, "{}", ran.out);
    }
    // The named file is checked, not a correct one next to it.
    fs::copy(&renamed, &third)?;
    let forged = String::from_utf8(content)?.replacen("us-east-1", "eu-west-1", 1);
    fs::write(&decompressed, forged)?;
    assert_eq!(inspect(&copy, &decompressed, &[]).await?.code, 1);
    assert_eq!(inspect(&copy, &third, &[]).await?.code, 0);
    Ok(())
}

/// A record of a call with which somebody other than CloudTrail generated a data key for a log
/// file.
fn planted() -> String {
    let object = "arn:aws:s3:::amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T1200Z_7JREEBimdK8d2nC9.json.gz";
    json!({"Records": [{
        "eventSource": "kms.amazonaws.com",
        "eventName": "GenerateDataKey",
        "eventID": "5dc3f3b5-0f5c-4a4e-9d3c-6d1d3f0c1a2b",
        "eventTime": "2026-01-15T12:03:00Z",
        "awsRegion": REGION,
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"},
        "requestParameters": {
            "encryptionContext": {
                "aws:cloudtrail:arn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events",
                "aws:s3:arn": object,
            },
        },
    }]})
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn kms_judges_decompressed_and_renamed_log_files() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let stem = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9";
    let harmless = br#"{"Records":[]}"#;
    let source = folder.path().display().to_string();
    let judge = async |source: &str| run_offline(&["kms", source, "--format", "json"]).await;
    for (name, is_gzip) in [
        ("NAME.json", false),
        ("NAME.json.gz", false),
        ("NAME (1).json.gz", true),
        ("NAME (1).json", false),
        ("Copy of NAME.json.gz", true),
    ] {
        let file = folder.path().join(name.replace("NAME", stem));
        let stored = |content: &[u8]| {
            if is_gzip {
                gzip::compress(content).to_vec()
            } else {
                content.to_vec()
            }
        };
        for (content, code) in [(&harmless[..], 0), (planted().as_bytes(), 1)] {
            fs::write(&file, stored(content))?;
            for source in [&source, &file.display().to_string()] {
                let ran = judge(source).await?;
                assert_eq!(ran.code, code, "{name}: {ran:?}");
                let report: Value = serde_json::from_str(&ran.out)?;
                assert_eq!(report["totals"]["logFiles"], 1, "{report:#}");
                let found = report["findingsByKind"]["kms-foreign-caller"] == 1;
                assert_eq!(found, code == 1, "{report:#}");
            }
        }
        // A file that is not a log file is not one in any form.
        fs::write(&file, stored(b"{\"Records\":[]}{}"))?;
        assert_eq!(judge(&source).await?.code, 1, "{name}");
        fs::remove_file(&file)?;
    }
    // Files that tools leave are skipped, and their number is reported.
    fs::write(folder.path().join(format!("{stem}.json")), harmless)?;
    fs::write(
        folder.path().join(format!("._{stem}.json.gz")),
        APPLE_DOUBLE,
    )?;
    fs::write(folder.path().join(format!("{stem}.json.gz.6eF32F12")), "x")?;
    let ran = run_offline(&["kms", &source]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    for said in ["2 files that macOS", "1 file is decompressed"] {
        assert!(ran.out.contains(said), "{}", ran.out);
    }
    // A second file of one object is also checked if its content differs.
    let second = folder.path().join(format!("{stem} (2).json.gz"));
    fs::write(&second, gzip::compress(harmless))?;
    let report: Value = serde_json::from_str(&judge(&source).await?.out)?;
    assert_eq!(report["totals"]["logFiles"], 1, "{report:#}");
    assert_eq!(report["notes"][1]["kind"], "duplicate", "{report:#}");
    fs::write(&second, gzip::compress(planted().as_bytes()))?;
    let ran = judge(&source).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out)?;
    assert_eq!(report["totals"]["logFiles"], 2, "{report:#}");
    assert_eq!(report["notes"][1]["kind"], "differing", "{report:#}");
    Ok(())
}

/// A trail that somebody put into the bucket below a folder is not verified in the folder's place.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_planted_below_a_folder_does_not_replace_it() -> Result<()> {
    let trail = small("amzn-s3-demo-inside").build();
    let other = TrailSpec {
        accounts: vec!["444455556666".to_owned()],
        prefix: Some(format!("AWSLogs/{ACCOUNT}/x")),
        seed: 9,
        ..small("amzn-s3-demo-inside")
    }
    .build();
    let copy = Copy::of(&trail)?;
    copy.apply(
        &other
            .objects()
            .into_iter()
            .map(|object| Change::Put(object.clone()))
            .collect::<Vec<_>>(),
    )?;
    let mut arguments = copy.verify();
    arguments[1] = copy
        .path(&format!("copy/{}/AWSLogs/{ACCOUNT}", copy.bucket))
        .display()
        .to_string();
    let report = run_offline(&arguments).await?.report();
    report.reported(0, &[]);
    let accounts: Vec<_> = report.json["chains"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|chain| chain["account"].clone())
        .collect();
    assert_eq!(accounts, [ACCOUNT]);
    Ok(())
}
