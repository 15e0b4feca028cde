//! What an append and a proof cost, in requests.

use crate::world::World;
use jiff::SignedDuration;
use trailseal::evidence_log::{BatchIndex, FoundEntry, prove};
use trailseal::world::StoredDocument;
use trailseal_tests::evidence::Requests;

/// The number of hours of a log.
const HOURS: usize = 24;

/// Returns the requests of the last append, and the highest number of requests of a proof, in a log
/// whose hours have the receipts of `chains` digests each.
async fn cost(chains: usize) -> (Requests, u64) {
    let world = World::new();
    let mut keys = Vec::new();
    let mut appended = Requests::default();
    let mut checkpoint = None;
    for _ in 0..HOURS {
        let written = world.write_receipts(chains);
        keys.push(written[written.len() / 2].clone());
        world.store.wait(SignedDuration::from_mins(30));
        world.store.requests();
        checkpoint = Some(world.append_all().await.checkpoint);
        appended = world.store.requests();
        world.store.wait(SignedDuration::from_mins(30));
    }
    let checkpoint = checkpoint.expect("a checkpoint");
    let key = world.key();
    let mut most = 0;
    for name in keys {
        let wanted = StoredDocument {
            last_modified: world.store.get(&name).expect("a receipt").at,
            key: name,
        };
        world.store.requests();
        let index = BatchIndex::read(&world.store, &key, &checkpoint).await;
        let batches = index.expect("the batches");
        let found = batches.find(&world.store, &wanted).await;
        let found = found.expect("a search").expect("an entry");
        let FoundEntry { index, entry } = found;
        let proof = prove(&world.store, &checkpoint, index, &entry).await;
        proof.expect("a proof");
        let requests = world.store.requests();
        most = most.max(requests.gets + requests.lists);
    }
    (appended, most)
}

/// A hundred times as many receipts: an append costs as many times more, and a proof as good as
/// nothing, because only the number of bundles of an hour grows.
#[tokio::test]
async fn an_append_grows_with_what_is_new_and_a_proof_with_the_logarithm() {
    let (small, proof_of_small) = cost(10).await;
    let (large, proof_of_large) = cost(1_000).await;
    // 20 and 2,000 receipts are read, and a bundle and a tile written for each 256 of them.
    assert!((20..60).contains(&small.gets), "{small:?}");
    assert!((2_000..2_060).contains(&large.gets), "{large:?}");
    assert!((7..10).contains(&small.puts), "{small:?}");
    assert!((20..36).contains(&large.puts), "{large:?}");
    assert!(proof_of_small <= 12, "{proof_of_small}");
    assert!(proof_of_large <= proof_of_small + 8, "{proof_of_large}");
}
