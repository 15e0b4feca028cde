//! A log file gets the same verdict as a stream and held completely.

use super::*;
use crate::gzip::stream::tests::gzip;
use proptest::prelude::*;

/// Returns the verdict, which is always the same as a stream and held completely.
fn check(object: &[u8], expected: &[u8]) -> Result<u64, LogFileError> {
    let expected = Sha256::of(expected);
    let streamed = || {
        let mut check = LogFileCheck::new(expected);
        for piece in object.chunks(7) {
            check.push(piece)?;
        }
        check.finish()
    };
    let streamed = streamed();
    assert_eq!(check_whole(object, expected), streamed);
    streamed
}

#[test]
fn the_listed_file_is_valid() {
    assert_eq!(check(&gzip(b"records"), b"records"), Ok(7));
    let large = b"records ".repeat(100_000);
    assert_eq!(check(&gzip(&large), &large), Ok(800_000));
    assert_eq!(quick(&gzip(&large), Sha256::of(&large)), Some(800_000));
    assert_eq!(check(&gzip(b""), b""), Ok(0));
}

/// Returns the verdict on a file of a copy, which is always the same as a stream and held
/// completely.
fn check_on_disk(file: &[u8], expected: &[u8]) -> Result<Checked, LogFileError> {
    let expected = Sha256::of(expected);
    let streamed = || {
        let mut check = LogFileCheck::of_copy(expected);
        for piece in file.chunks(7) {
            check.push(piece)?;
        }
        check.checked()
    };
    let streamed = streamed();
    assert_eq!(check_copy(file, expected), streamed);
    streamed
}

#[test]
fn a_decompressed_file_of_a_copy_is_valid_by_its_content() {
    let content = br#"{"Records":[]}"#;
    let checked = |form| {
        Ok(Checked {
            inflated_bytes: 14,
            form,
        })
    };
    assert_eq!(check_on_disk(content, content), checked(Form::Inflated));
    assert_eq!(check_on_disk(&gzip(content), content), checked(Form::Gzip));
    // In S3, it is still malformed.
    assert_eq!(
        check(content, content),
        Err(LogFileError::Malformed(GunzipError::Corrupt))
    );
}

#[test]
fn a_decompressed_file_of_other_content_is_modified() {
    for other in [&br#"{"Records":[]}"#[..], b"{\"Records\":[1]} ", b"{"] {
        assert_eq!(
            check_on_disk(other, b"{\"Records\":[1]}"),
            Err(LogFileError::Modified {
                actual: Sha256::of(other)
            })
        );
    }
}

#[test]
fn appended_bytes_and_empty_files_are_found_in_a_copy_too() {
    let content = b"{\"Records\":[1]}";
    let appended = [gzip(content), gzip(b"planted")].concat();
    assert_eq!(
        check_on_disk(&appended, content),
        Err(LogFileError::TrailingData)
    );
    assert_eq!(
        check_on_disk(b"", content),
        Err(LogFileError::Malformed(GunzipError::Empty))
    );
    // A gzip member inside another one is not what CloudTrail wrote.
    assert!(check_on_disk(&gzip(&gzip(content)), content).is_err());
}

proptest! {
    #[test]
    fn a_file_of_a_copy_is_valid_only_with_the_listed_content(
        content in proptest::collection::vec(any::<u8>(), 0..60),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        decompressed in any::<bool>(),
    ) {
        let content = [b"{", &content[..]].concat();
        let mut file = if decompressed { content.clone() } else { gzip(&content) };
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let form = Form::of_copy(&file);
        let holds = form.inflate(&file, 1 << 20).is_ok_and(|held| *held == content[..]);
        prop_assert_eq!(check_on_disk(&file, &content).is_ok(), holds);
    }
}

#[test]
fn appended_bytes_are_found_even_if_they_end_like_the_member() {
    let member = gzip(b"records");
    let trailer = &member[member.len() - 8..];
    for appended in [trailer, &[trailer, trailer].concat(), &trailer[4..], b"\0"] {
        let object = [&member, appended].concat();
        assert_eq!(check(&object, b"records"), Err(LogFileError::TrailingData));
    }
}

#[test]
fn a_valid_file_whose_bytes_contain_its_size_is_valid() {
    let content = [b"size: ".as_slice(), &10_u32.to_le_bytes()].concat();
    let object = stored(&content);
    assert_eq!(quick(&object, Sha256::of(&content)), None);
    assert_eq!(check(&object, &content), Ok(10));
    let appended = [&object[..], b"more"].concat();
    assert_eq!(check(&appended, &content), Err(LogFileError::TrailingData));
}

/// Returns a gzip member whose compressed bytes are `content` itself.
fn stored(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap()
}

proptest! {
    #[test]
    fn damaged_files_get_the_same_verdict_whole_and_streamed(
        content in proptest::collection::vec(any::<u8>(), 0..300),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in 0_usize..20,
        appended in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let mut object = gzip(&content);
        for (at, byte) in damage {
            let at = at.index(object.len());
            object[at] = byte;
        }
        object.truncate(object.len().saturating_sub(cut));
        object.extend(appended);
        let _ = check(&object, &content);
    }
}

#[test]
fn other_content_is_modified() {
    let actual = Sha256::of(b"planted");
    assert_eq!(
        check(&gzip(b"planted"), b"records"),
        Err(LogFileError::Modified { actual })
    );
}

#[test]
fn an_appended_member_is_trailing_data_only_after_the_right_content() {
    let appended = [gzip(b"records"), gzip(b"planted")].concat();
    assert_eq!(
        check(&appended, b"records"),
        Err(LogFileError::TrailingData)
    );
    assert_eq!(
        check(&appended, b"others"),
        Err(LogFileError::Modified {
            actual: Sha256::of(b"records")
        })
    );
}

#[test]
fn a_file_without_its_trailer_is_malformed_even_if_its_content_is_complete() {
    let whole = gzip(b"records");
    assert_eq!(
        check(&whole[..whole.len() - 8], b"records"),
        Err(LogFileError::Malformed(GunzipError::Truncated))
    );
}

#[test]
fn an_empty_object_is_malformed() {
    assert_eq!(
        check(b"", b"records"),
        Err(LogFileError::Malformed(GunzipError::Empty))
    );
}
