//! Proofs that documents are in the log, which verify without the log: by Trailseal, and by a
//! program in Python that was written from the specifications.

use crate::world::World;
use std::io::Write as _;
use std::process::{Command, Output};
use trailseal::evidence_log::{
    BatchIndex, EvidenceProof, FoundEntry, LogCheckpoint, ProvenDocument, prove,
};
use trailseal::world::StoredDocument;

/// The program that verifies a proof.
const CHECKER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../docs/verify_evidence_proof.py"
);

async fn proof(world: &World, checkpoint: &LogCheckpoint, keys: &[&String]) -> EvidenceProof {
    let key = world.key();
    let index = BatchIndex::read(&world.store, &key, checkpoint).await;
    let index = index.expect("the batches");
    let mut documents = Vec::new();
    for name in keys {
        let stored = world.store.get(name).expect("a document");
        let wanted = StoredDocument {
            key: (*name).clone(),
            last_modified: stored.at,
        };
        let found = index.find(&world.store, &wanted).await.expect("a search");
        let FoundEntry { index, entry } = found.expect("the document is in the log");
        let hashes = prove(&world.store, checkpoint, index, &entry).await;
        let hashes = hashes.expect("a proof");
        let proven = ProvenDocument::new(name, stored.content, entry, index, &hashes, checkpoint);
        documents.push(proven.expect("a proof"));
    }
    EvidenceProof::new(&key, documents)
}

/// Runs the program on a proof.
fn check(proof: &str, key: &str) -> Output {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(proof.as_bytes()).expect("a proof");
    let mut python = Command::new("python3");
    python.arg(CHECKER).arg(file.path()).args(["--key", key]);
    python.output().expect("python3")
}

#[tokio::test]
async fn every_document_has_a_proof() {
    let world = World::new();
    let mut keys = Vec::new();
    for hour in 0..12 {
        keys.extend(world.write_receipts(hour * 9));
        world.store.wait(jiff::SignedDuration::from_mins(30));
        world.append_all().await;
        world.store.wait(jiff::SignedDuration::from_mins(30));
    }
    let checkpoint = world.append_all().await.checkpoint;
    for key in &keys {
        let proof = proof(&world, &checkpoint, &[key]).await;
        let read = EvidenceProof::read(proof.to_json().as_bytes()).expect("a proof");
        assert_eq!(read.verify(&world.key()).expect("it verifies"), checkpoint);
    }
    assert_eq!(keys.len(), 1_188);
}

#[tokio::test]
async fn another_implementation_verifies_a_proof() {
    let world = World::new();
    let mut keys = Vec::new();
    for hour in 1..9 {
        keys.extend(world.write_receipts(hour * 13));
        world.store.wait(jiff::SignedDuration::from_mins(40));
        world.append_all().await;
    }
    let checkpoint = world.append_all().await.checkpoint;
    let key = world.key().to_string();
    for wanted in [&keys[..2], &keys[300..302], &keys[keys.len() - 1..]] {
        let wanted: Vec<&String> = wanted.iter().collect();
        let proof = proof(&world, &checkpoint, &wanted).await.to_json();
        let output = check(&proof, &key);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        assert!(
            text.contains(&format!("{} entries", checkpoint.size)),
            "{text}"
        );
        // Neither accepts a proof of which any part was changed.
        let value: serde_json::Value = serde_json::from_str(&proof).expect("JSON");
        let edits: [(&str, &str, &str); 5] = [
            ("document", "\"valid\":1", "\"valid\":2"),
            ("entry", "\"type\":\"document\"", "\"type\":\"documen\""),
            ("entry", "20260115", "20260116"),
            ("proof", "index ", "index 1"),
            ("key", "receipts/2026", "receipts/2025"),
        ];
        for (part, from, to) in edits {
            let mut changed = value.clone();
            let text = changed["documents"][0][part].as_str().expect("text");
            assert!(text.contains(from), "{part}: {text}");
            changed["documents"][0][part] = text.replacen(from, to, 1).into();
            let changed = changed.to_string();
            let read = EvidenceProof::read(changed.as_bytes()).expect("JSON");
            assert!(read.verify(&world.key()).is_err(), "{part}");
            let output = check(&changed, &key);
            assert_eq!(output.status.code(), Some(1), "{part}: {output:?}");
        }
    }
}

#[tokio::test]
async fn a_document_that_was_changed_after_it_was_logged_has_no_proof() {
    let world = World::new();
    let keys = world.write_receipts(3);
    world.store.wait(jiff::SignedDuration::from_mins(30));
    let checkpoint = world.append_all().await.checkpoint;
    let stored = world.store.get(&keys[2]).expect("a receipt");
    world.store.put_at(&keys[2], "{}", stored.at);
    let proof = proof(&world, &checkpoint, &[&keys[2]]).await;
    let error = proof
        .verify(&world.key())
        .expect_err("it is another document");
    assert!(
        error.to_string().contains("not about this document"),
        "{error}"
    );
}

#[tokio::test]
async fn a_document_that_is_not_in_the_log_is_not_found() {
    let world = World::new();
    world.hour(3).await;
    let keys = world.write_receipts(1);
    let checkpoint = world.append_all().await.checkpoint;
    let key = world.key();
    let index = BatchIndex::read(&world.store, &key, &checkpoint).await;
    let wanted = StoredDocument {
        key: keys[0].clone(),
        last_modified: world.store.now(),
    };
    let found = index.expect("the batches");
    let found = found.find(&world.store, &wanted).await;
    assert_eq!(found.expect("a search"), None);
}
