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

/// 16 tables each: 16 bytes at a time.
type Crc32c = Crc<u32, Table<1>>;
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

    /// The check values of the catalog of algorithms: the checksums of "123456789".
    /// <https://reveng.sourceforge.io/crc-catalogue/all.htm>
    #[test]
    fn the_checksums_are_those_of_the_catalog() {
        let values = [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ];
        for (algorithm, value) in values {
            for cut in 0..=9 {
                let (start, end) = b"123456789".split_at(cut);
                let mut digest = Digest::new(algorithm);
                digest.update(start);
                digest.update(end);
                assert_eq!(digest.finalize(), value, "{algorithm:?}, cut at {cut}");
            }
        }
    }
}
