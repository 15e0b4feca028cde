//! The output.

use std::collections::BTreeMap;

use super::assumptions::{ACCOUNTS, BURST, DAY, REGIONS, SAMPLE};
use super::bill::{Bill, Inputs, Item};
use super::day::key;
use super::prices;
use super::requests::Request;
use super::settings::Function;
use super::stage::Messages;
use crate::report::{Section, Table, count, float, micros, percent, seconds};

/// The number of the largest items that are listed.
const LARGEST: usize = 12;

/// How much more an account may cost in the largest organization than in the smallest one.
const LINEAR_WITHIN: f64 = 1.05;

/// The days of the smallest, the middle, and the largest organization.
pub(crate) type Days = [Bill; 3];

/// Returns a number without its fraction, with thousands separated.
fn number(of: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = of.round() as u64;
    count(whole)
}

pub(super) fn usd(of: f64) -> String {
    format!("{of:.2}")
}

fn head(first: &str) -> [String; 4] {
    let of = |accounts| format!("{accounts} accounts");
    let [small, middle, large] = ACCOUNTS.map(of);
    [first.to_owned(), small, middle, large]
}

fn table(first: &str) -> Table {
    let head = head(first);
    Table::new([0, 1, 2, 3].map(|column: usize| head[column].as_str()))
}

fn row(name: &str, values: [f64; 3], show: impl Fn(f64) -> String) -> [String; 4] {
    let [small, middle, large] = values.map(show);
    [name.to_owned(), small, middle, large]
}

/// Returns the section about the organization.
pub(crate) fn organization(inputs: Inputs<'_>, days: &Days) -> Section {
    let measured = inputs.measured;
    let day = f64::from(DAY);
    let factors = ACCOUNTS.map(|accounts| f64::from(accounts) / float(SAMPLE as u64));
    let ruled = &measured.sized[&key(Function::KmsContextChecker, Messages::Single, 1)];
    let mut section = Section::new(
        "The organization",
        format!(
            "{SAMPLE} accounts in {} Regions are simulated, for a day of {DAY} hours; the other columns have as many of them. {} of the digests list no log file, and {} of the log files record calls to KMS to which a rule applies. A request through the AWS SDK takes {} of a processor.",
            REGIONS.len(),
            percent(measured.empty),
            percent(ruled.tally.of(Request::EvidencePut) / ruled.messages),
            micros(inputs.request)
        ),
    );
    let mut rows = table("a day");
    let chains = factors.map(|factor| factor * float((SAMPLE * REGIONS.len()) as u64));
    rows.row(row("chains", chains, number));
    let digests = factors.map(|factor| factor * measured.digests_an_hour * day);
    rows.row(row("digests", digests, number));
    let log_files = factors.map(|factor| factor * measured.log_files_an_hour * day);
    rows.row(row("log files", log_files, number));
    let stored = factors.map(|factor| factor * measured.stored_an_hour * day / 1e9);
    rows.row(row("log files, GB stored", stored, usd));
    let history = days.each_ref().map(|day| {
        let work = day.work.get(&Function::HistoryLogVerifier);
        work.map_or(0.0, |work| work.messages)
    });
    rows.row(row("past digests verified again", history, number));
    section.table(rows);
    section
}

/// Returns the section about requests.
pub(crate) fn requests(days: &Days) -> Section {
    let mut section = Section::new(
        "Requests",
        "Of all functions in a day, as their own code makes them.".to_owned(),
    );
    let mut rows = table("requests");
    let kinds: std::collections::BTreeSet<Request> = days
        .iter()
        .flat_map(|day| day.work.values())
        .flat_map(|work| work.requests.0.keys().copied())
        .collect();
    for kind in kinds {
        let of = |day: &Bill| day.work.values().map(|work| work.requests.of(kind)).sum();
        rows.row(row(kind.name(), days.each_ref().map(of), number));
    }
    for (name, price) in [
        ("SQS: sent, received, deleted, polled", prices::SQS_REQUEST),
        ("EventBridge: events of S3", prices::EVENT),
        ("SNS: messages", prices::SNS_PUBLISH),
        ("Lambda: invocations", prices::LAMBDA_REQUEST),
    ] {
        let is_of_it =
            |item: &&Item| item.price.service == price.service && item.price.what == price.what;
        let of = |day: &Bill| {
            day.items
                .iter()
                .filter(is_of_it)
                .map(|item| item.quantity)
                .sum()
        };
        rows.row(row(name, days.each_ref().map(of), number));
    }
    section.table(rows);
    section.table(requests_of_messages(&days[2]));
    section
}

