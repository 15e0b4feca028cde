//! The report for a terminal: each log file with its findings, and a table of rules.
//!
//! The tests are in `tests/tests/command/kms.rs`.

use super::head::{KmsFoot, KmsHead};
use super::tally::{KmsEntry, KmsTally};
use crate::output::finding::{write_advice, write_evidence, write_head};
use crate::output::text::{cannot_tell, counted};
use crate::report::Outcome;
use indicatif::HumanCount;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use trailseal::alert::printable;
use trailseal::finding::kms::EventReference;
use trailseal::finding::{Finding, Verdict};
use trailseal::kms::review::Explanation;
use trailseal::kms::rules::Rule;

/// The number of events that are shown out of those with the same result.
const SHOWN_ALIKE: usize = 3;

/// The maximum number of reasons that are distinguished.
const MAX_REASONS: usize = 1000;

/// The indentation of the results for a log file.
const INDENT: &str = "  ";

/// The state of the report.
#[derive(Default)]
pub(super) struct TextReport {
    /// The names of findings of which one is enough to read.
    shown_findings: HashSet<String>,
    /// The reasons why something could not be verified. Each is printed in full once.
    reasons: HashSet<String>,
    /// The number of times that each result was shown that a rule could not verify.
    shown_open: HashMap<(Rule, String), usize>,
    /// Whether more of these are only counted.
    open_left_out: bool,
    /// Whether any log file is shown.
    shown: bool,
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => "valid",
        Outcome::Finding => "FINDING",
        Outcome::CannotTell => "cannot tell",
    }
}

fn word_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Finding => "FINDING",
        Verdict::CannotTell => "cannot tell",
        Verdict::Ignored => "-",
    }
}

/// Returns the requirement of a rule.
fn asks(rule: Rule, head: &KmsHead) -> &'static str {
    match rule {
        Rule::Trail => "the context names an expected trail",
        Rule::Object => "the context names an object of the trail",
        Rule::Key => "the event, the object and the options name the same key",
        Rule::KeyHealth => "the key can encrypt, and is for no other trails",
        Rule::Caller => "only CloudTrail writes log files",
        Rule::Delivery => "KMS lets CloudTrail write log files",
        Rule::Witness => "every delivered log file exists",
        Rule::Encryption => "log files are encrypted under the trail's key",
        Rule::Readers if head.expected.readers.is_empty() => {
            "only listed readers read log files (not checked: none is listed)"
        }
        Rule::Readers => "only listed readers read log files",
        Rule::Enclaves => "enclaves attest themselves, and are listed",
        Rule::Logging => "nobody weakens the logging",
    }
}

/// Writes the facts that are known before the first log file is read.
pub(super) fn begin(head: &KmsHead, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "KMS events in {}", printable(&head.source))?;
    let places = &head.expected.places;
    if places.is_copy() {
        writeln!(
            out,
            "A copy on disk has no object headers and no KMS keys. The parts of the rules that need them could not be verified."
        )?;
    }
    if head.buckets_found {
        writeln!(
            out,
            "Buckets that the trails deliver to, according to the events: {}. To give others, use --bucket.",
            match printable(&names(&places.log_buckets)) {
                none if none.is_empty() => "none".to_owned(),
                names => names,
            }
        )?;
    }
    writeln!(out)?;
    out.flush()
}

impl TextReport {
    pub(super) fn entry(
        &mut self,
        head: &KmsHead,
        entry: &KmsEntry,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let explanations: Vec<&Explanation> = entry
            .explanations
            .iter()
            .filter(|said| head.all || self.is_shown(said))
            .collect();
        if entry.outcome == Outcome::Valid && explanations.is_empty() && !head.one {
            return Ok(());
        }
        self.shown = true;
        let at = entry.subject.at.to_string();
        let unverified = entry.rules.values().any(|count| count.cannot_tell > 0);
        let word = match entry.outcome {
            Outcome::Valid if unverified => "no finding",
            outcome => word(outcome),
        };
        writeln!(out, "{word:<13}{}", printable(&at))?;
        write_events(head, &explanations, out)?;
        for finding in &entry.findings {
            self.write_finding(finding, entry, out)?;
        }
        for reason in &entry.reasons {
            if self.reasons.contains(reason) {
                writeln!(
                    out,
                    "{INDENT}something could not be verified, for a reason that is printed above"
                )?;
                break;
            }
            writeln!(out, "{INDENT}{}", printable(reason))?;
            if self.reasons.len() < MAX_REASONS {
                self.reasons.insert(reason.clone());
            }
        }
        out.flush()
    }

