//! The command `trailseal`: verifies CloudTrail's digest and log files, in S3 or on disk.
#![forbid(unsafe_code)]

mod advice;
mod args;
mod baseline;
mod bundle;
mod collect;
mod doctor;
mod evidence;
mod exit;
mod incidents;
mod input;
mod inspect;
mod interrupt;
mod keys;
mod kms;
mod options;
mod output;
mod progress;
mod report;
mod requests;
mod setup;
mod shell;
mod source;
mod time;
mod validate_logs;
mod verify;

use args::{Cli, Command};
use clap::Parser as _;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// A run makes a few hundred allocations for each request to S3, on all threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    // Tasks that read and hash files block their worker thread.
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get) * 2;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(cli.command));
            // Requests that are still in flight after an interrupt are not awaited.
            runtime.shutdown_background();
            code
        }
        Err(error) => exit::Stop::cannot_tell(format_args!("cannot start: {error}")).print(),
    }
}

async fn run(command: Command) -> ExitCode {
    match command {
        Command::Verify(args) => verify::run(*args).await,
        Command::Collect(args) => collect::run(*args).await,
        Command::ValidateLogs(args) => ExitCode::from(validate_logs::run(*args).await),
        Command::Inspect(args) => inspect::run(args).await,
        Command::Kms(args) => kms::run(*args).await,
        Command::Keys(args) => keys::run(args).await,
        Command::Baseline(args) => baseline::run(&args),
        Command::Evidence(args) => evidence::run(*args).await,
        Command::Incidents(args) => incidents::list(args).await,
        Command::Ack(args) => incidents::acknowledge(args).await,
        Command::Doctor { arguments } => doctor::run(arguments),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::manual(),
    }
}

/// Prints help and the version to standard output. Every other error is wrong usage.
fn refuse(error: &clap::Error) -> ExitCode {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if asked {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let of_validate_logs = std::env::args_os()
        .nth(1)
        .is_some_and(|command| command == "validate-logs");
    let _ = error.print();
    if of_validate_logs {
        ExitCode::from(validate_logs::usage_exit_code(error))
    } else {
        ExitCode::from(exit::USAGE)
    }
}
