//! The program of `trailseal doctor`: checks a deployed stack and its log buckets.
//!
//! The command `trailseal` runs it. It is a program of its own, because it calls services that no
//! auditor needs.
//!
//! - `stack`, `parts`: what is deployed, and what the template says
//! - `ports`, `aws`: what is read, and the adapters to AWS
//! - `access`: what a policy says about a request
//! - `judge`: the decisions, from what was read to checks
//! - `command`: the commands that mend something
//! - `jobs`, `run`: which checks there are, and how they run
//! - `report`: how checks are printed
#![forbid(unsafe_code)]

mod access;
mod args;
mod aws;
mod clients;
mod command;
mod jobs;
mod judge;
mod log_buckets;
mod parts;
mod ports;
mod progress;
mod records;
mod report;
mod run;
mod stack;

use args::{DoctorArgs, DoctorFormat};
use clap::Parser as _;
use clap::error::ErrorKind;
use clients::Clients;
use ports::ReadStack as _;
use report::Checkup;
use std::io::Write as _;
use std::process::ExitCode;
use trailseal_sign_in::{SignInError, signed_in_to};

/// Something could not be read.
const CANNOT_TELL: u8 = 2;
/// The command line is wrong.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let args = match DoctorArgs::try_parse() {
        Ok(args) => args,
        Err(error) => return refuse(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => match runtime.block_on(checkup(&args)) {
            Ok(checkup) => print(&args, &checkup),
            Err(stop) => stop.print(),
        },
        Err(error) => Stop::new(format!("cannot start: {error}"), CANNOT_TELL).print(),
    }
}

/// Checks the stack.
///
/// # Errors
/// [`Stop`] if there is no stack to check.
async fn checkup(args: &DoctorArgs) -> Result<Checkup, Stop> {
    let region = args.region.clone().map(aws_config::Region::new);
    let config = signed_in_to(args.profile.as_deref(), region).await;
    let config = config.map_err(|error| match error {
        SignInError::Profile(error) => Stop::new(error.to_string(), USAGE),
        SignInError::Refused(why) => Stop::new(why, CANNOT_TELL),
    })?;
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let stacks = aws::CloudFormationStacks::new(&config);
    let stack = match stacks.stack(&args.stack).await {
        Ok(Some(stack)) => stack,
        Ok(None) => {
            let name = &args.stack;
            let why =
                format!("there is no stack {name} in {region}: give its Region with --region");
            return Err(Stop::new(why, USAGE));
        }
        Err(error) => {
            let why = format!(
                "{error}. The command needs cloudformation:DescribeStacks and cloudformation:ListStackResources"
            );
            return Err(Stop::new(why, CANNOT_TELL));
        }
    };
    let clients = Clients::new(&config, &stack);
    let checks = run::run(jobs::all(&stack, &clients)).await;
    Ok(Checkup {
        stack: stack.name.clone(),
        region: stack.region.to_string(),
        checks,
    })
}

fn print(args: &DoctorArgs, checkup: &Checkup) -> ExitCode {
    let text = match args.format {
        DoctorFormat::Text => report::to_text(checkup),
        DoctorFormat::Json => report::to_json(checkup),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(checkup.exit_code()),
        Err(error) => Stop::new(format!("cannot write the checks: {error}"), CANNOT_TELL).print(),
    }
}

/// Prints help and the version to standard output. Every other error is wrong usage.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let _ = error.print();
    if is_asked {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(USAGE)
    }
}

/// The reason why nothing is checked, and the exit code.
#[derive(Debug)]
struct Stop {
    why: String,
    code: u8,
}

impl Stop {
    fn new(why: String, code: u8) -> Self {
        Self { why, code }
    }

    /// Prints the reason in one line on standard error and returns the exit code.
    fn print(self) -> ExitCode {
        let line: Vec<&str> = self.why.split_whitespace().collect();
        let line = trailseal::alert::printable(&line.join(" "));
        let _ = writeln!(std::io::stderr(), "trailseal: {line}");
        ExitCode::from(self.code)
    }
}
