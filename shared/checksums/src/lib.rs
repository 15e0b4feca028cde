//! The cyclic redundancy checks of Amazon S3, for the AWS SDK.
//!
//! The SDK takes them from the crate `crc-fast`, which adds the tables of fifty algorithms to each executable:
//! 680 KB. S3 has three (<https://github.com/awesomized/crc-fast-rust/issues/61>). This crate has the name of
//! that one, and the part of its interface that the SDK uses. The crates `crc` and `crc32fast` calculate.
//!
//! ```
//! use crc_fast::{CrcAlgorithm, Digest};
//!
//! let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
//! digest.update(b"1234");
//! digest.update(b"56789");
//! assert_eq!(digest.finalize(), 0xae8b_1486_0a79_9888);
//! ```

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc, Table};
use std::fmt;

/// One table: one byte at a time. S3 has this checksum only for what somebody uploaded with it.
type Crc32c = Crc<u32, Table<1>>;
/// 16 tables: 16 bytes at a time.
type Crc64Nvme = Crc<u64, Table<16>>;

static CRC32C: Crc32c = Crc32c::new(&CRC_32_ISCSI);
static CRC64NVME: Crc64Nvme = Crc64Nvme::new(&CRC_64_NVME);

/// An algorithm of S3:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// `CRC32`.
    Crc32IsoHdlc,
    /// `CRC32C`.
    Crc32Iscsi,
    /// `CRC64NVME`, which S3 adds to an object that is uploaded without a checksum.
    Crc64Nvme,
}

/// A checksum of bytes that arrive in parts.
#[derive(Clone)]
pub struct Digest(State);

#[derive(Clone)]
enum State {
    Crc32(crc32fast::Hasher),
    Crc32c(crc::Digest<'static, u32, Table<1>>),
    Crc64Nvme(crc::Digest<'static, u64, Table<16>>),
}

impl Digest {
    /// Returns the checksum of no bytes.
    #[must_use]
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(CRC32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64Nvme(CRC64NVME.digest()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(state) => state.update(bytes),
            State::Crc32c(state) => state.update(bytes),
            State::Crc64Nvme(state) => state.update(bytes),
        }
    }

    /// Returns the checksum. One of 32 bits is in the lower half.
    #[must_use]
    pub fn finalize(self) -> u64 {
        match self.0 {
            State::Crc32(state) => u64::from(state.finalize()),
            State::Crc32c(state) => u64::from(state.finalize()),
            State::Crc64Nvme(state) => state.finalize(),
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Digest").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{CrcAlgorithm, Digest};

    /// Checks the checksums of bytes that arrive in two parts.
    fn check(bytes: &[u8], values: [u64; 3], cuts: impl IntoIterator<Item = usize>) {
        let algorithms = [
            CrcAlgorithm::Crc32IsoHdlc,
            CrcAlgorithm::Crc32Iscsi,
            CrcAlgorithm::Crc64Nvme,
        ];
        for cut in cuts {
            for (algorithm, value) in algorithms.into_iter().zip(values) {
                let (start, end) = bytes.split_at(cut);
                let mut digest = Digest::new(algorithm);
                digest.update(start);
                digest.update(end);
                assert_eq!(digest.finalize(), value, "{algorithm:?}, cut at {cut}");
            }
        }
    }

    /// The check values of the catalog of algorithms: the checksums of "123456789".
    /// <https://reveng.sourceforge.io/crc-catalogue/all.htm>
    #[test]
    fn the_checksums_are_those_of_the_catalog() {
        let values = [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888];
        check(b"123456789", values, 0..=9);
    }

    /// Long content takes several bytes at a time. The values are of a program that takes one bit at a
    /// time, with the polynomials of the catalog.
    #[test]
    fn the_checksums_of_long_content_are_right() {
        let bytes = (0..=250).cycle().skip(3).step_by(7).take(1000);
        let bytes: Vec<u8> = bytes.collect();
        let values = [0xa2f9_2763, 0xa4c0_fde8, 0x0ede_9db1_29d4_b7d4];
        check(&bytes, values, [0, 1, 15, 16, 17, 500, 999, 1000]);
    }
}
