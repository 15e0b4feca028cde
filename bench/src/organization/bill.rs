//! A day of an organization: what it takes, and what AWS charges for it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::assumptions::{
    ACCOUNTS_AT_ONCE, APART_DAYS, DAY, DOCUMENTS_AT_ONCE, ENVIRONMENT_HOURS, EXPRESS_DIGESTS,
    EXPRESS_GB, EXPRESS_SECONDS, HISTORY_LISTS, LOG_EVENT_BYTES, LONG_POLL_SECONDS, MONTH,
    OTHER_METRICS, PLATFORM_BYTES, PLATFORM_LINES, POLLERS, REGIONS, RETENTION_DAYS, SAMPLE,
    SQS_BATCH, TRANSITIONS, WHOLE_PROCESSOR_MB,
};
use super::day::{Line, Measured};
use super::logs::LogLines;
use super::prices::{self, Price};
use super::queue::{ALL_HOUR, Hour, arrivals, simulate};
use super::requests::{Request, Tally};
use super::settings::{Function, Settings};
use super::stage::{Messages, Sums};
use crate::report::float;

/// The seconds of a day.
const DAY_SECONDS: f64 = 86_400.0;

/// What a day's bill is made from.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) measured: &'a Measured,
    pub(crate) logs: &'a LogLines,
    /// The seconds on the processor of a request through the SDK.
    pub(crate) request: f64,
    pub(crate) settings: &'a Settings,
    /// When digests arrive, in seconds after the end of their hour.
    pub(crate) spread: &'a RangeInclusive<u32>,
    /// The price of a GB-second of Lambda.
    pub(crate) compute: Price,
    /// The bytes of log lines for each message, if not those that are measured.
    pub(crate) logged: fn(Function) -> Option<f64>,
    /// The form of the history's messages.
    pub(crate) past: Messages,
}

/// A line of the bill. What belongs to no function has none.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) function: Option<Function>,
    pub(crate) price: Price,
    pub(crate) quantity: f64,
}

impl Item {
    pub(crate) fn usd(&self) -> f64 {
        self.quantity * self.price.usd
    }
}

/// The work of a function in a day.
#[derive(Debug, Clone, Default)]
pub(crate) struct Work {
    pub(crate) messages: f64,
    pub(crate) invocations: f64,
    /// The seconds of all invocations.
    pub(crate) duration: f64,
    pub(crate) gigabyte_seconds: f64,
    pub(crate) requests: Tally,
    /// Bytes of log lines.
    pub(crate) logged: f64,
    /// Bytes of documents in the evidence bucket.
    pub(crate) written: f64,
}

/// A day.
#[derive(Debug, Default)]
pub(crate) struct Bill {
    pub(crate) items: Vec<Item>,
    pub(crate) work: BTreeMap<Function, Work>,
    /// What does not depend on the number of accounts, in US dollars.
    pub(crate) fixed: f64,
    /// An hour of the queue of each function that new files trigger.
    pub(crate) hours: BTreeMap<Function, Hour>,
}

impl Bill {
    /// Calculates the bill of an organization with this many accounts.
    pub(crate) fn of(accounts: u32, inputs: Inputs<'_>) -> Self {
        let mut day = Self::default();
        let factor = f64::from(accounts) / float(SAMPLE as u64);
        let (digests, log_files) = (
            inputs.measured.digests_an_hour * factor,
            inputs.measured.log_files_an_hour * factor,
        );
        for (function, messages, within) in [
            (Function::DigestValidator, digests, inputs.spread),
            (Function::LogVerifier, digests, inputs.spread),
            (Function::KmsContextChecker, log_files, &ALL_HOUR),
        ] {
            day.triggered(function, messages, within, inputs);
        }
        day.watchdog(accounts, inputs);
        day.settings_monitor(accounts, inputs);
        day.history(digests * f64::from(DAY), inputs);
        let events = (digests + log_files) * f64::from(DAY);
        day.add(None, prices::EVENT, events);
        let others = day.usd();
        day.fixed(inputs);
        day.fixed = day.usd() - others;
        day
    }

    fn add(&mut self, function: impl Into<Option<Function>>, price: Price, quantity: f64) {
        self.items.push(Item {
            function: function.into(),
            price,
            quantity,
        });
    }

    pub(crate) fn usd(&self) -> f64 {
        self.items.iter().map(Item::usd).sum()
    }

    /// A function that new files trigger.
    fn triggered(
        &mut self,
        function: Function,
        messages: f64,
        within: &RangeInclusive<u32>,
        inputs: Inputs<'_>,
    ) {
        let settings = inputs.settings.of(function);
        let duration = inputs.duration(function);
        let hour = simulate(&arrivals(messages, within), settings, &duration);
        let day = f64::from(DAY);
        let work = inputs.work(
            function,
            hour.messages * day,
            hour.invocations * day,
            hour.duration * day,
        );
        // EventBridge sends messages one by one. A poller that collects gets what is there at once.
        let received = if settings.window > 0.0 {
            work.messages
        } else {
            work.invocations
        };
        let deleted = work.invocations * (float(settings.batch as u64) / SQS_BATCH).max(1.0).ceil();
        let deleted = deleted.min(work.messages);
        self.add(
            function,
            prices::SQS_REQUEST,
            work.messages + received + deleted,
        );
        self.environments(function, hour.concurrency);
        self.work(function, work, inputs);
        self.hours.insert(function, hour);
    }

