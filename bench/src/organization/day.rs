//! The day: files arrive, the functions work on them in batches of one size, and `watchdog` looks
//! at each account every hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trailseal::names::places::Places;
use trailseal_tests::trail::Object;

use super::assumptions::{DAY, SAMPLE, WARM_UP};
use super::hourly::{Rounds, append};
use super::requests::Tally;
use super::sample::{Sample, Sizes, start};
use super::settings::{Function, Settings};
use super::stage::{Environment, MARK, Messages, Sums};
use super::store::Store;

/// The numbers of files of an invocation that are measured. What another number takes lies on the
/// line through both.
pub(crate) const BATCHES: [usize; 2] = [1, 10];

/// The hours of the day in which requests are counted with larger batches.
const PART: u32 = 4;

/// The minute of the hour at which `watchdog` starts.
const TICK_MINUTE: i64 = 7;

/// The hours with files of the assumed sizes: the last one is measured.
const SIZED_HOURS: u32 = 2;

/// What a function did, by its logical ID, the form of its messages, and the number of files of an
/// invocation.
pub(crate) type Measures = BTreeMap<String, Sums>;

/// Returns the key of a function's sums.
pub(crate) fn key(function: Function, messages: Messages, batch: usize) -> String {
    let form = match messages {
        Messages::Single => "single",
        Messages::Listing => "listing",
    };
    format!("{}/{form}/{batch}", function.logical_id())
}

/// Everything that was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Of a day of small files: the numbers of requests.
    pub(crate) counted: Measures,
    /// Of an hour of files of the assumed sizes: times and log lines.
    pub(crate) sized: Measures,
    /// The digests of an hour of the sample.
    pub(crate) digests_an_hour: f64,
    /// The log files of an hour of the sample.
    pub(crate) log_files_an_hour: f64,
    /// The stored bytes of an hour of log files of the sample.
    pub(crate) stored_an_hour: f64,
    /// The share of digests that list no log file.
    pub(crate) empty: f64,
    /// The work on accounts in a day's rounds of `watchdog`: a message is an account.
    pub(crate) accounts: Sums,
    /// What a round reads before it looks at accounts: a message is a round.
    pub(crate) heads: Sums,
    /// An hourly append to the evidence log, by the number of accounts.
    pub(crate) appends: BTreeMap<u32, Sums>,
}

/// One run over some files, with the same number of them in each invocation.
struct Pass<'a> {
    settings: &'a Settings,
    store: Store,
    batch: usize,
    environments: BTreeMap<Function, Environment>,
    waiting: BTreeMap<Function, Vec<&'a Object>>,
    sums: BTreeMap<(Function, Messages), Sums>,
    /// Whether what happens counts.
    counts: bool,
    label: &'static str,
}

/// The functions that new files trigger.
const TRIGGERED: [Function; 3] = [
    Function::DigestValidator,
    Function::LogVerifier,
    Function::KmsContextChecker,
];

/// The functions of the history.
const HISTORY: [Function; 2] = [
    Function::HistoryDigestValidator,
    Function::HistoryLogVerifier,
];

fn is_digest(object: &Object) -> bool {
    object.key.contains("/CloudTrail-Digest/")
}

impl<'a> Pass<'a> {
    fn new(
        sample: &Sample,
        places: &Places,
        settings: &'a Settings,
        batch: usize,
        label: &'static str,
    ) -> Self {
        Self {
            batch,
            ..Self::over(Store::of(sample.memory()), places, settings, label)
        }
    }

    /// Returns a run over what is in the store.
    fn over(store: Store, places: &Places, settings: &'a Settings, label: &'static str) -> Self {
        let start = |function| (function, Environment::start(function, &store, places));
        let functions = TRIGGERED.into_iter().chain(HISTORY);
        Self {
            settings,
            environments: functions.map(start).collect(),
            batch: 1,
            waiting: BTreeMap::new(),
            sums: BTreeMap::new(),
            counts: false,
            label,
            store,
        }
    }

    /// Delivers a file.
    async fn deliver(&mut self, object: &'a Object) -> anyhow::Result<()> {
        self.store.change().put(object.clone());
        if is_digest(object) {
            self.send(Function::DigestValidator, object).await?;
            self.send(Function::LogVerifier, object).await
        } else {
            self.send(Function::KmsContextChecker, object).await
        }
    }

    async fn send(&mut self, to: Function, object: &'a Object) -> anyhow::Result<()> {
        let waiting = self.waiting.entry(to).or_default();
        waiting.push(object);
        if waiting.len() >= self.batch {
            self.invoke(to).await?;
        }
        Ok(())
    }

