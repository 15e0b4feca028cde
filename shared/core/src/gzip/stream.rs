//! Inflates exactly one gzip member, which arrives piece by piece.
//!
//! A reader that continues after the first member, or stops before its trailer, sees other bytes
//! than the ones that were hashed. This one does neither. The format is RFC 1952.

use flate2::{Decompress, FlushDecompress, Status};

/// The number of bytes that are inflated before they are passed on. This limits the memory,
/// whatever the ratio.
const WINDOW: usize = 64 * 1024;

/// The reason why bytes are not one gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GunzipError {
    /// There are no bytes at all.
    #[error("it is empty")]
    Empty,
    /// The bytes are not a gzip stream, or its checksum or length is wrong.
    #[error("it is not a gzip stream, or the stream is damaged")]
    Corrupt,
    /// The stream ends before its trailer.
    #[error("its gzip stream is cut off")]
    Truncated,
    /// Bytes follow the end of the member.
    #[error("bytes follow the end of its gzip stream")]
    TrailingData,
    /// It inflates to more than the limit.
    #[error("it decompresses to more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
}

/// Inflates one gzip member.
#[derive(Debug)]
pub struct Gunzip {
    inflate: Decompress,
    window: Box<[u8]>,
    limit: u64,
    started: bool,
    ended: bool,
}

impl Gunzip {
    /// Returns a decoder that accepts up to `limit` inflated bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            // 15 is the largest window, which every encoder may use.
            inflate: Decompress::new_gzip(15),
            window: vec![0; WINDOW].into_boxed_slice(),
            limit,
            started: false,
            ended: false,
        }
    }

    /// Processes the next bytes and passes the inflated bytes, piece by piece, to `sink`.
    ///
    /// # Errors
    /// [`GunzipError`] as soon as the bytes cannot be one gzip member within the limit.
    pub fn push(
        &mut self,
        mut input: &[u8],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<(), GunzipError> {
        while !input.is_empty() {
            if self.ended {
                return Err(GunzipError::TrailingData);
            }
            self.started = true;
            input = self.step(input, &mut sink)?;
        }
        // If the window was full, there may be more inflated bytes that need no further input.
        while !self.ended && self.started {
            let before = self.inflate.total_out();
            self.step(&[], &mut sink)?;
            if self.inflate.total_out() == before {
                break;
            }
        }
        Ok(())
    }

    /// Returns the number of bytes it has inflated to so far.
    #[must_use]
    pub fn inflated_bytes(&self) -> u64 {
        self.inflate.total_out()
    }

    fn step<'a>(
        &mut self,
        input: &'a [u8],
        sink: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], GunzipError> {
        let (consumed, produced) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, &mut self.window, FlushDecompress::None)
            .map_err(|_| GunzipError::Corrupt)?;
        let consumed = self.inflate.total_in() - consumed;
        let produced = self.inflate.total_out() - produced;
        if self.inflate.total_out() > self.limit {
            return Err(GunzipError::TooLarge { limit: self.limit });
        }
        let taken = usize::try_from(consumed).unwrap_or(usize::MAX);
        let filled = usize::try_from(produced).unwrap_or(usize::MAX);
        if let Some(bytes) = self.window.get(..filled).filter(|b| !b.is_empty()) {
            sink(bytes);
        }
        self.ended = status == Status::StreamEnd;
        if taken == 0 && filled == 0 && !self.ended && !input.is_empty() {
            // No progress although input is available: the stream cannot continue.
            return Err(GunzipError::Corrupt);
        }
        Ok(input.get(taken..).unwrap_or_default())
    }

    /// Ends the stream.
    ///
    /// Returns the number of inflated bytes.
    ///
    /// # Errors
    /// [`GunzipError::Empty`] or [`GunzipError::Truncated`] if the member is not complete.
    pub fn finish(self) -> Result<u64, GunzipError> {
        match (self.started, self.ended) {
            (false, _) => Err(GunzipError::Empty),
            (true, false) => Err(GunzipError::Truncated),
            (true, true) => Ok(self.inflate.total_out()),
        }
    }
}

/// Inflates a complete gzip member that is in memory.
///
/// # Errors
/// [`GunzipError`] if `bytes` is not exactly one gzip member, or inflates to more than `limit`.
pub fn gunzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>, GunzipError> {
    let mut inflated = Vec::new();
    let mut stream = Gunzip::new(limit);
    stream.push(bytes, |piece| inflated.extend_from_slice(piece))?;
    stream.finish()?;
    Ok(inflated)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    /// Returns one gzip member around `bytes`.
    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn one_member_inflates() {
        assert_eq!(gunzip(&gzip(b"hello"), 5).unwrap(), b"hello");
    }

    #[test]
    fn a_member_larger_than_the_window_inflates_when_pushed_in_one_piece() {
        let bytes = vec![7; 3 * WINDOW + 1];
        assert_eq!(gunzip(&gzip(&bytes), 1 << 30).unwrap(), bytes);
    }

    #[test]
    fn a_second_member_is_trailing_data() {
        let two = [gzip(b"hello"), gzip(b"planted")].concat();
        assert_eq!(gunzip(&two, 100), Err(GunzipError::TrailingData));
    }

    #[test]
    fn a_single_byte_after_the_member_is_trailing_data() {
        let mut bytes = gzip(b"hello");
        bytes.push(0);
        assert_eq!(gunzip(&bytes, 100), Err(GunzipError::TrailingData));
    }

    #[test]
    fn a_member_cut_off_anywhere_is_truncated() {
        let whole = gzip(b"hello, hello, hello");
        for len in 1..whole.len() {
            assert_eq!(
                gunzip(&whole[..len], 100),
                Err(GunzipError::Truncated),
                "{len} of {} bytes",
                whole.len()
            );
        }
        assert_eq!(gunzip(b"", 100), Err(GunzipError::Empty));
    }

    #[test]
    fn a_wrong_checksum_is_corrupt() {
        let mut bytes = gzip(b"hello");
        let at = bytes.len() - 8;
        bytes[at] ^= 1;
        assert_eq!(gunzip(&bytes, 100), Err(GunzipError::Corrupt));
    }

    #[test]
    fn content_that_is_not_gzip_is_corrupt() {
        assert_eq!(gunzip(b"{\"Records\":[]}", 100), Err(GunzipError::Corrupt));
    }

    #[test]
    fn the_limit_is_exact_to_the_byte() {
        let bytes = vec![0; 1_000_000];
        assert_eq!(gunzip(&gzip(&bytes), 1_000_000).unwrap().len(), 1_000_000);
        assert_eq!(
            gunzip(&gzip(&bytes), 999_999),
            Err(GunzipError::TooLarge { limit: 999_999 })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_round_trip(
            bytes in proptest::collection::vec(any::<u8>(), 0..4000),
            piece in 1_usize..500,
        ) {
            let mut stream = Gunzip::new(1 << 20);
            let mut inflated = Vec::new();
            for input in gzip(&bytes).chunks(piece) {
                stream.push(input, |p| inflated.extend_from_slice(p)).unwrap();
            }
            prop_assert_eq!(usize::try_from(stream.finish().unwrap()).unwrap(), inflated.len());
            prop_assert_eq!(inflated, bytes);
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = gunzip(&bytes, 1000);
            let mut with_header = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
            with_header.extend(bytes);
            let _ = gunzip(&with_header, 1000);
        }
    }
}
