//! Tampering with the settings of the buckets and of the stack, and calls that the encrypted trail
//! records.

use crate::chain_deeds::hours;
use crate::deed::{About, Claim, Deed, Planned};
use crate::deliveries::Deliveries;
use crate::functions::Function;
use crate::kinds::Kind;
use crate::settings::{Setting, TOPIC, TrailFault};
use crate::trails::{self, ACCOUNTS, BUCKET, ENCRYPTED_BUCKET, REGIONS, WEEK, start};
use crate::world::Act;
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::{DigestKind, KmsAnomalyKind, Trail};

/// The kinds whose conditions exclude each other, because they are about the same setting.
const LANES: [&[Kind]; 8] = [
    &[Kind::Versioning],
    &[Kind::ObjectLock],
    &[Kind::Lifecycle, Kind::Retention],
    &[Kind::PublicAccess],
    &[Kind::Policy],
    &[Kind::Replication],
    &[Kind::Unsubscribed],
    &[Kind::TrailOff],
];

/// The hours at which nothing is done yet.
const FIRST_HOURS: u32 = 6;

/// The longest time after a deed at which a round may still report it.
const ONE_ROUND: SignedDuration = SignedDuration::from_mins(61);

/// The time for which lost digests are sent again.
const SENT_AGAIN: SignedDuration = SignedDuration::from_hours(8);

/// Returns the claim on the incident about lost digests.
pub(crate) fn digests_lost(from: Timestamp) -> Claim {
    Claim {
        kind: "monitoring-impaired",
        about: About::Texts(vec!["Their events did not arrive".to_owned()]),
        until: from + SENT_AGAIN,
    }
}

/// Plans the tampering with settings, each at random times of the week.
pub(crate) fn settings(kinds: &[Kind], rng: &mut Rng) -> Vec<Planned> {
    let mut planned = Vec::new();
    for lane in LANES {
        let mut here: Vec<Kind> = kinds.to_vec();
        here.retain(|kind| lane.contains(kind));
        rng.shuffle(&mut here);
        let count = u32::try_from(here.len()).expect("a few").max(1);
        let room = (WEEK - FIRST_HOURS - 6) / count;
        for (number, kind) in (0..count).zip(here) {
            let hour = FIRST_HOURS + number * room + rng.within(&(0..=room - 5));
            let at = start() + hours(hour) + minutes(rng.within(&(0..=59)));
            planned.push(setting(kind, at, rng));
        }
    }
    planned
}

fn setting(kind: Kind, at: Timestamp, rng: &mut Rng) -> Planned {
    let bucket = *rng.pick(&[BUCKET, ENCRYPTED_BUCKET]);
    let (setting, text) = match kind {
        Kind::Versioning => (Setting::Versioning, ": versioning."),
        Kind::ObjectLock => (Setting::ObjectLock, ": Object Lock."),
        Kind::Lifecycle => (Setting::Lifecycle, ": lifecycle rules."),
        Kind::Retention => (Setting::Retention, "must be kept for"),
        Kind::PublicAccess => (Setting::PublicAccess, ": Block Public Access."),
        Kind::Policy => (Setting::Policy, ": bucket policy."),
        Kind::Replication => (Setting::Replication, ": replication."),
        Kind::TrailOff => return trail_off(at, rng),
        _ => return unsubscribed(at, rng),
    };
    let restored_at = at + minutes(rng.within(&(120..=170)));
    let act = |is_weak| Act::Set {
        bucket: bucket.to_owned(),
        setting,
        is_weak,
    };
    let texts = |text: &str| vec![format!("bucket {bucket}"), text.to_owned()];
    let claim = |text| Claim {
        kind: "bucket-guard-weakened",
        about: About::Texts(texts(text)),
        until: restored_at + ONE_ROUND,
    };
    let mut claims = vec![claim(text)];
    if kind == Kind::Retention {
        claims.push(claim(": lifecycle rules."));
    }
    let what = format!("of {bucket}");
    let acts = vec![(at, act(true)), (restored_at, act(false))];
    repaired(kind, what, claims, acts)
}

