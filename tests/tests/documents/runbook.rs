//! The runbook has what a person on call needs, for each finding and each alarm.

use crate::links::anchor;
use crate::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use trailseal::finding::FindingKind;

/// A person who gets an alert finds one section for its kind, and all of them say the same things.
#[test]
fn the_runbook_has_one_section_for_each_kind_of_finding() {
    let page = fs::read_to_string(root().join("docs/runbook.md")).expect("docs/runbook.md");
    let (_, findings) = page.split_once("\n## Findings\n").expect("the findings");
    let (findings, alarms) = findings.split_once("\n## Alarms\n").expect("the alarms");
    let sections: Vec<(&str, &str)> = sections(findings);
    let kinds: Vec<String> = FindingKind::ALL
        .iter()
        .map(|kind| format!("`{kind}`"))
        .collect();
    let headings: Vec<&str> = sections.iter().map(|(heading, _)| *heading).collect();
    assert_eq!(headings, kinds, "in the order of the catalog");
    for (heading, text) in sections {
        says_what_to_do(heading, text);
    }
    for (heading, text) in self::sections(alarms) {
        says_what_to_do(heading, text);
    }
}

/// Each alarm is in the runbook's table, which names its section. The alarm names the same one.
#[test]
fn the_runbook_has_a_section_for_each_alarm() {
    let page = fs::read_to_string(root().join("docs/runbook.md")).expect("docs/runbook.md");
    let (_, part) = page.split_once("\n## Alarms\n").expect("the alarms");
    let mut rows = BTreeMap::new();
    for line in part.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        let [alarm, link] = cells.as_slice() else {
            panic!("{line}")
        };
        let (section, link) = link
            .trim_start_matches('[')
            .split_once("](#")
            .expect("a link");
        assert_eq!(link.trim_end_matches(')'), anchor(section));
        let earlier = rows.insert(alarm.trim_matches('`').to_owned(), section.to_owned());
        assert_eq!(earlier, None, "{alarm} has two rows");
    }
    let template = fs::read_to_string(root().join("template.yaml")).expect("template.yaml");
    let alarms = alarms(&template);
    let names: Vec<&String> = alarms.keys().collect();
    assert_eq!(
        names,
        rows.keys().collect::<Vec<_>>(),
        "docs/runbook.md, ## Alarms"
    );
    for (alarm, description) in &alarms {
        let end = format!(" See docs/runbook.md, section {}.", rows[alarm]);
        assert!(
            description.ends_with(&end),
            "the description of {alarm} ends with:{end}"
        );
        // The limit of PutMetricAlarm.
        assert!(description.len() <= 1024, "{alarm}");
    }
    let used: BTreeSet<&str> = rows.values().map(String::as_str).collect();
    let headings: BTreeSet<&str> = sections(part)
        .into_iter()
        .map(|(heading, _)| heading)
        .collect();
    assert_eq!(
        used, headings,
        "sections without an alarm, or links without a section"
    );
}

/// Returns the headings of the third level, and the text below each.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("\n### ").skip(1);
    parts.filter_map(|part| part.split_once('\n')).collect()
}

fn says_what_to_do(heading: &str, text: &str) {
    const PARTS: [&str; 5] = [
        "Emergency",
        "First steps",
        "Attack or mistake",
        "Closes",
        "Escalate",
    ];
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split_once(":**"))
        .map(|(part, _)| part)
        .collect();
    assert_eq!(found, PARTS, "{heading}");
    let steps: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_once(". "))
        .map(|(number, _)| number)
        .filter(|number| number.chars().all(|c| c.is_ascii_digit()))
        .collect();
    assert!(steps.len() == 3 || steps.is_empty(), "{heading}: {steps:?}");
}

/// Returns the alarms of the template and their descriptions, each on one line.
fn alarms(template: &str) -> BTreeMap<String, String> {
    let mut alarms = BTreeMap::new();
    let mut lines = template.lines().peekable();
    let mut resource = String::new();
    while let Some(line) = lines.next() {
        let name = line
            .strip_prefix("  ")
            .and_then(|line| line.strip_suffix(':'));
        if let Some(name) = name.filter(|name| name.chars().all(char::is_alphanumeric)) {
            name.clone_into(&mut resource);
        } else if line == "    Type: AWS::CloudWatch::Alarm" {
            alarms.insert(resource.clone(), String::new());
        } else if line == "      AlarmDescription: >-" {
            let mut words = Vec::new();
            while let Some(text) = lines.next_if(|line| line.starts_with("        ")) {
                words.push(text.trim());
            }
            alarms.insert(resource.clone(), words.join(" "));
        }
    }
    assert!(alarms.len() > 30, "{} alarms", alarms.len());
    alarms
}