    /// Returns whether an explanation is shown when not all of them are: findings, and results that
    /// could not be verified, unless the same result was shown often enough.
    fn is_shown(&mut self, said: &Explanation) -> bool {
        if said.verdict != Verdict::CannotTell {
            return said.verdict == Verdict::Finding;
        }
        let known = self.shown_open.len();
        let name = (said.rule, said.reason.clone());
        let times = match self.shown_open.get_mut(&name) {
            Some(times) => times,
            None if known >= MAX_REASONS => return true,
            None => self.shown_open.entry(name).or_default(),
        };
        *times += 1;
        self.open_left_out |= *times > SHOWN_ALIKE;
        *times <= SHOWN_ALIKE
    }

    fn write_finding(
        &mut self,
        finding: &Finding,
        entry: &KmsEntry,
        out: &mut impl Write,
    ) -> io::Result<()> {
        write_head(finding, INDENT, out)?;
        if finding.object != entry.subject.at {
            let object = finding.object.to_string();
            writeln!(out, "{INDENT}  object    {}", printable(&object))?;
        }
        let is_new =
            finding.about.is_none() || self.shown_findings.insert(finding.id().to_string());
        if is_new {
            write_evidence(finding, INDENT, out)?;
        }
        Ok(())
    }

    pub(super) fn end(
        &mut self,
        head: &KmsHead,
        tally: &KmsTally,
        foot: &KmsFoot,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.shown {
            writeln!(out)?;
        }
        if tally.findings_left_out > 0 {
            writeln!(
                out,
                "… and {} more findings, which are counted but not printed\n",
                HumanCount(tally.findings_left_out)
            )?;
        }
        if self.open_left_out {
            writeln!(
                out,
                "More of the same could not be verified, and is counted but not printed. To print each, use --all.\n"
            )?;
        }
        table(head, tally, out)?;
        cannot_tell(tally.cannot_tell(), tally.cannot_tell_left_out, out)?;
        if tally.totals.waiting > 0 {
            let them = if tally.totals.waiting == 1 {
                "it"
            } else {
                "them"
            };
            writeln!(
                out,
                "{} pending until a digest lists {them}; `trailseal verify --unlisted` or the function log-verifier settles {them}.",
                counted(tally.totals.waiting, "delivery is", "deliveries are"),
            )?;
        }
        crate::output::copy::notes(&foot.notes, out)?;
        totals(tally, foot, head, out)?;
        writeln!(out, "\n{}", headline(tally, foot))?;
        write_advice(&tally.advice, out)
    }
}

/// An event, and the explanations of the rules for it.
struct JudgedEvent<'a> {
    event: Option<&'a EventReference>,
    said: Vec<&'a Explanation>,
}