    async fn invoke(&mut self, function: Function) -> anyhow::Result<()> {
        let batch = self.waiting.remove(&function).unwrap_or_default();
        self.work(function, Messages::Single, &batch).await
    }

    /// Invokes a function with some files.
    async fn work(
        &mut self,
        function: Function,
        messages: Messages,
        files: &[&'a Object],
    ) -> anyhow::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let label = if self.counts { self.label } else { "before" };
        println!("{MARK}{label} {}", key(function, messages, self.batch));
        let sums = self.sums.entry((function, messages)).or_default();
        let sums = self.counts.then_some(sums);
        let settings = self.settings.of(function);
        let environment = &self.environments[&function];
        environment
            .invoke(messages, files, settings, &self.store, sums)
            .await
    }

    /// Lets the history verify some digests again, a batch in each invocation.
    async fn verify_again(
        &mut self,
        digests: &[&'a Object],
        messages: Messages,
    ) -> anyhow::Result<()> {
        for function in HISTORY {
            for files in digests.chunks(self.batch) {
                self.work(function, messages, files).await?;
            }
        }
        Ok(())
    }

    /// Lets the functions work on what waits for a full batch.
    async fn flush(&mut self) -> anyhow::Result<()> {
        for function in TRIGGERED {
            self.invoke(function).await?;
        }
        Ok(())
    }

    fn into_measures(self) -> Measures {
        let sums = self.sums.into_iter();
        sums.map(|((function, messages), sums)| (key(function, messages, self.batch), sums))
            .collect()
    }
}

/// Runs everything. Log lines go to the standard output.
pub(crate) async fn simulate(settings: &Settings) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    sized(settings, &mut measured).await?;
    counted(settings, &mut measured).await?;
    Ok(measured)
}

/// An hour of files of the assumed sizes.
async fn sized(settings: &Settings, measured: &mut Measured) -> anyhow::Result<()> {
    let sample = Sample::generate(SAMPLE, SIZED_HOURS, Sizes::Assumed);
    let places = sample.places();
    let deliveries = sample.deliveries();
    // The hour's log files are delivered within it, and its digest after it.
    let (from, until) = (hour(SIZED_HOURS - 1), hour(SIZED_HOURS));
    let is_of_hour = |object: &&Object| {
        let at = object.delivered_at;
        if is_digest(object) {
            at > until
        } else {
            at > from
        }
    };
    for batch in BATCHES {
        let mut pass = Pass::new(&sample, &places, settings, batch, "sized");
        for counts in [false, true] {
            pass.counts = counts;
            let files = deliveries.iter().copied();
            for object in files.filter(|object| is_of_hour(object) == counts) {
                pass.deliver(object).await?;
            }
            pass.flush().await?;
        }
        // The history verifies what other digests followed: those of the hour before.
        let followed = deliveries.iter().copied().filter(|object| {
            is_digest(object) && object.delivered_at > from && object.delivered_at < until
        });
        let followed: Vec<&Object> = followed.collect();
        for messages in [Messages::Single, Messages::Listing] {
            pass.verify_again(&followed, messages).await?;
        }
        measured.sized.extend(pass.into_measures());
    }
    let files = deliveries.iter().copied();
    let files = files.filter(|object| !is_digest(object) && is_of_hour(object));
    let stored = files.map(|object| crate::report::float(object.body.len() as u64));
    measured.stored_an_hour = stored.sum();
    Ok(())
}

