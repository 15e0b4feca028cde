//! A live progress line on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// The interval between two updates of the line.
const EVERY: Duration = Duration::from_millis(200);

/// A progress line on standard error. Shows nothing if standard error is not a terminal.
pub(crate) struct Display {
    bar: ProgressBar,
    task: Option<tokio::task::JoinHandle<()>>,
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
