use super::*;
use crate::report::Status;
use crate::stack::sample;
use trailseal::names::object_key::{ObjectKind, classify};
use trailseal::world::Cause;

const NOW: &str = "2026-01-15T12:00:00Z";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Returns a chain whose newest digest ended at an hour of the day.
fn chain(account: &str, hour: u8) -> WatchedChain {
    let key = format!(
        "AWSLogs/{account}/CloudTrail-Digest/us-east-1/2026/01/15/{account}_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T{hour:02}0000Z.json.gz"
    );
    let ObjectKind::Digest(newest) = classify(&key) else {
        panic!("{key}");
    };
    WatchedChain {
        document: format!("chains/{account}/us-east-1/x.json"),
        bucket: "amzn-s3-demo-bucket".to_owned(),
        chain: newest.chain.clone(),
        since: time("2026-01-01T00:00:00Z"),
        newest_end: newest.end_time,
        newest,
    }
}

fn heads(chains: Vec<WatchedChain>) -> Heads {
    let mut heads = Heads::default();
    for chain in chains {
        let account = chain.chain.folder.account.clone();
        heads.chains.entry(account).or_default().push(chain);
    }
    heads
}

fn statuses(stack: &Stack, heads: &Heads, continued: &BTreeMap<String, Timestamp>) -> Vec<Status> {
    let checks = chains(stack, heads, continued, time(NOW));
    checks.iter().map(|check| check.status).collect()
}

#[test]
fn an_overdue_chain_is_wrong_by_name() {
    let stack = sample::stack(&[]);
    let none = BTreeMap::new();
    let heads = heads(vec![chain("111122223333", 11), chain("444455556666", 5)]);
    let checks = chains(&stack, &heads, &none, time(NOW));
    assert_eq!(
        checks[0].detail,
        "1 chain continues, with a verified digest that ends at 2026-01-15T11:00:00Z or later"
    );
    assert_eq!(checks[1].status, Status::Wrong);
    assert!(checks[1].subject.contains("444455556666"));
    assert!(
        checks[1]
            .detail
            .starts_with("its newest verified digest ended 7 hours ago")
    );
    let patient = sample::stack(&[("OverdueHours", "7")]);
    assert_eq!(statuses(&patient, &heads, &none), [Status::Ok]);
}

#[test]
fn a_chain_that_need_not_continue_is_not_overdue() {
    let old = || heads(vec![chain("444455556666", 5)]);
    let none = BTreeMap::new();
    let ended = sample::stack(&[("EndedTrails", "management-events")]);
    assert_eq!(statuses(&ended, &old(), &none), [Status::Ok]);
    let stack = sample::stack(&[]);
    let place = chain("444455556666", 5).place();
    let continued = BTreeMap::from([(place.clone(), time("2026-01-15T05:00:00Z"))]);
    assert_eq!(statuses(&stack, &old(), &continued), [Status::Ok]);
    // It continued once, and went on at the old place.
    let earlier = BTreeMap::from([(place, time("2026-01-15T04:00:00Z"))]);
    assert_eq!(statuses(&stack, &old(), &earlier), [Status::Wrong]);
    let other = "arn:aws:cloudtrail:us-east-1:444455556666:trail/other";
    let unexpected = sample::stack(&[("TrailArns", other)]);
    let found = statuses(&unexpected, &old(), &none);
    assert_eq!(found, [Status::Wrong], "no chain of the trail");
}

#[test]
fn a_new_stack_has_no_chain_yet() {
    let mut stack = sample::stack(&[]);
    let none = BTreeMap::new();
    assert_eq!(statuses(&stack, &Heads::default(), &none), [Status::Wrong]);
    stack.created = Some(time("2026-01-15T10:00:00Z"));
    let found = statuses(&stack, &Heads::default(), &none);
    assert_eq!(found, [Status::CannotTell]);
}

#[test]
fn many_overdue_chains_are_counted() {
    let chains = (0..60).map(|n| chain(&format!("4444555566{n:02}"), 1));
    let found = statuses(
        &sample::stack(&[]),
        &heads(chains.collect()),
        &BTreeMap::new(),
    );
    assert_eq!(found.len(), MAX_LISTED + 1);
}

#[test]
fn a_head_that_cannot_be_read_cannot_tell() {
    let mut heads = heads(vec![chain("111122223333", 11)]);
    let account = chain("111122223333", 11).chain.folder.account;
    let cause = Cause::Denied("AccessDenied".to_owned());
    heads
        .unread
        .insert(account, vec![("chains/x".to_owned(), cause)]);
    let found = statuses(&sample::stack(&[]), &heads, &BTreeMap::new());
    assert_eq!(found, [Status::Ok, Status::CannotTell]);
}
