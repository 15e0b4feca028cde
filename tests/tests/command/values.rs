//! Values and files as people and tools write them: harmless differences are accepted, and errors
//! are refused by name. Nothing of it is reported as tampering.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use trailseal_tests::trail::tamper::digest::without_first_log;
use trailseal_tests::trail::{Change, DigestFile, KmsSpec, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, run_offline, small, with};

const REGION: &str = "us-east-1";
const BUCKET: &str = "s3://amzn-s3-demo-bucket";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn digest(trail: &Trail, hour: u32) -> &DigestFile {
    trail.digest(ACCOUNT, REGION, hour)
}

fn signature(trail: &Trail, hour: u32) -> &str {
    &digest(trail, hour).sealed.signature
}

fn name_of(trail: &Trail, hour: u32) -> &str {
    let key = &digest(trail, hour).object.key;
    key.rsplit('/').next().expect("a name")
}

/// Returns UTF-16 with a byte order mark, as Windows PowerShell's `>` writes it.
fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// A command, one of its options, a wrong value, and a part of the message.
const WRONG: &[(&str, &str, &str, &str)] = &[
    ("verify", "--account", "1111-2222-3333", "12 digits"),
    ("verify", "--account", "111122223333 444455556666", "is not"),
    ("verify", "--account", "", "no value"),
    ("verify", "--account", ",", "no value"),
    ("verify", "--region", "us-east-1a", "is not"),
    ("verify", "--region", "us-east-1 eu-west-1", "is not"),
    ("verify", "--region", "us-east-1,Frankfurt", "`Frankfurt`"),
    ("verify", "--trail", "a trail", "is not"),
    (
        "verify",
        "--trail",
        "arn:aws:cloudtrail:us-east-1:11112222333:trail/t01",
        "is not",
    ),
    ("verify", "--ended", "\"\"", "no value"),
    ("verify", "--ended", "no/trail", "is not"),
    (
        "verify",
        "--bucket-owner",
        "111122223333,444455556666",
        "is not",
    ),
    ("verify", "--alias", "replica", "ORIGINAL=REPLICA"),
    (
        "verify",
        "--alias",
        "same-bucket=same-bucket",
        "two buckets",
    ),
    ("verify", "--alias", "original=s3://replica", "two buckets"),
    ("verify", "--start-time", "30M", "is not a time"),
    ("verify", "--start-time", "yesterday", "is not a time"),
    (
        "verify",
        "--start-time",
        "2026-01-15T08:00:00[Europe/Berlin]",
        "is not a time",
    ),
    ("verify", "--start-time", "2999-01-01", "in the future"),
    ("verify", "--end-time", "'", "is not a time"),
    ("verify", "--output", "json", "did you mean --format json?"),
    ("verify", "--output", "JSON", "did you mean --format json?"),
    ("verify", "--output", "table", "--format takes text, json"),
    ("verify", "--output", "report.html", "--format html"),
    ("verify", "--output", "report.csv", "another name"),
    ("verify", "--signatures", "/dev/null", "is for a directory"),
    (
        "kms",
        "--key",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890a",
        "is not",
    ),
    (
        "kms",
        "--key",
        "arn:aws:kms:us-east-1:111122223333:alias/logs",
        "describe-key",
    ),
    (
        "kms",
        "--key",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "is not",
    ),
    (
        "kms",
        "--reader",
        "arn:aws:iam::11112222333:role/Audit",
        "is not",
    ),
    (
        "kms",
        "--reader",
        "arn:aws:iam::111122223333:group/Auditors",
        "is not",
    ),
    (
        "kms",
        "--reader",
        "arn:aws:iam::111122223333:role/Audit,Admin",
        "`Admin`",
    ),
    ("kms", "--reader", ",", "no value"),
    ("kms", "--trail", "management-events", "is not"),
    (
        "kms",
        "--own-role",
        "arn:aws:iam::111122223333:role/",
        "is not",
    ),
    (
        "kms",
        "--own-role",
        "arn:aws:sts::111122223333:assumed-role/a/b",
        "is not",
    ),
    ("kms", "--enclave-image", "abcd", "96 hexadecimal digits"),
    (
        "kms",
        "--bucket",
        "s3://amzn-s3-demo-bucket",
        "without s3://",
    ),
    (
        "kms",
        "--bucket",
        "arn:aws:s3:::amzn-s3-demo-bucket",
        "without s3://",
    ),
    ("kms", "--bucket-owner", "me", "is not"),
    ("kms", "--output", "kms.html", "another name"),
    ("kms", "--output", "kms.json", "--format json"),
    ("kms", "--start-time", "2999-01-01", "in the future"),
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_refused_with_the_name_of_their_option() -> Result<()> {
    for (command, option, value, says) in WRONG {
        let ran = run_offline(&[*command, BUCKET, option, value]).await?;
        let line = ran.refused(64);
        assert!(
            line.contains(option) && line.contains(says),
            "{option} {value}: {line}"
        );
    }
    for (arguments, says) in [
        (["keys", "--region", "us-east-1 "], None),
        (["keys", "--region", "us-east-1,x"], Some("--region `x`")),
        (
            ["keys", "--output", "json"],
            Some("--output json is the name of a file"),
        ),
        (
            ["keys", "--output", "keys.html"],
            Some("the output is json"),
        ),
        (
            ["keys", "--start-time", "2999-01-01"],
            Some("in the future"),
        ),
    ] {
        let ran = run_offline(&arguments).await?;
        match says {
            Some(says) => assert!(ran.refused(64).contains(says), "{arguments:?} {ran:?}"),
            // There is no answer: the Region itself is valid.
            None => assert_eq!(ran.code, 2, "{ran:?}"),
        }
    }
    // Clap's own errors: several lines, with the option's name.
    for (option, value) in [
        ("--concurrency", "0"),
        ("--concurrency", "8,9"),
        ("--format", "pdf"),
    ] {
        let ran = run_offline(&["verify", BUCKET, option, value]).await?;
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{ran:?}");
        assert!(
            ran.err.contains(option) && ran.err.contains(value),
            "{ran:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings_of_a_bucket_are_answered_with_the_right_one() -> Result<()> {
    let digest = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_t01_us-east-1_20260115T120000Z.json.gz";
    for source in [
        "amzn-s3-demo-bucket".to_owned(),
        format!("amzn-s3-demo-bucket/{digest}"),
        format!("S3://amzn-s3-demo-bucket/{digest}"),
        format!("arn:aws:s3:::amzn-s3-demo-bucket/{digest}"),
        format!("https://amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com/{digest}"),
        format!(
            "https://us-east-1.console.aws.amazon.com/s3/object/amzn-s3-demo-bucket?region=us-east-1&prefix={digest}"
        ),
    ] {
        for command in ["verify", "kms", "inspect"] {
            let ran = run_offline(&[command, &source]).await?;
            let line = ran.refused(64);
            assert!(
                line.contains(&format!("write {BUCKET}")),
                "{command} {source}: {line}"
            );
            let key = source.contains(digest);
            assert_eq!(line.contains(&format!("{BUCKET}/{digest}")), key, "{line}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn white_space_and_quotes_around_a_value_are_ignored() -> Result<()> {
    let trail = TrailSpec {
        regions: vec![REGION.into(), "eu-west-1".into()],
        ..small("amzn-s3-demo-around")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let arn = trail.spec.trail_arn();
    let quoted = |text: &str| format!(" \"{text}\"\r\n");
    let end = quoted("2026-01-15T08:00:00+02:00");
    for (flags, chains) in [
        (vec!["--region", "us-east-1\n"], 1),
        (vec!["--region", "us-east-1, eu-west-1"], 2),
        (vec!["--region", "us-east-1\teu-west-1\n"], 2),
        (vec!["--account", &quoted(ACCOUNT)], 2),
        (vec!["--trail", &quoted(&arn)], 2),
        (vec!["--ended", &format!("'{arn}', {arn}")], 2),
        (vec!["--bucket-owner", " 111122223333"], 2),
        (vec!["--concurrency", " 8\n"], 2),
        (vec!["--alias", " original = replica "], 2),
        (vec!["--end-time", &end], 2),
    ] {
        let report = run_offline(&with(copy.verify(), &flags)).await?.report();
        report.reported(0, &[]);
        assert_eq!(report.json["totals"]["chains"], chains, "{flags:?}");
    }
    // Paths, too.
    let (keys, signatures) = (copy.text("keys.json"), copy.text("signatures.json"));
    let (source, keys) = (quoted(&copy.text("copy")), quoted(&keys));
    let (signatures, output) = (quoted(&signatures), copy.text("report.json"));
    let ran = run_offline(&[
        "verify",
        &source,
        "--keys",
        &keys,
        "--signatures",
        &signatures,
        "--format",
        "JSON",
        "--output",
        &quoted(&output),
    ])
    .await?;
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let written: Value = serde_json::from_slice(&std::fs::read(&output)?)?;
    assert_eq!(written["verdict"], "valid");
    // A file that is read is not written to, and `-` is standard output.
    let ran = run_offline(&with(
        copy.verify(),
        &["--output", keys.trim().trim_matches('"')],
    ))
    .await?;
    assert!(ran.refused(64).contains("another option reads"));
    let report = run_offline(&with(copy.verify(), &["--output", "-"]))
        .await?
        .report();
    report.reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn white_space_and_quotes_around_a_key_are_ignored() -> Result<()> {
    let spec = TrailSpec {
        kms: Some(KmsSpec::new(KEY)),
        ..small("amzn-s3-demo-pasted")
    };
    let other = spec.kms.as_ref().context("a key")?.other_key_arn();
    let copy = Copy::of(&spec.build())?;
    let source = copy.text("copy");
    let judge = async |key: &str| {
        let arguments = ["kms", &source, "--key", key, "--format", "json"];
        let ran = run_offline(&arguments).await?;
        let report: Value = serde_json::from_str(&ran.out).with_context(|| format!("{ran:?}"))?;
        anyhow::Ok((ran.code, report["rules"]["key"].clone()))
    };
    let plain = judge(KEY).await?;
    assert_eq!((plain.0, &plain.1["finding"]), (0, &json!(0)), "{plain:?}");
    for key in [
        format!("{KEY} "),
        format!("{KEY}\n"),
        format!("\"{KEY}\""),
        format!("{KEY},{KEY}"),
        format!("{other},{KEY}"),
    ] {
        assert_eq!(judge(&key).await?, plain, "{key:?}");
    }
    let (code, rule) = judge(&other).await?;
    assert!(code == 1 && rule["finding"].as_u64() > Some(0), "{rule}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_read_as_the_aws_cli_prints_them() -> Result<()> {
    let trail = small("amzn-s3-demo-printed").build();
    let copy = Copy::of(&trail)?;
    let file = copy.text("given.json");
    let flags = ["--signatures", &file];
    let (name, hex) = (name_of(&trail, 6), signature(&trail, 6));
    let key = &digest(&trail, 6).object.key;
    let as_value = |value: Value| json!({ name: value }).to_string().into_bytes();
    let as_name = |name: String| json!({ name: hex }).to_string().into_bytes();
    let printed = json!({ name: hex }).to_string();
    let head = json!({
        "ContentEncoding": "gzip",
        "Metadata": {"signature": hex, "signature-algorithm": "SHA256withRSA"},
    });
    for content in [
        as_value(json!(format!("{hex}\n"))),
        as_value(json!(format!("\"{hex}\"\r\n"))),
        as_value(json!(hex.to_uppercase())),
        as_value(head),
        as_name(format!("s3://amzn-s3-demo-printed/{key}")),
        as_name(format!("./copy/amzn-s3-demo-printed/{key}")),
        as_name(format!("C:\\copy\\{name}")),
        utf16(&printed),
        format!("\u{feff}{printed}").into_bytes(),
        format!("{{}}\n{printed}{printed}").into_bytes(),
    ] {
        std::fs::write(&file, &content)?;
        let ran = run_offline(&with(copy.verify_bare(), &flags)).await?;
        assert_eq!(ran.err, "", "{}", String::from_utf8_lossy(&content));
        ran.report().reported(0, &[]);
    }
    // Names that match nothing are reported.
    let elsewhere = "s3://amzn-s3-demo-printed/elsewhere.json.gz";
    std::fs::write(
        &file,
        json!({ name: hex, elsewhere: "ab".repeat(256) }).to_string(),
    )?;
    let ran = run_offline(&with(copy.verify_bare(), &flags)).await?;
    ran.report().reported(0, &[]);
    assert!(
        ran.err.contains("not used") && ran.err.contains(elsewhere) && !ran.err.contains(name),
        "{}",
        ran.err
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_wrong_signatures_is_wrong_usage_and_not_tampering() -> Result<()> {
    let trail = small("amzn-s3-demo-garbage").build();
    let copy = Copy::of(&trail)?;
    let file = copy.text("given.json");
    let flags = ["--signatures", &file];
    let (name, hex) = (name_of(&trail, 6), signature(&trail, 6));
    for value in [
        json!("zz"),
        json!(""),
        json!("None"),
        json!(null),
        json!(&hex[2..]),
        json!(format!("{hex}00")),
        json!({"Metadata": {}}),
        json!([hex]),
    ] {
        std::fs::write(&file, json!({ name: value }).to_string())?;
        let ran = run_offline(&with(copy.verify_bare(), &flags)).await?;
        let line = ran.refused(64);
        assert!(
            line.contains(name) && line.contains("given.json"),
            "{value}: {line}"
        );
    }
    for (content, says) in [
        (
            format!(
                "{{\"{name}\":\"{hex}\",\"{name}\":\"{}\"}}",
                "ab".repeat(256)
            ),
            "two different",
        ),
        (
            json!({ name: hex, name_of(&trail, 5): hex }).to_string(),
            "each digest has its own",
        ),
        (format!("{hex}\n"), "not JSON"),
        (format!("[\"{hex}\"]"), "a list"),
    ] {
        std::fs::write(&file, content)?;
        let ran = run_offline(&with(copy.verify_bare(), &flags)).await?;
        assert!(ran.refused(64).contains(says), "{ran:?}");
    }
    // One that cannot be distinguished from a signature, for a digest that the next one verifies.
    std::fs::write(
        &file,
        json!({ name: hex, name_of(&trail, 3): "ab".repeat(256) }).to_string(),
    )?;
    let ran = run_offline(&with(copy.verify_bare(), &flags)).await?;
    ran.report().reported(0, &[]);
    assert!(
        ran.err.contains("wrong signatures") && ran.err.contains(name_of(&trail, 3)),
        "{}",
        ran.err
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_of_signatures_makes_a_changed_digest_valid() -> Result<()> {
    let trail = small("amzn-s3-demo-changed").build();
    let copy = Copy::of(&trail)?;
    let file = copy.text("given.json");
    let flags = ["--signatures", &file];
    for hour in [3, 6] {
        let changed = Change::Put(without_first_log(digest(&trail, hour)));
        copy.apply(std::slice::from_ref(&changed))?;
        let newest = json!(signature(&trail, 6));
        // The genuine one, the one of the previous digest, and one that CloudTrail never made.
        for given in [
            signature(&trail, hour).to_owned(),
            signature(&trail, hour - 1).to_owned(),
            "ab".repeat(256),
        ] {
            let mut signatures = json!({ name_of(&trail, 6): newest });
            signatures[name_of(&trail, hour)] = json!(given);
            std::fs::write(&file, signatures.to_string())?;
            let report = run_offline(&with(copy.verify_bare(), &flags))
                .await?
                .report();
            assert_eq!(report.code, 1, "{hour} {given}: {report:#?}");
            let invalid = report.objects("digest-signature-invalid");
            assert_eq!(invalid, [&digest(&trail, hour).object.key], "{report:#?}");
            let findings = report.json["findings"].as_array().context("findings")?;
            let of_file = findings.iter().any(|finding| {
                let message = finding["message"].as_str().unwrap_or_default();
                message.contains("--signatures") && message.contains("another digest")
            });
            // If the next digest confirms the signature, the cause is clear.
            assert_eq!(of_file, hour == 6, "{findings:#?}");
        }
        copy.apply(&[Change::Put(digest(&trail, hour).object.clone())])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_takes_a_signature_as_verify_does() -> Result<()> {
    let trail = small("amzn-s3-demo-looked-at").build();
    let copy = Copy::of(&trail)?;
    let keys = copy.text("keys.json");
    let inspect = async |hour: u32, signature: &str| {
        let file = copy
            .file(&digest(&trail, hour).object)
            .display()
            .to_string();
        run_offline(&["inspect", &file, "--keys", &keys, "--signature", signature]).await
    };
    let hex = signature(&trail, 6);
    for given in [hex.to_owned(), format!(" \"{hex}\"\r\n")] {
        let ran = inspect(6, &given).await?;
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    }
    for given in ["zz", "", "None", &hex[2..], &format!("{hex},{hex}")] {
        let ran = inspect(6, given).await?;
        assert!(ran.refused(64).contains("--signature"), "{ran:?}");
    }
    // The next digest verifies it: the given signature is wrong.
    let ran = inspect(3, signature(&trail, 2)).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("as the next digest states it"),
        "{}",
        ran.out
    );
    assert!(
        ran.err.contains("--signature gives wrong signatures"),
        "{}",
        ran.err
    );
    // Nothing verifies it.
    let ran = inspect(6, signature(&trail, 5)).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("another digest"), "{}", ran.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_in_every_format_that_tools_save() -> Result<()> {
    let trail = TrailSpec {
        regions: vec![REGION.into(), "eu-west-1".into()],
        ..small("amzn-s3-demo-saved")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let file = copy.path("keys.json");
    let saved = String::from_utf8(std::fs::read(&file)?)?;
    let response: Value = serde_json::from_str(&saved)?;
    let list = response["PublicKeyList"].as_array().context("a list")?;
    let each: Vec<String> = list
        .iter()
        .map(|key| json!({ "PublicKeyList": [key] }).to_string())
        .collect();
    for content in [
        utf16(&saved),
        format!("\u{feff}{saved}").into_bytes(),
        serde_json::to_vec(list)?,
        each.concat().into_bytes(),
        each.join("\r\n").into_bytes(),
        [each.join("\n").as_bytes(), b"\n{\"PublicKeyList\": []}\n"].concat(),
    ] {
        std::fs::write(&file, &content)?;
        let ran = run_offline(&copy.verify()).await?;
        let report = ran.report();
        report.reported(0, &[]);
        assert_eq!(report.json["totals"]["chains"], 2);
    }
    for (content, says) in [
        (
            "PUBLICKEYLIST\t8eba5db5\t1436317441.0\t1438909441.0\tMIIB",
            "--output json",
        ),
        ("PublicKeyList:\n- Fingerprint: 8eba5db5\n", "--output json"),
        ("------------------\n| ListPublicKeys |\n", "--output json"),
        ("", "it is empty"),
        ("[]", "contains no public keys"),
        ("{\"PublicKeyList\": []}[]", "contains no public keys"),
    ] {
        std::fs::write(&file, content)?;
        let ran = run_offline(&copy.verify()).await?;
        let line = ran.refused(64);
        assert!(
            line.contains(says) && line.contains("keys.json"),
            "{content}: {line}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn validate_logs_accepts_the_flags_that_every_aws_command_has() -> Result<()> {
    let arguments = [
        "validate-logs",
        "--trail-arn",
        "arn:aws:cloudtrail:us-east-1:111122223333:trail/t01",
        "--start-time",
        "tomorrow or so",
    ]
    .map(str::to_owned)
    .to_vec();
    let without = run_offline(&arguments).await?;
    assert_eq!((without.code, without.out.as_str()), (255, ""));
    assert!(without.err.contains("Unable to parse date value"));
    for idle in [
        vec!["--no-cli-pager"],
        vec!["--no-cli-auto-prompt"],
        vec!["--cli-binary-format", "raw-in-base64-out"],
        vec!["--cli-read-timeout", "0"],
        vec!["--cli-connect-timeout", "60"],
        vec!["--debug"],
        vec!["--v2-debug"],
        vec![
            "--output",
            "yaml",
            "--query",
            "x",
            "--color",
            "off",
            "--no-paginate",
        ],
    ] {
        let ran = run_offline(&with(arguments.clone(), &idle)).await?;
        assert_eq!(
            (ran.code, &ran.out, &ran.err),
            (255, &without.out, &without.err),
            "{idle:?}"
        );
    }
    for foreign in [
        vec!["--no-verify-ssl"],
        vec!["--no-sign-request"],
        vec!["--ca-bundle", "bundle.pem"],
        vec!["--cli-auto-prompt"],
    ] {
        let ran = run_offline(&with(arguments.clone(), &foreign)).await?;
        assert_eq!((ran.code, ran.out.as_str()), (255, ""), "{foreign:?}");
        let says = format!("{} is not supported", foreign[0]);
        assert!(ran.err.contains(&says), "{foreign:?}: {}", ran.err);
    }
    Ok(())
}
