//! The documents name commands that exist.

use super::Cli;
use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use trailseal_tests::documents::commands;

/// Every command in a shell block is one that the command line accepts. What a text quotes may leave
/// out what is required, and nothing else.
#[test]
fn every_command_in_the_documents_is_accepted() {
    let commands = commands("trailseal");
    let whole = commands.iter().filter(|command| command.is_whole).count();
    assert!(whole > 20, "{whole} commands");
    let mut refused = Vec::new();
    for command in commands {
        match Cli::try_parse_from(&command.words) {
            Ok(_) => {}
            Err(error) if !command.is_whole && is_incomplete(&error) => {}
            Err(error) => refused.push(format!("{}: {error}", command.place)),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn is_incomplete(error: &clap::Error) -> bool {
    match error.kind() {
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelp
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
        // An option without its value, which clap reports as an empty value.
        ErrorKind::InvalidValue => {
            error.get(ContextKind::InvalidValue) == Some(&ContextValue::String(String::new()))
        }
        _ => false,
    }
}