/// A day of small files.
async fn counted(settings: &Settings, measured: &mut Measured) -> anyhow::Result<()> {
    let hours = WARM_UP + DAY;
    let sample = Sample::generate(SAMPLE, hours, Sizes::Small);
    let places = sample.places();
    let deliveries = sample.deliveries();
    let mut receipts = BTreeMap::new();
    for batch in BATCHES {
        let mut pass = Pass::new(&sample, &places, settings, batch, "counted");
        let mut rounds = Rounds::new(&pass.store, &places);
        let mut files = deliveries.iter().copied().peekable();
        // What a round does is the same, whatever the size of batches.
        let is_whole = batch == BATCHES[0];
        let hours = if is_whole { hours } else { WARM_UP + PART };
        for number in 0..hours {
            pass.counts = number >= WARM_UP;
            let tick = tick(number);
            while let Some(object) = files.next_if(|object| object.delivered_at < tick) {
                pass.deliver(object).await?;
            }
            pass.flush().await?;
            if is_whole {
                println!("{MARK}before rounds");
                rounds.round(tick, pass.counts).await?;
            }
        }
        if is_whole {
            measured.accounts = rounds.accounts;
            measured.heads = rounds.heads;
            receipts = pass.store.memory().evidence("receipts/");
            let days = days_of_chains(&deliveries);
            for batch in BATCHES {
                let mut again = Pass {
                    batch,
                    counts: true,
                    ..Pass::over(pass.store.clone(), &places, settings, "counted")
                };
                for digests in &days {
                    // Whole batches only: each invocation counts as one of this size.
                    let whole = digests.len() / batch * batch;
                    again
                        .verify_again(&digests[..whole], Messages::Listing)
                        .await?;
                }
                measured.counted.extend(again.into_measures());
            }
        }
        measured.counted.extend(pass.into_measures());
    }
    let of_function = |function| &measured.counted[&key(function, Messages::Single, BATCHES[0])];
    let day = f64::from(DAY);
    measured.digests_an_hour = of_function(Function::DigestValidator).messages / day;
    measured.log_files_an_hour = of_function(Function::KmsContextChecker).messages / day;
    measured.empty = share_of_empty(&receipts);
    for accounts in super::assumptions::ACCOUNTS {
        println!("{MARK}before appends");
        let appended = append(&receipts, accounts).await?;
        measured.appends.insert(accounts, appended);
    }
    Ok(())
}

/// Returns the digests of each day of each chain: those that arrive from the first hour that counts
/// until the last round, so that their predecessors exist.
fn days_of_chains<'a>(deliveries: &[&'a Object]) -> Vec<Vec<&'a Object>> {
    let mut days: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    let (from, until) = (hour(WARM_UP), tick(WARM_UP + DAY - 1));
    for object in deliveries {
        // `…/2026/01/15/…_us-east-1_20260115T120000Z.json.gz`
        if let Some((chain, _)) = object.key.rsplit_once('_')
            && is_digest(object)
            && (from..until).contains(&object.delivered_at)
        {
            days.entry(chain).or_default().push(object);
        }
    }
    days.into_values().collect()
}

fn hour(number: u32) -> Timestamp {
    start() + SignedDuration::from_hours(number.into())
}

/// Returns the time of the round of an hour.
fn tick(number: u32) -> Timestamp {
    hour(number) + SignedDuration::from_mins(TICK_MINUTE)
}

/// Returns the share of digests that list no log file, by the receipts of log-verifier.
fn share_of_empty(receipts: &BTreeMap<String, String>) -> f64 {
    let (mut all, mut empty) = (0.0, 0.0);
    for (name, receipt) in receipts {
        if name.contains("/log-verifier-") {
            let receipt: serde_json::Value = serde_json::from_str(receipt).unwrap_or_default();
            all += 1.0;
            if receipt["digest"]["logFiles"] == 0 {
                empty += 1.0;
            }
        }
    }
    empty / all
}

/// What a function does with a batch of any size: a part for each invocation, and one for each
/// message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line<T> {
    pub(crate) invocation: T,
    pub(crate) message: T,
}

impl Line<f64> {
    /// Returns the line through what both batch sizes took, by the sums of invocations.
    pub(crate) fn through(
        measures: &Measures,
        function: Function,
        messages: Messages,
        of: fn(&Sums) -> f64,
    ) -> Self {
        let [small, large] = BATCHES.map(|batch| &measures[&key(function, messages, batch)]);
        let point = |sums: &Sums| {
            (
                sums.messages / sums.invocations,
                of(sums) / sums.invocations,
            )
        };
        let ((few, less), (many, more)) = (point(small), point(large));
        let message = (more - less) / (many - few);
        Self {
            invocation: less - message * few,
            message,
        }
    }

    pub(crate) fn at(&self, messages: f64) -> f64 {
        self.invocation + self.message * messages
    }
}

impl Line<Tally> {
    /// Returns the line of the numbers of requests.
    pub(crate) fn of_requests(measures: &Measures, function: Function, messages: Messages) -> Self {
        let [small, large] = BATCHES.map(|batch| &measures[&key(function, messages, batch)]);
        let mut line = Self::default();
        let kinds = small.tally.0.keys().chain(large.tally.0.keys());
        let kinds: std::collections::BTreeSet<_> = kinds.copied().collect();
        for kind in kinds {
            let point = |sums: &Sums| {
                let invocations = sums.invocations;
                (
                    sums.messages / invocations,
                    sums.tally.of(kind) / invocations,
                )
            };
            let ((few, less), (many, more)) = (point(small), point(large));
            let message = (more - less) / (many - few);
            line.message.add(kind, message);
            line.invocation.add(kind, less - message * few);
        }
        line
    }
}
