//! The list of incidents, as text and as JSON.

use super::read::{MAX_INCIDENTS, ReadIncident, ReadIncidents, read};
use crate::args::{EvidenceFormat, IncidentsArgs};
use crate::evidence::source::Evidence;
use crate::exit::{self, Stop};
use crate::output::{file_name, target};
use crate::progress::Display;
use jiff::Timestamp;
use serde::Serialize;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use trailseal::alert::acknowledgment::Acknowledgment;
use trailseal::alert::printable;
use trailseal::finding::Severity;
use trailseal::names::location::ObjectLocation;
use trailseal::names::seconds::whole_second;

/// The schema of the JSON document.
const SCHEMA: &str = "trailseal.incidents/1";

/// The width of the labels.
const LABEL: usize = 14;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentsDocument<'a> {
    schema: &'a str,
    source: &'a str,
    at: Timestamp,
    incidents: Vec<ListedIncident<'a>>,
    damaged: &'a [String],
    more: bool,
}

/// An incident in the list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedIncident<'a> {
    id: &'a str,
    state: &'static str,
    kind: &'a str,
    severity: Severity,
    account: Option<&'a str>,
    region: Option<&'a str>,
    object: &'a ObjectLocation,
    message: &'a str,
    first_seen: Timestamp,
    last_seen: Timestamp,
    occurrences: u64,
    /// The number of occurrences that are not right again.
    open_occurrences: u64,
    acknowledgment: Option<&'a Acknowledgment>,
    closed_at: Option<Timestamp>,
    all_clear: Option<&'a str>,
}

impl<'a> ListedIncident<'a> {
    fn new(known: &'a ReadIncident, now: Timestamp) -> Self {
        let ReadIncident {
            incident,
            open,
            acknowledgment,
        } = known;
        let acknowledgment = acknowledgment.as_ref();
        let closing = incident.closing.as_deref();
        let is_silenced = acknowledgment.is_some_and(|it| it.silences(incident, now));
        let latest = &incident.latest;
        Self {
            id: &incident.id,
            state: match closing {
                Some(_) => "closed",
                None if is_silenced => "acknowledged",
                None => "open",
            },
            kind: &incident.kind,
            severity: incident.severity,
            account: incident.account.as_deref(),
            region: incident.region.as_deref(),
            object: &latest.object,
            message: &latest.message,
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            occurrences: incident.occurrences,
            open_occurrences: *open,
            acknowledgment,
            closed_at: closing.map(|closing| closing.all_clear.detected_at),
            all_clear: closing.map(|closing| closing.all_clear.message.as_str()),
        }
    }
}

/// Lists, and returns the exit code.
pub(super) async fn run(args: IncidentsArgs) -> Result<ExitCode, Stop> {
    let format = match args.format {
        EvidenceFormat::Text => "text",
        EvidenceFormat::Json => "json",
    };
    file_name::check(args.output.as_deref(), format, &["text", "json"], &[])?;
    let evidence = Evidence::open(&args.source, args.profile.as_deref()).await?;
    let count = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&count);
    let display = Display::start(Duration::from_secs(2), move |_| {
        format!("{} incidents", shown.load(Ordering::Relaxed))
    });
    let read = read(&evidence, args.all, |read| {
        count.store(read, Ordering::Relaxed);
    })
    .await;
    display.stop();
    let mut read = read.map_err(Stop::cannot_tell)?;
    read.incidents.sort_by_key(|ReadIncident { incident, .. }| {
        let is_closed = !incident.is_open();
        (
            is_closed,
            Reverse(incident.severity),
            Reverse(incident.first_seen),
        )
    });
    let now = whole_second(Timestamp::now());
    let listed: Vec<_> = read
        .incidents
        .iter()
        .map(|known| ListedIncident::new(known, now))
        .collect();
    let is_open = listed.iter().any(|incident| incident.state == "open");
    let text = match args.format {
        EvidenceFormat::Text => text(&listed, &read, args.all),
        EvidenceFormat::Json => json(listed, &read, &args.source, now),
    };
    target::write(args.output.as_deref(), &text)?;
    Ok(ExitCode::from(if read.more || !read.damaged.is_empty() {
        exit::CANNOT_TELL
    } else if is_open {
        exit::FINDINGS
    } else {
        exit::VALID
    }))
}

fn json(
    incidents: Vec<ListedIncident<'_>>,
    read: &ReadIncidents,
    source: &str,
    at: Timestamp,
) -> String {
    let document = IncidentsDocument {
        schema: SCHEMA,
        source,
        at,
        incidents,
        damaged: &read.damaged,
        more: read.more,
    };
    // Text, times and numbers: JSON can hold everything in it.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn text(incidents: &[ListedIncident<'_>], read: &ReadIncidents, all: bool) -> String {
    let mut out = String::new();
    for incident in incidents {
        write_incident(&mut out, incident);
    }
    for key in &read.damaged {
        let key = printable(key);
        let _ = writeln!(
            out,
            "COULD NOT READ: {key} is not an incident. Somebody may have changed it: list its versions (aws s3api list-object-versions)\n"
        );
    }
    if read.more {
        let _ = writeln!(
            out,
            "COULD NOT READ: there are more than {MAX_INCIDENTS} incidents, and the others were not read\n"
        );
    }
    let count = |state| incidents.iter().filter(|it| it.state == state).count();
    let (open, known) = (count("open"), count("acknowledged"));
    let _ = write!(out, "{open} open, {known} acknowledged");
    let _ = if all {
        writeln!(out, ", {} closed", count("closed"))
    } else {
        writeln!(out, "; --all also lists those that are closed")
    };
    out
}

fn write_incident(out: &mut String, incident: &ListedIncident<'_>) {
    let severity = incident.severity.as_str().to_ascii_uppercase();
    let parts = [Some(incident.kind), incident.account, incident.region];
    let what: Vec<&str> = parts.into_iter().flatten().collect();
    let what = printable(&what.join(" "));
    let _ = writeln!(
        out,
        "{} {severity} {what}",
        incident.state.to_ascii_uppercase()
    );
    let _ = writeln!(out, "  {}", printable(incident.message));
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(out, "  {label:LABEL$}{}", printable(value));
    };
    line("Object", &incident.object.to_string());
    line("First found", &incident.first_seen.to_string());
    let newest = match incident.occurrences {
        1 => incident.last_seen.to_string(),
        n => format!(
            "{}; {n} occurrences, {} not right again",
            incident.last_seen, incident.open_occurrences
        ),
    };
    line("Last found", &newest);
    if let Some(known) = incident.acknowledgment {
        let until = known.until.map(|until| format!(" until {until}"));
        let until = until.unwrap_or_default();
        line(
            "Acknowledged",
            &format!("{}{until} by {}: {}", known.at, known.by, known.reason),
        );
    }
    if let (Some(at), Some(why)) = (incident.closed_at, incident.all_clear) {
        line("Closed", &format!("{at}: {why}"));
    }
    line("ID", incident.id);
    out.push('\n');
}
