//! The commands in the documents: in their shell blocks, and those that texts quote.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::local::paths::repository;

/// The words that end a command in a shell line.
const OPERATORS: [&str; 7] = ["|", "||", "&&", ";", ">", ">>", "<"];

/// A command in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentCommand {
    /// The page, and the number of the line.
    pub place: String,
    /// The words, the name of the program first.
    pub words: Vec<String>,
    /// Whether it is in a shell block. A text may quote a part of a command only.
    pub is_whole: bool,
    /// The files that the page writes before it (`cat > NAME <<'END'`), with their content.
    pub files: BTreeMap<String, String>,
}

/// Returns the documents for users: the README and the pages in `docs`.
pub fn pages() -> Vec<PathBuf> {
    let folder = fs::read_dir(repository().join("docs")).expect("docs/");
    let mut pages: Vec<PathBuf> = folder
        .map(|entry| entry.expect("a page").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(repository().join("README.md"));
    pages.sort();
    pages
}

/// Returns the commands of a program in all documents.
pub fn commands(program: &str) -> Vec<DocumentCommand> {
    let mut found = Vec::new();
    for path in pages() {
        let name = path
            .strip_prefix(repository())
            .unwrap_or(&path)
            .display()
            .to_string();
        let text = fs::read_to_string(&path).expect("a page");
        found.extend(commands_of(program, &name, &text));
    }
    found
}

/// Returns the commands of a program in a page.
pub fn commands_of(program: &str, page: &str, text: &str) -> Vec<DocumentCommand> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    // A line of a shell, or a paragraph: its first line, and its text so far.
    let mut part: Option<(usize, String)> = None;
    // A document in a shell block: its file, the word that ends it, and its content so far.
    let mut here: Option<(String, String, String)> = None;
    let mut files = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines().chain([""])) {
        let trimmed = line.trim();
        if let Some((file, end, mut content)) = here.take() {
            if trimmed == end {
                files.insert(file, content);
            } else {
                content.push_str(trimmed);
                here = Some((file, end, content));
            }
            continue;
        }
        if let Some(language) = trimmed.strip_prefix("```") {
            if let Some((start, text)) = part.take() {
                found.extend(quoted(program, page, start, &text));
            }
            block = match block {
                Some(_) => None,
                None => Some(language.to_owned()),
            };
            continue;
        }
        match block.as_deref() {
            Some("sh") if trimmed.starts_with("cat > ") => {
                here = here_document(trimmed);
            }
            Some("sh") => {
                let (start, mut text) = part.take().unwrap_or((number, String::new()));
                text.push_str(trimmed.trim_end_matches('\\'));
                if trimmed.ends_with('\\') {
                    part = Some((start, text));
                } else {
                    let commands = of_line(program, page, start, &text).into_iter();
                    found.extend(commands.map(|command| DocumentCommand {
                        files: files.clone(),
                        ..command
                    }));
                }
            }
            Some(_) => {}
            None if trimmed.is_empty() || trimmed.starts_with('|') => {
                if let Some((start, text)) = part.take() {
                    found.extend(quoted(program, page, start, &text));
                }
                found.extend(quoted(program, page, number, trimmed));
            }
            None => {
                let (start, mut text) = part.take().unwrap_or((number, String::new()));
                text.push_str(trimmed);
                text.push(' ');
                part = Some((start, text));
            }
        }
    }
    found
}

/// Returns the file of `cat > FILE <<'END'`, the word that ends its content, and no content yet.
fn here_document(line: &str) -> Option<(String, String, String)> {
    let (file, end) = line.strip_prefix("cat > ")?.split_once(" <<")?;
    let end = end.trim_matches('\'').to_owned();
    Some((file.to_owned(), end, String::new()))
}

/// Returns the commands of a line of a shell.
fn of_line(program: &str, page: &str, number: usize, line: &str) -> Vec<DocumentCommand> {
    // `NAME=$(command)` runs the command.
    let inner = line.split_once("=$(").and_then(|(name, rest)| {
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| rest.trim_end().trim_end_matches(')'))
    });
    let Some(words) = shlex::split(inner.unwrap_or(line)) else {
        return Vec::new();
    };
    words
        .split(|word| OPERATORS.contains(&word.as_str()))
        .filter(|words| words.first().is_some_and(|word| word == program))
        .map(|words| DocumentCommand {
            place: format!("{page}:{number}"),
            words: words.to_vec(),
            is_whole: true,
            files: BTreeMap::new(),
        })
        .collect()
}

/// Returns the commands that a text quotes. One with `…` leaves something out.
fn quoted(program: &str, page: &str, number: usize, text: &str) -> Vec<DocumentCommand> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quote| !quote.contains('…'))
        .filter_map(shlex::split)
        .filter(|words| words.len() > 1 && words.first().is_some_and(|word| word == program))
        .map(|words| DocumentCommand {
            place: format!("{page}:{number}"),
            words,
            is_whole: false,
            files: BTreeMap::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<(String, bool)> {
        let found = commands_of("aws", "page", text).into_iter();
        found
            .map(|found| (found.words.join(" "), found.is_whole))
            .collect()
    }

    #[test]
    fn commands_of_shell_blocks_are_whole() {
        let text = "Run:\n\n```sh\naws s3 ls \\\n    s3://b   # a comment\nID=$(aws sts get-caller-identity --output text)\nfalse && aws s3 ls > out\ncargo aws\n```\n";
        let expected = [
            "aws s3 ls s3://b",
            "aws sts get-caller-identity --output text",
            "aws s3 ls",
        ];
        assert_eq!(
            words_of(text),
            expected.map(|words| (words.to_owned(), true))
        );
    }

    #[test]
    fn a_command_has_the_files_that_were_written_before_it() {
        let text =
            "```sh\ncat > a.json <<'END'\n{\n  \"aws\": 1}\nEND\naws s3 cp a.json s3://b\n```\n";
        let found = commands_of("aws", "page", text);
        let [command] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(command.files["a.json"], r#"{"aws": 1}"#);
    }

    #[test]
    fn texts_quote_parts_of_commands() {
        let text = "Use `aws s3api\nhead-object`, not `aws`.\n\n| `aws s3 ls` | `aws s3 …` |\n\n```json\naws s3 cp\n```\n";
        let expected = ["aws s3api head-object", "aws s3 ls"];
        assert_eq!(
            words_of(text),
            expected.map(|words| (words.to_owned(), false))
        );
    }
}
