use super::shown::MAX_CHAINS;
use super::*;
use crate::report::{ChainReport, Outcome, sample};
use std::path::PathBuf;

/// Returns the samples that the browser tests use, by name.
fn samples() -> [(&'static str, Verification); 6] {
    [
        ("organization", sample::organization()),
        ("valid", sample::valid()),
        ("ended", sample::ended()),
        ("nothing", sample::nothing()),
        ("large", sample::large()),
        ("hostile", sample::hostile()),
    ]
}

/// Writes each sample as a page and as JSON into the folder that `TRAILSEAL_PAGES` names.
#[test]
#[ignore = "tests/browser/run asks for it"]
fn pages_for_the_browser() {
    let folder = PathBuf::from(std::env::var_os("TRAILSEAL_PAGES").expect("TRAILSEAL_PAGES"));
    for (name, verification) in samples() {
        let json = serde_json::to_string(&verification).unwrap();
        std::fs::write(folder.join(format!("{name}.html")), page(&verification)).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), json).unwrap();
    }
}

#[test]
fn hostile_text_is_escaped_everywhere() {
    let page = page(&sample::hostile());
    for broken in ["<script", "<img", "<svg", "</style><style>*", "--></main>"] {
        assert!(!page.contains(broken), "{broken}");
    }
    assert!(page.contains("&lt;script&gt;"));
    assert!(!page.contains('\u{202e}'));
    assert!(!page.contains('\u{200b}'));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    for (name, verification) in samples() {
        let page = page(&verification);
        assert!(page.contains("default-src &#39;none&#39;") || page.contains(POLICY));
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
        for request in ["url(", "@import"] {
            assert!(!STYLE.contains(request), "{request}");
        }
    }
}

#[test]
fn a_page_stays_small_enough_to_open() {
    let verification = sample::large();
    let page = page(&verification);
    assert!(page.len() < 16 << 20, "{} bytes", page.len());
    assert!(page.contains("drawn in days or in months"));
    assert!(page.contains("more are not shown"));
    assert!(page.contains("<h3>Account "));
}

#[test]
fn long_bad_ranges_are_text_that_is_read_aloud_and_printed() {
    let page = page(&sample::ended());
    for words in [
        "<li class=\"fold\"><span class=\"h\" aria-hidden=\"true\"><i class=\"f\"></i></span><span>2026-01-16 to 2026-11-26: no digest</span></li>",
        "<span>2026-02-24 to 2026-03-24: cannot tell</span>",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // Two days before, and the day on which it ends.
    let (_, first) = page.split_once("id=\"chain-1\"").unwrap();
    let (first, _) = first.split_once("</section>").unwrap();
    assert_eq!(first.matches("<li>").count(), 3);
}

#[test]
fn only_the_worst_of_too_many_chains_are_shown() {
    let mut verification = sample::valid();
    let chain = verification.chains.remove(0);
    verification.chains = (0..MAX_CHAINS + 5)
        .map(|number| ChainReport {
            region: format!("region-{number}"),
            verdict: if number == MAX_CHAINS + 2 {
                Outcome::Finding
            } else {
                Outcome::Valid
            },
            ..chain.clone()
        })
        .collect();
    let page = page(&verification);
    assert!(page.contains("5 more chains"));
    assert!(page.contains(&format!("region-{}<", MAX_CHAINS + 2)));
    assert!(!page.contains(&format!("region-{}<", MAX_CHAINS + 1)));
}

#[test]
fn the_verdict_is_written_in_words() {
    let title = |verification: &Verification| outcome::sentence(verification);
    assert_eq!(
        title(&sample::valid()),
        "Valid: the record is as CloudTrail delivered it"
    );
    assert_eq!(
        title(&sample::nothing()),
        "Cannot tell: no digest was found"
    );
    assert!(title(&sample::organization()).contains("findings: the record is not"));
}
