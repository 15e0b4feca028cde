//! `trailseal evidence verify`.

use super::against;
use super::key::{self, GivenKey};
use super::result;
use super::source::Evidence;
use crate::args::{EvidenceFormat, EvidenceVerifyArgs};
use crate::exit::{self, Stop};
use crate::input;
use crate::output::file_name;
use crate::output::target;
use crate::progress::Display;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use trailseal::evidence_log::{EvidenceProof, LogAudit, LogKey, ProofError, ProvenDocument};
use trailseal::receipt::{Receipt, read_receipts};

/// The maximum size in bytes of a proof.
const MAX_PROOF_BYTES: usize = 64 * 1024 * 1024;

/// Verifies, and returns the exit code.
pub(super) async fn run(args: EvidenceVerifyArgs) -> Result<ExitCode, Stop> {
    let format = match args.format {
        EvidenceFormat::Text => "text",
        EvidenceFormat::Json => "json",
    };
    file_name::check(args.output.as_deref(), format, &["text", "json"], &[])?;
    let cosigners: Result<Vec<LogKey>, Stop> = args
        .cosigners
        .iter()
        .map(|text| key::read("--cosigner", text))
        .collect();
    let cosigners = cosigners?;
    if Path::new(&args.source).is_file() {
        return verify_proof(&args);
    }
    let evidence = Evidence::open(&args.source, args.profile.as_deref()).await?;
    let given = key::of_log(args.key.as_deref(), &evidence).await?;
    let GivenKey {
        key,
        is_from_bucket,
    } = &given;
    let earlier: Result<Vec<_>, Stop> = args
        .checkpoints
        .iter()
        .map(|path| key::checkpoint(path, key))
        .collect();
    let earlier = earlier?;
    let audit = LogAudit {
        evidence: &evidence,
        key,
        earlier: &earlier,
        cosigners: &cosigners,
    };
    let (display, work) = Display::counting("entries");
    let report = audit
        .run(|progress| work.note(progress.read, progress.entries))
        .await;
    display.stop();
    let mut report = report.map_err(Stop::cannot_tell)?;
    let trail = Box::pin(against::compare(&args, &evidence, &given, &mut report)).await?;
    if *is_from_bucket {
        report.cannot_tell.push(format!(
            "the key is the one in the evidence bucket, where an attacker may have replaced it: compare {key} with the key that you received when the log was started, or with that of KMS, and give it with --key"
        ));
    }
    let text = result::of(
        &report,
        trail.as_ref(),
        &args.source,
        (key, *is_from_bucket),
        args.format,
    );
    target::write(args.output.as_deref(), &text)?;
    Ok(exit::code(result::outcome(&report)))
}

/// Verifies a proof, and prints what it proves.
fn verify_proof(args: &EvidenceVerifyArgs) -> Result<ExitCode, Stop> {
    let file = input::read(Path::new(&args.source), MAX_PROOF_BYTES)?;
    let proof = EvidenceProof::read(&file).map_err(Stop::usage)?;
    let (key, is_own) = match &args.key {
        Some(text) => (key::read("--key", text)?, false),
        None => (LogKey::read(&proof.key).map_err(Stop::usage)?, true),
    };
    let checkpoint = match proof.verify(&key) {
        Ok(checkpoint) => checkpoint,
        Err(error @ ProofError::Malformed(_)) => return Err(Stop::usage(error)),
        Err(error) => {
            target::write(args.output.as_deref(), &format!("NOT valid: {error}\n"))?;
            return Ok(ExitCode::from(exit::FINDINGS));
        }
    };
    let valid = proof.documents.iter().map(|document| {
        let name = trailseal::alert::printable(&document.key);
        let stated = stated(document);
        format!(
            "valid: {name} is in the log of {} entries\n  {stated}\n",
            checkpoint.size
        )
    });
    let warning = is_own.then(|| {
        format!("\nCOULD NOT VERIFY: the key is the one in the proof: compare {key} with the key of the log, and give it with --key\n")
    });
    let text: String = valid.chain(warning).collect();
    target::write(args.output.as_deref(), &text)?;
    Ok(ExitCode::from(if is_own {
        exit::CANNOT_TELL
    } else {
        exit::VALID
    }))
}

/// Returns what a proven document says, if it has receipts. That it is in the log does not mean that
/// a digest was valid.
fn stated(document: &ProvenDocument) -> String {
    let Ok(receipts) = read_receipts(document.document.as_bytes()) else {
        return "The document is not a receipt.".to_owned();
    };
    match receipts.as_slice() {
        [receipt] => format!("The receipt says: {}.", stated_by(receipt)),
        several => {
            let mut text = format!("The {} receipts in it say:", several.len());
            for receipt in several {
                let digest = trailseal::alert::printable(&receipt.object.key);
                let _ = write!(text, "\n    {}, of {digest}", stated_by(receipt));
            }
            text
        }
    }
}

fn stated_by(receipt: &Receipt) -> String {
    let verdict = serde_json::to_value(receipt.verdict).unwrap_or_default();
    format!(
        "checked by {} at {}, verdict {}",
        trailseal::alert::printable(&receipt.function),
        receipt.checked_at,
        verdict.as_str().unwrap_or_default()
    )
}
