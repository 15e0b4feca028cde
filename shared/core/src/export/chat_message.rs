//! Custom notifications of Amazon Q Developer in chat applications, for Slack and Microsoft Teams.
//!
//! Schema: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>. A message
//! that does not have it is dropped without an error. The lengths here are at most those that the
//! schema allows.
//!
//! Anybody may choose the names of objects. In a chat, a name could mention everybody in the channel,
//! or look like a link. [`inert`] takes away what gives characters such a meaning.

use super::change::{Change, ChangeState};
use super::summary::{MAX_CHAT_MESSAGES, Summary};
use crate::names::printable::printable;
use crate::names::text::clip_visibly;
use serde_json::{Value, json};

/// The maximum length in characters of a title.
const MAX_TITLE: usize = 250;

/// The maximum length in characters of a description.
const MAX_DESCRIPTION: usize = 8000;

/// The maximum length in characters of what a value adds to the description.
const MAX_VALUE: usize = 1100;

/// The maximum length in characters of a summary, a step, a keyword, and a value of the context.
const MAX_SHORT: usize = 250;

/// The maximum length in characters of the advice.
const MAX_STEP: usize = 2000;

/// Returns the notification of a change of an incident.
#[must_use]
pub fn of(change: &Change) -> Value {
    let Change { finding, incident } = change;
    let title = title(change);
    json!({
        "version": "1.0",
        "source": "custom",
        "id": change.id(),
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": description(change),
            "nextSteps": next_steps(change),
            "keywords": keywords(change),
        },
        "metadata": {
            // Alerts of an incident are one thread.
            "threadId": finding.id,
            "summary": clip_visibly(title.clone(), MAX_SHORT - 1),
            "eventType": format!("trailseal-incident-{}", incident.state.as_str()),
            "relatedResources": [clip_visibly(inert(&finding.object.to_string()), MAX_VALUE - 1)],
            "additionalContext": {
                "incident": finding.id,
                "kind": clip_visibly(inert(&finding.kind), MAX_SHORT - 1),
                "severity": finding.severity.as_str(),
                "state": incident.state.as_str(),
                "account": clip_visibly(inert(finding.account.as_deref().unwrap_or("-")), MAX_SHORT - 1),
                "region": clip_visibly(inert(finding.region.as_deref().unwrap_or("-")), MAX_SHORT - 1),
            },
        },
    })
}

/// Returns the notification of what an alert has besides the incidents with a message of their own.
#[must_use]
pub fn of_summary(summary: &Summary, evidence_bucket: &str) -> Value {
    let Summary {
        incidents,
        unlisted,
        ..
    } = summary;
    let what = match (incidents, unlisted) {
        (0, _) => "an alert is not complete".to_owned(),
        (1, _) => "1 more incident".to_owned(),
        _ => format!("{incidents} more incidents"),
    };
    let severity = summary.severity.as_str().to_uppercase();
    let title = inert(&format!("[{severity}] Trailseal: {what}"));
    let mut lines = Vec::new();
    let mut steps = Vec::new();
    if *incidents > 0 {
        lines.push(format!(
            "At most {MAX_CHAT_MESSAGES} incidents of an alert have a message of their own. {incidents} of this alert have none."
        ));
        steps.push(format!(
            "List the open incidents: `trailseal incidents s3://{}`",
            inert(evidence_bucket)
        ));
    }
    if *unlisted > 0 {
        lines.push(format!(
            "{unlisted} findings are neither in the alert nor in a list in the evidence bucket. No output has them."
        ));
        steps.push("Read the log of the function alerter. If it could not store the list, it publishes the findings again.".to_owned());
    }
    if let Some(list) = &summary.list {
        let list = clip_visibly(inert(list), MAX_VALUE);
        lines.push(format!("*All findings* `{list}`"));
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "id": summary.id,
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": lines.join("\n"),
            "nextSteps": steps,
            "keywords": [summary.severity.as_str()],
        },
        "metadata": {
            "threadId": summary.id,
            "summary": title,
            "eventType": "trailseal-more-incidents",
            "additionalContext": {
                "incidents": incidents.to_string(),
                "lost": unlisted.to_string(),
                "severity": summary.severity.as_str(),
            },
        },
    })
}

