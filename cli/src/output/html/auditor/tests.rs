use super::*;
use crate::report::auditor_sample::{
    auditor_hostile, auditor_month, auditor_nothing, auditor_valid,
};
use std::path::PathBuf;

/// Returns the samples that the browser tests use, by name.
fn samples() -> [(&'static str, AuditorReport); 4] {
    [
        ("auditor-month", auditor_month()),
        ("auditor-valid", auditor_valid()),
        ("auditor-nothing", auditor_nothing()),
        ("auditor-hostile", auditor_hostile()),
    ]
}

/// Writes each sample as a page and as JSON into the folder that `TRAILSEAL_PAGES` names.
#[test]
#[ignore = "tests/browser/run asks for it"]
fn auditor_pages_for_the_browser() {
    let folder = PathBuf::from(std::env::var_os("TRAILSEAL_PAGES").expect("TRAILSEAL_PAGES"));
    for (name, report) in samples() {
        std::fs::write(folder.join(format!("{name}.html")), page(&report)).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), report.to_json()).unwrap();
    }
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let page = page(&auditor_hostile());
    for broken in ["<script", "<img", "<svg", "</style><style>*", "--></main>"] {
        assert!(!page.contains(broken), "{broken}");
    }
    assert!(page.contains("&lt;script&gt;"));
    assert!(!page.contains('\u{202e}'));
    assert!(!page.contains('\u{200b}'));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    for (name, report) in samples() {
        let page = page(&report);
        // Text holds no `<`: each one starts a tag.
        for tag in page.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            for banned in ["script", "img", "iframe", "object", "svg", "base", "form"] {
                assert!(!tag.starts_with(banned), "{name}: <{tag}>");
            }
            assert!(!tag.contains(" src="), "{name}: <{tag}>");
            if let Some((_, link)) = tag.split_once(" href=\"") {
                let stays = link.starts_with('#') || link == "data:,\"";
                assert!(stays, "{name}: <{tag}>");
            }
        }
        assert!(!OWN_STYLE.contains("url(") && !OWN_STYLE.contains("@import"));
    }
}

#[test]
fn the_result_is_written_in_words() {
    assert_eq!(
        sentence(&auditor_valid()),
        "Every hour verified: 744 hours of 1 chain"
    );
    assert_eq!(
        sentence(&auditor_month()),
        "Finding: the evidence is not as it was logged; 59 of 2,232 hours not verified"
    );
    assert_eq!(
        sentence(&auditor_nothing()),
        "Could not tell: the evidence has no chain in this period"
    );
    let page = page(&auditor_month());
    for words in [
        "a receipt is missing, though the log names it",
        "before the chain was watched",
        "Restored from the replica.",
        "1 incident was open at the end of the period.",
        "Fingerprint of the key, SHA-256",
        "witness.example.org",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn a_key_from_the_bucket_is_said_in_the_first_lines() {
    let mut report = auditor_valid();
    report.log.key_from_evidence = true;
    let page = page(&report);
    let (banner, _) = page.split_once("</header>").unwrap();
    assert!(
        banner.contains("Who signed the log was not verified"),
        "{banner}"
    );
    assert!(page.contains("not verified: the key is the one in the evidence bucket"));
}

#[test]
fn parts_of_hours_are_not_rounded_to_none() {
    assert_eq!(hours(0), "0");
    assert_eq!(hours(1), "less than 0.1");
    assert_eq!(hours(5400), "1.5");
    assert_eq!(hours(744 * 3600), "744");
}