/// Returns the numbers of requests for each file that a function works on.
fn requests_of_messages(day: &Bill) -> Table {
    let mut rows = Table::new([
        "for each file",
        "GET, HEAD",
        "PUT",
        "LIST",
        "bytes written",
        "log bytes",
    ]);
    for function in Function::ALL {
        let Some(work) = day.work.get(&function).filter(|work| work.messages > 0.0) else {
            continue;
        };
        if matches!(function, Function::Watchdog | Function::SettingsMonitor) {
            continue;
        }
        let each = |requests: &[Request]| {
            let all: f64 = requests.iter().map(|kind| work.requests.of(*kind)).sum();
            format!("{:.2}", all / work.messages)
        };
        rows.row([
            function.name().to_owned(),
            each(&[Request::LogGet, Request::LogHead, Request::EvidenceGet]),
            each(&[Request::EvidencePut]),
            each(&[Request::LogList, Request::EvidenceList]),
            number(work.written / work.messages),
            number(work.logged / work.messages),
        ]);
    }
    rows
}

/// Returns the section about Lambda, for the largest organization.
pub(crate) fn lambda(days: &Days, inputs: Inputs<'_>) -> Section {
    let [.., large] = days;
    let mut section = Section::new(
        "Lambda",
        format!(
            "{} accounts, a day. Memory, batches, windows and concurrency are those of `template.yaml`. The work of `watchdog` and `settings-monitor` starts with a message instead of a file.",
            ACCOUNTS[2]
        ),
    );
    let mut rows = Table::new([
        "function",
        "memory, MB",
        "files",
        "invocations",
        "files each",
        "duration each",
        "GB-seconds",
        "most at once",
    ]);
    for function in Function::ALL {
        let Some(work) = large.work.get(&function) else {
            continue;
        };
        let most = large.hours.get(&function);
        rows.row([
            function.name().to_owned(),
            number(inputs.settings.of(function).memory_mb),
            number(work.messages),
            number(work.invocations),
            format!("{:.1}", work.messages / work.invocations),
            seconds(work.duration / work.invocations),
            number(work.gigabyte_seconds),
            most.map_or_else(String::new, |hour| count(hour.concurrency as u64)),
        ]);
    }
    section.table(rows);
    section
}

/// Returns the section about queues.
pub(crate) fn queues(inputs: Inputs<'_>) -> Section {
    let mut section = Section::new(
        "Queues",
        format!(
            "Digests arrive {} to {} minutes after the end of their hour, spread evenly; or, as one capture shows, all of them {} to {} minutes after it. Log files arrive at any time of the hour. Lag is the time from the arrival of the event to the verdict.",
            inputs.spread.start() / 60,
            inputs.spread.end() / 60,
            BURST.start() / 60,
            BURST.end() / 60,
        ),
    );
    let mut rows = Table::new([
        "queue",
        "accounts",
        "most messages",
        "most at once",
        "lag, p50",
        "lag, p99",
        "lag, longest",
    ]);
    let burst = Inputs {
        spread: &BURST,
        ..inputs
    };
    let functions = [
        Function::DigestValidator,
        Function::LogVerifier,
        Function::KmsContextChecker,
    ];
    for accounts in ACCOUNTS {
        for (how, inputs) in [("", inputs), (", at once", burst)] {
            let day = Bill::of(accounts, inputs);
            for function in functions {
                if function == Function::KmsContextChecker && !how.is_empty() {
                    continue;
                }
                let hour = &day.hours[&function];
                rows.row([
                    format!("{}{how}", function.name()),
                    accounts.to_string(),
                    count(hour.depth as u64),
                    count(hour.concurrency as u64),
                    seconds(hour.lag(0.5)),
                    seconds(hour.lag(0.99)),
                    seconds(hour.lag(1.0)),
                ]);
            }
        }
    }
    section.table(rows);
    section
}

