//! What is assumed about the organization and about AWS. Everything else is read from the template
//! or measured.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::requests::Request;

/// The Regions of each account: those that are enabled by default.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
pub(crate) const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// The chains of an account in some of its Regions.
#[derive(Debug, Clone)]
pub(crate) struct ChainClass {
    /// The Regions, by their numbers in [`REGIONS`].
    pub(crate) regions: std::ops::Range<usize>,
    /// The number of log files that a digest lists.
    pub(crate) log_files: RangeInclusive<u32>,
    /// The number of records in a log file.
    pub(crate) records: RangeInclusive<u32>,
}

/// An ordinary account: nine of ten.
pub(crate) fn ordinary() -> [ChainClass; 3] {
    [
        // Active, light and quiet Regions.
        class(0..2, 12..=14, 50..=300),
        class(2..5, 2..=6, 5..=40),
        class(5..17, 0..=1, 1..=4),
    ]
}

/// A busy account: one of ten.
pub(crate) fn busy() -> [ChainClass; 3] {
    let [_, light, quiet] = ordinary();
    [class(0..2, 60..=80, 200..=800), light, quiet]
}

const fn class(
    regions: std::ops::Range<usize>,
    log_files: RangeInclusive<u32>,
    records: RangeInclusive<u32>,
) -> ChainClass {
    ChainClass {
        regions,
        log_files,
        records,
    }
}

/// The number of accounts that are simulated, of which one is busy. Larger organizations have the
/// same mix.
pub(crate) const SAMPLE: usize = 10;

/// The sizes of the organization.
pub(crate) const ACCOUNTS: [u32; 3] = [10, 100, 500];

/// The rounds of `watchdog` before those that count: what a round does depends on the hours before
/// it.
pub(crate) const WARM_UP: u32 = 8;

/// The hours of a day.
pub(crate) const DAY: u32 = 24;

/// The seconds after the end of its hour within which a digest arrives: spread evenly.
pub(crate) const SPREAD: RangeInclusive<u32> = 300..=2400;

/// The same if CloudTrail delivers all digests at almost the same time, as one capture shows.
pub(crate) const BURST: RangeInclusive<u32> = 1560..=1800;

/// The number of days for which the log bucket keeps files: the history verifies all of them.
pub(crate) const RETENTION_DAYS: f64 = 365.0;

/// The number of days whose digests are so new that their receipts are stored apart:
/// `STORED_APART_FOR` in `shared/core/src/receipt/together.rs`.
pub(crate) const APART_DAYS: f64 = 3.0;

/// The average number of days in a month, for prices by the month.
pub(crate) const MONTH: f64 = 365.0 / 12.0;

/// The time from a request to its answer, as the function sees it. AWS states none; S3's small
/// requests take "roughly 100–200 milliseconds" at most at the first byte
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>), and usually
/// a fraction of it within a Region.
pub(crate) fn latency(request: Request) -> Duration {
    Duration::from_millis(match request {
        Request::LogGet | Request::EvidenceGet | Request::EvidenceDelete | Request::Sign => 20,
        Request::LogHead => 15,
        Request::LogList | Request::EvidenceList | Request::EvidencePut => 30,
        Request::Send | Request::SendAgain | Request::DescribeKey | Request::KeyPolicy => 10,
        Request::PublicKeys => 60,
    })
}

/// The memory of a function that has a whole processor.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub(crate) const WHOLE_PROCESSOR_MB: f64 = 1769.0;

/// The number of processes with which Lambda polls a queue that has a maximum concurrency, if this
/// allows so many.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>
pub(crate) const POLLERS: usize = 5;

/// The time of a poll of an empty queue.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
pub(crate) const LONG_POLL_SECONDS: f64 = 20.0;

/// The maximum number of messages that a request to SQS receives, sends or deletes.
pub(crate) const SQS_BATCH: f64 = 10.0;

/// What Lambda itself writes to the log for an invocation: `platform.start` and `platform.report`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
pub(crate) const PLATFORM_LINES: f64 = 2.0;

/// The bytes of both.
pub(crate) const PLATFORM_BYTES: f64 = 470.0;

/// What `CloudWatch` Logs counts for each log event besides its text.
/// <https://aws.amazon.com/cloudwatch/pricing/>
pub(crate) const LOG_EVENT_BYTES: f64 = 26.0;

/// How long Lambda keeps an environment, which remembers CloudTrail's keys. AWS states no time.
pub(crate) const ENVIRONMENT_HOURS: f64 = 2.0;

/// Of the history's state machine, from docs/history.md: the express workflow of ten days of a chain
/// takes this many seconds, with 64 MB.
pub(crate) const EXPRESS_SECONDS: f64 = 0.2;

/// Its memory in GB.
pub(crate) const EXPRESS_GB: f64 = 64.0 / 1024.0;

/// The digests of one express workflow: `MaxItemsPerBatch` in the template.
pub(crate) const EXPRESS_DIGESTS: f64 = 240.0;

/// The transitions and listings of the standard workflow for each digest.
pub(crate) const TRANSITIONS: f64 = 0.06 / 74.5;

/// The same of `LIST` requests.
pub(crate) const HISTORY_LISTS: f64 = 0.1 / 74.5;

/// The number of accounts that `watchdog` looks at at the same time: `ACCOUNTS_AT_ONCE` in
/// `functions/watchdog/src/handler.rs`.
pub(crate) const ACCOUNTS_AT_ONCE: f64 = 16.0;

/// The number of documents that an append to the evidence log reads at the same time:
/// `READS_AT_ONCE` in `shared/core/src/evidence_log/append.rs`.
pub(crate) const DOCUMENTS_AT_ONCE: f64 = 16.0;

/// The metrics of `watchdog` (ten), `settings-monitor` (one) and `alerter` (four), which are not
/// simulated line by line.
pub(crate) const OTHER_METRICS: f64 = 15.0;
