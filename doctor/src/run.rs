//! Runs the jobs, several at a time, each within a limit of time.

use crate::jobs::Job;
use crate::progress::Progress;
use crate::report::Check;
use futures::stream::{self, StreamExt as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The number of jobs at the same time.
const JOBS_AT_ONCE: usize = 12;

/// The time within which a job ends. Thousands of chain heads are read within it.
const JOB_WITHIN: Duration = Duration::from_mins(3);

/// Returns the checks of all jobs, in their order.
pub(crate) async fn run(jobs: Vec<Job<'_>>) -> Vec<Check> {
    let progress = Arc::new(Progress::new(jobs.len()));
    let shown = tokio::spawn(Arc::clone(&progress).show());
    let checks: Vec<Vec<Check>> = stream::iter(jobs)
        .map(|job| {
            let progress = &progress;
            async move {
                let checks = within(JOB_WITHIN, job).await;
                progress.advance();
                checks
            }
        })
        .buffered(JOBS_AT_ONCE)
        .collect()
        .await;
    shown.abort();
    checks.into_iter().flatten().collect()
}

async fn within(limit: Duration, job: Job<'_>) -> Vec<Check> {
    timeout(limit, job.work).await.unwrap_or_else(|_| {
        let detail = format!("AWS did not answer within {} seconds", limit.as_secs());
        vec![Check::cannot_tell("answer", job.subject, detail)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Status;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn a_job_without_an_answer_cannot_tell() {
        let job = Job {
            subject: "trailseal-watchdog".to_owned(),
            work: std::future::pending().boxed_local(),
        };
        let checks = within(Duration::from_millis(10), job).await;
        assert_eq!(checks[0].status, Status::CannotTell);
        assert_eq!(checks[0].subject, "trailseal-watchdog");
    }

    #[tokio::test]
    async fn checks_have_the_order_of_their_jobs() {
        let job = |name: &'static str, delay| Job {
            subject: name.to_owned(),
            work: async move {
                tokio::time::sleep(Duration::from_millis(delay)).await;
                vec![Check::ok("rule", name, "it is enabled")]
            }
            .boxed_local(),
        };
        let checks = run(vec![job("slow", 30), job("quick", 0)]).await;
        let subjects: Vec<&str> = checks.iter().map(|it| it.subject.as_str()).collect();
        assert_eq!(subjects, ["slow", "quick"]);
    }
}