fn title(change: &Change) -> String {
    let severity = change.finding.severity.as_str().to_uppercase();
    let kind = &change.finding.kind;
    let scope = change.scope();
    let title = match change.incident.state {
        ChangeState::Opened => format!("[{severity}] Trailseal: {kind}, {scope}"),
        ChangeState::Grown => format!("[{severity}] Trailseal: {kind} again, {scope}"),
        ChangeState::Persists => format!("[{severity}] Trailseal: {kind} persists, {scope}"),
        ChangeState::Closed => format!("[ALL CLEAR] Trailseal: {kind} is closed, {scope}"),
    };
    let title = inert(title.trim_end_matches([',', ' ']));
    clip_visibly(title, MAX_TITLE - 1)
}

fn description(change: &Change) -> String {
    let Change { finding, incident } = change;
    let value = |text: &str| clip_visibly(inert(text), MAX_VALUE);
    let mut lines = vec![value(&finding.message), String::new()];
    let digest = finding.digest.as_ref();
    let digest = digest.map(|digest| format!("s3://{}/{}", digest.bucket, digest.key));
    for (name, text) in [
        ("Object", Some(finding.object.to_string())),
        ("Shown by", digest),
        ("Trail", finding.trail.clone()),
        ("Expected", finding.expected.clone()),
        ("Actual", finding.actual.clone()),
        ("Incident", Some(incident.document.clone())),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            lines.push(format!("*{name}* `{}`", value(&text)));
        }
    }
    lines.push(format!(
        "Detected {} by {}. Occurrences: {}, {} since the last alert.",
        finding.detected_at,
        value(&finding.function),
        incident.occurrences,
        incident.new
    ));
    clip_visibly(lines.join("\n"), MAX_DESCRIPTION - 1)
}

/// Returns the advice. It may hold a command with the name of the object. A name that would not be
/// shown as it is makes another command: the message then says where the command is.
fn next_steps(change: &Change) -> Vec<String> {
    let Change { finding, incident } = change;
    if finding.all_clear || finding.advice.is_empty() {
        return Vec::new();
    }
    let commands: String = finding.advice.split('`').skip(1).step_by(2).collect();
    let is_shown = finding.advice.chars().count() < MAX_STEP && inert(&commands) == commands;
    if is_shown {
        // The backticks around a command are the only ones, because `inert` leaves none in it.
        let parts: Vec<String> = finding.advice.split('`').map(inert).collect();
        return vec![parts.join("`")];
    }
    vec![format!(
        "The advice has a command that a chat does not show exactly. Read it in the field latest.advice of {}",
        clip_visibly(inert(&incident.document), MAX_VALUE)
    )]
}

fn keywords(change: &Change) -> Vec<String> {
    let finding = &change.finding;
    let keywords = [
        Some(finding.severity.as_str()),
        Some(finding.kind.as_str()),
        finding.account.as_deref(),
        finding.region.as_deref(),
    ];
    let keywords = keywords.into_iter().flatten().filter(|it| !it.is_empty());
    keywords
        .map(|keyword| clip_visibly(inert(keyword), MAX_SHORT - 1))
        .collect()
}

/// Returns a text that a chat shows as it is: no mention, no link, no markup, on one line. Look-alikes
/// replace the characters that have a meaning.
fn inert(text: &str) -> String {
    let text = printable_of_any_length(text);
    let inert = text.chars().map(|c| match c {
        '<' => '\u{2039}',
        '>' => '\u{203a}',
        '@' => '\u{ff20}',
        '`' => '\u{2019}',
        '*' => '\u{2217}',
        '~' => '\u{223c}',
        '|' => '\u{2223}',
        '[' => '\u{2045}',
        ']' => '\u{2046}',
        '#' => '\u{ff03}',
        '!' => '\u{ff01}',
        '&' => '\u{ff06}',
        c => c,
    });
    inert.collect()
}

