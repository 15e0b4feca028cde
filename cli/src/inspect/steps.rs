//! The steps of a digest, ordered so that each depends on the one before.

use super::checks::{Examined, NextDigest, ReadFacts, SignatureFrom};
use super::step::{InspectStep, NOT_CHECKED, verdict_of};
use super::subject::InspectedDigest;
use trailseal::finding::{DigestReference, DigestStep, Finding, FindingKind, Verdict};
use trailseal::format::digest::{DigestError, UnverifiedDigest};
use trailseal::format::form::Form;
use trailseal::names::object_key::DigestSeries;
use trailseal::trust::chain;
use trailseal::trust::public_key::KeyLookup;
use trailseal::trust::signature::signing_string;

const OBJECT: &str = DigestStep::Object.as_str();
const GZIP: &str = DigestStep::Gzip.as_str();
const DOCUMENT: &str = DigestStep::Document.as_str();
const PLACE: &str = DigestStep::Place.as_str();
const ALGORITHM: &str = DigestStep::Algorithm.as_str();
const KEY: &str = DigestStep::Key.as_str();
const SIGNATURE: &str = DigestStep::Signature.as_str();
const CONTENT: &str = DigestStep::Content.as_str();
const PREDECESSOR: &str = DigestStep::Predecessor.as_str();
const SUCCESSOR: &str = DigestStep::Successor.as_str();

/// Returns the steps for a digest itself, and for the ones next to it. Every finding and obstacle
/// of the core is at the step that it is about.
pub(super) fn steps(
    subject: &InspectedDigest,
    examined: &Examined,
    keys_from: &str,
    is_alone: bool,
) -> Vec<InspectStep> {
    let mut steps = match &examined.read {
        None => vec![InspectStep::new(
            OBJECT,
            Verdict::Valid,
            "it does not exist, or cannot be read",
        )],
        Some(read) => of_object(subject, examined, read, keys_from, is_alone),
    };
    if let Some(step) = successor(&examined.successor, is_alone) {
        steps.push(step);
    }
    let mut reported = Vec::new();
    for finding in &examined.settled.report.findings {
        let name = step_of(finding, subject, examined);
        reported.push(finding.id());
        put(&mut steps, name, |step| step.find(finding.clone()));
    }
    if let NextDigest::NamesThis { findings, .. } = &examined.successor {
        for finding in findings {
            if !reported.contains(&finding.id()) {
                put(&mut steps, SUCCESSOR, |step| step.find(finding.clone()));
            }
        }
    }
    for obstacle in &examined.settled.report.obstacles {
        let name = step_of_obstacle(examined);
        let is_unsigned = matches!(
            &examined.read,
            Some(ReadFacts {
                signature: None,
                ..
            })
        );
        if name == SIGNATURE && is_unsigned {
            // The step itself says so.
            continue;
        }
        put(&mut steps, name, |step| step.add_obstacle(&obstacle.error));
    }
    steps
}

/// Applies a function to the step with a name, or to the first one.
fn put(steps: &mut [InspectStep], name: &str, to: impl FnOnce(&mut InspectStep)) {
    let index = steps
        .iter()
        .position(|step| step.name() == name)
        .unwrap_or(0);
    if let Some(step) = steps.get_mut(index) {
        to(step);
    }
}

fn of_object(
    subject: &InspectedDigest,
    examined: &Examined,
    read: &ReadFacts,
    keys_from: &str,
    is_alone: bool,
) -> Vec<InspectStep> {
    let content = match &read.content {
        Ok(content) => content,
        Err(error) => return of_other_object(error, read.form),
    };
    let is_authentic = examined.settled.authentic.is_some();
    vec![
        gzip(read.form),
        document(subject, content),
        place(subject, content, is_alone),
        algorithm(read),
        key(content, read, keys_from),
        signature(content, read, is_authentic),
        content_hash(content, read, is_authentic),
        predecessor(subject, content, is_authentic),
    ]
}

/// Returns the step for the form.
fn gzip(form: Form) -> InspectStep {
    match form {
        Form::Gzip => InspectStep::new(GZIP, Verdict::Valid, "one complete gzip stream"),
        Form::Inflated => InspectStep::new(
            GZIP,
            Verdict::Ignored,
            "the file is decompressed: its content, which CloudTrail signs, is checked",
        ),
    }
}

