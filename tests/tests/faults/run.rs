//! One run: an attacked trail is delivered while calls break. Then everything works again, parked
//! messages are moved back, and open incidents are looked at again.

use crate::case::Case;
use crate::outcome::Outcome;
use crate::stage::{Stage, TIMEOUT};
use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use trailseal_tests::local::{Alert, Finding, Match, Round};
use trailseal_tests::trail::{DigestKind, deliver};

/// Adds what was written until a second ago to the evidence log.
const APPEND: &str = r#"{"append":{"marginSeconds":1}}"#;

/// Has open incidents looked at again.
const SECOND_LOOK: &str = r#"{"secondLook":{}}"#;

/// The kinds that say that something could not be verified. They end when it can be.
pub(crate) const COULD_NOT_VERIFY: [&str; 1] = ["object-unreadable-denied"];

pub(crate) async fn run(stage: &Stage, seed: u64) -> Result<Outcome> {
    let case = Case::of(seed, stage.kms.as_ref())?;
    let mut outcome = Outcome::of(&case);
    stage.proxy.forget();
    if case.starts_cold {
        for function in ["DigestValidator", "LogVerifier", "KmsContextChecker"] {
            stage.pump.rie(function)?.restart().await?;
        }
    }
    stage
        .aws
        .add_public_keys(&case.trail.public_keys_by_region())?;
    deliver::deliver_in_order(&stage.aws.s3(), &case.trail).await?;
    let (late, early): (Vec<_>, Vec<_>) = case.attacks.iter().partition(|it| it.attack.is_late());
    for planned in early {
        planned.carry_out(stage, &case.trail).await?;
    }
    if std::env::var_os("TRAILSEAL_FAULT_CALM").is_none() {
        stage.proxy.follow(case.plan());
    }
    let mut rounds = Vec::new();
    for number in 0..case.rounds {
        if number == 1 {
            for planned in &late {
                planned.carry_out(stage, &case.trail).await?;
            }
            if case.appends {
                stage.pump.send("Watchdog", APPEND).await?;
            }
        }
        if number == 2 && case.looks {
            stage.pump.send("Watchdog", SECOND_LOOK).await?;
        }
        if case.outage.as_ref().is_some_and(|it| it.rounds == number) {
            stage.proxy.with_plan(|plan| plan.remove(0));
        }
        rounds.push(stage.pump.round().await?);
    }
    outcome.broken = stage.proxy.end_plan();
    rounds.extend(stage.pump.until_idle().await?);
    if could_not_verify(stage, &case).next().is_some() {
        // People need longer than this until they move messages back.
        next_second().await;
    }
    outcome.moved_back = stage.move_back().await?;
    if outcome.moved_back > 0 {
        rounds.extend(stage.pump.until_idle().await?);
    }
    for body in stage.drain_parked().await? {
        outcome.problem(format!("parked although all works: {body}"));
    }
    if could_not_verify(stage, &case).next().is_some() {
        next_second().await;
        stage.pump.send("Watchdog", SECOND_LOOK).await?;
        rounds.extend(stage.pump.until_idle().await?);
    }
    judge(stage, &case, &rounds, &mut outcome).await?;
    Ok(outcome)
}