/// Escapes a text in pieces, because [`printable`] shows at most one value.
fn printable_of_any_length(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let pieces = chars.chunks(1000);
    pieces
        .map(|piece| printable(&piece.iter().collect::<String>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{all_clear, change};
    use super::super::summary::chosen;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_messages_of_an_incident_are_one_thread() {
        let opened = of(&change(ChangeState::Opened));
        let closed = of(&all_clear());
        assert_eq!(opened["version"], "1.0");
        assert_eq!(opened["source"], "custom");
        assert_eq!(opened["content"]["textType"], "client-markdown");
        assert_eq!(
            opened["metadata"]["threadId"],
            closed["metadata"]["threadId"]
        );
        assert_ne!(opened["id"], closed["id"]);
        assert_eq!(
            opened["content"]["title"],
            "⁅CRITICAL⁆ Trailseal: object-deleted, 111122223333 us-east-1"
        );
        assert_eq!(
            closed["content"]["title"],
            "⁅ALL CLEAR⁆ Trailseal: object-deleted is closed, 111122223333 us-east-1"
        );
        let step = opened["content"]["nextSteps"][0].as_str().unwrap();
        assert!(
            step.contains("`aws s3api delete-object --bucket amzn-s3-demo-bucket`"),
            "{step}"
        );
        assert_eq!(closed["content"]["nextSteps"], json!([]));
    }

    #[test]
    fn a_summary_says_how_many_incidents_have_no_message_and_where_they_are() {
        let mut changes = vec![change(ChangeState::Opened); MAX_CHAT_MESSAGES];
        let list = Some("s3://amzn-s3-demo-bucket/alerts/x.json");
        let message = |changes: &[Change], unlisted, list| {
            let (_, summary) = chosen(changes.iter().collect(), unlisted, list);
            of_summary(&summary.unwrap(), "amzn-s3-demo-bucket")["content"].clone()
        };
        let unlisted = message(&changes, 3, None);
        assert_eq!(
            unlisted["title"],
            "⁅CRITICAL⁆ Trailseal: an alert is not complete"
        );
        let text = unlisted["description"].as_str().unwrap();
        assert!(text.starts_with("3 findings are neither"), "{text}");
        changes.resize(MAX_CHAT_MESSAGES + 2, change(ChangeState::Opened));
        let more = message(&changes, 0, list);
        assert_eq!(more["title"], "⁅CRITICAL⁆ Trailseal: 2 more incidents");
        let text = more["description"].as_str().unwrap();
        assert!(
            text.ends_with("\n*All findings* `s3://amzn-s3-demo-bucket/alerts/x.json`"),
            "{text}"
        );
        assert_eq!(
            more["nextSteps"],
            json!(["List the open incidents: `trailseal incidents s3://amzn-s3-demo-bucket`"])
        );
    }

    #[test]
    fn a_name_mentions_nobody_and_makes_no_link() {
        let mut change = change(ChangeState::Opened);
        for name in [
            "<!channel>",
            "@here",
            "<https://example.com|console>",
            "a`*b*`\n# x",
            "[x](http://y)",
        ] {
            change.finding.object.key = name.to_owned();
            change.finding.message = format!("Somebody deleted {name}.");
            change.finding.trail = Some(name.to_owned());
            let content = of(&change)["content"].clone();
            let text = format!(
                "{} {}",
                content["title"],
                content["description"].as_str().unwrap()
            );
            assert!(!text.contains(['<', '>', '@', '[', '#']), "{text}");
            let ticks = text.matches('`').count();
            assert_eq!(ticks, 2 * text.matches("* `").count(), "{text}");
        }
    }

    #[test]
    fn a_command_that_would_not_be_shown_exactly_is_not_shown() {
        let mut change = change(ChangeState::Opened);
        change.finding.advice = "Restore it: `aws s3api delete-object --key 'a<b'`.".to_owned();
        let steps = of(&change)["content"]["nextSteps"].clone();
        let step = steps[0].as_str().unwrap();
        assert!(!step.contains("delete-object"), "{step}");
        assert!(step.contains("latest.advice of s3://"), "{step}");
    }

    proptest! {
        #[test]
        fn every_field_is_within_its_limit(length in 0_usize..5000, c in any::<char>()) {
            let text: String = std::iter::repeat_n(c, length).collect();
            let mut change = change(ChangeState::Grown);
            let finding = &mut change.finding;
            for field in [&mut finding.message, &mut finding.advice, &mut finding.object.key, &mut finding.kind, &mut finding.function] {
                field.clone_from(&text);
            }
            for field in [&mut finding.expected, &mut finding.actual, &mut finding.account, &mut finding.trail] {
                *field = Some(text.clone());
            }
            let message = of(&change.bounded().unwrap());
            let chars = |value: &Value| value.as_str().unwrap().chars().count();
            let content = &message["content"];
            prop_assert!((1..=250).contains(&chars(&content["title"])));
            prop_assert!((1..=8000).contains(&chars(&content["description"])));
            prop_assert!(content["nextSteps"].as_array().unwrap().len() <= 10);
            for keyword in content["keywords"].as_array().unwrap() {
                prop_assert!((1..=250).contains(&chars(keyword)));
            }
            prop_assert!(chars(&message["metadata"]["summary"]) <= 250);
            prop_assert!(message["metadata"]["additionalContext"].as_object().unwrap().values().all(|value| chars(value) <= 250));
            prop_assert!(message.to_string().len() < 256 * 1024);
        }
    }
}
