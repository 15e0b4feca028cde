//! Benchmarks of the command `trailseal verify` and of the functions, compared with the
//! AWS CLI and with the machine's maximum. `docs/benchmarks.md` describes what each one measures.
#![forbid(unsafe_code)]

mod content;
mod cpu;
mod data;
mod digests;
mod evidence;
mod function;
mod growth;
mod kms;
mod lab;
mod latency;
mod limit;
mod machine;
mod measure;
mod memory;
mod organization;
mod others;
mod pace;
mod plot;
mod quiet;
mod report;
mod requests;
mod sample;
mod server;
mod signatures;
mod throttle;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};

use trailseal_tests::local::paths;

use lab::Lab;
use report::Section;

const USAGE: &str = "\
Benchmarks of Trailseal. Without arguments, all of them.

  trailseal-bench [--write] [cpu | latency | throughput | pace | requests | memory | digests | growth | kms | function | evidence]…
  trailseal-bench serve SET [DELAY]   serve a data set, answer after DELAY milliseconds, print requests
  trailseal-bench data                only make the data
  trailseal-bench kms-files FOLDER    the benchmark kms, of the log files in a folder
  trailseal-bench organization [--write]   a day of an organization: requests, queues and costs


With --write, docs/benchmarks.md and docs/growth.svg get the results, or docs/scale.md. Data sets are made once, in target/bench-data.
";

type Benchmark = fn(&mut Lab) -> anyhow::Result<Section>;

/// The benchmarks in the order of the report.
const BENCHMARKS: [(&str, Benchmark); 11] = [
    ("cpu", cpu::run),
    ("latency", latency::slow),
    ("throughput", latency::fast),
    ("pace", pace::run),
    ("requests", requests::run),
    ("memory", memory::run),
    ("digests", digests::run),
    ("growth", growth::run),
    ("kms", kms::run),
    ("function", function::run),
    ("evidence", evidence::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> anyhow::Result<ExitCode> {
    match arguments.first().map(String::as_str) {
        Some("--help" | "-h") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(measure::SUBCOMMAND) => measure::child(arguments),
        Some(kms::CHILD) => kms::child(arguments),
        Some(requests::CHILD) => requests::child(arguments),
        Some(function::gate::CHILD) => function::gate::child(arguments),
        Some("kms-files") => kms::files(arguments),
        Some("organization") => organization(arguments),
        Some(organization::CHILD) => {
            organization::child(arguments)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(organization::REQUESTS_CHILD) => {
            organization::send_requests(arguments)?;
            Ok(ExitCode::SUCCESS)
        }
        Some("serve") => serve(arguments),
        Some("data") => {
            let mut lab = Lab::new()?;
            for plan in data::ALL {
                lab.set(plan)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => run(arguments),
    }
}

fn serve(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let name = arguments.get(1).context("serve which set?")?;
    let delay = match arguments.get(2) {
        Some(delay) => Duration::from_millis(delay.parse().context("the delay")?),
        None => Duration::ZERO,
    };
    let plan = data::ALL
        .iter()
        .find(|plan| plan.name == name)
        .with_context(|| {
            let names: Vec<&str> = data::ALL.iter().map(|plan| plan.name).collect();
            format!("no such set; there are {}", names.join(", "))
        })?;
    let mut lab = Lab::new()?;
    let set = lab.set(plan)?;
    let endpoint = server::Endpoint::start_printing(&set, delay)?;
    println!(
        "{} serves s3://{} ({} log files); keys: {}",
        endpoint.url(),
        data::BUCKET,
        set.about.log_files,
        set.keys().display()
    );
    loop {
        std::thread::park();
    }
}

/// Prints the tables about a day of an organization.
fn organization(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let mut lab = Lab::new()?;
    let sections = organization::run(&mut lab)?;
    let mut parts = vec![machine::describe()?];
    parts.extend(sections.iter().map(ToString::to_string));
    let run = parts.join("\n");
    println!("{run}");
    if arguments.iter().any(|argument| argument == "--write") {
        write("docs/scale.md", &run)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The start of the document of the last run.
const RUN: &str = "## A run\n\n";

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let (options, arguments): (Vec<String>, Vec<String>) = arguments
        .iter()
        .cloned()
        .partition(|argument| argument == "--write");
    let write_run = !options.is_empty();
    if write_run && !arguments.is_empty() {
        bail!("--write is for a run of all benchmarks");
    }
    let known = |name: &String| BENCHMARKS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = arguments.iter().find(|name| !known(name)) {
        bail!("{unknown} is no benchmark\n\n{USAGE}");
    }
    let mut lab = Lab::new()?;
    let mut parts = vec![machine::describe()?];
    println!("{}", parts[0]);
    let mut sections = Vec::new();
    let mut failed = false;
    for (name, benchmark) in BENCHMARKS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| wanted == name) {
            continue;
        }
        let beside = others::Others::watch()?;
        match benchmark(&mut lab) {
            Ok(mut section) => {
                section.beside(beside.share()?, lab.quiet().end());
                println!("{section}");
                parts.push(section.to_string());
                sections.push(section);
            }
            Err(error) => {
                eprintln!("{name} did not run: {error:#}");
                failed = true;
            }
        }
    }
    let summary = report::summary(&sections);
    println!("{summary}");
    parts.push(summary);
    if write_run && !failed {
        write("docs/benchmarks.md", &parts.join("\n"))?;
        let picture = paths::repository().join("docs").join(growth::PICTURE);
        std::fs::copy(lab.data().join(growth::PICTURE), picture)?;
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Writes a run into the document, in place of the existing one.
fn write(document: &str, run: &str) -> anyhow::Result<()> {
    let path = paths::repository().join(document);
    let text = std::fs::read_to_string(&path)?;
    let (before, _) = text
        .split_once(RUN.trim_end())
        .with_context(|| format!("{} has no place for a run", path.display()))?;
    let text = format!("{before}{RUN}{run}");
    // One empty line is enough.
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let mut written = String::new();
    for (number, line) in lines.iter().enumerate() {
        let after_empty = number > 0 && lines[number - 1].is_empty();
        if !(line.is_empty() && after_empty) {
            written.push_str(line);
            written.push('\n');
        }
    }
    std::fs::write(&path, written).with_context(|| path.display().to_string())
}
