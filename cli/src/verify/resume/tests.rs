use super::*;

const SOURCE: &str = "s3://amzn-s3-demo-bucket";

fn open(path: &Path) -> Resume {
    Resume::open(path, SOURCE).unwrap()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Returns the known log files of a digest, and their bytes.
fn known(resume: &Resume, digest: Sha256, of: usize) -> (Vec<usize>, u64) {
    resume.done(digest, of).map_or((Vec::new(), 0), |done| {
        let positions: Vec<usize> = (0..of).filter(|at| done.holds(*at)).collect();
        assert_eq!(done.count(), u64::try_from(positions.len()).unwrap());
        (positions, done.bytes)
    })
}

#[test]
fn verified_digests_are_recognized_again_even_after_a_line_was_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("progress.ndjson");
    let (first, second) = (Sha256::of(b"1"), Sha256::of(b"2"));
    let resume = open(&path);
    assert_eq!(resume.done(first, 9), None);
    for position in [5, 3, 4, 0] {
        resume.note(first, 9, position, 10);
    }
    resume.flush();
    resume.note(first, 9, 8, 7);
    resume.note(second, 2, 1, 1);
    resume.flush();
    // Not written, and therefore lost.
    resume.note(first, 9, 7, 7);
    drop(resume);
    append(&path, "{\"digest\":\"ab");
    let resume = open(&path);
    assert_eq!(known(&resume, first, 9), (vec![0, 3, 4, 5, 8], 47));
    assert_eq!(known(&resume, second, 2), (vec![1], 1));
    resume.note(second, 2, 0, 2);
    resume.end();
    drop(resume);
    let resume = open(&path);
    assert_eq!(known(&resume, second, 2), (vec![0, 1], 3));
    assert!(resume.not_kept().is_none());
}

#[test]
fn a_list_of_another_length_belongs_to_another_digest() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("progress");
    let digest = Sha256::of(b"1");
    let resume = open(&path);
    resume.note(digest, 9, 3, 10);
    resume.flush();
    drop(resume);
    let resume = open(&path);
    assert!(resume.done(digest, 9).is_some());
    assert_eq!(resume.done(digest, 8), None);
    assert_eq!(resume.done(digest, 10), None);
}

#[test]
fn invalid_lines_are_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("progress");
    let digest = Sha256::of(b"1");
    drop(open(&path));
    for line in [
        // Beyond the list, not in order, or not numbers.
        r#""of":4,"valid":"0-4","bytes":1"#,
        r#""of":4,"valid":"4","bytes":1"#,
        r#""of":4,"valid":"2,1","bytes":1"#,
        r#""of":4,"valid":"2-1","bytes":1"#,
        r#""of":4,"valid":"1,1","bytes":1"#,
        r#""of":4,"valid":"","bytes":1"#,
        r#""of":4,"valid":"+1","bytes":1"#,
        r#""of":4,"valid":"1-","bytes":1"#,
        r#""of":4,"valid":"99999999999","bytes":1"#,
        r#""of":0,"valid":"0","bytes":1"#,
        r#""of":4,"bytes":1"#,
        r#""valid":"1","bytes":1"#,
        r#""logFiles":0,"bytes":1"#,
        r#""of":4,"valid":"1","logFiles":4,"bytes":1"#,
    ] {
        append(&path, &format!("{{\"digest\":\"{digest}\",{line}}}\n"));
    }
    append(&path, &format!("{}\n", "x".repeat(3 << 20)));
    append(
        &path,
        "{\"digest\":\"zz\",\"of\":4,\"valid\":\"1\",\"bytes\":1}\n",
    );
    let resume = open(&path);
    assert!(resume.done.is_empty(), "{:?}", resume.done);
    drop(resume);
    // Lines after them are read. A line that repeats or contradicts an earlier one is not.
    for line in [
        r#""of":4,"valid":"1-2","bytes":5"#,
        r#""of":4,"valid":"2-3","bytes":1"#,
        r#""of":5,"valid":"4","bytes":1"#,
    ] {
        append(&path, &format!("{{\"digest\":\"{digest}\",{line}}}\n"));
    }
    assert_eq!(known(&open(&path), digest, 4), (vec![1, 2], 5));
}

#[test]
fn complete_digests_of_version_1_are_recognized() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("progress");
    let (first, second) = (Sha256::of(b"1"), Sha256::of(b"2"));
    let head = format!("{{\"schema\":\"trailseal.progress/1\",\"source\":\"{SOURCE}\"}}\n");
    let line = format!("{{\"digest\":\"{first}\",\"logFiles\":3,\"bytes\":77}}\n");
    std::fs::write(&path, head + &line).unwrap();
    let resume = open(&path);
    assert_eq!(known(&resume, first, 3), (vec![0, 1, 2], 77));
    resume.note(second, 4, 1, 1);
    resume.flush();
    drop(resume);
    let resume = open(&path);
    assert_eq!(known(&resume, first, 3), (vec![0, 1, 2], 77));
    assert_eq!(known(&resume, second, 4), (vec![1], 1));
    // An earlier Trailseal, which takes each of its lines for a whole digest, ignores the new ones.
    let text = std::fs::read_to_string(&path).unwrap();
    let newest = text.lines().last().unwrap();
    assert!(
        newest.contains("\"of\":4") && !newest.contains("logFiles"),
        "{newest}"
    );
}

#[test]
fn other_files_are_refused_and_left_unchanged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    for (text, is_version) in [
        ("my notes\n", false),
        ("{\"schema\":\"other/2\",\"source\":\"s3://a\"}\n", false),
        (
            "{\"schema\":\"trailseal.progress/3\",\"source\":\"s3://a\"}\n",
            true,
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Resume::open(&path, "s3://a").unwrap_err();
        let expected = match error {
            ResumeError::Foreign { .. } => !is_version,
            ResumeError::OtherVersion { .. } => is_version,
            _ => false,
        };
        assert!(expected, "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
    }
    let path = directory.path().join("progress");
    drop(open(&path));
    assert!(matches!(
        Resume::open(&path, "s3://other"),
        Err(ResumeError::OtherSource { .. })
    ));
}

#[test]
fn two_runs_do_not_share_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("progress");
    let first = open(&path);
    assert!(matches!(
        Resume::open(&path, SOURCE),
        Err(ResumeError::InUse { .. })
    ));
    drop(first);
    open(&path);
}
