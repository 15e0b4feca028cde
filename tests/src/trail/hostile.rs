//! Input that is made to exhaust its reader.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, GzBuilder};
use sha2::{Digest as _, Sha256};

use super::gzip;
use super::json::quoted;
use super::object::{Object, SIGNATURE};
use super::output::DigestFile;

/// The number of zeros in one block of a gzip bomb; the block is compressed once and repeated.
const ZERO_BLOCK: u32 = 1 << 24;

/// Returns one gzip member that inflates to this many zero bytes; 10 GiB take about 10 MB. The
/// length is rounded up to 16 MiB.
pub fn zeros_gzip(length: u64) -> Bytes {
    let zeros = vec![0; usize::try_from(ZERO_BLOCK).expect("32 bits fit")];
    repeated_gzip(b"", &zeros, length.div_ceil(u64::from(ZERO_BLOCK)), b"")
}

/// Returns a gzip log file that repeats this record and inflates to about this many bytes: 1 GiB
/// takes a few megabytes.
pub fn records_gzip(record: &str, length: u64) -> Bytes {
    let some = format!("{record},").repeat(((1 << 20) / record.len()).max(1));
    let times = length.div_ceil(some.len() as u64);
    repeated_gzip(br#"{"Records":["#, some.as_bytes(), times, b"0]}")
}

/// Returns one gzip member of a head, a block that is compressed once and repeated, and a tail.
fn repeated_gzip(head: &[u8], block: &[u8], times: u64, tail: &[u8]) -> Bytes {
    // A gzip header: deflate, no flags, no time, unknown system.
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let (mut crc, mut total) = (Crc::new(), 0_u64);
    for (part, times) in [(head, 1), (block, times), (tail, 1)] {
        let compressed = flushed_block(part);
        let mut part_crc = Crc::new();
        part_crc.update(part);
        for _ in 0..times {
            body.extend_from_slice(&compressed);
            crc.combine(&part_crc);
        }
        total += part.len() as u64 * times;
    }
    // An empty last block with fixed codes.
    body.extend_from_slice(&[0x03, 0x00]);
    body.extend_from_slice(&crc.sum().to_le_bytes());
    // The length modulo 2^32, as gzip records it.
    body.extend_from_slice(&total.to_le_bytes()[..4]);
    body.into()
}

/// Returns the content as deflate blocks that end on a byte and refer to nothing before them.
fn flushed_block(content: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(content.len() / 8 + 1024);
    compress
        .compress_vec(content, &mut block, FlushCompress::Full)
        .expect("compressing succeeds");
    assert_eq!(compress.total_in(), content.len() as u64);
    assert!(block.len() < block.capacity(), "the block is flushed");
    block
}

/// Returns gzipped `{"Records":[[[…]]]}`, with arrays nested this deep.
pub fn nested_json(depth: usize) -> Bytes {
    let content = format!("{{\"Records\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    gzip::compress(content.as_bytes())
}

/// Returns a genuinely signed digest in place of another, with this many log files that do not
/// exist. It is written as a stream: a million entries are about 400 MB of JSON.
pub fn digest_with_entries(digest: &DigestFile, entries: u32) -> Object {
    let mut document = digest.document.clone();
    document.list(Vec::new());
    let json = document.to_json();
    let head = json.strip_suffix("]}").expect("an empty list at the end");
    let folder = format!(
        "AWSLogs/{0}/CloudTrail/{1}/2026/01/15/{0}_CloudTrail_{1}_20260115T0000Z_",
        digest.account, digest.region
    );
    let before = format!(
        r#"{{"s3Bucket":{},"s3Object":{}"#,
        quoted(&document.digest_s3_bucket),
        quoted(&folder).trim_end_matches('"').replace('/', r"\/")
    );
    let after = format!(
        r#".json.gz","hashValue":"{}","hashAlgorithm":"SHA-256","newestEventTime":"{2}","oldestEventTime":"{1}"}}"#,
        "0".repeat(64),
        document.digest_start_time,
        document.digest_end_time
    );

    let mut stream = HashedGzip::new();
    stream.write(head);
    for number in 0..entries {
        let separator = if number == 0 { "" } else { "," };
        stream.write(&format!("{separator}{before}{number:016}{after}"));
    }
    stream.write("]}");
    let (body, sha256) = stream.finish();
    let mut object = digest.object.with_body(body);
    let string = document.signing_string(&sha256);
    let signature = digest.signer.key.sign(string.as_bytes());
    object.metadata.insert(SIGNATURE.into(), signature);
    object
}

/// Compresses and hashes in one pass.
struct HashedGzip {
    encoder: flate2::write::GzEncoder<Vec<u8>>,
    hash: Sha256,
}

impl HashedGzip {
    fn new() -> Self {
        Self {
            encoder: GzBuilder::new()
                .mtime(0)
                .write(Vec::new(), Compression::fast()),
            hash: Sha256::new(),
        }
    }

    fn write(&mut self, text: &str) {
        self.hash.update(text);
        self.encoder
            .write_all(text.as_bytes())
            .expect("writing to memory succeeds");
    }

    fn finish(self) -> (Bytes, String) {
        let body = self.encoder.finish().expect("writing to memory succeeds");
        (body.into(), hex::encode(self.hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::MultiGzDecoder;

    use super::*;
    use crate::trail::TrailSpec;

    #[test]
    fn zeros_inflate_to_their_whole_length_in_one_member() {
        let body = zeros_gzip(100 << 20);
        assert!(body.len() < 200_000, "{} bytes", body.len());
        let mut rest = flate2::bufread::GzDecoder::new(body.as_ref());
        let length = std::io::copy(&mut rest.by_ref().take(u64::MAX), &mut std::io::sink());
        assert_eq!(length.expect("the checksum agrees"), 112 << 20);
        assert!(rest.into_inner().is_empty(), "nothing follows the member");
    }

    #[test]
    fn a_repeated_record_makes_a_valid_log_file() {
        let body = records_gzip(r#"{"a":1}"#, 3 << 20);
        assert!(body.len() < 100_000, "{} bytes", body.len());
        let content = gzip::inflate(&body);
        let json: serde_json::Value = serde_json::from_slice(&content).expect("JSON");
        let records = json["Records"].as_array().expect("a list");
        assert!(content.len() >= 3 << 20 && records.len() > 300_000);
        assert_eq!(records[300_000]["a"], 1);
    }

    #[test]
    fn ten_gibibytes_compress_to_ten_megabytes() {
        assert!(zeros_gzip(10 << 30).len() < 12_000_000);
    }

    #[test]
    fn nested_arrays_are_balanced() {
        let mut text = String::new();
        MultiGzDecoder::new(nested_json(3).as_ref())
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, r#"{"Records":[[[]]]}"#);
    }

    #[test]
    fn a_digest_of_many_entries_is_signed_genuinely() {
        let trail = TrailSpec {
            hours: 1,
            ..TrailSpec::default()
        }
        .build();
        let digest = trail.digest("111122223333", "us-east-1", 1);
        let object = digest_with_entries(digest, 1000);
        let content = gzip::inflate(&object.body);
        let json: serde_json::Value = serde_json::from_slice(&content).expect("JSON");
        assert_eq!(json["logFiles"].as_array().expect("an array").len(), 1000);
        assert_eq!(json["digestS3Object"], object.key);
        let string = digest
            .document
            .signing_string(&super::super::digest::sha256_hex(&content));
        assert_eq!(
            object.metadata[SIGNATURE],
            digest.signer.key.sign(string.as_bytes())
        );
    }
}