/// Returns the steps for an object that is not a digest, up to the one that says so.
fn of_other_object(error: &DigestError, form: Form) -> Vec<InspectStep> {
    let failed = |name| InspectStep::new(name, Verdict::Finding, error);
    let gzip = gzip(form);
    match error {
        DigestError::Gunzip(_) | DigestError::ObjectTooLarge => vec![failed(GZIP)],
        DigestError::AlgorithmUnsupported { .. } => vec![
            gzip,
            InspectStep::new(DOCUMENT, Verdict::Valid, "a digest document"),
            failed(ALGORITHM),
        ],
        _ => vec![gzip, failed(DOCUMENT)],
    }
}

fn document(subject: &InspectedDigest, content: &UnverifiedDigest) -> InspectStep {
    let chain = &subject.key.chain;
    let series = match subject.key.series {
        DigestSeries::Hourly => "",
        DigestSeries::Backfill => "backfill, ",
    };
    InspectStep::new(
        DOCUMENT,
        Verdict::Valid,
        format_args!(
            "{series}account {}, {} to {}, lists {}",
            content.account,
            content.start_time,
            content.end_time,
            match content.log_files.len() {
                1 => "1 log file".to_owned(),
                count => format!("{count} log files"),
            }
        ),
    )
    .fact(format_args!(
        "by its name: account {}, Region {}, trail {} of {}{}",
        chain.folder.account,
        chain.region,
        chain.trail,
        chain.home_region,
        match &chain.folder.organization {
            Some(organization) => format!(", organization {organization}"),
            None => String::new(),
        }
    ))
}

fn place(subject: &InspectedDigest, content: &UnverifiedDigest, is_alone: bool) -> InspectStep {
    let step = InspectStep::new(
        PLACE,
        Verdict::Valid,
        format_args!("states that it was delivered to {}", content.location),
    );
    if is_alone {
        step.fact("the file has the same name, and is not in a copy of a bucket")
    } else if content.location == subject.at {
        step.fact("and is in that place")
    } else {
        step.fact(format_args!("but is in {}", subject.at))
    }
}

fn algorithm(read: &ReadFacts) -> InspectStep {
    match &read.metadata.signature_algorithm {
        Some(algorithm) => InspectStep::new(
            ALGORITHM,
            verdict_of(read.metadata.check_algorithm().is_ok()),
            format_args!("{algorithm}, over SHA-256"),
        ),
        None => InspectStep::new(
            ALGORITHM,
            Verdict::Valid,
            "SHA256withRSA, as the document states",
        ),
    }
}

fn key(content: &UnverifiedDigest, read: &ReadFacts, keys_from: &str) -> InspectStep {
    let named = format!("fingerprint {}", content.key_fingerprint);
    let known = |verdict, key: &trailseal::trust::public_key::PublicKey, but: &str| {
        InspectStep::new(KEY, verdict, &named)
            .fact(format_args!("found in {keys_from}"))
            .fact(format_args!(
                "{but}valid from {} to {}",
                key.valid_from, key.valid_to
            ))
    };
    match &read.key {
        Ok(Some(KeyLookup::Found(key))) => known(Verdict::Valid, key, ""),
        Ok(Some(KeyLookup::OutsideValidity(key))) => known(
            Verdict::Finding,
            key,
            "listed for a time that does not include the digest's: ",
        ),
        Ok(Some(KeyLookup::Unknown)) => InspectStep::new(KEY, Verdict::Finding, &named)
            .fact(format_args!("{keys_from} has no such key")),
        Ok(None) => InspectStep::new(KEY, Verdict::CannotTell, &named)
            .fact("the time at which the digest was generated is not known"),
        Err(error) => InspectStep::new(KEY, Verdict::CannotTell, &named).fact(error),
    }
}

fn signature(content: &UnverifiedDigest, read: &ReadFacts, is_authentic: bool) -> InspectStep {
    let Some((hex, from)) = &read.signature else {
        return InspectStep::new(
            SIGNATURE,
            Verdict::CannotTell,
            "neither the file nor a later digest contains it; if you have it from elsewhere, give it with --signature",
        );
    };
    let from = match from {
        SignatureFrom::Metadata => "in the object's metadata",
        SignatureFrom::CommandLine => "as given with --signature",
        SignatureFrom::Successor => "as the next digest states it",
    };
    let verdict = match read.is_signed {
        Some(is_signed) => verdict_of(is_signed || is_authentic),
        None => Verdict::CannotTell,
    };
    let step = InspectStep::new(SIGNATURE, verdict, format_args!("{from}: {hex}"));
    let step = match read.is_signed {
        Some(true) => step.fact("it is a signature of the key over these four lines:"),
        Some(false) => step.fact("it is not a signature of the key over these four lines:"),
        None => step.fact("not verified; it should be a signature over these four lines:"),
    };
    signing_string(content)
        .split('\n')
        .fold(step, |step, line| step.fact(format_args!("  {line}")))
}

