//! The links in the documents lead somewhere, and their examples of JSON are JSON.

use crate::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use trailseal_tests::documents::pages;

/// A link to a file of the repository leads to a file, and to a heading in it.
#[test]
fn every_link_in_the_documents_leads_to_a_heading() {
    let mut broken = Vec::new();
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap_or(Path::new("")).join(file),
            };
            let leads =
                target.exists() && (heading.is_empty() || anchors(&target).contains(heading));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(count > 200, "{count} links");
}

/// A newcomer reads what Trailseal is before anything else, and finds every page from there.
#[test]
fn the_first_page_is_short_and_leads_to_every_page() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md");
    let (first, _) = text.split_once("\n## ").expect("sections");
    let parts: Vec<&str> = first.split("```").collect();
    let [before, picture, after] = parts.as_slice() else {
        panic!("one picture: {first}")
    };
    assert!(picture.starts_with("mermaid\n"), "{picture}");
    let words =
        [*before, *after].map(|part| part.split_whitespace().filter(|word| *word != "|").count());
    assert!(words.iter().sum::<usize>() <= 200, "{words:?} words");
    let linked: BTreeSet<&str> = links(&text).into_iter().collect();
    for page in pages() {
        let name = page
            .strip_prefix(root())
            .expect("a page")
            .to_str()
            .expect("UTF-8");
        let is_linked = linked
            .iter()
            .any(|link| link.split('#').next() == Some(name));
        assert!(
            is_linked || name == "README.md",
            "the README has no link to {name}"
        );
    }
}

/// A policy is copied from a page: a comma too many would be found in somebody's account.
#[test]
fn every_policy_in_the_documents_is_json() {
    let mut count = 0;
    for page in ["README.md", "docs/organizations.md", "docs/evidence-log.md"] {
        let text = fs::read_to_string(root().join(page)).expect(page);
        let blocks = text.split("```json\n").skip(1);
        for block in blocks
            .filter_map(|block| block.split_once("```"))
            .map(|(block, _)| block)
        {
            if block.contains("\"Effect\"") {
                let policy: Value = serde_json::from_str(block).expect(block);
                says_who_may_do_what(&policy);
                count += 1;
            }
        }
    }
    assert!(count > 4, "{count} policies");
}

/// A statement names an effect, a principal, actions and resources, and has a condition.
fn says_who_may_do_what(policy: &Value) {
    let statements = policy
        .as_array()
        .map_or(std::slice::from_ref(policy), Vec::as_slice);
    for statement in statements {
        for part in ["Effect", "Principal", "Action", "Resource", "Condition"] {
            assert!(!statement[part].is_null(), "no {part}: {statement}");
        }
    }
}

/// Returns the targets of the links in a page, also of those that its end lists.
fn links(text: &str) -> Vec<&str> {
    let is_text = |at: usize| text[..at].matches('`').count().is_multiple_of(2);
    text.match_indices("](")
        .filter(|(at, _)| is_text(*at))
        .filter_map(|(at, _)| text[at + 2..].split_once(')'))
        .map(|(target, _)| target)
        .collect()
}

/// Returns the anchors of the headings in a page.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect()
}

/// Returns the anchor of a heading, as GitHub makes it.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