/// Returns the section about costs.
pub(crate) fn costs(days: &Days, inputs: Inputs<'_>) -> Section {
    let mut section = Section::new(
        "Costs",
        "US dollars a day, at the list prices in `bench/src/organization/prices.rs`.".to_owned(),
    );
    section.table(by("service", days, |item| item.price.service.to_owned()));
    section.table(by("function", days, |item| {
        item.function
            .map_or("no function", Function::name)
            .to_owned()
    }));
    section.table(by("the largest items", days, name_of));
    let each = |at: usize| days[at].usd() / f64::from(ACCOUNTS[at]);
    section.below(
        "dollars for each account, of the largest organization by that of the smallest",
        each(2) / each(0),
        LINEAR_WITHIN,
        |ratio| format!("{ratio:.3}"),
    );
    let arm = Inputs {
        compute: prices::LAMBDA_ARM,
        ..inputs
    };
    let saved = days[2].usd() - Bill::of(ACCOUNTS[2], arm).usd();
    section.note(format!(
        "On `arm64`, with the same durations, {} accounts cost {} less a day.",
        ACCOUNTS[2],
        usd(saved)
    ));
    section
}

/// Returns the section about what was cut, of the largest organization.
pub(crate) fn compared(before: &Bill, after: &Bill) -> Section {
    let mut section = Section::new(
        "Before and after",
        format!(
            "US dollars a day with {} accounts, without and with [these measures](#how-the-cost-is-kept-low).",
            ACCOUNTS[2]
        ),
    );
    section.table(changes("service", before, after, |item| {
        item.price.service.to_owned()
    }));
    section.table(changes("function", before, after, |item| {
        item.function
            .map_or("no function", Function::name)
            .to_owned()
    }));
    section.table(changes("the largest items", before, after, name_of));
    section
}

/// Returns the costs by some name before and after, the largest first.
fn changes(name: &str, before: &Bill, after: &Bill, of: impl Fn(&Item) -> String) -> Table {
    let mut sums: BTreeMap<String, [f64; 2]> = BTreeMap::new();
    for (number, day) in [before, after].into_iter().enumerate() {
        for item in &day.items {
            sums.entry(of(item)).or_default()[number] += item.usd();
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by(|(_, one), (_, other)| other[0].total_cmp(&one[0]));
    let mut rows = Table::new([name, "before", "after", "less"]);
    let is_whole = sums.len() <= LARGEST;
    sums.truncate(2 * LARGEST);
    let all = ("**all**".to_owned(), [before.usd(), after.usd()]);
    for (name, [before, after]) in sums.into_iter().chain(is_whole.then_some(all)) {
        let less = if before > 0.0 {
            1.0 - after / before
        } else {
            0.0
        };
        rows.row([name, usd(before), usd(after), percent(less)]);
    }
    rows
}

/// Returns the name of an item in the tables.
pub(super) fn name_of(item: &Item) -> String {
    let function = item.function.map_or("", Function::name);
    let name = format!("{} {}, {function}", item.price.service, item.price.what);
    name.trim_end_matches([',', ' ']).to_owned()
}

/// Returns the costs by some name, the largest first.
fn by(name: &str, days: &Days, of: impl Fn(&Item) -> String) -> Table {
    let mut sums: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    for (number, day) in days.iter().enumerate() {
        for item in &day.items {
            sums.entry(of(item)).or_default()[number] += item.usd();
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by(|(_, one), (_, other)| other[2].total_cmp(&one[2]));
    let mut rows = table(name);
    let is_whole = sums.len() <= LARGEST;
    sums.truncate(LARGEST);
    for (name, usd_of) in &sums {
        rows.row(row(name, *usd_of, usd));
    }
    if is_whole {
        let all = days.each_ref().map(Bill::usd);
        rows.row(row("**all**", all, usd));
        let each = [0, 1, 2].map(|at: usize| all[at] / f64::from(ACCOUNTS[at]));
        rows.row(row("each account", each, |usd| format!("{usd:.4}")));
        let other = [0, 1, 2].map(|at: usize| (all[at] - days[at].fixed) / f64::from(ACCOUNTS[at]));
        let name = "each account, without what any stack costs";
        rows.row(row(name, other, |usd| format!("{usd:.4}")));
    }
    rows
}
