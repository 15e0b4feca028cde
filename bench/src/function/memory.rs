//! Sizes of memory: how long an invocation takes with the share of a processor that Lambda gives.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use trailseal_tests::local::Rie;

use super::{Subject, log_verifier, once};
use crate::lab::Lab;
use crate::organization::{GIGABYTE_SECOND, MEMORY_SIZES, WHOLE_PROCESSOR_MB};
use crate::report::{Section, Table, count, median, percent, seconds};

const ROUNDS: usize = 5;
/// The kernel gives the processor's time in periods of this many microseconds.
const PERIOD: u32 = 20_000;
/// The folders of the controllers of the processor's time, of control groups 1 and 2.
const FIRST: &str = "/sys/fs/cgroup/cpu";
const SECOND: &str = "/sys/fs/cgroup";

/// A control group with a share of the processors. Only root can make one.
struct ProcessorShare {
    folder: PathBuf,
    is_first: bool,
}

impl ProcessorShare {
    fn new() -> anyhow::Result<Self> {
        let is_first = PathBuf::from(FIRST).join("cpu.cfs_quota_us").exists();
        let parent = PathBuf::from(if is_first { FIRST } else { SECOND });
        let folder = parent.join(format!("trailseal-bench-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder, is_first })
    }

    /// Limits the group to this many processors.
    fn limit(&self, processors: f64) -> anyhow::Result<()> {
        let quota = (processors * f64::from(PERIOD)).round();
        if self.is_first {
            self.write("cpu.cfs_period_us", &PERIOD.to_string())?;
            self.write("cpu.cfs_quota_us", &format!("{quota:.0}"))
        } else {
            self.write("cpu.max", &format!("{quota:.0} {PERIOD}"))
        }
    }

    /// Moves a function's process into the group.
    async fn hold(&self, rie: &Rie) -> anyhow::Result<()> {
        let processes = rie.function_ids().await;
        ensure!(!processes.is_empty(), "the function's process is gone");
        for process in processes {
            self.write("cgroup.procs", &process.to_string())?;
        }
        Ok(())
    }

    fn write(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, value).with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for ProcessorShare {
    fn drop(&mut self) {
        // The processes of the function are gone with the emulator.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Adds a table with the times of later invocations of log-verifier for each size of memory.
pub(super) async fn measure(
    lab: &Lab,
    subjects: &[Subject<'_>],
    section: &mut Section,
) -> anyhow::Result<()> {
    let share = match ProcessorShare::new() {
        Ok(share) => share,
        Err(error) => {
            section.note(format!(
                "The sizes of memory were not measured: {error:#}. Run the benchmark as root."
            ));
            return Ok(());
        }
    };
    let mut table = Table::new([
        "log-verifier, a later invocation",
        "memory",
        "share of a processor",
        "time",
        "USD for a million",
    ]);
    for subject in subjects {
        let log = lab.scratch().join("memory.log");
        let rie = Rie::start(log_verifier(subject.endpoint)?, &log).await?;
        once(&rie, subject).await?;
        share.hold(&rie).await?;
        for size in MEMORY_SIZES {
            let processors = f64::from(size) / WHOLE_PROCESSOR_MB;
            share.limit(processors)?;
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                times.push(once(&rie, subject).await?);
            }
            let time = median(times);
            table.row([
                format!("a digest of {} log files", count(subject.log_files)),
                format!("{size} MB"),
                percent(processors),
                seconds(time),
                format!(
                    "{:.2}",
                    time * f64::from(size) / 1024.0 * GIGABYTE_SECOND.usd * 1e6
                ),
            ]);
        }
    }
    section.table(table);
    Ok(())
}
