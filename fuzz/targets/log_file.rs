//! A log file has the same verdict whole, in one piece and byte by byte, with any error in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::gzip::stream::gunzip;
use trailseal::names::sha256::Sha256;
use trailseal::trust::log_file::{LogFileCheck, LogFileError, check_whole};

fn judge<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    expected: Sha256,
) -> Result<u64, LogFileError> {
    let mut check = LogFileCheck::new(expected);
    for piece in pieces {
        check.push(piece)?;
    }
    check.finish()
}

fuzz_target!(|object: &[u8]| {
    let all_agree = |expected: Sha256| {
        let verdict = judge(object.chunks(1), expected);
        assert_eq!(judge(std::iter::once(object), expected), verdict);
        assert_eq!(check_whole(object, expected), verdict);
        verdict
    };
    // Anything that inflates to at most a megabyte is valid with its own hash, and with no other.
    match gunzip(object, 1 << 20) {
        Ok(inflated) => {
            let length = u64::try_from(inflated.len()).expect("a megabyte");
            assert_eq!(all_agree(Sha256::of(&inflated)), Ok(length));
            let other = all_agree(Sha256::of(b"another"));
            assert!(other.is_err() || inflated == b"another");
            // Appended bytes, including those that the member itself ends in.
            let trailer = &object[object.len().saturating_sub(8)..];
            for appended in [trailer, &trailer[..4], b"\0"] {
                let object = [object, appended].concat();
                let appended = check_whole(&object, Sha256::of(&inflated));
                assert_eq!(appended, Err(LogFileError::TrailingData));
            }
        }
        Err(_) => {
            let _ = all_agree(Sha256::of(b""));
        }
    }
});