    /// Each environment asks CloudTrail for the keys of each Region.
    fn environments(&mut self, function: Function, concurrency: usize) {
        if function == Function::KmsContextChecker {
            return;
        }
        let environments = float(concurrency as u64) * f64::from(DAY) / ENVIRONMENT_HOURS;
        let keys = environments * float(REGIONS.len() as u64);
        let work = self.work.entry(function).or_default();
        work.requests.add(Request::PublicKeys, keys);
    }

    /// Adds the work of a function, with its requests, its time, and its log lines.
    fn work(&mut self, function: Function, work: Work, inputs: Inputs<'_>) {
        for (request, number) in &work.requests.0 {
            self.add(function, request.price(), *number);
        }
        self.add(function, prices::LAMBDA_REQUEST, work.invocations);
        self.add(function, inputs.compute, work.gigabyte_seconds);
        self.add(function, prices::LOGS, work.logged / 1e9);
        self.add(function, prices::S3_STORAGE, work.written / 1e9);
        let keys = self.work.remove(&function).unwrap_or_default().requests;
        let mut work = work;
        work.requests += &keys;
        self.work.insert(function, work);
    }

    /// The hourly rounds, and the appends to the evidence log.
    fn watchdog(&mut self, accounts: u32, inputs: Inputs<'_>) {
        let function = Function::Watchdog;
        let settings = inputs.settings.of(function);
        let measured = inputs.measured;
        let day = f64::from(DAY);
        let rounds = measured.accounts.of(f64::from(accounts) * day);
        let heads = inputs.heads(accounts);
        let mut requests = rounds.tally;
        requests += &heads.tally;
        let append = &measured.appends[&accounts];
        requests += &append.tally.times(day);
        requests.add(
            Request::PublicKeys,
            day / ENVIRONMENT_HOURS * float(REGIONS.len() as u64),
        );
        let waited = rounds.waited / ACCOUNTS_AT_ONCE
            + heads.waited
            + append.tally.all() * day * 0.02 / DOCUMENTS_AT_ONCE;
        let processor = rounds.processor
            + heads.processor
            + append.processor * day
            + requests.all() * inputs.request;
        let duration = waited + processor / share(settings.memory_mb);
        // A round, an append and a second look an hour, each in as many invocations as it takes.
        let invocations =
            (duration / day / (float(settings.timeout) * 0.8)).ceil() * day + 2.0 * day;
        let work = Work {
            messages: 3.0 * day,
            invocations,
            duration,
            gigabyte_seconds: duration * settings.memory_mb / 1024.0,
            requests,
            logged: invocations * (PLATFORM_BYTES + 1000.0),
            written: 0.0,
        };
        self.add(function, prices::SQS_REQUEST, 3.0 * invocations);
        self.work(function, work, inputs);
    }

    /// The hourly looks at the settings: each reads all chain heads. What else it reads does not depend
    /// on the number of accounts, and is less than a cent a day.
    fn settings_monitor(&mut self, accounts: u32, inputs: Inputs<'_>) {
        let function = Function::SettingsMonitor;
        let settings = inputs.settings.of(function);
        let day = f64::from(DAY);
        let heads = inputs.heads(accounts);
        let processor = heads.processor + heads.tally.all() * inputs.request;
        let duration = heads.waited + processor / share(settings.memory_mb);
        let work = Work {
            messages: day,
            invocations: day,
            duration,
            gigabyte_seconds: duration * settings.memory_mb / 1024.0,
            requests: heads.tally,
            logged: day * (PLATFORM_BYTES + 1000.0),
            written: 0.0,
        };
        self.add(function, prices::SQS_REQUEST, 3.0 * day);
        self.work(function, work, inputs);
    }

    /// A day's share of the history.
    fn history(&mut self, digests_a_day: f64, inputs: Inputs<'_>) {
        let days = inputs.settings.reverify_days;
        if days == 0.0 {
            return;
        }
        let digests = digests_a_day * RETENTION_DAYS / days;
        // A message lists the digests of a chain that end on the same day.
        let (each, in_workflow) = match inputs.past {
            Messages::Single => (1.0, SQS_BATCH),
            Messages::Listing => (f64::from(DAY), EXPRESS_DIGESTS),
        };
        let batches = digests / in_workflow;
        for function in [
            Function::HistoryDigestValidator,
            Function::HistoryLogVerifier,
        ] {
            let batch = each * float(inputs.settings.of(function).batch as u64);
            let invocations = digests / batch;
            let duration = inputs.duration(function).at(batch) * invocations;
            let mut work = inputs.work(function, digests, invocations, duration);
            if inputs.past == Messages::Listing {
                let apart = digests * APART_DAYS / RETENTION_DAYS;
                work.requests.add(Request::EvidencePut, apart);
            }
            let sent = (digests / each / SQS_BATCH).max(batches);
            let requests = sent + 2.0 * invocations;
            self.add(function, prices::SQS_REQUEST, requests);
            self.environments(function, 1);
            self.work(function, work, inputs);
        }
        self.add(None, prices::EXPRESS, batches);
        self.add(
            None,
            prices::EXPRESS_TIME,
            batches * EXPRESS_SECONDS * EXPRESS_GB,
        );
        self.add(None, prices::TRANSITION, digests * TRANSITIONS);
        self.add(None, prices::S3_LIST, digests * HISTORY_LISTS);
    }