/// Waits until the next second has begun. Findings have whole seconds, and an all-clear of the same
/// second does not end them.
async fn next_second() {
    let second = Timestamp::now().as_second();
    while Timestamp::now().as_second() == second {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Returns the findings of alerts about the account of a case.
fn findings(alerts: Vec<Alert>, case: &Case) -> impl Iterator<Item = Finding> {
    let findings = alerts.into_iter().flat_map(|alert| alert.findings());
    findings.filter(|finding| {
        let account = finding.document["account"].as_str();
        let is_over = finding.document["incident"]["state"] == "closed"
            || finding.document["allClear"] == true;
        !is_over && account.is_none_or(|account| account == case.account())
    })
}

/// Returns the findings of all alerts, whether SNS accepted them or not.
fn published(stage: &Stage, case: &Case) -> impl Iterator<Item = Finding> {
    let calls = stage.proxy.calls(&Match::operation("sns", "Publish"));
    let alerts = calls
        .iter()
        .map(|call| Alert::from_publish(&call.parameters));
    findings(alerts.collect(), case)
}

fn could_not_verify(stage: &Stage, case: &Case) -> impl Iterator<Item = Finding> {
    published(stage, case).filter(|it| COULD_NOT_VERIFY.contains(&it.kind.as_str()))
}

async fn judge(stage: &Stage, case: &Case, rounds: &[Round], outcome: &mut Outcome) -> Result<()> {
    for invocation in rounds.iter().flat_map(|round| &round.invocations) {
        outcome.invocations += 1;
        outcome.longest = outcome.longest.max(invocation.took);
        if let Some(error) = &invocation.error {
            outcome.problem(format!("{}: {error}", invocation.function));
        }
        if invocation.took > TIMEOUT {
            outcome.problem(format!("{}: {:?}", invocation.function, invocation.took));
        }
    }
    for panic in stage.panics()? {
        outcome.problem(panic);
    }
    judge_findings(stage, case, outcome).await?;
    judge_receipts(stage, case, outcome).await
}

/// Compares what people were alerted to with what was done.
async fn judge_findings(stage: &Stage, case: &Case, outcome: &mut Outcome) -> Result<()> {
    let (mut must, mut may) = (Vec::new(), Vec::new());
    for planned in &case.attacks {
        let (also_must, also_may) = planned.wanted(&case.trail);
        must.extend(also_must);
        may.extend(also_may);
    }
    let accepted: Vec<Finding> = findings(stage.proxy.alerts(), case).collect();
    // The objects of a folder are one incident, and an alert shows the newest of them.
    let mut of_folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in &accepted {
        if finding.kind.starts_with("object-") && !of_folders.contains_key(&finding.id) {
            let incident = stage.incident(&finding.id).await?.unwrap_or_default();
            let recent = incident["recent"].as_array().into_iter().flatten();
            let objects = recent.filter_map(|it| it["object"].as_str().map(str::to_owned));
            of_folders.insert(finding.id.clone(), objects.collect());
        }
    }
    outcome.expected = must.len();
    for wanted in &must {
        let is_found = accepted.iter().any(|it| wanted.is(&it.kind, &it.key))
            || accepted.iter().any(|it| {
                it.kind == wanted.kind
                    && of_folders.get(&it.id).is_some_and(|objects| {
                        let locations = wanted
                            .keys
                            .iter()
                            .map(|key| format!("s3://{}/{key}", it.bucket));
                        let mut locations = locations.collect::<Vec<_>>().into_iter();
                        locations
                            .any(|at| objects.iter().any(|object| at.starts_with(object.as_str())))
                    })
            });
        if is_found {
            outcome.found += 1;
        } else {
            outcome
                .lost
                .push(format!("{} {:?}", wanted.kind, wanted.keys));
        }
    }
    judge_records(stage, &accepted, outcome).await?;
    let mut unreadable = BTreeSet::new();
    for finding in published(stage, case) {
        let (kind, key) = (finding.kind.as_str(), finding.key.as_str());
        let is_start = kind == "chain-started"
            && case
                .trail
                .digests
                .iter()
                .any(|digest| digest.kind == DigestKind::Starting && digest.object.key == key);
        let is_true = must.iter().chain(&may).any(|wanted| wanted.is(kind, key));
        if COULD_NOT_VERIFY.contains(&kind) {
            if !unreadable.insert(finding.id.clone()) {
                continue;
            }
            let Some(incident) = stage.incident(&finding.id).await? else {
                continue;
            };
            let is_closed = incident["closing"]["isPublished"] == true;
            if is_closed {
                outcome.all_clears += 1;
            } else if let Some(objects) = unreadable_still(case, &incident) {
                outcome.problem(format!("not closed: {kind} {objects:?}"));
            }
        } else if !is_start && !is_true {
            let message = &finding.document["message"];
            outcome
                .false_ones
                .insert(format!("{kind} {key}: {message}"));
        }
    }
    Ok(())
}

/// Counts the incidents of accepted alerts that have no record.
async fn judge_records(stage: &Stage, accepted: &[Finding], outcome: &mut Outcome) -> Result<()> {
    let ids: BTreeSet<&str> = accepted.iter().map(|it| it.id.as_str()).collect();
    for id in ids {
        if stage.incident(id).await?.is_none() {
            outcome.without_record += 1;
        }
    }
    // The evidence bucket accepted no document for several rounds.
    if outcome.without_record > 0 && !outcome.evidence_was_out {
        let count = outcome.without_record;
        outcome.problem(format!("{count} incidents without a record"));
    }
    Ok(())
}

/// Returns the objects that an incident names as unreadable, although they can be read. Somebody may
/// have deleted one in the meantime, or put another one in its place.
fn unreadable_still(case: &Case, incident: &Value) -> Option<Vec<String>> {
    let attacked: Vec<String> = case
        .attacks
        .iter()
        .map(|planned| planned.object(&case.trail).location().to_string())
        .collect();
    let recent = incident["recent"].as_array()?.iter();
    let open = recent.filter(|it| it["endedAt"].is_null());
    let objects = open.filter_map(|it| it["object"].as_str());
    let left = objects.filter(|object| !attacked.iter().any(|at| at.starts_with(object)));
    let left: Vec<String> = left.map(str::to_owned).collect();
    // An incident whose all-clear nobody received is wrong, too.
    let is_ended = !incident["closing"].is_null();
    (is_ended || !left.is_empty()).then_some(left)
}

/// Checks that both functions left receipts of each digest.
async fn judge_receipts(stage: &Stage, case: &Case, outcome: &mut Outcome) -> Result<()> {
    let day = case.trail.spec.start.to_string();
    let day = day.split('T').next().unwrap_or_default().replace('-', "/");
    let folder = format!("receipts/{day}/{}/", case.account());
    let keys = stage.evidence_keys(&folder).await?;
    for digest in &case.trail.digests {
        let (_, name) = digest.object.key.rsplit_once('_').unwrap_or_default();
        let end = name.trim_end_matches(".json.gz");
        let is_deleted = case.attacks.iter().any(|planned| {
            planned.attack.is_of_digest() && planned.object(&case.trail).key == digest.object.key
        });
        for function in ["digest-validator", "log-verifier"] {
            let is_left = keys.iter().any(|key| {
                key.contains(&format!("/{end}_")) && key.contains(&format!("/{function}-"))
            });
            if !is_left && !is_deleted {
                outcome.problem(format!("no receipt of {function} of {end}"));
            }
        }
    }
    Ok(())
}
