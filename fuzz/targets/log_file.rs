//! A log file is judged the same in one piece and byte by byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trailseal::gunzip::gunzip;
use trailseal::log_file::LogFileCheck;
use trailseal::sha256::Sha256;

fn judge<'a>(pieces: impl Iterator<Item = &'a [u8]>, expected: Sha256) -> bool {
    let mut check = LogFileCheck::new(expected);
    for piece in pieces {
        if check.push(piece).is_err() {
            return false;
        }
    }
    check.finish().is_ok()
}

fuzz_target!(|object: &[u8]| {
    // Whatever inflates within a megabyte is valid under its own hash, and under no other.
    if let Ok(inflated) = gunzip(object, 1 << 20) {
        let hash = Sha256::of(&inflated);
        assert!(judge(std::iter::once(object), hash));
        assert!(judge(object.chunks(1), hash));
        assert!(!judge(object.chunks(1), Sha256::of(b"another")) || inflated == b"another");
    }
});
