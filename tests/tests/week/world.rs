//! A stack and its log buckets in fake time: a queue of what happens, in the order of its time.

use crate::alerter::Alerter;
use crate::functions::{Configuration, Fate, Function, Functions, Message};
use crate::s3_event::{CLOUDTRAIL, Cause, SOMEBODY};
use crate::settings::{Bucket, Setting, Settings, TrailFault};
use crate::store::Store;
use crate::watchdog::{Round, Watchdog};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal_tests::memory::Memory;
use trailseal_tests::trail::Object;
use trailseal_tests::trail::rng::Rng;

/// The seconds for which the alerter collects findings: its batching window.
const BATCHING: i64 = 10;

/// The minute of the hour at which `watchdog` starts.
pub(crate) const TICK_MINUTE: i64 = 7;

/// Something that is done to the buckets or to the stack.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// CloudTrail writes an object. The events for some functions get lost.
    Deliver { object: Object, lost: Vec<Function> },
    /// The event about an object that CloudTrail wrote arrives again.
    Repeat(Object),
    /// Somebody writes an object. If it is silent, S3's event does not arrive.
    Write { object: Object, is_silent: bool },
    /// Somebody adds a delete marker.
    Hide { object: Object, is_silent: bool },
    /// Somebody deletes the current version permanently.
    Erase { object: Object, is_silent: bool },
    /// Somebody deletes the delete marker of an object.
    Unhide(Object),
    /// A lifecycle rule adds a delete marker.
    Expire(Object),
    /// A setting of a bucket becomes weaker, or as strong as before.
    Set {
        bucket: String,
        setting: Setting,
        is_weak: bool,
    },
    /// S3 stops to send the events of a bucket, or sends them again.
    Events { bucket: String, are_on: bool },
    /// The rule of a function is disabled, or enabled again.
    Rule { function: Function, is_on: bool },
    /// The subscription of the alert topic is removed, or confirmed again.
    Subscribe { is_subscribed: bool },
    /// A trail is stopped, changed or deleted, or is right again.
    Trail {
        arn: String,
        fault: Option<TrailFault>,
    },
    /// The stack is deployed, for the first time or again.
    Deploy,
    /// S3 throttles requests, or accepts them again.
    Throttle { is_on: bool },
}

enum Happening {
    Act(Act),
    Message(Message),
    Tick,
    /// The batching window of the alerter ends.
    Batch,
    /// A message of the alerter to itself arrives.
    Reminder(String),
}

/// A message that went to a dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct Parked {
    pub(crate) function: Function,
    pub(crate) why: String,
    pub(crate) at: Timestamp,
}

/// The world.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) people: Alerter,
    pub(crate) parked: Vec<Parked>,
    /// The number of messages that functions worked on.
    pub(crate) handled: usize,
    configuration: Configuration,
    functions: Option<Functions>,
    settings: Settings,
    /// The requester that S3 names for CloudTrail's deliveries.
    pub(crate) delivered_by: &'static str,
    /// The current version of each object, or its delete marker.
    versions: BTreeMap<String, String>,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    number: u64,
    rng: Rng,
}

impl World {
    /// Returns a world without files. Nothing is deployed.
    pub(crate) fn new(memory: Memory, configuration: Configuration, seed: u64) -> Self {
        let store = Store::of(memory);
        let buckets = configuration.places().log_buckets.iter();
        let buckets = buckets.map(|name| (name.clone(), Bucket::default()));
        Self {
            people: Alerter::new(&store),
            parked: Vec::new(),
            handled: 0,
            settings: Settings {
                buckets: buckets.collect(),
                ..Settings::default()
            },
            functions: None,
            delivered_by: CLOUDTRAIL,
            versions: BTreeMap::new(),
            queue: BTreeMap::new(),
            number: 0,
            rng: Rng::for_subject(seed, "world"),
            configuration,
            store,
        }
    }

    /// Returns the settings of a bucket, to choose them before anything happens.
    pub(crate) fn bucket(&mut self, name: &str) -> &mut Bucket {
        self.settings.bucket(name)
    }

    /// Adds something that is done at a time.
    pub(crate) fn plan(&mut self, at: Timestamp, act: Act) {
        self.add(at, Happening::Act(act));
    }

    fn add(&mut self, at: Timestamp, happening: Happening) {
        self.number += 1;
        self.queue.insert((at, self.number), happening);
    }

    /// Lets everything happen until a time. `watchdog` starts every hour.
    pub(crate) async fn run(&mut self, from: Timestamp, until: Timestamp) {
        let mut tick = from + SignedDuration::from_mins(TICK_MINUTE);
        while tick <= until {
            self.add(tick, Happening::Tick);
            tick += SignedDuration::from_hours(1);
        }
        while let Some(((now, _), happening)) = self.queue.pop_first() {
            if now > until {
                break;
            }
            match happening {
                Happening::Act(act) => self.act(act, now),
                Happening::Message(message) => self.handle(message, now).await,
                Happening::Tick => self.tick(now).await,
                Happening::Reminder(body) => self.send(vec![body], now),
                Happening::Batch => {
                    for reminder in self.people.answer(now).await {
                        self.add(now + reminder.wait, Happening::Reminder(reminder.body));
                    }
                }
            }
        }
    }

