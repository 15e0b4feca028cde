//! The work of other programs during a benchmark: it makes every figure worthless.

use std::fs;
use std::time::Instant;

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// A benchmark gives no verdict on ratios if other programs, or other virtual machines, used more of
/// the processors' time than this.
pub(crate) const MAX_SHARE: f64 = 0.05;

/// The clock ticks a second in `/proc/stat`: Linux has a hundred on every processor that Trailseal
/// is built for.
const TICKS: f64 = 100.0;

/// The processors' time since a moment.
#[derive(Debug)]
pub(crate) struct Others {
    began: Instant,
    busy: f64,
    own: f64,
}

impl Others {
    /// Starts to watch.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        Ok(Self {
            began: Instant::now(),
            busy: busy()?,
            own: own()?,
        })
    }

    /// Returns the share of the processors' time that others used since then. What this program and
    /// its ended children used is not theirs.
    pub(crate) fn share(&self) -> anyhow::Result<f64> {
        let cores = u32::try_from(std::thread::available_parallelism()?.get())?;
        let all = self.began.elapsed().as_secs_f64() * f64::from(cores);
        let others = (busy()? - self.busy) - (own()? - self.own);
        Ok((others / all).max(0.0))
    }
}

/// Returns the seconds for which the processors were busy since the machine started, with the time
/// that the hypervisor gave to others.
/// <https://docs.kernel.org/filesystems/proc.html#miscellaneous-kernel-statistics-in-proc-stat>
fn busy() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/stat").context("/proc/stat")?;
    busy_ticks(&stat)
        .map(|ticks| ticks / TICKS)
        .context("/proc/stat has no line of all processors")
}

/// Returns the busy ticks of all processors: those of users, of nice programs, of the system, of
/// interrupts and soft interrupts, and stolen ones.
fn busy_ticks(stat: &str) -> Option<f64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let [
        user,
        nice,
        system,
        _idle,
        _wait,
        interrupts,
        soft,
        stolen,
        ..,
    ] = ticks.as_slice()
    else {
        return None;
    };
    Some(user + nice + system + interrupts + soft + stolen)
}

/// Returns the seconds of this program and its ended children.
fn own() -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        for time in [usage.user_time(), usage.system_time()] {
            let micros = time.num_microseconds().unsigned_abs();
            seconds += std::time::Duration::from_micros(micros).as_secs_f64();
        }
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_waiting_are_not_busy() {
        let stat = "cpu  10 20 30 4000 500 6 7 8 900 90\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(busy_ticks(stat), Some(81.0));
        assert_eq!(busy_ticks("cpu0 1 2 3"), None);
        assert_eq!(busy_ticks("cpu  1 2 3"), None);
    }
}
