//! Two hundred ways to change the evidence, from a seed: an audit finds each of them, where it is.

use crate::world::World;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal::evidence_log::{LogFault, LogReport, places};
use trailseal_tests::evidence::{EvidenceStore, Stored};

/// The number of edits.
const EDITS: u64 = 200;

/// Numbers from a seed.
struct Numbers(u64);

impl Numbers {
    /// Returns the next number below `end` (xorshift64*).
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).expect("31 bits") % end
    }

    fn pick<'a>(&mut self, keys: &'a [String]) -> &'a String {
        &keys[self.below(keys.len())]
    }
}

/// Something that was changed: a description, and the faults of which an audit must find one.
struct Edit {
    what: String,
    expected: Vec<LogFault>,
    /// The key that a finding must name, if only one is right.
    key: Option<String>,
}

fn keys(store: &EvidenceStore, prefix: &str) -> Vec<String> {
    let objects = store.objects();
    let keys = objects.keys().filter(|key| key.starts_with(prefix));
    keys.cloned().collect()
}

fn flip(store: &EvidenceStore, key: &str, numbers: &mut Numbers) {
    let mut stored = store.get(key).expect("an object");
    let at = numbers.below(stored.content.len());
    stored.content[at] ^= 1 << numbers.below(8);
    store.put_at(key, stored.content, stored.at);
}

fn swap(store: &EvidenceStore, one: &str, other: &str) {
    let (a, b) = (
        store.get(one).expect("one"),
        store.get(other).expect("other"),
    );
    store.put_at(one, b.content, a.at);
    store.put_at(other, a.content, b.at);
}

fn found(what: &str, expected: &[LogFault], key: Option<&String>) -> Edit {
    Edit {
        what: format!("{what} {}", key.map_or("", String::as_str)),
        expected: expected.to_vec(),
        key: key.cloned(),
    }
}

/// Changes a receipt.
fn edit_receipts(store: &EvidenceStore, kind: u64, numbers: &mut Numbers) -> Edit {
    let receipts = keys(store, "receipts/");
    // A receipt under another name, with the content of an earlier one.
    let add = |key: &String, digit: char, at: Option<Timestamp>| {
        let name = key.replace("0123456789abcdef", &format!("{digit}123456789abcdef"));
        let original = store.get(key).expect("a receipt");
        store.put_at(&name, original.content, at.unwrap_or(original.at));
        name
    };
    match kind {
        0 => {
            let key = numbers.pick(&receipts);
            flip(store, key, numbers);
            found(
                "a bit of a receipt",
                &[LogFault::DocumentChanged],
                Some(key),
            )
        }
        1 => {
            let key = numbers.pick(&receipts);
            store.remove(key);
            found(
                "a receipt is dropped",
                &[LogFault::DocumentMissing],
                Some(key),
            )
        }
        2 => {
            let one = numbers.below(receipts.len() - 1);
            let (one, other) = (&receipts[one], &receipts[one + 1]);
            swap(store, one, other);
            found(
                "two receipts change places",
                &[LogFault::DocumentChanged],
                Some(one),
            )
        }
        3 => {
            // Written as of an hour whose receipts are in the log.
            let key = add(numbers.pick(&receipts), '1', None);
            found(
                "a receipt is added",
                &[LogFault::DocumentUnlogged],
                Some(&key),
            )
        }
        _ => {
            // Written today, about a check of an earlier time: the log gets it.
            let earlier = &receipts[..receipts.len() / 2];
            let key = add(numbers.pick(earlier), '2', Some(store.now()));
            found(
                "a receipt is back-dated",
                &[LogFault::DocumentBackdated],
                Some(&key),
            )
        }
    }
}

