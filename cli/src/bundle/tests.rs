//! Tests of the recorder, and of what a bundle answers.

use super::Recorder;
use super::answers::{Answers, Room};
use super::archive::Archive;
use super::content::is_object_file;
use super::failure::{RecordedAbsence, RecordedAnswer, RecordedFailure};
use super::load::open;
use super::manifest::{KeyRequest, StoredFile, StoredObject};
use super::public_keys::wider;
use super::recording::Recording;
use crate::args::SelectionArgs;
use crate::report::sample;
use bytes::Bytes;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use trailseal::names::ids::Region;
use trailseal::names::location::ObjectLocation;
use trailseal::trust::public_key::SigningPeriod;
use trailseal::world::{
    Absence, Body, Cause, Depth, Encryption, Headers, ListObjects, ListPublicKeys as _, Object,
    Page, ReadObject, StoreError,
};

/// A store that answers with the next cause, and then with content.
#[derive(Default)]
struct Scripted {
    causes: std::sync::Mutex<Vec<Cause>>,
    requests: AtomicUsize,
    pieces: usize,
}

struct Pieces(usize);

impl Body for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or_default();
        Ok(left.map(|_| Bytes::from(vec![7; 1024 * 1024])))
    }
}

impl Scripted {
    fn failing(causes: &[Cause]) -> Self {
        Self {
            causes: std::sync::Mutex::new(causes.iter().rev().cloned().collect()),
            pieces: 2,
            ..Self::default()
        }
    }

    fn answer(&self) -> Result<(), StoreError> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match self.causes.lock().unwrap().pop() {
            Some(cause) => Err(StoreError {
                action: "read",
                subject: "an object".to_owned(),
                cause,
            }),
            None => Ok(()),
        }
    }
}

impl ReadObject for Scripted {
    type Body = Pieces;

    async fn read(&self, _at: &ObjectLocation) -> Result<Object<Pieces>, StoreError> {
        self.answer()?;
        Ok(Object {
            version_id: Some("version".to_owned()),
            e_tag: Some("\"tag\"".to_owned()),
            last_modified: Some(Timestamp::UNIX_EPOCH),
            size: None,
            metadata: [("signature".to_owned(), "ab".to_owned())].into(),
            encryption: Encryption::default(),
            body: Pieces(self.pieces),
        })
    }

    async fn headers(&self, _at: &ObjectLocation) -> Result<Headers, StoreError> {
        self.answer()?;
        Ok(Headers {
            answered: Some(Timestamp::UNIX_EPOCH),
            ..Headers::default()
        })
    }
}

impl ListObjects for Scripted {
    async fn list(
        &self,
        _bucket: &str,
        _prefix: &str,
        _depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        self.answer()?;
        Ok(Page {
            keys: vec!["../key".to_owned()],
            folders: Vec::new(),
            next: next.is_none().then(|| "second".to_owned()),
        })
    }
}

fn at() -> ObjectLocation {
    ObjectLocation::new("amzn-s3-demo-bucket", "../../key")
}

fn bundle(folder: &Path, store: Scripted) -> (Arc<Recorder>, Recording<Scripted>) {
    let recorder = Arc::new(Recorder::create(folder).unwrap());
    let recording = Recording::new(store, Arc::clone(&recorder));
    (recorder, recording)
}

fn finish(recorder: &Recorder, interrupted: bool) -> Archive {
    let mut report = sample::valid();
    report.interrupted = interrupted;
    let selection = SelectionArgs::default();
    let source = "s3://amzn-s3-demo-bucket";
    let now = Timestamp::UNIX_EPOCH;
    recorder.finish(&report, source, &selection, now).unwrap();
    open(&recorder.folder).unwrap().unwrap()
}

async fn content(mut object: Object<super::StoredBody>) -> Result<usize, StoreError> {
    let mut bytes = 0;
    while let Some(piece) = object.body.next().await? {
        bytes += piece.len();
    }
    Ok(bytes)
}

#[tokio::test]
async fn every_answer_is_asked_for_once_and_replayed_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, recording) = bundle(folder.path(), Scripted::failing(&[]));
    for _ in 0..2 {
        let object = recording.read(&at()).await.unwrap();
        assert_eq!(content(object).await.unwrap(), 2 * 1024 * 1024);
        let page = recording.list("b", "", Depth::All, None).await.unwrap();
        assert_eq!(page.next.as_deref(), Some("second"));
    }
    let headers = recording.headers(&at()).await.unwrap();
    assert_eq!(recording.store().requests.load(Ordering::Relaxed), 3);

    let archive = finish(&recorder, false);
    let object = archive.read(&at()).await.unwrap();
    assert_eq!(object.version_id.as_deref(), Some("version"));
    assert_eq!(object.e_tag.as_deref(), Some("\"tag\""));
    assert_eq!(object.last_modified, Some(Timestamp::UNIX_EPOCH));
    assert_eq!(object.metadata["signature"], "ab");
    assert_eq!(content(object).await.unwrap(), 2 * 1024 * 1024);
    assert_eq!(archive.headers(&at()).await.unwrap(), headers);
    let page = archive.list("b", "", Depth::All, None).await.unwrap();
    assert_eq!(page.keys, ["../key"]);
    // Another page, depth or prefix was not asked for.
    for (prefix, depth, next) in [
        ("", Depth::All, Some("second")),
        ("", Depth::Folders, None),
        ("p", Depth::All, None),
    ] {
        let error = archive.list("b", prefix, depth, next).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Failed(_)), "{error}");
    }
    let other = ObjectLocation::new("b", "other");
    assert!(archive.read(&other).await.unwrap_err().absence().is_none());
    assert!(
        archive
            .headers(&other)
            .await
            .unwrap_err()
            .absence()
            .is_none()
    );
    assert!(archive.check_rest().is_empty());
}

