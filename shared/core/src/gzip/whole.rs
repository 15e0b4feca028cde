//! One gzip member that is held completely, which is faster than a stream.
//!
//! The tests are those of a whole log file, in `trust/log_file/tests.rs`.

use libdeflater::Decompressor;
use memchr::memmem;

/// The maximum number of bytes to which a completely held file may inflate. This limits what a
/// thread keeps.
const MAX_WHOLE_INFLATED: usize = 32 * 1024 * 1024;

/// A buffer grows by a multiple of this many bytes, so that files of almost the same size share it.
const STEP: usize = 1024 * 1024;

/// Inflates completely held objects, in a buffer that is reused.
pub(crate) struct Inflater {
    decompressor: Decompressor,
    inflated: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            inflated: Vec::new(),
        }
    }
}

impl Inflater {
    /// Returns the inflated bytes of an object that is one gzip member and nothing else. Returns
    /// `None` if it is not, if it is large, or if that needs a closer look.
    pub(crate) fn inflate(&mut self, object: &[u8]) -> Option<&[u8]> {
        let Self {
            decompressor,
            inflated,
        } = self;
        // RFC 1952: the flags are in the fourth byte, and a member ends with the CRC-32 and the
        // size of the inflated bytes. The stream checks a header with a checksum.
        if *object.get(3)? != 0 {
            return None;
        }
        let (_, trailer_size) = object.split_last_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*trailer_size)).ok()?;
        if size > MAX_WHOLE_INFLATED {
            return None;
        }
        if inflated.len() < size {
            // The old buffer is released before there is a new one, and nothing is copied.
            *inflated = Vec::new();
            *inflated = vec![0; size.next_multiple_of(STEP)];
        }
        let inflated = inflated.get_mut(..size)?;
        let written = decompressor.gzip_decompress(object, inflated).ok()?;
        let inflated = inflated.get(..written).filter(|_| written == size)?;
        // The decompressor ignores anything after the member. It has found the size at the member's
        // end. If these four bytes are at the object's end and nowhere before it, the member ends
        // there. In compressed bytes they are rare: the stream checks a file that contains them.
        if memmem::find(object, trailer_size)? + trailer_size.len() != object.len() {
            return None;
        }
        Some(inflated)
    }

    /// Releases the buffer except for `bytes` bytes.
    pub(crate) fn keep_at_most(&mut self, bytes: usize) {
        self.inflated.truncate(bytes);
        self.inflated.shrink_to(bytes);
    }
}
