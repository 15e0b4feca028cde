//! The tiles and the entry bundles: read in order, and compared with each other and with the roots
//! that were signed.

use super::report::{LogFault, LogReport};
use crate::evidence_log::bundle::{MAX_BUNDLE_BYTES, decode_entries, encode_entries};
use crate::evidence_log::places::{of_bundle, of_tile};
use crate::evidence_log::tree::{NewTile, RightEdge, TILE_HASHES};
use crate::world::{Cause, FetchEvidence, StoreError};
use futures::future;
use tlog_tiles::{HASH_SIZE, Hash, Tile, record_hash};

/// The hashes and the entries of a part of the log: at most 256.
#[derive(Debug, Default)]
pub(super) struct LeafPart {
    /// The hashes of the entries.
    pub(super) hashes: Vec<Hash>,
    /// The entries; fewer if they could not be read.
    pub(super) entries: Vec<Vec<u8>>,
}

/// Reads the hashes and the entries of a tile of the lowest level.
///
/// If the tile and the bundle disagree, the hashes are those of the tile: whether they are right is
/// seen when they are compared with a root. If the tile is missing, they are those of the entries.
pub(super) async fn part<E: FetchEvidence>(
    evidence: &E,
    number: u64,
    width: usize,
    report: &mut LogReport,
) -> LeafPart {
    let wide = u32::try_from(width).unwrap_or(1).clamp(1, 256);
    let tile = Tile::new(8, 0, number, wide, false);
    let (tile_key, bundle_key) = (of_tile(&tile), of_bundle(number, wide));
    let (tile, bundle) = future::join(
        evidence.fetch(&tile_key, TILE_HASHES * HASH_SIZE),
        evidence.fetch(&bundle_key, MAX_BUNDLE_BYTES),
    )
    .await;
    let tile = present(tile, LogFault::Tile, &tile_key, report);
    let hashes = tile.and_then(|tile| {
        let hashes = hashes_of(&tile, width);
        if hashes.is_none() {
            let message = format!("The tile does not have {width} hashes.");
            report.find(LogFault::Tile, &tile_key, message);
        }
        hashes
    });
    let bundle = present(bundle, LogFault::Entry, &bundle_key, report);
    let entries: Option<Vec<Vec<u8>>> =
        bundle.and_then(|bundle| match decode_entries(&bundle, width) {
            Ok(entries) => Some(entries.into_iter().map(<[u8]>::to_vec).collect()),
            Err(error) => {
                let message = format!("The bundle of entries is damaged: {error}.");
                report.find(LogFault::Entry, &bundle_key, message);
                None
            }
        });
    let entries = entries.unwrap_or_default();
    let of_entries = entries.iter().map(|entry| record_hash(entry));
    let Some(hashes) = hashes else {
        let hashes = of_entries.collect();
        return LeafPart { hashes, entries };
    };
    let differs = |(hash, of_entry): (&Hash, Hash)| *hash != of_entry;
    if let Some(at) = hashes.iter().zip(of_entries).position(differs) {
        let message = format!(
            "Entry {at} of the bundle, counted from 0, is not the one that the tile has a hash of."
        );
        report.find(LogFault::Entry, &bundle_key, message);
    }
    LeafPart { hashes, entries }
}

fn present(
    object: Result<Option<Vec<u8>>, StoreError>,
    fault: LogFault,
    key: &str,
    report: &mut LogReport,
) -> Option<Vec<u8>> {
    match object {
        Ok(None) => report.find(fault, key, "The object does not exist."),
        Ok(Some(object)) => return Some(object),
        Err(StoreError {
            cause: Cause::TooLarge(why),
            ..
        }) => report.find(
            fault,
            key,
            format!("The object is not a part of the log: {why}."),
        ),
        Err(error) => report.obstacle(error.to_string()),
    }
    None
}

fn hashes_of(tile: &[u8], width: usize) -> Option<Vec<Hash>> {
    let (hashes, []) = tile.as_chunks::<HASH_SIZE>() else {
        return None;
    };
    (hashes.len() == width).then(|| hashes.iter().map(|hash| Hash(*hash)).collect())
}

/// Compares tiles above the lowest level with what the tree demands.
pub(super) async fn compare_upper<E: FetchEvidence>(
    evidence: &E,
    tiles: Vec<NewTile>,
    report: &mut LogReport,
) {
    for NewTile { tile, hashes } in tiles {
        if tile.level() > 0 {
            let key = of_tile(&tile);
            let found = evidence.fetch(&key, TILE_HASHES * HASH_SIZE).await;
            let found = present(found, LogFault::Tile, &key, report);
            compare(found, &hashes, LogFault::Tile, &key, report);
        }
    }
}

/// Compares the partial tiles and the partial bundle of an earlier batch, which later ones do not
/// need: they may be missing, but not changed.
pub(super) async fn compare_partial<E: FetchEvidence>(
    evidence: &E,
    edge: &RightEdge,
    entries: &[Vec<u8>],
    report: &mut LogReport,
) {
    for NewTile { tile, hashes } in edge.partial_tiles() {
        let key = of_tile(&tile);
        let found = evidence.fetch(&key, TILE_HASHES * HASH_SIZE).await;
        compare_if_present(found, &hashes, LogFault::Tile, &key, report);
    }
    let width = edge.last_hashes().len();
    let (1.., Some(entries)) = (width, entries.get(..width)) else {
        return;
    };
    let Ok(expected) = encode_entries(entries) else {
        return;
    };
    let key = of_bundle(edge.size() / 256, u32::try_from(width).unwrap_or(1));
    let found = evidence.fetch(&key, MAX_BUNDLE_BYTES).await;
    compare_if_present(found, &expected, LogFault::Entry, &key, report);
}

fn compare_if_present(
    found: Result<Option<Vec<u8>>, StoreError>,
    expected: &[u8],
    fault: LogFault,
    key: &str,
    report: &mut LogReport,
) {
    if !matches!(found, Ok(None)) {
        let found = present(found, fault, key, report);
        compare(found, expected, fault, key, report);
    }
}

fn compare(
    found: Option<Vec<u8>>,
    expected: &[u8],
    fault: LogFault,
    key: &str,
    report: &mut LogReport,
) {
    if found.is_some_and(|found| found != expected) {
        report.find(
            fault,
            key,
            "The object is not the one that the tree demands.",
        );
    }
}
