//! A day of a CloudTrail trail on a local AWS: verified by the deployed functions, tampered with in
//! front of the reader, alerted on, and compared with the AWS CLI's verdict on the same bucket.
//!
//! With `--hold`, the bucket stays afterward, until Ctrl-C.
//!
//! Exits with 0 if the functions reported exactly what was done to the trail, otherwise with 1.

mod attack;
mod comparison;
mod feed;
mod inbox;
mod record;
mod screen;
mod stage;
mod story;
mod verdicts;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use screen::Screen;

/// The exit code that a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let screen = Screen::new();
    let hold = std::env::args().any(|argument| argument == "--hold");
    // When either ends, the other is dropped, and with it every process and file of the story.
    let outcome = tokio::select! {
        outcome = story::run(&screen, hold) => Some(outcome),
        () = interrupted() => None,
    };
    screen.end_progress();
    match outcome {
        Some(Ok(true)) => ExitCode::SUCCESS,
        Some(Ok(false)) => ExitCode::FAILURE,
        Some(Err(error)) => {
            eprintln!("\nThe demo cannot continue: {error:#}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!(
                "\nThe demo was interrupted. Everything that it started has been stopped and removed."
            );
            ExitCode::from(INTERRUPTED)
        }
    }
}

/// Waits until somebody wants the demo to end: Ctrl-C, a closed terminal, `kill`.
async fn interrupted() {
    let wait = async |kind: SignalKind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
