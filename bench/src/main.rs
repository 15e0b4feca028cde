//! Benchmarks of the command `trailseal verify` and of the function log-verifier, against the AWS
//! CLI and against what the machine can do at most. `docs/benchmarks.md` tells what each measures.
#![forbid(unsafe_code)]

mod content;
mod cpu;
mod data;
mod digests;
mod function;
mod growth;
mod lab;
mod latency;
mod limit;
mod machine;
mod measure;
mod memory;
mod plot;
mod report;
mod server;
mod signatures;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};

use lab::Lab;
use report::Section;

const USAGE: &str = "\
Benchmarks of Trailseal. Without arguments, all of them.

  trailseal-bench [cpu | latency | throughput | memory | digests | growth | function]…
  trailseal-bench serve SET [DELAY]   serve a data set, answering after DELAY milliseconds
  trailseal-bench data                only make the data

Data sets are made once, in target/bench-data.
";

type Benchmark = fn(&mut Lab) -> anyhow::Result<Section>;

/// The benchmarks in the order of the report.
const BENCHMARKS: [(&str, Benchmark); 7] = [
    ("cpu", cpu::run),
    ("latency", latency::slow),
    ("throughput", latency::fast),
    ("memory", memory::run),
    ("digests", digests::run),
    ("growth", growth::run),
    ("function", function::run),
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
    let endpoint = server::Endpoint::start(&set, delay)?;
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

fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let known = |name: &String| BENCHMARKS.iter().any(|(known, _)| known == name);
    if let Some(unknown) = arguments.iter().find(|name| !known(name)) {
        bail!("{unknown} is no benchmark\n\n{USAGE}");
    }
    let mut lab = Lab::new()?;
    println!("{}", machine::describe()?);
    let mut sections = Vec::new();
    let mut failed = false;
    for (name, benchmark) in BENCHMARKS {
        if !arguments.is_empty() && !arguments.iter().any(|wanted| wanted == name) {
            continue;
        }
        match benchmark(&mut lab) {
            Ok(section) => {
                println!("{section}");
                sections.push(section);
            }
            Err(error) => {
                eprintln!("{name} did not run: {error:#}");
                failed = true;
            }
        }
    }
    println!("{}", report::summary(&sections));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