    fn act(&mut self, act: Act, now: Timestamp) {
        match act {
            Act::Deliver { mut object, lost } => {
                object.delivered_at = now;
                let version = self.put(&object, now);
                let cause = Cause::Written(self.delivered_by);
                self.report(cause, &object, &version, now, &lost);
            }
            Act::Repeat(object) => {
                let version = self.versions.get(&object.key).cloned().unwrap_or_default();
                let cause = Cause::Written(self.delivered_by);
                self.report(cause, &object, &version, now, &[]);
            }
            Act::Write { object, is_silent } => {
                let version = self.put(&object, now);
                self.done(Cause::Written(SOMEBODY), &object, &version, now, is_silent);
            }
            Act::Hide { object, is_silent } => {
                let marker = self.hide(&object, now);
                self.done(Cause::Hidden, &object, &marker, now, is_silent);
            }
            Act::Expire(object) => {
                let marker = self.hide(&object, now);
                self.done(Cause::Expired, &object, &marker, now, false);
            }
            Act::Erase { object, is_silent } => {
                let version = self.versions.remove(&object.key).expect("it exists");
                self.store.change().delete_version(&object, &version);
                self.done(Cause::Erased, &object, &version, now, is_silent);
            }
            Act::Unhide(object) => {
                let marker = self.versions.remove(&object.key).expect("it is hidden");
                self.store.change().delete_version(&object, &marker);
                self.done(Cause::Erased, &object, &marker, now, false);
            }
            Act::Set {
                bucket,
                setting,
                is_weak,
            } => self.settings.bucket(&bucket).set(setting, is_weak),
            Act::Events { bucket, are_on } => self.settings.bucket(&bucket).has_events = are_on,
            Act::Rule {
                function,
                is_on: true,
            } => {
                self.settings.rules_off.remove(&function);
            }
            Act::Rule {
                function,
                is_on: false,
            } => {
                self.settings.rules_off.insert(function);
            }
            Act::Subscribe { is_subscribed } => self.settings.is_unsubscribed = !is_subscribed,
            Act::Trail { arn, fault } => {
                let faults = &mut self.settings.trail_faults;
                faults.remove(&arn);
                faults.extend(fault.map(|fault| (arn, fault)));
            }
            Act::Deploy => {
                self.functions = Some(Functions::deploy(&self.store, &self.configuration));
            }
            Act::Throttle { is_on } => self.store.throttle(is_on),
        }
    }

    /// Writes another version of an object. Returns its ID.
    fn put(&mut self, object: &Object, now: Timestamp) -> String {
        let version = self.version();
        self.versions.insert(object.key.clone(), version.clone());
        let time = now.to_string();
        let mut memory = self.store.change();
        memory.put_version(object.clone(), &version, &time);
        version
    }

    fn hide(&mut self, object: &Object, now: Timestamp) -> String {
        let marker = self.version();
        self.versions.insert(object.key.clone(), marker.clone());
        let mut memory = self.store.change();
        memory.mark_deleted(object, &marker, &now.to_string());
        marker
    }

    fn version(&mut self) -> String {
        self.number += 1;
        format!("version{}", self.number)
    }

    fn done(
        &mut self,
        cause: Cause,
        object: &Object,
        version: &str,
        now: Timestamp,
        is_silent: bool,
    ) {
        let lost: &[Function] = if is_silent { &Function::ALL } else { &[] };
        self.report(cause, object, version, now, lost);
    }

    /// Sends S3's event to the functions, unless it is lost on the way.
    fn report(
        &mut self,
        cause: Cause,
        object: &Object,
        version: &str,
        now: Timestamp,
        lost: &[Function],
    ) {
        if self.functions.is_none() || !self.settings.bucket(&object.bucket).has_events {
            return;
        }
        let mut functions = cause.functions(&object.key);
        functions.retain(|to| !lost.contains(to) && !self.settings.rules_off.contains(to));
        let body = cause.event(object, version, now);
        for to in functions {
            let message = Message {
                to,
                body: body.clone(),
                attempt: 1,
            };
            let at = now + self.seconds(1, 5);
            self.add(at, Happening::Message(message));
        }
    }

    fn seconds(&mut self, least: u32, most: u32) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.rng.within(&(least..=most))))
    }

    async fn handle(&mut self, message: Message, now: Timestamp) {
        let Some(functions) = &self.functions else {
            return;
        };
        self.handled += 1;
        let handled = functions.handle(&message, now).await;
        self.send(handled.sent, now);
        match handled.fate {
            Fate::Done => {}
            Fate::TriedAgain(wait) => {
                let again = Message {
                    attempt: message.attempt + 1,
                    ..message
                };
                self.add(now + wait, Happening::Message(again));
            }
            Fate::Parked(why) => {
                self.settings.parked.insert(message.to);
                self.parked.push(Parked {
                    function: message.to,
                    why,
                    at: now,
                });
            }
        }
    }

    async fn tick(&mut self, now: Timestamp) {
        let Some(functions) = &self.functions else {
            return;
        };
        let watchdog = Watchdog {
            store: &self.store,
            functions,
            configuration: &self.configuration,
            settings: &self.settings,
            now,
        };
        let Round { sent, lost } = watchdog.round().await;
        self.send(sent, now);
        for (to, at) in lost {
            let body = serde_json::json!({"bucket": at.bucket, "key": at.key}).to_string();
            let message = Message {
                to,
                body,
                attempt: 1,
            };
            let at = now + self.seconds(1, 5);
            self.add(at, Happening::Message(message));
        }
        // An operator moves what was parked.
        self.settings.parked.clear();
    }

    /// Sends messages to the alerter.
    fn send(&mut self, messages: Vec<String>, now: Timestamp) {
        for body in messages {
            if self.people.queue(body) {
                let at = now + SignedDuration::from_secs(BATCHING);
                self.add(at, Happening::Batch);
            }
        }
    }
}