#[tokio::test]
async fn a_failure_is_recorded_until_another_attempt_succeeds() {
    let down = Cause::Unavailable("down".to_owned());
    let denied = Cause::Denied("no".to_owned());
    let absent = Cause::Absent(Absence::DeleteMarker);
    let cases = [
        (vec![down.clone()], None),
        (
            vec![down.clone(), down.clone()],
            Some("the request failed when the bundle was collected"),
        ),
        (vec![denied.clone(), denied], Some("access is denied: no")),
        (vec![absent], Some("a delete marker hides it")),
        (
            vec![Cause::Interrupted, Cause::Interrupted],
            Some("it is not in the bundle"),
        ),
    ];
    for (causes, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (recorder, recording) = bundle(folder.path(), Scripted::failing(&causes));
        for _ in 0..2 {
            let _ = recording.read(&at()).await;
        }
        let archive = finish(&recorder, false);
        let replayed = archive.read(&at()).await;
        match expected {
            None => assert!(replayed.is_ok(), "{causes:?}"),
            Some(expected) => {
                let error = replayed.unwrap_err();
                assert!(error.to_string().contains(expected), "{error}");
                assert!(!matches!(error.cause, Cause::Unavailable(_)), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_object_larger_than_any_log_file_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = Scripted {
        pieces: 300,
        ..Scripted::default()
    };
    let (recorder, recording) = bundle(folder.path(), store);
    let error = content(recording.read(&at()).await.unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("only the beginning"), "{error}");
    assert_eq!(recorder.bytes(), 258 * 1024 * 1024);
    let archive = finish(&recorder, false);
    let error = content(archive.read(&at()).await.unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("only the beginning"), "{error}");
}

#[test]
fn an_interrupted_collection_could_not_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path()).unwrap();
    let archive = finish(&recorder, true);
    let open = archive.check_rest();
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0].reason.contains("interrupted"), "{open:?}");
}

#[tokio::test]
async fn a_bundle_without_room_says_so() {
    let room = Room::full();
    let answers = Answers::<String, ()>::default();
    let subject = || "a".to_owned();
    let asked = answers.ask(&room, "a".to_owned(), "read", &subject, async { Ok(()) });
    let error = asked.await.unwrap_err();
    assert!(matches!(error.cause, Cause::TooLarge(_)), "{error}");
    let recorded = answers.recorded();
    assert!(matches!(recorded[0].answer, RecordedAnswer::Failed(_)));
}

#[test]
fn only_names_of_object_files_are_opened() {
    for name in ["objects/000000", "objects/1234567"] {
        assert!(is_object_file(name), "{name}");
    }
    for name in [
        "",
        "objects",
        "objects/",
        "objects/12345",
        "objects/../../x",
        "objects/00000a",
        "objects//000000",
        "/objects/000000",
        "objects/000000/1",
        "objects\\000000",
        "objects/000000000000000000000",
        "manifest.json",
    ] {
        assert!(!is_object_file(name), "{name}");
    }
}

#[tokio::test]
async fn keys_of_a_period_that_was_not_asked_for_are_not_known() {
    let hour = |hour: i64| Timestamp::from_second(3600 * hour).unwrap();
    let period = |from, to| SigningPeriod {
        from: hour(from),
        to: hour(to),
    };
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path()).unwrap();
    let mut archive = finish(&recorder, false);
    for (from, to) in [(0, 10), (10, 20), (30, 40)] {
        let request = KeyRequest {
            region: "us-east-1".to_owned(),
            from: hour(from),
            to: hour(to),
        };
        archive
            .key_requests
            .insert(request, RecordedAnswer::Found(()));
    }
    let region = |name: &str| Region::new(name).unwrap();
    let home = region("us-east-1");
    for (from, to, is_known) in [
        (0, 10, true),
        (5, 20, true),
        (5, 21, false),
        (25, 35, false),
        (31, 40, true),
    ] {
        let listed = archive.list_public_keys(&home, period(from, to)).await;
        assert_eq!(listed.is_ok(), is_known, "{from} {to}");
    }
    let other = region("eu-west-1");
    let listed = archive.list_public_keys(&other, period(0, 1)).await;
    assert!(listed.is_err());
    let asked = wider(period(2000, 2001));
    assert!(asked.from < hour(2000 - 24 * 45) && asked.to > hour(2001 + 24 * 45));
}

#[test]
fn a_link_or_another_content_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::create(folder.path()).unwrap();
    let mut archive = finish(&recorder, false);
    std::fs::write(folder.path().join("objects/000000"), "content").unwrap();
    let stored = StoredObject {
        content: StoredFile {
            file: "objects/000000".to_owned(),
            bytes: 7,
            sha256: trailseal::names::sha256::Sha256::of(b"content").to_string(),
        },
        is_cut: false,
        size: Some(7),
        version_id: None,
        e_tag: None,
        last_modified: None,
        metadata: std::collections::BTreeMap::new(),
        encryption: None,
        kms_key_id: None,
    };
    archive.objects.insert(at(), RecordedAnswer::Found(stored));
    assert!(archive.check_rest().is_empty());
    std::fs::write(folder.path().join("objects/000000"), "CONTENT").unwrap();
    assert_eq!(archive.check_rest().len(), 1);
    std::fs::remove_file(folder.path().join("objects/000000")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("objects/000000")).unwrap();
    assert_eq!(archive.check_rest().len(), 1);
}

#[test]
fn only_reasons_of_s3_are_recorded() {
    assert!(RecordedAbsence::of(Absence::NotInCopy).is_none());
    assert!(RecordedAbsence::of(Absence::NoBucket).is_some());
    assert!(RecordedFailure::of(&Cause::Interrupted).is_none());
}