fn unsubscribed(at: Timestamp, rng: &mut Rng) -> Planned {
    let restored_at = at + minutes(rng.within(&(120..=170)));
    let claims = vec![Claim {
        kind: "monitoring-impaired",
        about: About::Texts(vec![TOPIC.to_owned()]),
        until: restored_at + ONE_ROUND,
    }];
    let act = |is_subscribed| Act::Subscribe { is_subscribed };
    let acts = vec![(at, act(false)), (restored_at, act(true))];
    repaired(Kind::Unsubscribed, TOPIC.to_owned(), claims, acts)
}

fn trail_off(at: Timestamp, rng: &mut Rng) -> Planned {
    let restored_at = at + minutes(rng.within(&(120..=170)));
    let spec = trails::chain(0, rng.pick::<&str>(&ACCOUNTS), REGIONS[0]);
    let (arn, fault) = (spec.trail_arn(), *rng.pick(&TrailFault::ALL));
    let claims = vec![Claim {
        kind: "monitoring-impaired",
        about: About::Texts(vec![format!("of the trail {arn} as it should: ")]),
        until: restored_at + ONE_ROUND,
    }];
    let act = |fault| Act::Trail {
        arn: arn.clone(),
        fault,
    };
    let acts = vec![(at, act(Some(fault))), (restored_at, act(None))];
    repaired(Kind::TrailOff, arn.clone(), claims, acts)
}

/// Returns a tampering that the second act undoes.
fn repaired(kind: Kind, what: String, claims: Vec<Claim>, acts: Vec<(Timestamp, Act)>) -> Planned {
    let at = acts[0].0;
    Planned {
        deed: Deed {
            kind,
            what,
            at,
            since: at,
            claims,
            repaired_at: Some(acts[1].0),
        },
        acts,
    }
}

/// Plans a tampering with all events, from ten minutes after an hour on for an hour.
pub(crate) fn events(kind: Kind, hour: u32, rng: &mut Rng) -> Planned {
    let at = start() + hours(hour) + minutes(10);
    let restored_at = at + minutes(60);
    let (text, acts) = if kind == Kind::EventsOff {
        let bucket = *rng.pick(&[BUCKET, ENCRYPTED_BUCKET]);
        let act = |are_on| Act::Events {
            bucket: bucket.to_owned(),
            are_on,
        };
        let text = format!("the events of the bucket {bucket}");
        (text, [act(false), act(true)])
    } else {
        let function = *rng.pick(&Function::ALL);
        let act = |is_on| Act::Rule { function, is_on };
        let text = format!("rule trailseal-{}", function.as_str());
        (text, [act(false), act(true)])
    };
    let [off, on] = acts;
    let claims = vec![
        Claim {
            kind: "monitoring-impaired",
            about: About::Texts(vec![text.clone()]),
            until: restored_at + ONE_ROUND,
        },
        digests_lost(restored_at),
    ];
    repaired(kind, text, claims, vec![(at, off), (restored_at, on)])
}

/// Plans the deliveries of a trail that the stack does not expect.
pub(crate) fn stranger(trail: &Trail) -> Planned {
    let digests = trail.digests.iter().map(|digest| &digest.object);
    let claims = digests.map(|digest| Claim::of_key("digest-trail-unexpected", &digest.key));
    let mut claims: Vec<Claim> = claims.collect();
    let first = &trail.digests[0].object;
    claims.push(Claim::of_key("chain-started", &first.key));
    let at = first.delivered_at;
    Planned {
        deed: Deed {
            kind: Kind::TrailUnexpected,
            what: trail.spec.trail_arn(),
            at,
            since: at,
            claims,
            repaired_at: None,
        },
        acts: Deliveries::default().of(trail),
    }
}

