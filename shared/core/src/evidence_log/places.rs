//! The keys of the objects of the evidence log. Only this file writes them.
//!
//! | object | key |
//! | --- | --- |
//! | the newest checkpoint | `log/checkpoint` |
//! | a tile of hashes | `log/tile/LEVEL/NUMBER[.p/WIDTH]` |
//! | an entry bundle | `log/tile/entries/NUMBER[.p/WIDTH]` |
//! | what an append added | `log/batches/START.json` |
//! | the entries that an append adds, before it adds them | `log/staged/HASH` |
//! | the newest batch that is published completely | `log/head.json` |
//! | the public key | `log/public-key` |
//!
//! The keys of tiles and bundles are those of <https://c2sp.org/tlog-tiles>. `START` is the number
//! of the first entry, with 16 digits, so that the keys sort by number and time.

use crate::names::sha256::Sha256;
use tlog_tiles::Tile;

/// The folder of the evidence log, with its closing slash.
pub const FOLDER: &str = "log/";

/// The key of the newest checkpoint.
pub const CHECKPOINT: &str = "log/checkpoint";

/// The key of the public key.
pub const PUBLIC_KEY: &str = "log/public-key";

/// The key of the name of the newest batch that is published completely.
pub const HEAD: &str = "log/head.json";

/// The folder of batches, with its closing slash.
pub const BATCHES: &str = "log/batches/";

/// The height of a tile: it has at most 256 hashes.
pub(super) const TILE_HEIGHT: u8 = 8;

/// Returns the key of the batch whose first entry has this number.
#[must_use]
pub fn of_batch(start: u64) -> String {
    format!("{BATCHES}{start:016}.json")
}

/// Returns the number of the first entry of a batch, by its key.
#[must_use]
pub fn start_of_batch(key: &str) -> Option<u64> {
    let number = key.strip_prefix(BATCHES)?.strip_suffix(".json")?;
    let start = number.parse().ok()?;
    (of_batch(start) == key).then_some(start)
}

/// Returns the key of the entries that an append adds, before it adds them.
#[must_use]
pub fn of_staged(hash: Sha256) -> String {
    format!("log/staged/{hash}")
}

/// Returns the key of a tile of hashes.
#[must_use]
pub fn of_tile(tile: &Tile) -> String {
    let path = tile.path();
    // The crate writes the height of the tile into its path, and C2SP's path has none.
    let path = path.strip_prefix("tile/8/").unwrap_or(&path);
    format!("log/tile/{path}")
}

/// Returns the key of an entry bundle with `width` entries, at most 256.
#[must_use]
pub fn of_bundle(number: u64, width: u32) -> String {
    let tile = Tile::new(TILE_HEIGHT, 0, number, width.clamp(1, 256), true);
    let path = tile.path();
    let path = path.strip_prefix("tile/8/data/").unwrap_or(&path);
    format!("log/tile/entries/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_and_bundles_have_the_paths_of_the_specification() {
        let tile = |level, number, width| of_tile(&Tile::new(8, level, number, width, false));
        assert_eq!(tile(0, 0, 256), "log/tile/0/000");
        assert_eq!(tile(0, 273, 112), "log/tile/0/273.p/112");
        assert_eq!(tile(2, 1_234_067, 256), "log/tile/2/x001/x234/067");
        assert_eq!(
            of_bundle(1_234_067, 1),
            "log/tile/entries/x001/x234/067.p/1"
        );
        assert_eq!(of_bundle(0, 256), "log/tile/entries/000");
    }

    #[test]
    fn a_batch_is_named_after_its_first_entry() {
        for start in [0, 1, 255, 9_999_999_999_999_999] {
            assert_eq!(start_of_batch(&of_batch(start)), Some(start));
        }
        for other in ["log/batches/1.json", "log/batches/0000000000000001", "log/"] {
            assert_eq!(start_of_batch(other), None, "{other}");
        }
        assert!(of_batch(99) < of_batch(100));
    }
}
