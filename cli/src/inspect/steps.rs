//! The steps of a digest, in the order in which each rests on the one before.

use super::checks::{Examined, Read, SignatureFrom, Successor};
use super::step::{State, Step};
use super::subject::Subject;
use trailseal::finding::{DigestReference, DigestStep, Finding, FindingKind};
use trailseal::format::digest::{DigestError, UnverifiedDigest};
use trailseal::format::form::Form;
use trailseal::names::object_key::DigestSeries;
use trailseal::trust::chain;
use trailseal::trust::public_key::KeyLookup;
use trailseal::trust::signature::signing_string;
use trailseal::world::StoreError;

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

/// What is said of a step that rests on one that failed.
const NOT_CHECKED: &str = "not checked: nothing that the digest says is believed";

/// The steps of a digest itself, and of the ones beside it, with every finding and obstacle of
/// the core at the step that it is about.
pub(super) fn steps(
    subject: &Subject,
    examined: &Examined,
    keys_from: &str,
    is_alone: bool,
) -> Vec<Step> {
    let mut steps = match &examined.read {
        None => vec![Step::new(
            OBJECT,
            State::Ok,
            "it is not there, or unreadable",
        )],
        Some(read) => of_object(subject, examined, read, keys_from, is_alone),
    };
    if let Some(step) = successor(&examined.successor, is_alone) {
        steps.push(step);
    }
    let mut told = Vec::new();
    for finding in &examined.settled.report.findings {
        let name = step_of(finding, subject, examined);
        told.push(finding.id());
        put(&mut steps, name, |step| step.find(finding.clone()));
    }
    if let Successor::NamesThis { findings, .. } = &examined.successor {
        for finding in findings {
            if !told.contains(&finding.id()) {
                put(&mut steps, SUCCESSOR, |step| step.find(finding.clone()));
            }
        }
    }
    for obstacle in &examined.settled.report.obstacles {
        let name = step_of_obstacle(examined);
        let is_unsigned = matches!(
            &examined.read,
            Some(Read {
                signature: None,
                ..
            })
        );
        if name == SIGNATURE && is_unsigned {
            // The step says so itself.
            continue;
        }
        put(&mut steps, name, |step| step.obstruct(&obstacle.error));
    }
    steps
}

/// Does something to the step of a name, or to the first one.
fn put(steps: &mut [Step], name: &str, to: impl FnOnce(&mut Step)) {
    let index = steps
        .iter()
        .position(|step| step.name() == name)
        .unwrap_or(0);
    if let Some(step) = steps.get_mut(index) {
        to(step);
    }
}

