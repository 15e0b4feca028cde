use super::*;
use crate::gzip::stream::tests::gzip;
use crate::names::sha256::Sha256;
use crate::trust::log_file::{LogFileCheck, LogFileError};
use proptest::prelude::*;
use serde_json::value::RawValue;

fn records(object: &[u8]) -> (Vec<String>, Result<(), RecordsError>) {
    let mut records = Vec::new();
    let result = for_each_record(object, |record| records.push(record.to_owned()));
    (records, result)
}

#[test]
fn every_record_is_passed_on_unchanged() {
    let object = gzip(br#"{"x":[1],"Records":[{"a": "\/"},null,7,{"b":[{}]}],"y":{}}"#);
    let (records, result) = records(&object);
    assert_eq!(result, Ok(()));
    assert_eq!(records, [r#"{"a": "\/"}"#, "null", "7", r#"{"b":[{}]}"#]);
}

#[test]
fn faults_are_distinguished() {
    let whole = gzip(br#"{"Records":[{}]}"#);
    let with = |more: &[u8]| [&whole, more].concat();
    for (object, error) in [
        (vec![], RecordsError::Gunzip(GunzipError::Empty)),
        (b"{}".to_vec(), RecordsError::Gunzip(GunzipError::Corrupt)),
        (
            b"no gzip at all".to_vec(),
            RecordsError::Gunzip(GunzipError::Corrupt),
        ),
        (
            whole[..20].to_vec(),
            RecordsError::Gunzip(GunzipError::Truncated),
        ),
        (
            with(&whole),
            RecordsError::Gunzip(GunzipError::TrailingData),
        ),
        (with(b"x"), RecordsError::Gunzip(GunzipError::TrailingData)),
    ] {
        assert_eq!(records(&object).1, Err(error));
    }
    for json in [
        "",
        "[]",
        "{}",
        r#"{"Records":{}}"#,
        r#"{"Records":[}"#,
        r#"{"Records":[]}x"#,
        r#"{"Records":[],"Records":[]}"#,
    ] {
        assert!(
            matches!(
                records(&gzip(json.as_bytes())).1,
                Err(RecordsError::Json(_))
            ),
            "{json}"
        );
    }
}

#[test]
fn records_before_a_fault_are_passed_on() {
    let (records, result) = records(&gzip(br#"{"Records":[{"a":1},{"#));
    assert_eq!(records, [r#"{"a":1}"#]);
    assert!(result.is_err());
}

#[test]
fn an_oversized_record_is_refused_and_many_small_ones_are_not() {
    let large = format!(r#"{{"Records":["{}"]}}"#, "a".repeat(9_000_000));
    assert_eq!(
        records(&gzip(large.as_bytes())).1,
        Err(RecordsError::RecordTooLarge)
    );
    let many = format!(r#"{{"Records":[{}0]}}"#, r#"{"a":1},"#.repeat(1_200_000));
    let (records, result) = records(&gzip(many.as_bytes()));
    assert_eq!((records.len(), result), (1_200_001, Ok(())));
}

#[test]
fn deep_nesting_neither_overflows_nor_hides_other_records() {
    let deep = format!(
        r#"{{"Records":[{}{},{{"a":1}}]}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (records, result) = records(&gzip(deep.as_bytes()));
    assert_eq!(result, Ok(()));
    assert_eq!(records.len(), 2);
}

const NEEDLE: &str = "kms.amazonaws.com";

/// Stores the records. Reads each that it can in the pass that finds its end.
struct ReadingVisitor<'r>(&'r mut Vec<String>);

impl RecordVisitor for ReadingVisitor<'_> {
    type Read<'a> = &'a str;

    fn read_first(text: &str) -> Option<(usize, &str)> {
        let length = crate::format::json::length(text.as_bytes())?;
        Some((length, &text[..length]))
    }

    fn visit_read(&mut self, record: &str, read: &str) {
        assert_eq!(record, read);
        self.visit(record);
    }

    fn visit(&mut self, record: &str) {
        self.0.push(record.to_owned());
    }
}

/// Returns the records with the needle, read as a caller reads them.
fn selected(object: &[u8]) -> (Vec<String>, Result<Scan, RecordsError>) {
    let mut records = Vec::new();
    let result = for_each_record_with(object, &Needles::new(&[NEEDLE]), |record: &str| {
        records.push(record.to_owned());
    });
    let mut visited = Vec::new();
    let visitor = ReadingVisitor(&mut visited);
    let visit = for_each_record_with(object, &Needles::new(&[NEEDLE]), visitor);
    assert_eq!((&visited, &visit), (&records, &result));
    (records, result)
}

/// Returns the records of an inflated file that is held completely, without dismissing any.
fn in_one_piece(inflated: &[u8]) -> (Vec<String>, Result<Scan, RecordsError>) {
    let mut records = Vec::new();
    let mut document = RecordsDocument::new(None, |record: &str| records.push(record.to_owned()));
    let result = read_whole(inflated, &mut document);
    let mut visited = Vec::new();
    let mut document = RecordsDocument::new(None, ReadingVisitor(&mut visited));
    let visit = read_whole(inflated, &mut document);
    assert_eq!((&visited, &visit), (&records, &result));
    (records, result)
}

/// Returns the records of an object, read through a window that starts with `size` bytes.
fn through_window(object: &[u8], size: usize) -> (Vec<String>, Result<Scan, RecordsError>) {
    let mut records = Vec::new();
    let document = RecordsDocument::new(None, ReadingVisitor(&mut records));
    let mut reader = RecordReader::of(document, size, Form::Gzip);
    let mut pieces = object.chunks(7 * size);
    let result = pieces
        .try_for_each(|piece| reader.push(piece))
        .and_then(|()| reader.finish());
    (records, result)
}

#[test]
fn only_records_with_the_needle_are_passed_on() {
    let with = r#"{"eventSource":"kms.amazonaws.com"}"#;
    let object = gzip(format!(r#"{{"Records":[{{"a":1}},{with},7,"{NEEDLE}"]}}"#).as_bytes());
    let (records, result) = selected(&object);
    assert_eq!(records, [with, r#""kms.amazonaws.com""#]);
    let scan = Scan {
        dismissed: false,
        records: 2,
    };
    assert_eq!(result, Ok(scan));
}

#[test]
fn a_file_without_the_needle_is_skipped_if_it_looks_like_a_log_file() {
    for (json, dismissed) in [
        (r#"{"Records":[]}"#, true),
        (" {\"Records\":[{\"a\":1}]}\n", true),
        (r#"{"Records":[{}],"x":[{}]}"#, true),
        (r#"{"Records": []}"#, false),
        (r#"{"Records":[] }"#, false),
        (r#"{"x":1,"Records":[]}"#, false),
        (r#"{"x":"kms.amazonaws.com","Records":[]}"#, false),
        (r#"{"Records":[],"x":["kms.amazonaws.com"]}"#, false),
    ] {
        let scan = Scan {
            dismissed,
            records: 0,
        };
        assert_eq!(selected(&gzip(json.as_bytes())).1, Ok(scan), "{json}");
    }
    for json in ["", "{}", r#"{"Records":[}"#, r#"{"Records":["#, "]}", "\0"] {
        assert!(
            matches!(
                selected(&gzip(json.as_bytes())).1,
                Err(RecordsError::Json(_))
            ),
            "{json}"
        );
    }
}

#[test]
fn a_skipped_file_is_exactly_one_gzip_member() {
    let object = gzip(br#"{"Records":[{"a":1}]}"#);
    let mut corrupt = object.clone();
    let checksum = object.len() - 8;
    corrupt[checksum] ^= 1;
    for (object, error) in [
        (Vec::new(), GunzipError::Empty),
        (object[..object.len() - 1].to_vec(), GunzipError::Truncated),
        (corrupt, GunzipError::Corrupt),
        ([&object[..], b"\0"].concat(), GunzipError::TrailingData),
        ([&object[..], &object].concat(), GunzipError::TrailingData),
    ] {
        assert_eq!(selected(&object).1, Err(RecordsError::Gunzip(error)));
    }
}

#[test]
fn a_file_too_large_for_memory_is_read_through_the_window() {
    let record = format!(r#"{{"a":"{}"}}"#, "a".repeat(8000));
    let kms = format!(r#"{{"b":"{NEEDLE}"}}"#);
    let count = 40_000_000 / record.len();
    let json = format!(
        r#"{{"Records":[{}{kms}]}}"#,
        format!("{record},").repeat(count)
    );
    let object = gzip(json.as_bytes());
    let (records, result) = selected(&object);
    assert_eq!(records, [kms]);
    let scan = Scan {
        dismissed: false,
        records: 1,
    };
    assert_eq!(result, Ok(scan));
    let mut finding_messages = 0;
    assert_eq!(for_each_record(&object, |_| finding_messages += 1), Ok(()));
    assert_eq!(finding_messages, count + 1);
    let trailing = [&object[..], b"x"].concat();
    assert_eq!(selected(&trailing).1, Err(GunzipError::TrailingData.into()));
}

/// Checks that every reader of a log file has the same limit, whatever the file contains.
#[test]
fn a_log_file_inflates_up_to_the_limit_and_no_further() {
    let most = usize::try_from(MAX_INFLATED_BYTES).unwrap();
    for (more, is_allowed) in [(0, true), (1, false)] {
        let mut json = vec![b' '; most + more];
        json[..HEAD.len()].copy_from_slice(HEAD);
        json[most + more - TAIL.len()..].copy_from_slice(TAIL);
        let object = gzip(&json);
        let limit = MAX_INFLATED_BYTES;
        let too_large = GunzipError::TooLarge { limit };
        let read = through_window(&object, WINDOW).1.map(|_| ());
        let mut check = LogFileCheck::new(Sha256::of(&json));
        let checked = check.push(&object).and_then(|()| check.finish());
        if is_allowed {
            assert_eq!((read, checked), (Ok(()), Ok(limit)));
        } else {
            assert_eq!(read, Err(too_large.into()));
            assert_eq!(checked, Err(LogFileError::Malformed(too_large)));
        }
    }
}

#[test]
fn the_limit_of_a_record_does_not_depend_on_the_window() {
    for (more, result) in [(0, Ok(2)), (1, Err(RecordsError::RecordTooLarge))] {
        let record = format!(r#"["{}"]"#, "a".repeat(MAX_RECORD_BYTES - 4 + more));
        let json = format!(r#"{{"Records":[{record},1]}}"#);
        let object = gzip(json.as_bytes());
        let count = |(_, result): (_, Result<Scan, _>)| result.map(|scan| scan.records);
        assert_eq!(count(in_one_piece(json.as_bytes())), result);
        // If it started over each time, a window that small would take days.
        assert_eq!(count(through_window(&object, 16)), result);
        assert_eq!(count(through_window(&object, WINDOW)), result);
    }
    // As many bytes as are needed for the verdict, and then the end.
    let json = format!(r#"{{"Records":[{}"#, "1".repeat(MAX_RECORD_BYTES + 1));
    let result = Err(RecordsError::RecordTooLarge);
    assert_eq!(in_one_piece(json.as_bytes()).1, result);
    assert_eq!(through_window(&gzip(json.as_bytes()), WINDOW).1, result);
}

#[test]
fn an_almost_correct_document_of_records_is_malformed() {
    for json in [
        r#"{"Records":[]}{}"#,
        r#"{"Records":[]},"#,
        r#"{"Records":[],}"#,
        r#"{"Records":[]"#,
        r#"{"Records":[]]"#,
        r#"{"Records":[1,]}"#,
        r#"{"Records":[,1]}"#,
        r#"{"Records":[1 2]}"#,
        r#"{"Records":[1:2]}"#,
        r#"{"Records":[{"a"}]}"#,
        r#"{"Records":[01]}"#,
        r#"{"Records":[-]}"#,
        r#"{"Records":[tru]}"#,
        r#"{"Records":"[]"}"#,
        r#"{"Records":}"#,
        r#"{"Records"[]}"#,
        r#"{"Records":[],"x"}"#,
        r#"{,"Records":[]}"#,
        r#"{7:[],"Records":[]}"#,
        r#"["Records",[]]"#,
        "{\"Records\":[\"\n\"]}",
        "{\"Records\":[]}\0",
        "\u{feff}{\"Records\":[]}",
    ] {
        let (_, result) = in_one_piece(json.as_bytes());
        assert!(matches!(result, Err(RecordsError::Json(_))), "{json}");
        for size in [1, 7, WINDOW] {
            assert_eq!(
                through_window(&gzip(json.as_bytes()), size).1,
                result,
                "{json}"
            );
        }
    }
}

#[test]
fn a_log_file_may_be_read_while_another_one_is() {
    let object = gzip(br#"{"Records":[1,2]}"#);
    let mut all = Vec::new();
    for_each_record(&object, |outer| {
        for_each_record(&object, |inner| all.push(format!("{outer}{inner}"))).unwrap();
    })
    .unwrap();
    assert_eq!(all, ["11", "12", "21", "22"]);
}

/// Checks that the one search finds what a search of each part would find, and needles that contain
/// others or overlap them.
#[test]
fn a_search_through_all_bytes_finds_the_needles_of_each_part() {
    let needles = Needles::new(&["abcd", "bc", "x"]);
    let bytes = b"..abc..abcd.x.xx.....";
    for needles in [Some(&needles), None] {
        for step in 1..=bytes.len() {
            let mut search = needles::NeedleSearch::new(needles, bytes);
            for start in (0..bytes.len()).step_by(step) {
                let end = bytes.len().min(start + step);
                let part = &bytes[start..end];
                let expected = needles.is_none_or(|needles| needles.are_in(part));
                assert_eq!(search.is_between(start, end), expected, "{start} to {end}");
            }
        }
    }
}

/// Generates white space, mostly none.
fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", "", " ", "\n", "\r\n\t", "   \n "])
}

/// Generates a JSON string: brackets, quotes, escapes, and the needle whole, in parts and escaped.
fn string() -> impl Strategy<Value = String> {
    let parts = vec![
        "a",
        "[",
        "]}",
        "{",
        ",",
        ":",
        r#"\""#,
        r"\\",
        r"\/",
        r"\n",
        r"\u0041",
        r"\u005c",
        r"\ud83d\ude00",
        "é",
        "😀",
        "kms.amazonaws.com",
        "kms.amazonaws",
        ".com",
        r"kms.amazonaws\u002ecom",
        r#"\"kms.amazonaws.com\""#,
        r#"{\"Records\":["#,
    ];
    prop::collection::vec(prop::sample::select(parts), 0..5)
        .prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// Generates a JSON value without values in it.
fn scalar() -> impl Strategy<Value = String> {
    let scalars = vec![
        "null", "true", "false", "0", "-0", "7", "-12", "3.25", "1e3", "2E-7", "-0.5e+10",
    ];
    prop_oneof![
        prop::sample::select(scalars).prop_map(str::to_owned),
        string(),
    ]
}

/// Generates a JSON value of any type, as text.
pub(crate) fn json() -> impl Strategy<Value = String> {
    scalar().prop_recursive(4, 30, 5, |inner| {
        let spaced = (space(), inner, space())
            .prop_map(|(a, value, b)| format!("{a}{value}{b}"))
            .boxed();
        let member = (space(), string(), space(), spaced.clone())
            .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
        prop_oneof![
            (space(), prop::collection::vec(spaced, 0..5)).prop_map(|(space, values)| {
                format!(
                    "[{}]",
                    if values.is_empty() {
                        space.to_owned()
                    } else {
                        values.join(",")
                    }
                )
            }),
            (space(), prop::collection::vec(member, 0..5)).prop_map(|(space, members)| {
                format!(
                    "{{{}}}",
                    if members.is_empty() {
                        space.to_owned()
                    } else {
                        members.join(",")
                    }
                )
            }),
        ]
    })
}

/// Generates a document of records, usually exactly as CloudTrail writes them.
fn document() -> impl Strategy<Value = String> {
    let records = || prop::collection::vec(prop_oneof![json(), scalar()], 0..6);
    let others = |most| {
        let other = (string(), json()).prop_map(|(name, value)| format!("{name}:{value}"));
        prop::collection::vec(other, 0..=most)
    };
    let plain = records().prop_map(|records| format!(r#"{{"Records":[{}]}}"#, records.join(",")));
    let name = prop::sample::select(vec![r#""Records""#, r#""Rec\u006frds""#]);
    let odd = (
        others(2),
        name,
        records(),
        others(2),
        prop::array::uniform4(space()),
    )
        .prop_map(|(before, name, records, after, [a, b, c, d])| {
            let list = format!(
                "{a}{name}{b}:{c}[{a}{}{d}]{b}",
                records.join(&format!("{c},{d}"))
            );
            let members = [before, vec![list], after].concat();
            format!("{d}{{{}}}{c}", members.join(","))
        });
    prop_oneof![2 => plain, 1 => odd]
}

/// Returns the records of an inflated file in the simplest way; `None` if it is not a log file.
fn reference(inflated: &[u8]) -> Option<Vec<serde_json::Value>> {
    let document: serde_json::Value = serde_json::from_slice(inflated).ok()?;
    Some(document.as_object()?.get("Records")?.as_array()?.clone())
}

fn parsed(records: &[String]) -> Vec<serde_json::Value> {
    let parse = |record: &String| serde_json::from_str(record).unwrap();
    records.iter().map(parse).collect()
}

proptest! {
    #[test]
    fn every_way_of_reading_finds_the_same_records_as_the_reference(
        json in document(),
        size in 1_usize..=64,
    ) {
        let object = gzip(json.as_bytes());
        let expected = reference(json.as_bytes()).unwrap();
        let (all, result) = records(&object);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(parsed(&all), expected);
        let whole = Scan { dismissed: false, records: u64::try_from(all.len()).unwrap() };
        prop_assert_eq!(in_one_piece(json.as_bytes()), (all.clone(), Ok(whole)));
        prop_assert_eq!(through_window(&object, size), (all.clone(), Ok(whole)));

        let (chosen, scan) = selected(&object);
        let scan = scan.unwrap();
        let with_needle: Vec<String> =
            all.into_iter().filter(|record| record.contains(NEEDLE)).collect();
        prop_assert_eq!(scan.records, u64::try_from(with_needle.len()).unwrap());
        prop_assert_eq!(chosen, with_needle);
        let plain = json.starts_with(r#"{"Records":["#) && json.ends_with("]}");
        if plain || scan.dismissed {
            prop_assert_eq!(scan.dismissed, !json.contains(NEEDLE));
        }
    }

    #[test]
    fn damaged_documents_get_the_same_verdict_whole_and_through_any_window(
        json in document(),
        damage in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![
                prop::sample::select(b"[]{},:\"\\ -.0eE\n\xff".to_vec()),
                any::<u8>(),
            ]),
            0..4,
        ),
        cut in prop_oneof![3 => Just(0_usize), 1 => 1_usize..40],
        size in 1_usize..=64,
    ) {
        let mut inflated = json.into_bytes();
        for (at, byte) in damage {
            let at = at.index(inflated.len());
            inflated[at] = byte;
        }
        inflated.truncate(inflated.len().saturating_sub(cut));
        let object = gzip(&inflated);
        let (records, result) = in_one_piece(&inflated);
        let (in_window, verdict) = through_window(&object, size);
        prop_assert_eq!(&in_window, &records);
        prop_assert_eq!(&verdict, &result);
        match (reference(&inflated), result) {
            (Some(expected), Ok(_)) => prop_assert_eq!(parsed(&records), expected),
            // There, the last of several lists wins.
            (Some(_), Err(error)) => {
                prop_assert!(error.to_string().contains("a second list"), "{}", error);
            }
            // The reader of a record handles anything unusual in it.
            (None, Ok(_)) => {
                prop_assert!(serde_json::from_slice::<&RawValue>(&inflated).is_ok());
            }
            (None, Err(_)) => {}
        }
    }

    #[test]
    fn damaged_objects_never_panic_and_yield_only_their_first_records(
        json in document(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in 0_usize..20,
        appended in prop::collection::vec(any::<u8>(), 0..12),
        size in 1_usize..=64,
    ) {
        let mut object = gzip(json.as_bytes());
        for (at, byte) in damage {
            let at = at.index(object.len());
            object[at] = byte;
        }
        object.truncate(object.len().saturating_sub(cut));
        object.extend(appended);
        let (all, result) = records(&object);
        let (in_window, verdict) = through_window(&object, size);
        prop_assert_eq!(result.is_ok(), verdict.is_ok());
        if result.is_ok() {
            prop_assert_eq!(in_window, all);
        }
        let _ = selected(&object);
    }

    #[test]
    fn any_bytes_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1_usize..=64,
    ) {
        for object in [gzip(&bytes), bytes] {
            let _ = records(&object);
            let _ = selected(&object);
            let _ = through_window(&object, size);
        }
    }
}