/// Returns the anomaly that the trail generator makes for a kind.
pub(crate) fn anomaly(kind: Kind) -> Option<KmsAnomalyKind> {
    Some(match kind {
        Kind::KmsForeignCaller => KmsAnomalyKind::ForeignCaller,
        Kind::KmsPlanted => KmsAnomalyKind::PlantedFile,
        Kind::KmsWrongTrail => KmsAnomalyKind::WrongTrail,
        Kind::KmsWrongBucket => KmsAnomalyKind::WrongBucket,
        Kind::KmsWrongKey => KmsAnomalyKind::WrongKeyOnObject,
        Kind::KmsMissing => KmsAnomalyKind::MissingObject,
        Kind::KmsReader => KmsAnomalyKind::UnlistedReader,
        _ => return None,
    })
}

/// A record in a log file of the encrypted trail.
struct Recorded {
    /// The time of the call.
    at: Timestamp,
    /// The delivery of the log file.
    since: Timestamp,
    about: About,
}

/// Returns the record of a call that weakens logging.
fn recorded_call(hour: u32, trail: &Trail) -> Recorded {
    let mut deeds = trail.spec.deeds.iter();
    let deed = deeds.find(|deed| deed.hour == hour);
    let name = deed.expect("the call is recorded").kind.event_name();
    let logs = trail.log_files.iter();
    let logs = logs.filter(|log| log.hour == i64::from(hour) && log.kind == DigestKind::Hourly);
    let first = logs.map(|log| log.object.delivered_at).min();
    let since = first.expect("a log file");
    Recorded {
        at: since,
        since,
        about: About::Texts(vec![name.to_owned()]),
    }
}

/// Returns the first record of an anomaly.
fn recorded_anomaly(anomaly: KmsAnomalyKind, hour: u32, trail: &Trail) -> Recorded {
    let events = trail.kms_anomalies(anomaly);
    let mut events = events.iter();
    let event = events.find(|(_, event)| is_about(event.time, hour));
    let (log, event) = event.expect("the anomaly is recorded");
    Recorded {
        at: event.time.min(log.object.delivered_at),
        since: log.object.delivered_at,
        about: About::Anything,
    }
}

/// Returns whether a time is in an hour, or in the one after it.
fn is_about(time: Timestamp, hour: u32) -> bool {
    time >= start() + hours(hour - 1) && time <= start() + hours(hour + 1)
}

/// Plans a call that the encrypted trail records in an hour.
pub(crate) fn record(kind: Kind, hour: u32, trail: &Trail) -> Planned {
    let Recorded { at, since, about } = match anomaly(kind) {
        Some(anomaly) => recorded_anomaly(anomaly, hour, trail),
        None => recorded_call(hour, trail),
    };
    let claim = |kind| Claim {
        kind,
        about: about.clone(),
        until: since + SignedDuration::from_hours(3),
    };
    let mut claims = vec![claim(kind.facts().finding)];
    let mut acts = Vec::new();
    match kind {
        Kind::KmsMissing => claims[0].about = About::Bucket(ENCRYPTED_BUCKET.to_owned()),
        Kind::KmsWrongKey => claims.push(claim("log-file-encryption-changed")),
        Kind::KmsPlanted => {
            let planted = trail.planted.iter().map(|planted| &planted.object);
            let mut planted = planted.filter(|object| is_about(object.delivered_at, hour));
            let object = planted.next().expect("a planted file").clone();
            claims.push(Claim::of_key("log-file-unlisted", &object.key));
            let written_at = object.delivered_at;
            let is_silent = false;
            acts.push((written_at, Act::Write { object, is_silent }));
        }
        _ => {}
    }
    Planned {
        deed: Deed {
            kind,
            what: format!("recorded in hour {hour}"),
            at,
            since,
            claims,
            repaired_at: None,
        },
        acts,
    }
}

fn minutes(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(minutes.into())
}
