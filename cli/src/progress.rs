//! A live progress line on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The interval between two updates of the line.
const EVERY: Duration = Duration::from_millis(200);

/// A progress line on standard error. Shows nothing if standard error is not a terminal.
pub(crate) struct Display {
    bar: ProgressBar,
    task: Option<tokio::task::JoinHandle<()>>,
}

/// How much of some work is done.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedWork {
    done: Arc<AtomicU64>,
    all: Arc<AtomicU64>,
}

impl CountedWork {
    /// Notes that so many of all are done.
    pub(crate) fn note(&self, done: u64, all: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all, Ordering::Relaxed);
    }
}

impl Display {
    /// Shows the text that `line` returns for the time since the start, once `after` has passed.
    pub(crate) fn start(
        after: Duration,
        line: impl Fn(Duration) -> String + Send + 'static,
    ) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self {
                bar: ProgressBar::hidden(),
                task: None,
            };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        let shown = bar.clone();
        let started = Instant::now();
        let task = tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                ticks.tick().await;
                shown.set_message(line(started.elapsed()));
                shown.tick();
            }
        });
        Self {
            bar,
            task: Some(task),
        }
    }

    /// Shows how many of all `things` are done, once two seconds have passed.
    pub(crate) fn counting(things: &'static str) -> (Self, CountedWork) {
        let work = CountedWork::default();
        let shown = work.clone();
        let display = Self::start(Duration::from_secs(2), move |_| {
            let (done, all) = (
                shown.done.load(Ordering::Relaxed),
                shown.all.load(Ordering::Relaxed),
            );
            format!("{done} of {all} {things}")
        });
        (display, work)
    }

    /// Runs `what` while the line is out of the way, for example to print to the same terminal.
    pub(crate) fn suspended<T>(&self, what: impl FnOnce() -> T) -> T {
        self.bar.suspend(what)
    }

    /// Ends and clears the display.
    pub(crate) fn stop(self) {
        if let Some(task) = self.task {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}
