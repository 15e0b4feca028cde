//! `trailseal doctor`: runs the program `trailseal-doctor`, which is installed by itself, because it
//! calls services that nobody needs who verifies trails.

use crate::exit::Stop;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The name of the program.
const PROGRAM: &str = "trailseal-doctor";

/// What to do if it is missing.
const INSTALL: &str = "the program trailseal-doctor is not beside this command and not on the PATH: install it with `cargo install --locked --path doctor --profile command` in the folder of Trailseal's repository";

/// Runs the program with these arguments, and ends with its exit code.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let own = std::env::current_exe().ok();
    let program = place(own.as_deref());
    match replace(Command::new(&program).args(arguments)) {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Stop::cannot_tell(INSTALL).print(),
        Err(error) => {
            Stop::cannot_tell(format_args!("cannot run {}: {error}", program.display())).print()
        }
    }
}

/// Returns the program beside the command if it exists, otherwise its name, which is then searched
/// for on the `PATH`.
fn place(command: Option<&Path>) -> PathBuf {
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    let beside = command
        .and_then(Path::parent)
        .map(|folder| folder.join(&name));
    let beside = beside.filter(|program| program.is_file());
    beside.unwrap_or_else(|| PathBuf::from(name))
}

/// Replaces this process by the program, so that signals reach it. Returns only if that fails.
#[cfg(unix)]
fn replace(command: &mut Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

/// Runs the program and returns its exit code.
#[cfg(not(unix))]
fn replace(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code();
    let code = code.and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(crate::exit::CANNOT_TELL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_beside_the_command_comes_before_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let command = folder.path().join("trailseal");
        assert_eq!(place(Some(&command)), PathBuf::from(PROGRAM));
        assert_eq!(place(None), PathBuf::from(PROGRAM));
        std::fs::write(folder.path().join(PROGRAM), "").unwrap();
        assert_eq!(place(Some(&command)), folder.path().join(PROGRAM));
    }
}
