//! Tampering with log files.

use bytes::Bytes;

use crate::trail::gzip;
use crate::trail::object::Object;

/// The address that [`modified`] puts in place of the first record's own.
pub const FALSE_ADDRESS: &str = "198.51.100.66";

/// Changes the source address of one record. The object is still valid gzip and valid JSON.
pub fn modified(log: &Object) -> Object {
    const FIELD: &str = r#""sourceIPAddress":""#;
    let content = gzip::inflate_text(&log.body);
    let (before, rest) = content.split_once(FIELD).expect("a record with an address");
    let (_, after) = rest.split_once('"').expect("a JSON string");
    let changed = format!(r#"{before}{FIELD}{FALSE_ADDRESS}"{after}"#);
    log.with_body(gzip::compress(changed.as_bytes()))
}

/// Compresses the same content again: other bytes in the bucket, but nothing is wrong.
pub fn recompressed(log: &Object) -> Object {
    let content = gzip::inflate(&log.body);
    let half = content.len() / 2;
    let mut encoder = flate2::GzBuilder::new()
        .mtime(1)
        .write(Vec::new(), flate2::Compression::best());
    for part in [&content[..half], &content[half..]] {
        std::io::Write::write_all(&mut encoder, part).expect("writing to memory succeeds");
    }
    log.with_body(encoder.finish().expect("writing to memory succeeds"))
}

/// Adds a second gzip member with planted records after the genuine one: a reader that continues
/// shows them, and a reader that stops at the first member's end does not.
pub fn second_member(log: &Object) -> Object {
    let planted = gzip::compress(
        br#"{"Records":[{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventName":"CreateUser"}]}"#,
    );
    appended(log, &planted)
}

/// Adds bytes that are not gzip after the genuine member.
pub fn junk_after(log: &Object) -> Object {
    appended(log, b"\x00\x00junk after the end\n")
}

fn appended(log: &Object, more: &[u8]) -> Object {
    log.with_body([&log.body, more].concat())
}

/// Removes the last bytes of the gzip trailer; all content can still be inflated.
pub fn cut_in_trailer(log: &Object) -> Object {
    log.with_body(log.body.slice(..log.body.len() - 3))
}

/// Removes the second half of the file.
pub fn cut_in_half(log: &Object) -> Object {
    log.with_body(log.body.slice(..log.body.len() / 2))
}

/// Stores the content uncompressed.
pub fn not_gzip(log: &Object) -> Object {
    log.with_body(gzip::inflate(&log.body))
}

/// Stores something that is not JSON in valid gzip.
pub fn not_json(log: &Object) -> Object {
    log.with_body(gzip::compress(b"<Records><Record/></Records>\n"))
}

/// Returns an object of zero bytes.
pub fn empty(log: &Object) -> Object {
    log.with_body(Bytes::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::TrailSpec;

    fn log() -> Object {
        let trail = TrailSpec {
            hours: 1,
            ..TrailSpec::default()
        };
        trail.build().log_files[0].object.clone()
    }

    #[test]
    fn a_modified_file_differs_in_one_value() {
        let log = log();
        let before: serde_json::Value =
            serde_json::from_slice(&gzip::inflate(&log.body)).expect("JSON");
        let mut after: serde_json::Value =
            serde_json::from_slice(&gzip::inflate(&modified(&log).body)).expect("JSON");
        let address = &mut after["Records"][0]["sourceIPAddress"];
        assert_eq!(address, FALSE_ADDRESS);
        *address = before["Records"][0]["sourceIPAddress"].clone();
        assert_eq!(before, after);
    }

    #[test]
    fn a_recompressed_file_has_other_bytes_and_the_same_content() {
        let log = log();
        let again = recompressed(&log);
        assert_ne!(again.body, log.body);
        assert_eq!(gzip::inflate(&again.body), gzip::inflate(&log.body));
    }

    #[test]
    fn appended_bytes_leave_the_first_member_unchanged() {
        let log = log();
        for tampered in [second_member(&log), junk_after(&log)] {
            assert!(tampered.body.len() > log.body.len());
            assert!(tampered.body.starts_with(&log.body));
            assert_eq!(gzip::inflate(&tampered.body), gzip::inflate(&log.body));
        }
    }

    #[test]
    fn other_states_match_their_names() {
        let log = log();
        assert_eq!(cut_in_trailer(&log).body.len(), log.body.len() - 3);
        assert_eq!(cut_in_half(&log).body.len(), log.body.len() / 2);
        assert!(not_gzip(&log).body.starts_with(b"{\"Records\":["));
        assert!(gzip::inflate(&not_json(&log).body).starts_with(b"<"));
        assert!(empty(&log).body.is_empty());
        assert_eq!(empty(&log).location(), log.location());
    }
}