fn content_hash(content: &UnverifiedDigest, read: &ReadFacts, is_authentic: bool) -> InspectStep {
    let (verdict, vouched) = match (is_authentic, read.is_signed) {
        (true, Some(true)) => (Verdict::Valid, "as signed"),
        (true, _) => (Verdict::Valid, "as the next digest states"),
        (false, _) => (Verdict::CannotTell, "which no verified digest confirms"),
    };
    let fact = format!("SHA-256 {}, {vouched}", content.hash);
    InspectStep::new(CONTENT, verdict, fact)
}

fn predecessor(
    subject: &InspectedDigest,
    content: &UnverifiedDigest,
    is_authentic: bool,
) -> InspectStep {
    if subject.key.series == DigestSeries::Backfill {
        return InspectStep::new(
            PREDECESSOR,
            Verdict::Ignored,
            "backfill digests are not part of a chain",
        );
    }
    match &content.predecessor {
        _ if !is_authentic => InspectStep::new(PREDECESSOR, Verdict::CannotTell, NOT_CHECKED),
        None => InspectStep::new(
            PREDECESSOR,
            Verdict::Valid,
            "none: this is a starting digest",
        ),
        Some(named) => {
            InspectStep::new(PREDECESSOR, Verdict::Valid, &named.location).fact(format_args!(
                "named with the SHA-256 of its content, {}, its signature, and its end time, {}",
                named.hash, content.start_time
            ))
        }
    }
}

fn successor(successor: &NextDigest, is_alone: bool) -> Option<InspectStep> {
    let nothing = |fact: &str| InspectStep::new(SUCCESSOR, Verdict::Ignored, fact);
    Some(match successor {
        NextDigest::NotInChain => return None,
        NextDigest::None if is_alone => nothing("not available"),
        NextDigest::None => nothing("none exists yet"),
        NextDigest::Unknown(error) => InspectStep::new(SUCCESSOR, Verdict::CannotTell, error),
        NextDigest::NamesAnother(at) => {
            nothing(&format!("{at} names another digest as the one before it"))
        }
        NextDigest::NamesThis {
            at,
            is_authentic: true,
            ..
        } => InspectStep::new(SUCCESSOR, Verdict::Valid, at)
            .fact("signed by CloudTrail; states the hash and the signature of this digest"),
        NextDigest::NamesThis { at, .. } => InspectStep::new(SUCCESSOR, Verdict::CannotTell, at)
            .fact("names this digest, but is not verified itself"),
    })
}

/// Returns the step that a finding is about.
fn step_of(finding: &Finding, subject: &InspectedDigest, examined: &Examined) -> &'static str {
    let is_own = finding.object == subject.at;
    let covers_the_same_time = |digest: &DigestReference| digest.key != subject.at.key;
    match finding.kind {
        FindingKind::DigestMissing if is_own => OBJECT,
        FindingKind::DigestModified if is_own => SUCCESSOR,
        FindingKind::ChainGap if finding.digest.as_ref().is_some_and(covers_the_same_time) => {
            SUCCESSOR
        }
        FindingKind::DigestMalformed => malformed_step(finding, subject, examined),
        kind => kind.step().map_or(PREDECESSOR, DigestStep::as_str),
    }
}

/// Returns the step that shows that an object is not a digest, or that a digest contradicts itself.
fn malformed_step(
    finding: &Finding,
    subject: &InspectedDigest,
    examined: &Examined,
) -> &'static str {
    let content = match examined.read.as_ref().map(|read| &read.content) {
        Some(Ok(content)) => content,
        // The step that failed is the last one.
        Some(Err(DigestError::Gunzip(_) | DigestError::ObjectTooLarge)) => return GZIP,
        Some(Err(_)) | None => return DOCUMENT,
    };
    if examined.settled.authentic.is_none() {
        return KEY;
    }
    let is_link = content
        .predecessor
        .as_ref()
        .is_some_and(|named| chain::predecessor_key(&subject.key, named).is_none());
    let is_account = content.account != subject.key.chain.folder.account.as_str();
    let says_account = finding.actual.as_deref() == Some(content.account.as_str());
    if is_link && !(is_account && says_account) {
        PREDECESSOR
    } else {
        DOCUMENT
    }
}

/// Returns the step for something that could not be verified.
fn step_of_obstacle(examined: &Examined) -> &'static str {
    match &examined.read {
        None => OBJECT,
        Some(_) if examined.settled.authentic.is_some() => PREDECESSOR,
        Some(ReadFacts { key: Err(_), .. }) => KEY,
        Some(_) => SIGNATURE,
    }
}
