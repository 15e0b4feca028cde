//! Tests that `docs/verification-json.md`, `docs/auditor.md` and `docs/receipts.md` and their schemas
//! describe the JSON forms.

use super::auditor_sample;
use super::sample;
use serde_json::{Map, Value};

const DOCUMENT: &str = include_str!("../../../docs/verification-json.md");
const SCHEMA: &str = include_str!("../../../docs/verification.schema.json");
const AUDITOR_DOCUMENT: &str = include_str!("../../../docs/auditor.md");
const AUDITOR_SCHEMA: &str = include_str!("../../../docs/evidence-report.schema.json");

/// Checks a value against its schema: types, properties, required fields, and the words of an
/// enumeration.
fn check(value: &Value, schema: &Value, root: &Value, path: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.trim_start_matches('#'));
        let target = target.unwrap_or_else(|| panic!("{path}: no {reference}"));
        return check(value, target, root, path);
    }
    check_type(value, schema, path);
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        assert!(
            words.contains(value),
            "{path}: {value} is none of {words:?}"
        );
    }
    if let Some(word) = schema.get("const") {
        assert_eq!(value, word, "{path}");
    }
    match value {
        Value::Object(fields) => check_fields(fields, schema, root, path),
        Value::Array(items) => {
            let schema = &schema["items"];
            for item in items {
                check(item, schema, root, &format!("{path}[]"));
            }
        }
        _ => {}
    }
}

fn check_type(value: &Value, schema: &Value, path: &str) {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => schema.get("enum").is_some() || schema.get("const").is_some(),
    };
    assert!(fits, "{path}: {name} is not of type {}", schema["type"]);
}

fn check_fields(fields: &Map<String, Value>, schema: &Value, root: &Value, path: &str) {
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        let schema = properties
            .get(name)
            .or_else(|| schema.get("additionalProperties"))
            .unwrap_or_else(|| panic!("{path} is not in the schema"));
        check(value, schema, root, &path);
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        let name = required.as_str().expect("a name");
        assert!(fields.contains_key(name), "{path}: no {name}");
    }
}

#[test]
fn the_schema_has_every_field_and_no_other() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for verification in [
        sample::organization(),
        sample::valid(),
        sample::nothing(),
        sample::hostile(),
    ] {
        let value = serde_json::to_value(&verification).unwrap();
        check(&value, &schema, &schema, "verification");
    }
}

/// Returns the names of all properties.
fn names(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.extend(properties.keys().cloned());
            }
            fields.values().for_each(|inner| names(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| names(inner, found)),
        _ => {}
    }
}

#[test]
fn the_documents_name_every_field_of_their_schemas() {
    for (schema, document) in [(SCHEMA, DOCUMENT), (AUDITOR_SCHEMA, AUDITOR_DOCUMENT)] {
        let mut found = Vec::new();
        names(&serde_json::from_str(schema).unwrap(), &mut found);
        for name in found {
            let title = document.lines().next();
            assert!(
                document.contains(&format!("`{name}`")),
                "{title:?}: no `{name}`"
            );
        }
    }
}

#[test]
fn the_schema_of_a_report_on_a_period_has_every_field() {
    let schema: Value = serde_json::from_str(AUDITOR_SCHEMA).unwrap();
    for report in [
        auditor_sample::auditor_month(),
        auditor_sample::auditor_valid(),
        auditor_sample::auditor_nothing(),
    ] {
        let value: Value = serde_json::from_str(&report.to_json()).unwrap();
        check(&value, &schema, &schema, "report");
    }
}

/// The examples are what is written: `shared/core/src/receipt/tests.rs`.
#[test]
fn the_examples_of_a_receipt_and_a_chain_head_follow_their_schema() {
    const RECEIPTS: &str = include_str!("../../../docs/receipts.md");
    const SCHEMA: &str = include_str!("../../../docs/receipt.schema.json");
    let root: Value = serde_json::from_str(SCHEMA).unwrap();
    let examples = RECEIPTS.split("```json\n").skip(1);
    let examples: Vec<Value> = examples
        .map(|rest| serde_json::from_str(rest.split("```").next().unwrap()).unwrap())
        .collect();
    let [receipt, head] = examples.as_slice() else {
        panic!("{examples:#?}");
    };
    check(receipt, &root, &root, "receipt");
    let several = serde_json::json!({
        "schema": "trailseal.receipts/1",
        "receipts": [receipt, receipt],
    });
    check(&several, &root["$defs"]["several"], &root, "several");
    check(head, &root["$defs"]["head"], &root, "head");
}
