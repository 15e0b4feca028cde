//! The checks of a stack, each as a job that reads something and judges it.

use crate::clients::Clients;
use crate::judge;
use crate::log_buckets;
use crate::parts::{FUNCTIONS, FunctionPart, KEYS, RULES, RulePart, SCHEDULE, TOPICS};
use crate::ports::{
    FindBucket, ReadFunctions, ReadQueues, ReadRoles, ReadRules, ReadSchedules, ReadTopics,
};
use crate::records;
use crate::report::Check;
use crate::stack::Stack;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use trailseal::world::{DescribeKey, ReadBucketSettings, ReadKeyPolicy};

/// Something to check.
pub(crate) struct Job<'a> {
    /// The subject of the check if the job does not end in time.
    pub(crate) subject: String,
    /// The work.
    pub(crate) work: LocalBoxFuture<'a, Vec<Check>>,
}

fn job<'a>(subject: impl Into<String>, work: impl Future<Output = Vec<Check>> + 'a) -> Job<'a> {
    Job {
        subject: subject.into(),
        work: work.boxed_local(),
    }
}

/// Returns all jobs, in the order of the report.
pub(crate) fn all<'a>(stack: &'a Stack, clients: &'a Clients) -> Vec<Job<'a>> {
    let now = Timestamp::now();
    let mut jobs = vec![job(&stack.name, async { judge::stack::stack(stack) })];
    for bucket in stack.log_buckets() {
        let work = bucket_checks(
            stack,
            &clients.buckets,
            &clients.log_buckets,
            bucket.clone(),
        );
        jobs.push(job(bucket, work));
    }
    jobs.push(job("log buckets", log_buckets::checks(stack, clients, now)));
    for arn in stack.log_keys() {
        jobs.push(job(arn.clone(), log_key(stack, &clients.keys, arn)));
    }
    let named = |id: &str| stack.resource(id).map(str::to_owned);
    for part in &RULES {
        if let Some(name) = named(part.rule) {
            jobs.push(job(part.rule, rule(stack, &clients.rules, part, name)));
        }
    }
    if let Some(name) = named(SCHEDULE) {
        jobs.push(job(SCHEDULE, schedule(stack, &clients.schedules, name)));
    }
    for part in &FUNCTIONS {
        jobs.extend(of_function(stack, clients, part));
    }
    for topic in TOPICS {
        if let Some(arn) = named(topic) {
            jobs.push(job(topic, subscriptions(stack, &clients.topics, arn)));
        }
    }
    for key in KEYS {
        if let Some(id) = named(key) {
            jobs.push(job(key, own_key(stack, &clients.keys, id)));
        }
    }
    if let Some(bucket) = named("EvidenceBucket") {
        let work = evidence_bucket(stack, &clients.evidence, bucket.clone());
        jobs.push(job(bucket.clone(), work));
        jobs.push(job("chains", records::chains(stack, &clients.records, now)));
        jobs.push(job(
            "watchdog",
            records::watchdog(stack, &clients.records, now),
        ));
        jobs.push(job(
            "settings-monitor",
            records::settings_monitor(stack, &clients.records, now),
        ));
        if stack.has_evidence_log() {
            let work = records::checkpoint(stack, &clients.evidence, bucket, now);
            jobs.push(job("evidence log", work));
        }
    }
    jobs
}

/// Returns the jobs of a function, of its queues and of its role. Functions of one program share a
/// role, which is checked once.
fn of_function<'a>(
    stack: &'a Stack,
    clients: &'a Clients,
    part: &'static FunctionPart,
) -> Vec<Job<'a>> {
    let named = |id: &str| stack.resource(id).map(str::to_owned);
    let mut jobs = Vec::new();
    if let Some(name) = named(part.function) {
        let work = function(stack, &clients.functions, part, name);
        jobs.push(job(part.function, work));
    }
    if let Some(name) = named(part.role)
        && !part.function.starts_with("History")
    {
        jobs.push(job(part.role, role(stack, &clients.roles, part, name)));
    }
    if let (Some(queue), Some(parked)) = (named(part.queue), named(part.dead_letter_queue)) {
        let work = queues(stack, &clients.queues, part, queue, parked);
        jobs.push(job(part.queue, work));
    }
    jobs
}

async fn bucket_checks<F: FindBucket, S: ReadBucketSettings>(
    stack: &Stack,
    buckets: &F,
    settings: &S,
    bucket: String,
) -> Vec<Check> {
    let found = buckets.find(&bucket, &stack.bucket_owner()).await;
    let place = judge::buckets::place(stack, &bucket, &found);
    // The settings of a bucket that is missing, or of somebody else, are of no use.
    if found.is_ok() && place.status != crate::report::Status::Ok {
        return vec![place];
    }
    let settings = settings.settings(&bucket).await;
    let mut checks = vec![place];
    checks.extend(judge::buckets::settings(stack, &bucket, &settings));
    checks
}

async fn log_key<K: DescribeKey + ReadKeyPolicy>(
    stack: &Stack,
    keys: &K,
    arn: String,
) -> Vec<Check> {
    let described = keys.describe_key(&arn, None).await;
    let policy = keys.key_policy(&arn).await;
    vec![
        judge::keys::state(stack, &arn, &described),
        judge::keys::policy(stack, &arn, &policy),
    ]
}

async fn own_key<K: DescribeKey>(stack: &Stack, keys: &K, id: String) -> Vec<Check> {
    let arn = stack.arn("kms", &format!("key/{id}"));
    let described = keys.describe_key(&arn, None).await;
    vec![judge::keys::state(stack, &arn, &described)]
}

async fn rule<R: ReadRules>(stack: &Stack, rules: &R, part: &RulePart, name: String) -> Vec<Check> {
    let found = rules.rule(&name).await;
    vec![judge::rules::rule(stack, part, &name, &found)]
}

async fn schedule<S: ReadSchedules>(stack: &Stack, schedules: &S, name: String) -> Vec<Check> {
    let found = schedules.schedule(&name).await;
    vec![judge::schedule::schedule(stack, &name, &found)]
}

async fn function<F: ReadFunctions>(
    stack: &Stack,
    functions: &F,
    part: &FunctionPart,
    name: String,
) -> Vec<Check> {
    let found = functions.function(&name).await;
    judge::functions::function(stack, part, &name, &found)
}

async fn role<R: ReadRoles>(
    stack: &Stack,
    roles: &R,
    part: &FunctionPart,
    name: String,
) -> Vec<Check> {
    let found = roles.role(&name).await;
    vec![judge::roles::role(stack, part, &name, &found)]
}

async fn queues<Q: ReadQueues>(
    stack: &Stack,
    queues: &Q,
    part: &FunctionPart,
    queue: String,
    parked: String,
) -> Vec<Check> {
    let found = queues.queue(&queue).await;
    let dead = queues.queue(&parked).await;
    vec![
        judge::queues::queue(stack, part, &queue, &found),
        judge::queues::dead_letter_queue(stack, part, &parked, &dead),
    ]
}

async fn subscriptions<T: ReadTopics>(stack: &Stack, topics: &T, arn: String) -> Vec<Check> {
    let found = topics.subscriptions(&arn).await;
    vec![judge::topics::topic(stack, &arn, &found)]
}

async fn evidence_bucket<S: ReadBucketSettings>(
    stack: &Stack,
    settings: &S,
    bucket: String,
) -> Vec<Check> {
    let settings = settings.settings(&bucket).await;
    judge::evidence::settings(stack, &bucket, &settings)
}
