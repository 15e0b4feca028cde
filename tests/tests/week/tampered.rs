//! A week with random tamperings.

use crate::alerter::{Alarm, PACE};
use crate::deed::Deed;
use crate::plan::{Plan, end, week};
use crate::table;
use crate::trails::start;
use crate::world::World;
use jiff::{SignedDuration, Timestamp};

/// The number of tamperings.
const COUNT: usize = 200;

/// The seed of the week, and of the table.
const DEFAULT_SEED: u64 = 1;

/// The environment variable with another seed.
const SEED: &str = "TRAILSEAL_WEEK_SEED";

/// The time that a message takes to go out: the batching window of the alerter.
const ANNOUNCED: SignedDuration = SignedDuration::from_mins(1);

/// What became of a tampering.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) after: SignedDuration,
    pub(crate) alerted_after: SignedDuration,
}

/// Returns the seed that the environment gives.
pub(crate) fn given_seed() -> Option<u64> {
    let given = std::env::var(SEED).ok()?;
    Some(given.parse().expect("a seed is a number"))
}

#[tokio::test]
async fn two_hundred_tamperings_of_a_week_are_found_in_time() {
    let seed = given_seed().unwrap_or(DEFAULT_SEED);
    println!("The seed of the week is {seed}; {SEED} chooses another one.");
    let began = std::time::Instant::now();
    let Plan { mut world, deeds } = week(seed, COUNT);
    println!("planned after {:?}", began.elapsed());
    world.run(start(), end()).await;
    println!("over after {:?}", began.elapsed());
    println!(
        "{} messages handled, {} alarms, {} messages to people",
        world.handled,
        world.people.alarms.len(),
        world.people.messages
    );
    let alarms = &world.people.alarms;
    let mut wrong = Vec::new();
    let mut rows = Vec::new();
    for deed in &deeds {
        match found(deed, &world).and_then(|found| cleared(deed, &world).map(|()| found)) {
            Ok(found) => rows.push((deed, found)),
            Err(why) => wrong.push(format!(
                "{:?} {} at {}: {why}",
                deed.kind, deed.what, deed.at
            )),
        }
    }
    for alarm in alarms {
        if !deeds.iter().any(|deed| deed.explains(&alarm.finding)) {
            wrong.push(format!("FALSE ALARM: {}", in_words(alarm)));
        }
    }
    for parked in &world.parked {
        let (name, why, at) = (parked.function.as_str(), &parked.why, parked.at);
        wrong.push(format!("PARKED by {name} at {at}: {why}"));
    }
    assert!(wrong.is_empty(), "seed {seed}: {} {wrong:#?}", wrong.len());
    assert_eq!(rows.len(), COUNT);
    if seed == DEFAULT_SEED {
        table::compare(seed, &rows);
    }
}

/// Returns when a tampering was found, and when people were alerted to it.
fn found(deed: &Deed, world: &World) -> Result<Found, String> {
    let facts = deed.kind.facts();
    let alarms = world.people.alarms.iter();
    let alarms: Vec<&Alarm> = alarms
        .filter(|alarm| deed.is_about(&alarm.finding))
        .collect();
    let found = alarms.iter().map(|alarm| &alarm.finding);
    let found = found.filter(|finding| deed.is_found_by(finding));
    let first = found.min_by_key(|finding| finding.detected_at);
    let first = first.ok_or_else(|| {
        let others = alarms.iter().map(|alarm| in_words(alarm));
        let others: Vec<String> = others.collect();
        format!("{} does not find it: {others:?}", facts.function)
    })?;
    // If another function was faster, its message is the one that people get.
    let alerted = alarms.iter().filter_map(|alarm| alarm.alerted_at).min();
    let alerted = alerted.ok_or("people are not alerted")?;
    let after = |time: Timestamp| time.duration_since(deed.since).max(SignedDuration::ZERO);
    let found = Found {
        after: after(first.detected_at),
        alerted_after: after(alerted),
    };
    if found.after > facts.within {
        return Err(format!("it is found after {:#}", found.after));
    }
    if found.alerted_after > facts.within + PACE.update_after + ANNOUNCED {
        return Err(format!(
            "people are alerted after {:#}",
            found.alerted_after
        ));
    }
    Ok(found)
}

/// Fails if a tampering was undone, and no all-clear says so.
fn cleared(deed: &Deed, world: &World) -> Result<(), String> {
    let Some(repaired_at) = deed.repaired_at else {
        return Ok(());
    };
    let within = repaired_at + deed.kind.facts().within + ANNOUNCED;
    let all_clears = &world.people.all_clears;
    let alarms = world.people.alarms.iter().map(|alarm| &alarm.finding);
    for finding in alarms.filter(|finding| deed.is_about(finding)) {
        let mut all_clears = all_clears.iter().filter(|all_clear| {
            all_clear.id == finding.id
                && all_clear.occurrence == finding.occurrence
                && all_clear.detected_at >= repaired_at
                && all_clear.detected_at <= within
        });
        if all_clears.next().is_none() {
            return Err(format!("it is undone at {repaired_at}, and not cleared"));
        }
    }
    Ok(())
}

/// Returns a finding in words.
pub(crate) fn in_words(alarm: &Alarm) -> String {
    let finding = &alarm.finding;
    format!(
        "{} by {} at {}: {} {}",
        finding.kind, finding.function, finding.detected_at, finding.object, finding.message
    )
}
