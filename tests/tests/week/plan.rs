//! The plan of a week: which tamperings there are, where, and when.

use crate::chain_deeds::{Scene, hours};
use crate::deed::{Deed, Planned};
use crate::deliveries::Deliveries;
use crate::kinds::{Kind, Place};
use crate::other_deeds::{self, digests_lost};
use crate::trails::{self, ACCOUNTS, REGIONS, WEEK, start};
use crate::world::{Act, World};
use jiff::SignedDuration;
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::{Deed as Call, DeedKind, KmsAnomaly, Stop, Trail};

/// The first hour in which something may be done. The functions are deployed before.
const FIRST_HOUR: u32 = 6;

/// The hour until which everything is done.
const LAST_HOUR: u32 = 162;

/// The number of days for which log files are kept.
const RETENTION_DAYS: u64 = 365;

/// The hours around a tampering with all events in which nothing else is done: digests are sent to
/// the functions again.
const QUIET: (u32, u32) = (2, 4);

/// A part of a chain, for one tampering.
struct Slot {
    kind: Kind,
    chain: usize,
    hour: u32,
}

/// The plan.
pub(crate) struct Plan {
    pub(crate) world: World,
    pub(crate) deeds: Vec<Deed>,
}

/// Plans a week with this many tamperings. The same seed gives the same plan.
pub(crate) fn week(seed: u64, count: usize) -> Plan {
    let mut rng = Rng::for_subject(seed, "plan");
    let kinds = kinds(count, &mut rng);
    let quiet = quiet_hours(&kinds, &mut rng);
    let slots = slots(&kinds, &quiet, &mut rng);
    let records = records(&kinds, &quiet, &mut rng);

    let mut specs: Vec<_> = chains()
        .map(|(account, region)| trails::chain(seed, account, region))
        .collect();
    for slot in &slots {
        let restart = match slot.kind {
            Kind::TrailRestarted => slot.hour + 4,
            Kind::TrailStopped => slot.hour + 11,
            _ => continue,
        };
        specs[slot.chain].stops.push(Stop {
            last_hour: slot.hour + 1,
            restart_hour: Some(restart),
        });
    }
    specs.push(encrypted(seed, &records));
    let strangers = strangers(seed, &kinds, &quiet, &mut rng);
    let mut built = trails::build(specs);
    for slot in slots.iter().filter(|slot| slot.kind == Kind::ChainGap) {
        let (account, region) = chain(slot.chain);
        shorten(&mut built[slot.chain], account, region, slot.hour + 1);
    }

    let mut deliveries = Deliveries::default();
    let mut planned = Vec::new();
    for (number, slot) in slots.iter().enumerate() {
        let (account, region) = chain(slot.chain);
        let scene = Scene {
            kind: slot.kind,
            trail: &built[slot.chain],
            account,
            region,
            hour: slot.hour,
            rng: Rng::for_subject(seed, &format!("slot {number}")),
        };
        planned.push(scene.plan(&mut deliveries));
    }
    planned.extend(other_deeds::settings(&kinds, &mut rng));
    for (kind, hour) in &quiet {
        planned.push(other_deeds::events(*kind, *hour, &mut rng));
    }
    let encrypted = built.last().expect("the encrypted trail");
    for (kind, hour) in &records {
        planned.push(other_deeds::record(*kind, *hour, encrypted));
    }
    planned.extend(strangers.iter().map(other_deeds::stranger));
    let (memory, configuration) = trails::stack(&built, &strangers, RETENTION_DAYS);
    let world = World::new(memory, configuration, seed);
    assemble(world, &built, &deliveries, planned)
}

/// Returns the world in which the plan is carried out.
fn assemble(
    mut world: World,
    built: &[Trail],
    deliveries: &Deliveries,
    planned: Vec<Planned>,
) -> Plan {
    for trail in built {
        for (at, act) in deliveries.of(trail) {
            world.plan(at, act);
        }
    }
    world.plan(deployed(), Act::Deploy);
    let mut deeds = Vec::new();
    for Planned { mut deed, acts } in planned {
        for (at, act) in acts {
            world.plan(at, act);
        }
        if deed.kind == Kind::LogModifiedSilently {
            // Its digest is lost, like others.
            deed.claims.push(digests_lost(deed.since));
        }
        deeds.push(deed);
    }
    deeds.sort_by_key(|deed| deed.at);
    Plan { world, deeds }
}

/// Returns the kinds of the tamperings, in random order: of each kind at least as many as it states.
fn kinds(count: usize, rng: &mut Rng) -> Vec<Kind> {
    let mut kinds = Vec::new();
    let mut more = Vec::new();
    for kind in Kind::ALL {
        let (least, most) = kind.facts().count;
        kinds.extend(std::iter::repeat_n(kind, least));
        more.extend(std::iter::repeat_n(kind, most - least));
    }
    rng.shuffle(&mut more);
    let missing = count.checked_sub(kinds.len()).expect("enough tamperings");
    assert!(missing <= more.len(), "too many tamperings");
    kinds.extend(more.drain(..missing));
    rng.shuffle(&mut kinds);
    kinds
}

