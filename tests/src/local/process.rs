//! Child processes that cannot outlive this one.
//!
//! A small shell holds each child on a leash: it starts the program, prints its process ID, and
//! waits for the end of its own standard input. That end arrives when the [`Leashed`] value is
//! dropped, and also when this process dies in any way. Then the shell ends the program.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Starts `$2…` with its output in the file `$1`, prints its process ID, and ends it when standard
/// input ends (first politely, then by force).
const LEASH: &str = r#"
log=$1
shift
"$@" </dev/null >>"$log" 2>&1 &
child=$!
echo "$child"
cat >/dev/null
kill -TERM "$child" 2>/dev/null
tries=0
while kill -0 "$child" 2>/dev/null && [ "$tries" -lt 60 ]; do
    sleep 0.02
    tries=$((tries + 1))
done
kill -KILL "$child" 2>/dev/null
exit 0
"#;

/// The time that a drop waits for the leash to finish.
const END_WITHIN: Duration = Duration::from_secs(4);
/// How many bytes of a log are shown as its tail.
const TAIL_BYTES: usize = 6000;

/// A running program that ends with this value.
#[derive(Debug)]
pub(super) struct Leashed {
    pid: u32,
    log: PathBuf,
    leash: Child,
    stdin: Option<ChildStdin>,
}

impl Leashed {
    /// Starts `program` with exactly the environment `env` (and a `PATH`), writing its output to `log`.
    pub(super) fn start<S: AsRef<OsStr>>(
        program: &Path,
        arguments: &[S],
        env: &BTreeMap<String, String>,
        directory: &Path,
        log: &Path,
    ) -> Result<Self> {
        let mut leash = Command::new("sh")
            .args(["-c", LEASH, "leash"])
            .arg(log)
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", search_path())
            .envs(env)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdin = leash.stdin.take();
        let stdout = leash.stdout.take().context("the leash has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let pid = line
            .trim()
            .parse()
            .with_context(|| format!("process id of {}: {line:?}", program.display()))?;
        Ok(Self {
            pid,
            log: log.to_path_buf(),
            leash,
            stdin,
        })
    }

    /// Returns the process ID of the program itself.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns whether the program is still running.
    pub(super) fn is_running(&self) -> bool {
        state_and_parent(self.pid).is_some_and(|(state, _)| state != 'Z')
    }

    /// Returns the last lines that the program wrote.
    pub(super) fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let deadline = Instant::now() + END_WITHIN;
        while matches!(self.leash.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.leash.kill();
                let _ = self.leash.wait();
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Returns the last part of a log file.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let start = text.len().saturating_sub(TAIL_BYTES);
    let shown = String::from_utf8_lossy(text.get(start..).unwrap_or_default()).into_owned();
    format!("--- end of {} ---\n{shown}", log.display())
}

/// Returns the search path for a child.
pub(super) fn search_path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

/// Returns the processes whose parent is `pid`.
pub(super) fn children_of(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|child| state_and_parent(*child).is_some_and(|(_, parent)| parent == pid))
        .collect()
}

/// Returns the state letter and the parent of a process, from `/proc/PID/stat`. The program's name
/// is there in parentheses and may contain spaces, so the fields are counted from the last
/// parenthesis.
fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}
