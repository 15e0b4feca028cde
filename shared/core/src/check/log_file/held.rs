//! The bytes of objects that are held completely while they are checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The maximum number of bytes of objects that are held completely at the same time. An object for
/// which there is no room is read as a stream.
const MAX_HELD_BYTES: u64 = 64 * 1024 * 1024;

/// Counts the bytes that are held.
#[derive(Debug, Clone, Default)]
pub(in crate::check) struct HeldBytes(Arc<AtomicU64>);

/// Room for an object. It is given back when dropped.
#[derive(Debug)]
pub(super) struct Room {
    held: HeldBytes,
    bytes: u64,
}

impl HeldBytes {
    /// Returns room for an object of this size, if there is any.
    pub(super) fn room(&self, bytes: u64) -> Option<Room> {
        let more = |held: u64| {
            held.checked_add(bytes)
                .filter(|held| *held <= MAX_HELD_BYTES)
        };
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .ok()?;
        Some(Room {
            held: self.clone(),
            bytes,
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_limited_and_comes_back() {
        let held = HeldBytes::default();
        let all = held.room(MAX_HELD_BYTES - 1).unwrap();
        let last = held.clone().room(1).unwrap();
        assert!(held.room(1).is_none());
        assert!(held.room(u64::MAX).is_none());
        drop(last);
        assert!(held.room(2).is_none());
        drop(all);
        assert!(held.room(MAX_HELD_BYTES).is_some());
    }
}
