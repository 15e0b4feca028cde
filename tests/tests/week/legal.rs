//! Weeks in which only what is legal happens.

use crate::chain_deeds::hours;
use crate::deed::{About, Claim};
use crate::deliveries::Deliveries;
use crate::plan::{deployed, end};
use crate::tampered::{given_seed, in_words};
use crate::trails::{self, ACCOUNTS, BUCKET, ENCRYPTED_BUCKET, OTHER_REGION, REGIONS, WEEK, start};
use crate::world::{Act, World};
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::{
    Backfill, BackfillLink, Deed, DeedKind, DigestFile, DigestKind, KmsAnomaly, KmsAnomalyKind,
    KmsSpec, OrganizationChange, Stop, Trail, TrailSpec,
};

/// The seeds of the weeks: one with expired objects, one with another requester.
const SEEDS: [u64; 3] = [12, 13, 14];

/// The number of days for which log files are kept, and after which they expire.
const DAYS: (u64, u32) = (3, 4);

/// The service that delivers log files for CloudTrail: AWS does not document whom S3 names.
const DELIVERY: &str = "delivery.logs.amazonaws.com";

/// A week, and the findings that the documents state for what happens in it.
struct Legal {
    world: World,
    stated: Vec<Claim>,
    /// What happens, with its number.
    happens: Vec<(&'static str, usize)>,
    /// The number of digests that arrive after the deployment.
    digests: usize,
}

#[tokio::test]
async fn legal_weeks_raise_no_false_alarm() {
    let seeds = given_seed().map_or(SEEDS.to_vec(), |seed| vec![seed]);
    for seed in seeds {
        let mut legal = week(seed);
        println!("The seed of the legal week is {seed}: {:?}", legal.happens);
        legal.world.run(start(), end()).await;
        check(seed, &legal);
    }
}

/// Fails if anything was reported that is not stated, or if something stated was not.
fn check(seed: u64, legal: &Legal) {
    let people = &legal.world.people;
    let mut wrong = Vec::new();
    for alarm in &people.alarms {
        if !legal.stated.iter().any(|it| it.explains(&alarm.finding)) {
            wrong.push(format!("false alarm: {}", in_words(alarm)));
        }
    }
    for stated in &legal.stated {
        let mut alarms = people.alarms.iter();
        if !alarms.any(|alarm| stated.explains(&alarm.finding)) {
            wrong.push(format!("not reported: {stated:?}"));
        }
    }
    for parked in &legal.world.parked {
        let (name, why, at) = (parked.function.as_str(), &parked.why, parked.at);
        wrong.push(format!("parked by {name} at {at}: {why}"));
    }
    assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
    let receipts = legal.world.store.memory().evidence("receipts/2026/");
    let valid = receipts.values();
    let valid = valid.filter(|receipt| receipt.contains(r#""verdict":"valid""#));
    let (valid, digests) = (valid.count(), legal.digests);
    assert!(
        valid >= 2 * digests - legal.stated.len(),
        "{valid} of {digests}"
    );
    let handled = legal.world.handled;
    println!(
        "{handled} events, {digests} digests, {} findings, all of them stated, {} messages",
        people.alarms.len(),
        people.messages
    );
}

/// Returns whether S3 names another requester for CloudTrail's deliveries than the one that the
/// rules of the stack know. `deletion-monitor` then gets an event about each new file, and tries for
/// some two and a half hours to find the digest that lists it. In such a week, CloudTrail delivers no
/// backfill digests, which may arrive later, and S3 does not refuse the last try.
fn is_unknown(seed: u64) -> bool {
    seed % 2 == 1
}

/// Plans a legal week.
fn week(seed: u64) -> Legal {
    let mut rng = Rng::for_subject(seed, "legal");
    let mut specs = Vec::new();
    for account in &ACCOUNTS[..2] {
        for region in &REGIONS[..2] {
            specs.push(chain(seed, account, region, &mut rng));
        }
    }
    // The second account joins the trail of an organization.
    specs[2].organization_change = Some(OrganizationChange {
        hour: rng.within(&(100..=140)),
        organization_id: "o-1a2b3c4d5e".to_owned(),
    });
    let stops = specs.iter().map(|spec| spec.stops.len()).sum();
    specs.push(new_region(seed, &mut rng));
    specs.push(encrypted(seed, &mut rng));
    let built = trails::build(specs);
    let (memory, configuration) = trails::stack(&built, &[], DAYS.0);
    let mut world = World::new(memory, configuration, seed);
    if is_unknown(seed) {
        world.delivered_by = DELIVERY;
    }
    for bucket in [BUCKET, ENCRYPTED_BUCKET] {
        world.bucket(bucket).expires_after_days = DAYS.1;
    }
    let mut deliveries = Deliveries::default();
    let late: usize = built
        .iter()
        .map(|trail| late(trail, &mut deliveries, &mut rng))
        .sum();
    for trail in &built {
        for (at, act) in deliveries.of(trail) {
            world.plan(at, act);
        }
    }
    let repeated = built
        .iter()
        .map(|trail| repeat(trail, &mut world, &mut rng))
        .sum();
    let deployments = deploy(&mut world, &mut rng);
    let throttled = if is_unknown(seed) {
        0
    } else {
        throttle(&mut world, &mut rng)
    };
    let mut stated: Vec<Claim> = built.iter().flat_map(stated).collect();
    let expired = if seed.is_multiple_of(3) {
        stated.push(Claim {
            kind: "object-expired",
            about: About::Anything,
            until: Timestamp::MAX,
        });
        built
            .iter()
            .map(|trail| expire(trail, &mut world, &mut rng))
            .sum()
    } else {
        0
    };
    let digests = built.iter().flat_map(|trail| &trail.digests);
    let arriving = digests.clone();
    let arriving = arriving.filter(|digest| digest.object.delivered_at >= deployed());
    let backfills = digests.filter(|digest| digest.kind == DigestKind::Backfill);
    Legal {
        happens: vec![
            ("stops", stops),
            ("late digests", late),
            ("backfill digests", backfills.count()),
            ("repeated events and deliveries", repeated),
            ("deployments", deployments),
            ("throttled times", throttled),
            ("expired objects", expired),
        ],
        digests: arriving.count(),
        world,
        stated,
    }
}

/// Returns the description of a chain with stops and backfill digests.
fn chain(seed: u64, account: &str, region: &str, rng: &mut Rng) -> TrailSpec {
    let mut hour = 10;
    let mut stops = Vec::new();
    for _ in 0..rng.within(&(0..=2)) {
        let last_hour = hour + rng.within(&(5..=30));
        // A digest of the sixth hour may or may not arrive before the chain is overdue.
        let silent = *rng.pick(&[2, 3, 4, 5, 9, 10]);
        stops.push(Stop {
            last_hour,
            restart_hour: Some(last_hour + silent),
        });
        hour = last_hour + silent;
    }
    let most = if is_unknown(seed) { 0 } else { 2 };
    let backfills = (0..rng.within(&(0..=most))).map(|number| Backfill {
        hour: 90 + 20 * number + rng.within(&(0..=15)),
        log_files: rng.within(&(1..=2)),
        generated_after_hours: rng.within(&(1..=4)),
        link: BackfillLink::PreviousBackfill,
    });
    TrailSpec {
        backfills: backfills.collect(),
        stops,
        ..trails::chain(seed, account, region)
    }
}

/// Returns the description of a Region that is added to a trail.
fn new_region(seed: u64, rng: &mut Rng) -> TrailSpec {
    let hour = rng.within(&(20..=120));
    TrailSpec {
        start: start() + hours(hour),
        hours: WEEK - hour,
        ..trails::chain(seed, ACCOUNTS[0], OTHER_REGION)
    }
}

/// Returns the description of the encrypted trail, with readers and harmless calls.
fn encrypted(seed: u64, rng: &mut Rng) -> TrailSpec {
    let harmless = DeedKind::ALL.into_iter().filter(|kind| !kind.weakens());
    let deeds = harmless.map(|kind| Deed {
        hour: rng.within(&(10..=150)),
        kind,
    });
    let deeds = deeds.collect();
    let refused = KmsAnomaly {
        hour: rng.within(&(10..=150)),
        kind: KmsAnomalyKind::RefusedReader,
    };
    let spec = trails::encrypted(seed, vec![refused], deeds);
    TrailSpec {
        kms: spec.kms.clone().map(|kms| KmsSpec {
            unrelated_calls: true,
            ..kms
        }),
        ..spec
    }
}

/// Delays several digests in a row, which then arrive one after the other. Returns their number.
fn late(trail: &Trail, deliveries: &mut Deliveries, rng: &mut Rng) -> usize {
    let mut digests: Vec<&DigestFile> = trail.digests.iter().collect();
    digests.retain(|digest| digest.kind != DigestKind::Backfill);
    let mut count = 0;
    let mut first = 8;
    loop {
        first += usize::try_from(rng.within(&(10..=40))).expect("a few");
        let length = usize::try_from(rng.within(&(1..=4))).expect("a few");
        let Some(row) = digests.get(first..first + length) else {
            return count;
        };
        // After a stop, the chain would be overdue.
        if row.iter().all(|digest| digest.kind == DigestKind::Hourly) {
            let last = row[length - 1].object.delivered_at;
            for (seconds, digest) in (0..).zip(row) {
                let at = last + SignedDuration::from_secs(600 + 20 * seconds);
                deliveries.move_to(&digest.object, at);
            }
            count += length;
        }
        first += length;
    }
}

/// Repeats some events, and some deliveries. Returns their number.
fn repeat(trail: &Trail, world: &mut World, rng: &mut Rng) -> usize {
    let mut count = 0;
    for object in trail.objects() {
        if !rng.one_in(12) || object.delivered_at < deployed() {
            continue;
        }
        count += 1;
        let later = SignedDuration::from_secs(rng.within(&(18_000..=80_000)).into());
        let at = object.delivered_at + later;
        let act = if rng.one_in(3) {
            Act::Deliver {
                object: object.clone(),
                lost: Vec::new(),
            }
        } else {
            Act::Repeat(object.clone())
        };
        world.plan(at, act);
    }
    count
}

/// Deploys the stack several times. Returns the number of deployments.
fn deploy(world: &mut World, rng: &mut Rng) -> usize {
    world.plan(deployed(), Act::Deploy);
    let deployments = 3;
    for _ in 0..deployments {
        let minute = rng.within(&(600..=9_600));
        world.plan(
            start() + SignedDuration::from_mins(minute.into()),
            Act::Deploy,
        );
    }
    deployments + 1
}

/// Throttles requests several times, for some minutes. Returns how many times.
fn throttle(world: &mut World, rng: &mut Rng) -> usize {
    let times = 8;
    for _ in 0..times {
        let minute = rng.within(&(600..=9_600));
        let from = start() + SignedDuration::from_mins(minute.into());
        let until = from + SignedDuration::from_mins(rng.within(&(1..=12)).into());
        world.plan(from, Act::Throttle { is_on: true });
        world.plan(until, Act::Throttle { is_on: false });
    }
    times
}

/// Lets the lifecycle rule delete what is old enough, after each midnight. Returns the number of
/// objects.
fn expire(trail: &Trail, world: &mut World, rng: &mut Rng) -> usize {
    let mut count = 0;
    for object in trail.objects() {
        let age = hours(24 * (DAYS.1 + 1));
        let day = (object.delivered_at + age).as_second().div_euclid(86_400);
        let midnight = Timestamp::from_second(day * 86_400).expect("a time of this month");
        let at = midnight + SignedDuration::from_secs(rng.within(&(60..=7_200)).into());
        if at < end() {
            world.plan(at, Act::Expire(object.clone()));
            count += 1;
        }
    }
    count
}

/// Returns the findings that the documents state for what a trail legally does: it is stopped and
/// started again, or it starts in a Region.
fn stated(trail: &Trail) -> Vec<Claim> {
    let (account, region) = (trail.spec.trail_account(), trail.spec.regions[0].as_str());
    let key = |hour| &trail.digest(account, region, hour).object.key;
    let mut stated = Vec::new();
    if region == OTHER_REGION {
        stated.push(Claim::of_key("chain-started", key(0)));
    }
    for stop in &trail.spec.stops {
        let restart = stop.restart_hour.expect("it is started again");
        stated.push(Claim::of_key("chain-restarted", key(restart)));
        if restart - stop.last_hour > 6 {
            stated.push(Claim::of_key("digest-overdue", key(stop.last_hour)));
        }
    }
    stated
}