/// Returns the hours in which somebody tampers with all events, spread over the week.
fn quiet_hours(kinds: &[Kind], rng: &mut Rng) -> Vec<(Kind, u32)> {
    let here = of_place(kinds, |place| place == Place::Events);
    let count = u32::try_from(here.len()).expect("a few");
    let room = (LAST_HOUR - 30) / count;
    (0..count)
        .zip(here)
        .map(|(number, kind)| (kind, 20 + number * room + rng.within(&(0..=room / 3))))
        .collect()
}

fn of_place(kinds: &[Kind], is_there: impl Fn(Place) -> bool) -> Vec<Kind> {
    let mut kinds = kinds.to_vec();
    kinds.retain(|kind| is_there(kind.facts().place));
    kinds
}

/// Returns the end of the quiet hours that a part of a chain would reach into.
fn quiet_until(quiet: &[(Kind, u32)], from: u32, to: u32) -> Option<u32> {
    let mut quiet = quiet
        .iter()
        .map(|(_, hour)| (hour - QUIET.0, hour + QUIET.1));
    let reached = quiet.find(|(start, end)| from < *end && *start < to);
    reached.map(|(_, end)| end)
}

/// Gives each tampering with a chain a part of a random one.
fn slots(kinds: &[Kind], quiet: &[(Kind, u32)], rng: &mut Rng) -> Vec<Slot> {
    let mut free = vec![FIRST_HOUR; ACCOUNTS.len() * REGIONS.len()];
    let mut slots = Vec::new();
    for kind in kinds {
        let Place::Chain(length) = kind.facts().place else {
            continue;
        };
        let mut order: Vec<usize> = (0..free.len()).collect();
        rng.shuffle(&mut order);
        let pause = rng.within(&(0..=4));
        let start_in = |chain: usize| {
            let mut hour = free[chain] + pause;
            while let Some(until) = quiet_until(quiet, hour, hour + length) {
                hour = until;
            }
            (hour + length <= LAST_HOUR).then_some((chain, hour))
        };
        let place = order.into_iter().find_map(start_in);
        let (chain, hour) = place.expect("a free part of a chain");
        free[chain] = hour + length;
        slots.push(Slot {
            kind: *kind,
            chain,
            hour,
        });
    }
    slots
}

/// Gives each call that the encrypted trail records an hour.
fn records(kinds: &[Kind], quiet: &[(Kind, u32)], rng: &mut Rng) -> Vec<(Kind, u32)> {
    let here = of_place(kinds, |place| place == Place::Record);
    let hours = (FIRST_HOUR..LAST_HOUR).step_by(3);
    let mut hours: Vec<u32> = hours
        .filter(|hour| quiet_until(quiet, hour - 1, hour + 3).is_none())
        .collect();
    rng.shuffle(&mut hours);
    assert!(hours.len() >= here.len(), "an hour for each call");
    here.into_iter().zip(hours).collect()
}

/// Returns the trails that the stack does not expect, at random hours.
fn strangers(seed: u64, kinds: &[Kind], quiet: &[(Kind, u32)], rng: &mut Rng) -> Vec<Trail> {
    let here = of_place(kinds, |place| place == Place::OtherTrail);
    let specs = (0..here.len()).map(|number| {
        let hour = loop {
            let hour = rng.within(&(FIRST_HOUR..=LAST_HOUR - 4));
            if quiet_until(quiet, hour - 1, hour + 4).is_none() {
                break hour;
            }
        };
        let account = *rng.pick(&ACCOUNTS);
        trails::stranger(seed, number, account, hour)
    });
    trails::build(specs.collect())
}

/// Returns the description of the encrypted trail, with the calls.
fn encrypted(seed: u64, records: &[(Kind, u32)]) -> trailseal_tests::trail::TrailSpec {
    let mut calls = DeedKind::ALL
        .into_iter()
        .filter(|kind| kind.weakens())
        .cycle();
    let mut deeds = Vec::new();
    let mut anomalies = Vec::new();
    for (kind, hour) in records {
        let hour = *hour;
        match other_deeds::anomaly(*kind) {
            Some(kind) => anomalies.push(KmsAnomaly { hour, kind }),
            None => deeds.push(Call {
                hour,
                kind: calls.next().expect("it never ends"),
            }),
        }
    }
    trails::encrypted(seed, anomalies, deeds)
}

/// Makes the digest of an hour start late, as if CloudTrail itself had left a gap.
fn shorten(trail: &mut Trail, account: &str, region: &str, hour: u32) {
    let late = start() + hours(hour - 1) + SignedDuration::from_mins(10);
    trail.rewrite(account, region, hour, |document| {
        document.digest_start_time = late.to_string();
    });
}

fn chains() -> impl Iterator<Item = (&'static str, &'static str)> {
    let accounts = ACCOUNTS.into_iter();
    accounts.flat_map(|account| REGIONS.map(|region| (account, region)))
}

fn chain(number: usize) -> (&'static str, &'static str) {
    chains().nth(number).expect("a chain")
}

/// Returns the time at which the functions are deployed. What was delivered before caused no event.
pub(crate) fn deployed() -> jiff::Timestamp {
    start() + SignedDuration::from_mins(150)
}

/// Returns the end of the week, and of the hours after it in which the last tamperings are found.
pub(crate) fn end() -> jiff::Timestamp {
    start() + hours(WEEK) + hours(5)
}
