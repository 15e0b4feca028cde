//! The evidence log: what an append and a proof cost as the log grows to a million receipts.

use std::time::Instant;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use trailseal::evidence_log::{BatchIndex, FoundEntry, LogCheckpoint, LogKey, LogWriter, prove};
use trailseal::world::StoredDocument;
use trailseal_tests::evidence::{EvidenceStore, LocalSigner, Requests, receipt, receipt_key};

use crate::lab::Lab;
use crate::report::{Section, Table, count, float, median, micros, seconds, times};

/// The numbers of receipts of a log.
const RECEIPTS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// The number of hours over which they are written.
const HOURS: usize = 60;

/// The number of proofs of a log.
const PROOFS: usize = 60;

/// The name of the log.
const NAME: &str = "amzn-s3-demo-bucket.s3.us-east-1.amazonaws.com/log";

/// What was measured of a log.
struct Measured {
    append: f64,
    requests: Requests,
    proof: f64,
    proof_requests: f64,
}

pub(crate) fn run(_: &mut Lab) -> anyhow::Result<Section> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut table = Table::new([
        "receipts",
        "append, each receipt",
        "written, each 1,000 receipts",
        "listed, each hour",
        "a proof",
        "requests of a proof",
    ]);
    let mut proofs = Vec::new();
    let mut appends = Vec::new();
    for receipts in RECEIPTS {
        let measured = runtime.block_on(measure(receipts))?;
        let number = float(receipts.try_into()?);
        table.row([
            count(receipts.try_into()?),
            micros(measured.append / number),
            format!("{:.1}", float(measured.requests.puts) / number * 1_000.0),
            format!(
                "{:.1}",
                float(measured.requests.lists) / float(HOURS.try_into()?)
            ),
            seconds(measured.proof),
            format!("{:.0}", measured.proof_requests),
        ]);
        proofs.push(measured.proof_requests);
        appends.push(measured.append / number);
    }
    let mut section = Section::new(
        "Evidence log",
        format!(
            "Logs of receipts that are written within {HOURS} hours, in memory, without latency: an append each hour, and {PROOFS} proofs of single receipts; medians. An append reads each receipt once. One thread.",
        ),
    );
    section.table(table);
    let ratio = |values: &[f64]| match values {
        [first, .., last] => last / first,
        _ => f64::NAN,
    };
    section.below(
        "requests of a proof, of 1,000,000 receipts by those of 1,000",
        ratio(&proofs),
        10.0,
        times,
    );
    section.below(
        "time of an append for each receipt, of 1,000,000 by that of 1,000",
        ratio(&appends),
        2.0,
        times,
    );
    Ok(section)
}

async fn measure(receipts: usize) -> anyhow::Result<Measured> {
    let start: Timestamp = "2026-01-15T00:30:00Z".parse()?;
    let store = EvidenceStore::at(start);
    let signer = LocalSigner::new(7);
    let mut append = 0.0;
    let mut requests = Requests::default();
    let mut keys = Vec::new();
    let mut checkpoint = None;
    for hour in 0..HOURS {
        let now = store.now();
        let share = receipts * (hour + 1) / HOURS - receipts * hour / HOURS;
        for chain in 0..share {
            let key = receipt_key(now, chain, "digest-validator");
            store.put(&key, receipt(now, chain, "digest-validator").to_string());
            if chain == share / 2 {
                keys.push((key, now));
            }
        }
        store.wait(SignedDuration::from_mins(30));
        store.requests();
        let begun = Instant::now();
        loop {
            let writer = LogWriter {
                evidence: &store,
                signer: &signer,
                name: NAME,
                margin: SignedDuration::from_mins(10),
            };
            let appended = writer.append(store.now()).await?;
            checkpoint = Some(appended.checkpoint);
            if !appended.more {
                break;
            }
            store.wait(SignedDuration::from_secs(1));
        }
        append += begun.elapsed().as_secs_f64();
        let of_hour = store.requests();
        requests.puts += of_hour.puts;
        requests.gets += of_hour.gets;
        requests.lists += of_hour.lists;
        store.wait(SignedDuration::from_mins(30));
    }
    let checkpoint = checkpoint.context("a checkpoint")?;
    let key = LogKey::of_log(NAME, signer.public())?;
    let mut times = Vec::new();
    let mut counts = Vec::new();
    for (name, at) in keys.into_iter().take(PROOFS) {
        store.requests();
        let begun = Instant::now();
        prove_one(&store, &key, &checkpoint, name, at).await?;
        times.push(begun.elapsed().as_secs_f64());
        let of_proof = store.requests();
        counts.push(float(of_proof.gets + of_proof.lists));
    }
    Ok(Measured {
        append,
        requests,
        proof: median(times),
        proof_requests: median(counts),
    })
}

async fn prove_one(
    store: &EvidenceStore,
    key: &LogKey,
    checkpoint: &LogCheckpoint,
    name: String,
    at: Timestamp,
) -> anyhow::Result<()> {
    let wanted = StoredDocument {
        key: name,
        last_modified: at,
    };
    let index = BatchIndex::read(store, key, checkpoint).await?;
    let found = index.find(store, &wanted).await?;
    let FoundEntry { index, entry } = found.context("the receipt is in the log")?;
    prove(store, checkpoint, index, &entry).await?;
    Ok(())
}
