//! The effect of the events that somebody selects for a trail.
//!
//! Only management events count: a trail records all of them unless its selectors say otherwise.
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html>

use super::call::WatchedCall;
use super::effect::Effect;
use super::setting::{items, text, truth};
use serde_json::Value;

const HARMLESS: &str = "the trail's selectors still select all management events";

/// Events that selectors select.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ManagementPart {
    Reads,
    Writes,
}

/// The part of the management events that one selector selects.
struct Selected {
    reads: bool,
    writes: bool,
    /// What it leaves out of them; `None` if nothing.
    leaves_out: Option<String>,
}

pub(super) fn effect(call: &WatchedCall<'_>) -> Effect {
    let selectors = |field: &str| {
        let lists = [call.request.get(field), call.response.get(field)];
        lists.into_iter().flatten().find(|list| list.is_array())
    };
    let selected: Vec<Selected> = match (
        selectors("advancedEventSelectors"),
        selectors("eventSelectors"),
    ) {
        (Some(advanced), _) => items(Some(advanced))
            .into_iter()
            .filter_map(of_advanced)
            .collect(),
        (None, Some(basic)) => items(Some(basic))
            .into_iter()
            .filter_map(of_basic)
            .collect(),
        (None, None) => {
            return Effect::Unclear("the record does not contain the trail's new selectors");
        }
    };
    if selected.is_empty() {
        return Effect::weakens("the trail records no management events");
    }
    let missing = |part: ManagementPart| -> Option<Vec<&str>> {
        let mut without = Vec::new();
        for selector in &selected {
            let selects = match part {
                ManagementPart::Reads => selector.reads,
                ManagementPart::Writes => selector.writes,
            };
            match (selects, &selector.leaves_out) {
                (true, None) => return None,
                (true, Some(left_out)) => without.push(left_out.as_str()),
                (false, _) => {}
            }
        }
        Some(without)
    };
    let mut weaknesses = Vec::new();
    for (part, name) in [
        (ManagementPart::Writes, "write"),
        (ManagementPart::Reads, "read"),
    ] {
        match missing(part).as_deref() {
            None => {}
            Some([]) => weaknesses.push(format!(
                "the trail does not record {name} management events"
            )),
            Some(left_out) => weaknesses.push(format!(
                "the trail records {name} management events only where {}",
                left_out.join(", or where ")
            )),
        }
    }
    Effect::of(weaknesses, HARMLESS)
}

/// Returns what a basic selector selects of the management events.
fn of_basic(selector: &Value) -> Option<Selected> {
    if truth(selector.get("includeManagementEvents")) == Some(false) {
        return None;
    }
    let kind = text(selector.get("readWriteType")).unwrap_or("All");
    let excluded = texts(selector.get("excludeManagementEventSources"));
    Some(Selected {
        reads: kind != "WriteOnly",
        writes: kind != "ReadOnly",
        leaves_out: (!excluded.is_empty())
            .then(|| format!("their source is not {}", excluded.join(" or "))),
    })
}

/// Returns what an advanced selector selects of the management events: those for which each of its
/// field selectors is true.
fn of_advanced(selector: &Value) -> Option<Selected> {
    let mut selected = Selected {
        reads: true,
        writes: true,
        leaves_out: None,
    };
    let mut is_of_management_events = false;
    let mut restrictions = Vec::new();
    for field in items(selector.get("fieldSelectors")) {
        let equals = texts(field.get("equals"));
        match text(field.get("field")).unwrap_or("an unknown field") {
            "eventCategory" => is_of_management_events = equals.contains(&"Management"),
            "readOnly" if !equals.is_empty() => {
                selected.reads &= equals.contains(&"true");
                selected.writes &= equals.contains(&"false");
            }
            name => restrictions.push(restriction(name, field)),
        }
    }
    if !restrictions.is_empty() {
        selected.leaves_out = Some(restrictions.join(" and "));
    }
    is_of_management_events.then_some(selected)
}

/// Returns the words for a field selector.
fn restriction(name: &str, field: &Value) -> String {
    const OPERATORS: [(&str, &str); 6] = [
        ("equals", "is"),
        ("notEquals", "is not"),
        ("startsWith", "starts with"),
        ("notStartsWith", "does not start with"),
        ("endsWith", "ends with"),
        ("notEndsWith", "does not end with"),
    ];
    let mut said = OPERATORS.iter().filter_map(|(operator, words)| {
        let values = texts(field.get(*operator));
        (!values.is_empty()).then(|| format!("{name} {words} {}", values.join(" or ")))
    });
    said.next()
        .unwrap_or_else(|| format!("{name} has a given value"))
}

/// Returns the texts of a list.
fn texts(list: Option<&Value>) -> Vec<&str> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}
