//! The examples in the document are what the code makes of a finding.

use super::bus_event::of_incident;
use super::change::ChangeState;
use super::sample::{change, home};
use super::webhook::{Secrets, SentWebhook};
use super::{chat_message, detection, security_finding};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Returns the examples by the names of their marks. The document of a webhook is cut short.
fn examples() -> Vec<(&'static str, Value)> {
    let change = change(ChangeState::Opened);
    let home = home();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let secrets = Secrets::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let webhook = SentWebhook::of(&change).event(&secrets, change.time());
    let mut body = json(&webhook.detail)["body"].take();
    let document = body["data"]["document"].as_str().unwrap();
    body["data"]["document"] = format!("{}…", &document[..60]).into();
    vec![
        ("incident", json(&of_incident(&change, &home).detail)),
        ("ocsf", detection::of(&change, &home)),
        ("security-hub", security_finding::of(&change, &home).json()),
        ("chat", chat_message::of(&change)),
        ("webhook", body),
    ]
}

/// Writes the examples if `TRAILSEAL_WRITE` is set.
#[test]
fn the_document_has_an_example_of_each_output() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/outputs.md");
    let mut page = fs::read_to_string(&path).unwrap();
    let written = page.clone();
    for (name, example) in examples() {
        let mark = format!("<!-- {name} -->\n");
        let from = page.find(&mark).expect("a mark") + mark.len();
        let rest = &page[from..];
        let old = rest
            .strip_prefix("\n```json\n")
            .and_then(|text| text.find("```\n"));
        let to = old.map_or(0, |end| "\n```json\n".len() + end + "```\n".len());
        let block = format!("\n```json\n{example:#}\n```\n");
        page.replace_range(from..from + to, &block);
    }
    if std::env::var_os("TRAILSEAL_WRITE").is_some() {
        fs::write(&path, page).unwrap();
    } else {
        assert!(page == written, "run the test with TRAILSEAL_WRITE=1");
    }
}
