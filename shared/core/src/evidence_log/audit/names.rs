//! The objects in the folder of the log: none besides those of the log.

use super::report::{LogFault, LogReport};
use crate::evidence_log::listing::every_stored;
use crate::evidence_log::places::{FOLDER, of_bundle, of_tile};
use crate::evidence_log::tree::RightEdge;
use crate::world::{ListStored, StoreError};
use std::collections::BTreeSet;
use tlog_tiles::Tile;

/// The folder of tiles and entry bundles.
const TILES: &str = "log/tile/";

/// The keys of the partial tiles and bundles that batches left.
#[derive(Debug, Default)]
pub(super) struct PartialKeys(BTreeSet<String>);

impl PartialKeys {
    /// Adds those of a tree.
    pub(super) fn add(&mut self, edge: &RightEdge) {
        let tiles = edge.partial_tiles();
        self.0.extend(tiles.iter().map(|new| of_tile(&new.tile)));
        let width = edge.last_hashes().len();
        if width > 0 {
            let width = u32::try_from(width).unwrap_or(1);
            self.0.insert(of_bundle(edge.size() / 256, width));
        }
    }
}

/// Reports tiles and bundles that are not those of a tree of `size` entries. Those of entries after
/// it belong to a batch that is not published yet.
///
/// # Errors
/// [`StoreError`]: the listing failed.
pub(super) async fn unexpected<E: ListStored>(
    evidence: &E,
    size: u64,
    partial: &PartialKeys,
    report: &mut LogReport,
) -> Result<(), StoreError> {
    every_stored(evidence, TILES, |document| {
        if !partial.0.contains(&document.key) && !is_expected(&document.key, size) {
            report.find(
                LogFault::Unexpected,
                &document.key,
                "The object is not a part of the log.",
            );
        }
    })
    .await
}

/// Returns whether this is the key of a full tile or bundle, or of a partial one at the end of the
/// tree or after it.
fn is_expected(key: &str, size: u64) -> bool {
    let path = key
        .strip_prefix(FOLDER)
        .and_then(|path| path.strip_prefix("tile/"));
    let Some(path) = path else {
        return false;
    };
    let path = match path.strip_prefix("entries/") {
        Some(rest) => format!("tile/8/data/{rest}"),
        None => format!("tile/8/{path}"),
    };
    let Ok(tile) = Tile::from_path(&path) else {
        return false;
    };
    if tile.level() > 5 {
        return false;
    }
    let shift = 8 * u32::from(tile.level());
    let end = (u128::from(tile.level_index()) * 256 + u128::from(tile.width())) << shift;
    tile.width() == 256 || end > u128::from(size)
}
