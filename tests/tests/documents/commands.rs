//! The AWS CLI knows the commands in the documents.

use crate::root;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use trailseal_tests::documents;
use trailseal_tests::local::paths;

/// The AWS CLI accepts each command of a document: it parses the commands, and validates their
/// parameters, without sending a request.
#[test]
fn the_aws_cli_accepts_every_command_in_the_documents() {
    let commands = documents::commands("aws");
    let whole = commands.iter().filter(|command| command.is_whole).count();
    assert!(whole > 45, "{whole} commands");
    let input: Vec<Value> = commands
        .iter()
        .map(|command| json!({"words": command.words, "isWhole": command.is_whole, "files": command.files}))
        .collect();
    let mut check = Command::new(paths::python())
        .arg(root().join("tests/local-aws/aws_commands.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the environment of `make venv`");
    let mut pipe = check.stdin.take().expect("standard input");
    pipe.write_all(Value::from(input).to_string().as_bytes())
        .expect("the script reads the commands");
    drop(pipe);
    let output = check.wait_with_output().expect("the script ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let problems: Vec<Option<String>> = serde_json::from_slice(&output.stdout).expect("JSON");
    let refused: Vec<String> = commands
        .iter()
        .zip(&problems)
        .filter_map(|(command, problem)| {
            let problem = problem.as_ref()?;
            Some(format!(
                "{}: {:?}\n    {problem}",
                command.place, command.words
            ))
        })
        .collect();
    assert_eq!(problems.len(), commands.len());
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