fn of_object(
    subject: &Subject,
    examined: &Examined,
    read: &Read,
    keys_from: &str,
    is_alone: bool,
) -> Vec<Step> {
    let content = match &read.content {
        Ok(content) => content,
        Err(error) => return of_no_digest(error, read.form),
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

/// The step of the form.
fn gzip(form: Form) -> Step {
    match form {
        Form::Gzip => Step::new(GZIP, State::Ok, "one member"),
        Form::Inflated => Step::new(
            GZIP,
            State::Nothing,
            "the file is decompressed: its content is what CloudTrail signs, and is checked",
        ),
    }
}

/// The steps of an object that is no digest, up to the one that says so.
fn of_no_digest(error: &DigestError, form: Form) -> Vec<Step> {
    let failed = |name| Step::new(name, State::Fail, error);
    let gzip = gzip(form);
    match error {
        DigestError::Gunzip(_) | DigestError::ObjectTooLarge => vec![failed(GZIP)],
        DigestError::AlgorithmUnsupported { .. } => vec![
            gzip,
            Step::new(DOCUMENT, State::Ok, "a digest document"),
            failed(ALGORITHM),
        ],
        _ => vec![gzip, failed(DOCUMENT)],
    }
}

fn document(subject: &Subject, content: &UnverifiedDigest) -> Step {
    let chain = &subject.key.chain;
    let series = match subject.key.series {
        DigestSeries::Hourly => "",
        DigestSeries::Backfill => "backfill, ",
    };
    Step::new(
        DOCUMENT,
        State::Ok,
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

fn place(subject: &Subject, content: &UnverifiedDigest, is_alone: bool) -> Step {
    let step = Step::new(
        PLACE,
        State::Ok,
        format_args!("says that it was delivered to {}", content.location),
    );
    if is_alone {
        step.fact("the file has its name, and lies in no copy of a bucket")
    } else if content.location == subject.at {
        step.fact("and is there")
    } else {
        step.fact(format_args!("and is at {}", subject.at))
    }
}

fn algorithm(read: &Read) -> Step {
    match &read.metadata.signature_algorithm {
        Some(algorithm) => Step::new(
            ALGORITHM,
            State::of(read.metadata.check_algorithm().is_ok()),
            format_args!("{algorithm}, over SHA-256"),
        ),
        None => Step::new(ALGORITHM, State::Ok, "SHA256withRSA, as the document says"),
    }
}

fn key(content: &UnverifiedDigest, read: &Read, keys_from: &str) -> Step {
    let named = format!("fingerprint {}", content.key_fingerprint);
    let known = |state, key: &trailseal::trust::public_key::PublicKey, but: &str| {
        Step::new(KEY, state, &named)
            .fact(format_args!("found in {keys_from}"))
            .fact(format_args!(
                "{but}valid from {} to {}",
                key.valid_from, key.valid_to
            ))
    };
    match &read.key {
        Ok(Some(KeyLookup::Found(key))) => known(State::Ok, key, ""),
        Ok(Some(KeyLookup::OutsideValidity(key))) => known(
            State::Fail,
            key,
            "listed for another time than the digest's: ",
        ),
        Ok(Some(KeyLookup::Unknown)) => {
            Step::new(KEY, State::Fail, &named).fact(format_args!("{keys_from} has none such"))
        }
        Ok(None) => Step::new(KEY, State::CannotTell, &named)
            .fact("when the digest was generated is not known"),
        Err(error) => Step::new(KEY, State::CannotTell, &named).fact(error),
    }
}

fn signature(content: &UnverifiedDigest, read: &Read, is_authentic: bool) -> Step {
    let Some((hex, from)) = &read.signature else {
        return Step::new(
            SIGNATURE,
            State::CannotTell,
            "none stands beside it or in a later digest; give it with --signature, if it is in a file",
        );
    };
    let from = match from {
        SignatureFrom::Metadata => "in the object's metadata",
        SignatureFrom::CommandLine => "as given with --signature",
        SignatureFrom::Successor => "as the next digest gives it",
    };
    let state = match read.is_signed {
        Some(is_signed) => State::of(is_signed || is_authentic),
        None => State::CannotTell,
    };
    let step = Step::new(SIGNATURE, state, format_args!("{from}: {hex}"));
    let step = match read.is_signed {
        Some(true) => step.fact("the key made it over these four lines:"),
        Some(false) => step.fact("the key did not make it over these four lines:"),
        None => step.fact("not verified; it should be over these four lines:"),
    };
    signing_string(content)
        .split('\n')
        .fold(step, |step, line| step.fact(format_args!("  {line}")))
}

fn content_hash(content: &UnverifiedDigest, read: &Read, is_authentic: bool) -> Step {
    let (state, vouched) = match (is_authentic, read.is_signed) {
        (true, Some(true)) => (State::Ok, "as signed"),
        (true, _) => (State::Ok, "as the next digest says"),
        (false, _) => (
            State::CannotTell,
            "which nothing that is proven vouches for",
        ),
    };
    let fact = format!("SHA-256 {}, {vouched}", content.hash);
    Step::new(CONTENT, state, fact)
}

fn predecessor(subject: &Subject, content: &UnverifiedDigest, is_authentic: bool) -> Step {
    if subject.key.series == DigestSeries::Backfill {
        return Step::new(
            PREDECESSOR,
            State::Nothing,
            "backfill digests are in no chain",
        );
    }
    match &content.predecessor {
        _ if !is_authentic => Step::new(PREDECESSOR, State::CannotTell, NOT_CHECKED),
        None => Step::new(
            PREDECESSOR,
            State::Ok,
            "a starting digest, which names none",
        ),
        Some(named) => Step::new(PREDECESSOR, State::Ok, &named.location).fact(format_args!(
            "named by its content, SHA-256 {}, by its signature, and by its end, {}",
            named.hash, content.start_time
        )),
    }
}

fn successor(successor: &Successor, is_alone: bool) -> Option<Step> {
    let nothing = |fact: &str| Step::new(SUCCESSOR, State::Nothing, fact);
    Some(match successor {
        Successor::NotInChain => return None,
        Successor::None if is_alone => nothing("none is at hand"),
        Successor::None => nothing("none is there yet"),
        Successor::Unknown(error) => Step::new(SUCCESSOR, State::CannotTell, error),
        Successor::NamesAnother(at) => {
            nothing(&format!("{at} names another digest as the one before it"))
        }
        Successor::NamesThis {
            at,
            is_authentic: true,
            ..
        } => Step::new(SUCCESSOR, State::Ok, at)
            .fact("signed by CloudTrail; names this digest by its content and its signature"),
        Successor::NamesThis { at, .. } => Step::new(SUCCESSOR, State::CannotTell, at)
            .fact("names this digest, and is not proven to be CloudTrail's itself"),
    })
}

/// The step that a finding is about.
fn step_of(finding: &Finding, subject: &Subject, examined: &Examined) -> &'static str {
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

/// The step that shows that a digest is none, or contradicts itself.
fn malformed_step(finding: &Finding, subject: &Subject, examined: &Examined) -> &'static str {
    let content = match examined.read.as_ref().map(|read| &read.content) {
        Some(Ok(content)) => content,
        // The step that failed is the last.
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

/// The step that something is about that could not be looked at.
fn step_of_obstacle(examined: &Examined) -> &'static str {
    match &examined.read {
        None => OBJECT,
        Some(_) if examined.settled.authentic.is_some() => PREDECESSOR,
        Some(Read { key: Err(_), .. }) => KEY,
        Some(_) => SIGNATURE,
    }
}

/// The step of a log file.
pub(super) fn log_file(
    at: &str,
    hash: &str,
    findings: Vec<Finding>,
    errors: &[StoreError],
    form: Form,
) -> Step {
    let mut step = Step::new("log file", State::Ok, at);
    if findings.is_empty() && errors.is_empty() {
        let form = match form {
            Form::Gzip => "",
            Form::Inflated => ", of the decompressed file",
        };
        return step.fact(format_args!("SHA-256 {hash}{form}"));
    }
    for finding in findings {
        step.find(finding);
    }
    for error in errors {
        step.obstruct(error);
    }
    step
}

/// The step of log files that are not looked at.
pub(super) fn log_files_left(state: State, fact: &str) -> Step {
    Step::new("log files", state, fact)
}

/// What is said of the log files of a digest that is not CloudTrail's.
pub(super) const LIST_NOT_BELIEVED: &str = NOT_CHECKED;
