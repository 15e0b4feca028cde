//! The record of which statement allowed which action in which test.
//!
//! Several test programs, and several processes, append to one file. It is named by an environment
//! variable; without it, nothing is recorded.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::actions::Needed;
use super::policy::Grant;

/// The variable that names the file.
pub const VARIABLE: &str = "TRAILSEAL_PRIVILEGES";

/// The maximum number of lines that one process writes.
const MAX_LINES: usize = 50_000;

/// An action that a statement allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Use {
    /// The role, as its template names it.
    pub role: String,
    /// The function that made the call.
    pub function: String,
    /// The resource of the template that the policy is part of.
    pub policy: String,
    /// The statement's ID.
    pub sid: String,
    /// The action, as the statement names it.
    pub action: String,
    /// The action that was used.
    pub used: String,
    /// Which one of the statement's resources it was, from 0.
    pub resource: usize,
    /// How many resources the statement has.
    pub resources: usize,
    /// The test.
    pub test: String,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Use(Use),
    Full { full: bool },
}

#[derive(Debug)]
struct Writer {
    file: File,
    seen: BTreeSet<Use>,
}

/// Returns the name of the current test, with its program: `pipeline::guard::NAME`.
pub fn current_test() -> String {
    let program = env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy();
    let program = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
    let thread = thread::current();
    format!("{program}::{}", thread.name().unwrap_or_default())
}

/// Records what a call used.
pub fn write(role: &str, function: &str, granted: &[(Needed, Vec<Grant>)], test: &str) {
    static WRITER: OnceLock<Option<Mutex<Writer>>> = OnceLock::new();
    let Some(writer) = WRITER.get_or_init(|| env::var_os(VARIABLE).map(open)) else {
        return;
    };
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    for (needed, grants) in granted {
        for grant in grants {
            writer.add(Use {
                role: role.to_owned(),
                function: function.to_owned(),
                policy: grant.policy.clone(),
                sid: grant.sid.clone(),
                action: grant.action.clone(),
                used: needed.action.clone(),
                resource: grant.resource,
                resources: grant.resources,
                test: test.to_owned(),
            });
        }
    }
}

fn open(path: impl AsRef<Path>) -> Mutex<Writer> {
    let path = path.as_ref();
    let file = OpenOptions::new().create(true).append(true).open(path);
    Mutex::new(Writer {
        file: file.unwrap_or_else(|error| panic!("{VARIABLE}={}: {error}", path.display())),
        seen: BTreeSet::new(),
    })
}

impl Writer {
    fn add(&mut self, used: Use) {
        if self.seen.len() > MAX_LINES || !self.seen.insert(used.clone()) {
            return;
        }
        let line = if self.seen.len() > MAX_LINES {
            Line::Full { full: true }
        } else {
            Line::Use(used)
        };
        // One write: the lines of several processes do not mix.
        let line = serde_json::to_string(&line).expect("JSON") + "\n";
        let written = self.file.write_all(line.as_bytes());
        written.unwrap_or_else(|error| panic!("{VARIABLE}: {error}"));
    }
}

/// Reads the record that [`VARIABLE`] names.
pub fn read() -> Result<BTreeSet<Use>> {
    let path =
        PathBuf::from(env::var_os(VARIABLE).with_context(|| format!("{VARIABLE} is not set"))?);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut found = BTreeSet::new();
    for line in text.lines() {
        match serde_json::from_str(line).with_context(|| line.to_owned())? {
            Line::Use(used) => found.insert(used),
            Line::Full { .. } => {
                ensure!(false, "a process used more than {MAX_LINES} permissions");
                false
            }
        };
    }
    Ok(found)
}