    /// What does not depend on the number of accounts.
    fn fixed(&mut self, inputs: Inputs<'_>) {
        for function in Function::ALL {
            let pollers = POLLERS.min(inputs.settings.of(function).concurrency);
            let polls = float(pollers as u64) * DAY_SECONDS / LONG_POLL_SECONDS;
            self.add(None, prices::SQS_REQUEST, polls);
        }
        self.add(
            None,
            prices::ALARM,
            f64::from(inputs.settings.alarms) / MONTH,
        );
        let metrics = float(inputs.logs.metrics.len() as u64) + OTHER_METRICS;
        self.add(None, prices::METRIC, metrics / MONTH);
        // The alert topic's key and that of the evidence log.
        self.add(None, prices::KMS_KEY, 2.0 / MONTH);
        self.add(None, prices::SNS_PUBLISH, 1.0);
    }
}

/// Returns the share of a processor that a function has.
fn share(memory_mb: f64) -> f64 {
    (memory_mb / WHOLE_PROCESSOR_MB).min(1.0)
}

impl Inputs<'_> {
    /// Returns what it takes to read all chain heads every hour of a day. A page of a listing has a
    /// thousand names.
    fn heads(&self, accounts: u32) -> Sums {
        let day = f64::from(DAY);
        let factor = f64::from(accounts) / float(SAMPLE as u64);
        let mut heads = self.measured.heads.of(factor * day);
        let chains = float(REGIONS.len() as u64) * f64::from(accounts);
        let pages = (chains / 1000.0).ceil() * day;
        heads.tally.0.insert(Request::EvidenceList, pages);
        heads
    }

    /// Returns the duration of an invocation: the time for which it waits, and the processor time,
    /// of which it has a share.
    fn duration(&self, function: Function) -> Line<f64> {
        let messages = self.messages(function);
        // Of the assumed sizes is an hour, so that its batches have no digests of the same chain.
        let requested = match messages {
            Messages::Single => &self.measured.sized,
            Messages::Listing => &self.measured.counted,
        };
        let sized = &self.measured.sized;
        let waited = Line::through(sized, function, messages, |sums| sums.waited);
        let processor = Line::through(sized, function, messages, |sums| sums.processor);
        let requests = Line::through(requested, function, messages, |sums| sums.tally.all());
        let share = share(self.settings.of(function).memory_mb);
        let sum = |waited: f64, processor: f64, requests: f64| {
            waited + (processor + requests * self.request) / share
        };
        Line {
            invocation: sum(waited.invocation, processor.invocation, requests.invocation),
            message: sum(waited.message, processor.message, requests.message),
        }
    }

    /// Returns the form of a function's messages.
    fn messages(&self, function: Function) -> Messages {
        if function.is_history() {
            self.past
        } else {
            Messages::Single
        }
    }

    fn work(&self, function: Function, messages: f64, invocations: f64, duration: f64) -> Work {
        let form = self.messages(function);
        // The requests of kms-context-checker depend on the records of a log file.
        let is_by_records = function == Function::KmsContextChecker;
        let is_counted = form == Messages::Listing || !function.is_history();
        let measures = if is_counted && !is_by_records {
            &self.measured.counted
        } else {
            &self.measured.sized
        };
        let line = Line::of_requests(measures, function, form);
        let mut requests = line.message.times(messages);
        requests += &line.invocation.times(invocations);
        // Keys are counted by environment.
        requests.0.remove(&Request::PublicKeys);
        let lines = self.logs.lines(function, form);
        let bytes = self.logs.bytes(function, form);
        let written = Line::through(measures, function, form, |sums| sums.written);
        let all = |line: &Line<f64>| line.invocation * invocations + line.message * messages;
        let platform = PLATFORM_BYTES + PLATFORM_LINES * LOG_EVENT_BYTES;
        let logged = all(&bytes) + all(&lines) * LOG_EVENT_BYTES + platform * invocations;
        Work {
            messages,
            invocations,
            duration,
            gigabyte_seconds: duration * self.settings.of(function).memory_mb / 1024.0,
            requests,
            logged: (self.logged)(function).map_or(logged, |each| each * messages),
            written: all(&written),
        }
    }
}
