//! Shell completions and the manual page.

use crate::args::Cli;
use clap::CommandFactory as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Prints a completion script.
pub(crate) fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trailseal", &mut script);
    print(&script)
}

/// Prints the manual page, with one section for each subcommand.
pub(crate) fn manual() -> ExitCode {
    let mut page = Vec::new();
    let command = Cli::command();
    let render =
        |command: clap::Command, page: &mut Vec<u8>| clap_mangen::Man::new(command).render(page);
    let mut rendered = render(command.clone(), &mut page);
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        let name = format!("trailseal {}", below.get_name());
        let below = below.clone().bin_name(name);
        rendered = rendered.and_then(|()| render(below, &mut page));
    }
    match rendered {
        Ok(()) => print(&page),
        Err(_) => ExitCode::FAILURE,
    }
}

/// Prints to standard output. A reader that closes the pipe early is not an error.
fn print(bytes: &[u8]) -> ExitCode {
    let _ = io::stdout().write_all(bytes);
    ExitCode::SUCCESS
}