fn write_events(
    head: &KmsHead,
    explanations: &[&Explanation],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut judged: Vec<JudgedEvent<'_>> = Vec::new();
    let mut places = HashMap::new();
    for explanation in explanations {
        let event = explanation.event.as_ref();
        let name = event.map(|event| (&event.id, &event.name, event.time));
        let place = *places.entry(name).or_insert(judged.len());
        match judged.get_mut(place) {
            Some(judged) => judged.said.push(explanation),
            None => judged.push(JudgedEvent {
                event,
                said: vec![explanation],
            }),
        }
    }
    let alike = |judged: &JudgedEvent<'_>| -> Vec<_> {
        let said = judged.said.iter();
        said.map(|said| (said.rule, word_of(said.verdict), said.reason.clone()))
            .collect()
    };
    let mut shown = HashMap::new();
    let mut left_out = 0_u64;
    for judged in &judged {
        let times = shown.entry(alike(judged)).or_insert(0_usize);
        *times += 1;
        if *times > SHOWN_ALIKE && !head.all {
            left_out += 1;
            continue;
        }
        match judged.event {
            Some(event) => {
                let time = event
                    .time
                    .map_or_else(String::new, |time| format!(" {time}"));
                let name = format!("{} {}{time}", event.name, event.id);
                writeln!(out, "{INDENT}{}", printable(&name))?;
            }
            None => writeln!(out, "{INDENT}the log file itself")?,
        }
        for said in &judged.said {
            writeln!(
                out,
                "{INDENT}  {:<11}{:<13}{}",
                said.rule.as_str(),
                word_of(said.verdict),
                printable(&said.reason)
            )?;
        }
    }
    if left_out > 0 {
        writeln!(
            out,
            "{INDENT}… and the same for {}; to print each, use --all",
            counted(left_out, "more event", "more events")
        )?;
    }
    Ok(())
}

fn table(head: &KmsHead, tally: &KmsTally, out: &mut impl Write) -> io::Result<()> {
    let rows = Rule::ALL.map(|rule| {
        let count = tally.rules.get(rule.as_str()).copied().unwrap_or_default();
        let counts = [count.valid, count.finding, count.cannot_tell];
        let counts = counts.map(|count| match count {
            0 => "-".to_owned(),
            count => HumanCount(count).to_string(),
        });
        (rule.as_str(), asks(rule, head), counts)
    });
    let asked = rows.iter().map(|(_, asks, _)| asks.chars().count()).max();
    let asked = asked.unwrap_or(0);
    let heads = ["valid", "findings", "cannot tell"];
    let write_row = |out: &mut dyn Write, rule: &str, asks: &str, counts: [&str; 3]| {
        let [valid, findings, unverified] = counts;
        writeln!(
            out,
            "{rule:<12}{asks:<asked$}  {valid:>9}  {findings:>9}  {unverified:>11}"
        )
    };
    write_row(out, "rule", "requires that", heads)?;
    for (rule, asks, counts) in &rows {
        let [valid, findings, unverified] = counts;
        write_row(out, rule, asks, [valid, findings, unverified])?;
    }
    writeln!(out)
}

fn totals(
    tally: &KmsTally,
    foot: &KmsFoot,
    head: &KmsHead,
    out: &mut impl Write,
) -> io::Result<()> {
    let totals = tally.totals;
    let seconds = foot
        .finished_at
        .duration_since(head.started_at)
        .as_secs_f64();
    writeln!(
        out,
        "{} read in {seconds:.1} s: {} with KMS events of the trails, {} only with other KMS events, {} with none; {}",
        counted(totals.log_files, "log file", "log files"),
        HumanCount(totals.judged),
        HumanCount(totals.with_kms_events.saturating_sub(totals.judged)),
        HumanCount(
            totals
                .log_files
                .saturating_sub(totals.with_kms_events.max(totals.judged))
        ),
        counted(totals.kms_events, "KMS event", "KMS events"),
    )
}

fn headline(tally: &KmsTally, foot: &KmsFoot) -> String {
    let mut line = match foot.verdict {
        Outcome::Valid if tally.totals.judged == 0 => {
            "VALID: the log files contain no KMS event of the trails.".to_owned()
        }
        Outcome::Valid if tally.rules.values().any(|count| count.cannot_tell > 0) => {
            "VALID: no rule is broken, as far as it could be verified.".to_owned()
        }
        Outcome::Valid => "VALID: no rule is broken.".to_owned(),
        Outcome::Finding => format!(
            "{}: a rule is broken.",
            counted(tally.found(), "FINDING", "FINDINGS")
        ),
        Outcome::CannotTell => {
            "CANNOT TELL: not everything could be verified; nothing wrong was found.".to_owned()
        }
    };
    if foot.interrupted {
        line.push_str(" The run was interrupted: objects that it did not reach are not included.");
    }
    line
}

/// Returns names in one line.
fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: BTreeSet<&str> = names.into_iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
