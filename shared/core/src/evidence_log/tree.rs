//! The right edge of the tree: the hashes of its partial tiles, from which it grows.
//!
//! The tree has tiles of 256 hashes (<https://c2sp.org/tlog-tiles>). A hash of a level is the root
//! of a full tile of the level below. The partial tiles, at most one for each level, determine the
//! root of the whole tree, and everything that later entries add.

use super::places::TILE_HEIGHT;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use tlog_tiles::{EMPTY_HASH, HASH_SIZE, Hash, Tile, node_hash, record_hash};

/// The number of hashes of a full tile.
pub const TILE_HASHES: usize = 256;

/// The maximum number of levels: 256 to the power of 6 entries are more than there can be.
const MAX_LEVELS: usize = 6;

/// The reason why hashes are not the right edge of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The partial tiles do not have the widths that the size demands.
    #[error("the hashes at the right edge of the tree do not belong to a tree of {0} entries")]
    Edge(u64),
    /// The tree has more entries than there can be.
    #[error("the tree has too many entries")]
    TooLarge,
}

/// A tile that is new, or wider than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewTile {
    /// Where it is.
    pub(super) tile: Tile,
    /// Its hashes.
    pub(super) hashes: Vec<u8>,
}

/// The right edge of a tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "WrittenEdge", into = "WrittenEdge")]
pub struct RightEdge {
    /// The number of entries of the tree.
    size: u64,
    /// The hashes of the partial tile of each level, lowest first; at most 255 each.
    levels: Vec<Vec<Hash>>,
}

impl Eq for RightEdge {}

/// The right edge of a tree, as it is written: the hashes of each level in one text.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WrittenEdge {
    size: u64,
    levels: Vec<String>,
}

impl From<RightEdge> for WrittenEdge {
    fn from(edge: RightEdge) -> Self {
        let levels = edge.levels.iter();
        Self {
            size: edge.size,
            levels: levels
                .map(|hashes| BASE64_STANDARD.encode(bytes_of(hashes)))
                .collect(),
        }
    }
}

impl TryFrom<WrittenEdge> for RightEdge {
    type Error = TreeError;

    fn try_from(written: WrittenEdge) -> Result<Self, TreeError> {
        let wrong = TreeError::Edge(written.size);
        let level = |text: &String| {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            let (hashes, []) = bytes.as_chunks::<HASH_SIZE>() else {
                return None;
            };
            Some(hashes.iter().map(|hash| Hash(*hash)).collect())
        };
        let levels: Option<Vec<_>> = written.levels.iter().map(level).collect();
        let edge = Self {
            size: written.size,
            levels: levels.ok_or(wrong)?,
        };
        edge.check()?;
        Ok(edge)
    }
}

impl RightEdge {
    /// Returns the number of entries of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the hashes of the partial tile of the lowest level: those of the last entries.
    #[must_use]
    pub fn last_hashes(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// Checks that each partial tile has the width that the size demands.
    ///
    /// # Errors
    /// [`TreeError`].
    fn check(&self) -> Result<(), TreeError> {
        if self.levels.len() > MAX_LEVELS {
            return Err(TreeError::TooLarge);
        }
        let mut size = self.size;
        let widths = self.levels.iter().map(Vec::len);
        for width in widths.chain([0].into_iter().cycle().take(MAX_LEVELS)) {
            let expected = usize::try_from(size % 256).unwrap_or_default();
            if width != expected {
                return Err(TreeError::Edge(self.size));
            }
            size /= 256;
        }
        if size == 0 {
            Ok(())
        } else {
            Err(TreeError::Edge(self.size))
        }
    }

    /// Adds an entry. Returns the tiles that it completes, lowest first.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`].
    pub(super) fn push(&mut self, entry: &[u8]) -> Result<Vec<NewTile>, TreeError> {
        self.push_hash(record_hash(entry))
    }

    /// Adds the hash of an entry. Returns the tiles that it completes, lowest first.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`].
    pub(super) fn push_hash(&mut self, hash: Hash) -> Result<Vec<NewTile>, TreeError> {
        self.size += 1;
        let mut completed = Vec::new();
        let mut carried = hash;
        for level in 0..MAX_LEVELS {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(level) else {
                break;
            };
            hashes.push(carried);
            if hashes.len() < TILE_HASHES {
                return Ok(completed);
            }
            let bytes = bytes_of(hashes);
            hashes.clear();
            carried = Tile::subtree_hash(&bytes);
            completed.push(NewTile {
                tile: self.full_tile(level)?,
                hashes: bytes,
            });
        }
        Err(TreeError::TooLarge)
    }

    /// Returns the full tile of a level that was completed just now.
    fn full_tile(&self, level: usize) -> Result<Tile, TreeError> {
        let level = u8::try_from(level).map_err(|_| TreeError::TooLarge)?;
        let number = (self.size >> (u32::from(TILE_HEIGHT) * (u32::from(level) + 1))) - 1;
        Ok(Tile::new(TILE_HEIGHT, level, number, 256, false))
    }

    /// Returns the partial tiles, lowest level first.
    pub(super) fn partial_tiles(&self) -> Vec<NewTile> {
        let levels = (0u8..).zip(&self.levels);
        let partial = levels.filter(|(_, hashes)| !hashes.is_empty());
        partial
            .map(|(level, hashes)| {
                let number = self.size >> (u32::from(TILE_HEIGHT) * (u32::from(level) + 1));
                let width = u32::try_from(hashes.len()).unwrap_or(1);
                NewTile {
                    tile: Tile::new(TILE_HEIGHT, level, number, width, false),
                    hashes: bytes_of(hashes),
                }
            })
            .collect()
    }

    /// Returns the root of the tree (RFC 6962, section 2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        // The tree is a sequence of complete subtrees, each smaller than the one before it. The
        // root joins them from the right.
        let mut root = None;
        for hashes in &self.levels {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                // The last of the complete subtrees within the partial tile.
                let width = 1 << rest.len().trailing_zeros();
                let (before, last) = rest.split_at(rest.len() - width);
                let subtree = Tile::subtree_hash(&bytes_of(last));
                root = Some(root.map_or(subtree, |root| node_hash(subtree, root)));
                rest = before;
            }
        }
        root.unwrap_or(EMPTY_HASH)
    }
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}