/// Changes an object of the log.
fn edit_log(store: &EvidenceStore, kind: u64, numbers: &mut Numbers) -> Edit {
    use LogFault::{Batch, Checkpoint, Entry, Round, Tile, Unexpected};
    let all = keys(store, "log/tile/");
    let is_bundle = |key: &&String| key.contains("/entries/");
    let is_full = |key: &&String| !key.contains(".p/");
    let bundles: Vec<String> = all.iter().filter(is_bundle).cloned().collect();
    let tiles: Vec<String> = all.iter().filter(|key| !is_bundle(key)).cloned().collect();
    let full_bundles: Vec<String> = bundles.iter().filter(is_full).cloned().collect();
    let full_tiles: Vec<String> = tiles.iter().filter(is_full).cloned().collect();
    let batches = keys(store, places::BATCHES);
    match kind {
        5 => {
            // It shows in the roots that were signed, or in the bundle of its entry.
            let key = numbers.pick(&tiles);
            flip(store, key, numbers);
            Edit {
                key: None,
                ..found("a bit of a tile", &[Tile, Entry], Some(key))
            }
        }
        6 => {
            let key = numbers.pick(&full_tiles);
            store.remove(key);
            found("a tile is dropped", &[Tile], Some(key))
        }
        7 => {
            let (one, other) = (
                &full_tiles[0],
                &full_tiles[1 + numbers.below(full_tiles.len() - 1)],
            );
            swap(store, one, other);
            found("two tiles change places", &[Tile, Entry], None)
        }
        8 => {
            let key = numbers.pick(&bundles);
            flip(store, key, numbers);
            found("a bit of a bundle", &[Entry], Some(key))
        }
        9 => {
            let key = numbers.pick(&full_bundles);
            store.remove(key);
            found("a bundle is dropped", &[Entry], Some(key))
        }
        10 => {
            let key = numbers.pick(&full_bundles);
            let mut stored = store.get(key).expect("a bundle");
            reorder(&mut stored, numbers);
            store.put_at(key, stored.content, stored.at);
            found("two entries change places", &[Entry], Some(key))
        }
        11 => {
            flip(store, places::CHECKPOINT, numbers);
            found("a bit of the checkpoint", &[Checkpoint], None)
        }
        12 => {
            let key = numbers.pick(&batches);
            flip(store, key, numbers);
            found("a bit of a batch", &[Batch, Round], Some(key))
        }
        13 => {
            let key = numbers.pick(&batches);
            store.remove(key);
            found("a batch is dropped", &[Batch], Some(key))
        }
        _ => {
            let (number, width) = (numbers.below(2), 1 + numbers.below(3));
            let key = format!("log/tile/0/{number:03}.p/{width}");
            store.put(&key, vec![7; 32]);
            found("a tile is planted", &[Unexpected, Tile], Some(&key))
        }
    }
}

/// Exchanges two entries of a bundle that differ.
fn reorder(stored: &mut Stored, numbers: &mut Numbers) {
    let mut entries = Vec::new();
    let mut rest = stored.content.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at(u16::from_be_bytes(*length).into());
        entries.push(entry.to_vec());
        rest = after;
    }
    let one = numbers.below(entries.len() - 1);
    entries.swap(one, one + 1);
    stored.content.clear();
    for entry in entries {
        let length = u16::try_from(entry.len()).expect("an entry");
        stored.content.extend(length.to_be_bytes());
        stored.content.extend(entry);
    }
}

fn is_found(edit: &Edit, report: &LogReport) -> bool {
    report.findings.iter().any(|finding| {
        let is_here = edit.key.as_ref().is_none_or(|key| *key == finding.key);
        is_here && edit.expected.contains(&finding.fault)
    })
}

#[tokio::test]
async fn each_of_two_hundred_edits_is_found() {
    let world = World::new();
    for hour in 0..30 {
        world.hour(10 + hour % 5).await;
    }
    world.assert_valid().await;
    let mut counts = BTreeMap::new();
    for seed in 0..EDITS {
        let kind = seed % 15;
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let world = world.copy();
        let edit = if kind < 5 {
            edit_receipts(&world.store, kind, &mut numbers)
        } else {
            edit_log(&world.store, kind, &mut numbers)
        };
        if kind == 4 {
            world.store.wait(SignedDuration::from_hours(1));
            for _ in 0..24 {
                world.append_all().await;
                world.store.wait(SignedDuration::from_hours(1));
            }
        }
        let report = world.audit(&[]).await;
        assert!(
            is_found(&edit, &report),
            "seed {seed}: {}: {:#?}",
            edit.what,
            report.findings
        );
        *counts.entry(kind).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 15, "every kind of edit was made: {counts:?}");
}
