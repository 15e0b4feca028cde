//! The other outputs: what happens to an object arrives on the event bus, in Security Hub, in the
//! chat and at the webhook, and so does its end.

use crate::world::World;
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;
use trailseal_tests::local::{
    Alert, Fault, Finding, Match, Rule, aws_command, aws_succeeds, paths, pump,
};
use trailseal_tests::trail::{Object, Trail, TrailSpec};

const REGION: &str = crate::world::REGION;
const EXPORTER: &str = "Exporter";

const ALL: [(&str, &str); 5] = [
    ("EventBus", "Enabled"),
    ("OcsfEvents", "Enabled"),
    ("SecurityHub", "Enabled"),
    ("ChatTopic", "Enabled"),
    ("WebhookUrl", "https://hooks.example.com/trailseal"),
];

fn trail() -> Trail {
    TrailSpec {
        hours: 2,
        log_files_per_hour: 1..=1,
        ..TrailSpec::default()
    }
    .build()
}

/// A stack with outputs, whose events all arrive in a queue.
struct Outputs {
    world: World,
    events: Option<String>,
}

impl Outputs {
    /// Delivers an untouched trail to a stack. What its start exports is not kept.
    async fn of(parameters: &[(&str, &str)]) -> Result<Self> {
        let world = World::versioned(trail(), parameters).await?;
        let events = match world.stack.outputs.get("EventBusName") {
            None => None,
            Some(bus) => Some(listen(&world, bus).await?),
        };
        world.deliver().await?;
        world.settle().await?;
        let outputs = Self { world, events };
        outputs.events().await?;
        Ok(outputs)
    }

    fn log(&self) -> &Object {
        &self.world.trail.logs_of(self.world.hour(1))[0].object
    }

    /// Deletes a log file.
    async fn delete(&self) -> Result<()> {
        self.world.delete(self.log()).await?;
        self.world.settle().await
    }

    /// Restores the log file with the command of the alert.
    async fn restore(&self) -> Result<()> {
        let finding = self.deleted()?;
        let detected_at: Timestamp = text(&finding.document, "/detectedAt")?.parse()?;
        while Timestamp::now() < detected_at + SignedDuration::from_secs(1) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let command = finding.command().context("a command")?;
        aws_command(&self.world.aws, REGION, command).await?;
        self.world.settle().await
    }

    fn deleted(&self) -> Result<Finding> {
        let alerts = self.world.alerts();
        let mut findings = alerts.iter().flat_map(Alert::findings);
        let deleted = findings.find(|finding| finding.kind == "object-deleted");
        deleted.context("an alert about the deletion")
    }

    /// Takes the events that arrived since the last call.
    async fn events(&self) -> Result<Vec<Value>> {
        let Some(url) = &self.events else {
            return Ok(Vec::new());
        };
        let bodies = pump::drain(&self.world.aws.sqs(), url).await?;
        let events = bodies.iter().map(|body| serde_json::from_str(body));
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Returns the findings in Security Hub about the deleted object.
    async fn imported(&self) -> Result<Vec<Value>> {
        let arguments = ["securityhub", "get-findings", "--output", "json"];
        let answer = aws_succeeds(&self.world.aws, REGION, &arguments).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        let mut findings = answer["Findings"].as_array().context("findings")?.clone();
        findings.retain(|finding| finding["GeneratorId"] == "trailseal/object-deleted");
        Ok(findings)
    }

    /// Returns the chat messages about the deleted object.
    fn chat(&self) -> Result<Vec<Value>> {
        let topic = self.world.stack.resource("ChatMessageTopic")?;
        let alerts = self.world.proxy.alerts().into_iter();
        let of_topic = alerts.filter(|alert| alert.topic_arn == topic);
        let messages: Result<Vec<Value>, _> = of_topic
            .map(|alert| serde_json::from_str(&alert.default))
            .collect();
        let mut messages = messages?;
        messages
            .retain(|message| message["metadata"]["additionalContext"]["kind"] == "object-deleted");
        Ok(messages)
    }
}

/// Sends all events of a bus to a new queue.
async fn listen(world: &World, bus: &str) -> Result<String> {
    let queue = world.aws.sqs().create_queue().queue_name("listener");
    let queue = queue.send().await?.queue_url().context("a URL")?.to_owned();
    let events = aws_sdk_eventbridge::Client::new(world.aws.sdk_config());
    let rule = events.put_rule().name("everything").event_bus_name(bus);
    let pattern = json!({"source": ["trailseal"]}).to_string();
    rule.event_pattern(pattern).send().await?;
    let arn = format!("arn:aws:sqs:{REGION}:{}:listener", crate::world::ACCOUNT);
    let target = aws_sdk_eventbridge::types::Target::builder();
    let target = target.id("queue").arn(arn).build()?;
    let put = events.put_targets().rule("everything").event_bus_name(bus);
    put.targets(target).send().await?;
    Ok(queue)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no text {pointer} in {value:#}"))
}

/// Returns the only event of a detail type.
fn only<'a>(events: &'a [Value], detail_type: &str) -> Result<&'a Value> {
    let of_type: Vec<&Value> = events
        .iter()
        .filter(|event| event["detail-type"] == detail_type)
        .collect();
    let [event] = of_type[..] else {
        anyhow::bail!("{} events {detail_type}: {events:#?}", of_type.len());
    };
    Ok(event)
}

/// Gives the standard input to a Python script of the tests. Returns what it prints.
fn python(script: &str, arguments: &[&str], input: &str) -> Result<String> {
    let mut child = Command::new(paths::python())
        .arg(paths::repository().join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("standard input")?
        .write_all(input.as_bytes())?;
    let output = child.wait_with_output()?;
    let stdout = String::from_utf8(output.stdout)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script}: {stdout}\n{stderr}");
    Ok(stdout)
}

/// Sends an event as the deployed rule says: the body that `InputPath` selects, and the headers from
/// their paths. Verifies it as a receiver does.
async fn receive(world: &World, event: &Value) -> Result<Value> {
    let events = aws_sdk_eventbridge::Client::new(world.aws.sdk_config());
    let bus = &world.stack.outputs["EventBusName"];
    let rule = world.stack.resource("WebhookRule")?;
    let rule = rule.rsplit('/').next().context("a name")?;
    let targets = events.list_targets_by_rule().rule(rule);
    let targets = targets.event_bus_name(bus).send().await?;
    let target = targets.targets().first().context("a target")?;
    let pointer = |path: &str| path.replacen('$', "", 1).replace('.', "/");
    let body = target.input_path().context("a path of the body")?;
    // The order of the names is the one of the signed text.
    let body = event.pointer(&pointer(body)).context("a body")?.to_string();
    let parameters = target.http_parameters().context("parameters")?;
    let headers = parameters.header_parameters().context("headers")?;
    let headers: serde_json::Map<String, Value> = headers
        .iter()
        .map(|(name, path)| Ok((name.clone(), text(event, &pointer(path))?.into())))
        .collect::<Result<_>>()?;
    let arn = &world.stack.outputs["WebhookSecretArn"];
    let arguments = [
        "secretsmanager",
        "get-secret-value",
        "--secret-id",
        arn,
        "--query",
        "SecretString",
        "--output",
        "text",
    ];
    let secret = aws_succeeds(&world.aws, REGION, &arguments).await?;
    let secret = format!("whsec_{}", secret.trim());
    let request = |secret: &str| json!({"secret": secret, "headers": headers, "body": body});
    // Another secret does not verify it.
    let other = request("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").to_string();
    ensure!(python("tests/webhook/verify.py", &[], &other).is_err());
    let change = python(
        "tests/webhook/verify.py",
        &[],
        &request(&secret).to_string(),
    )?;
    Ok(serde_json::from_str(&change)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_and_its_end_arrive_at_every_output() -> Result<()> {
    let outputs = Outputs::of(&ALL).await?;
    outputs.delete().await?;
    let events = outputs.events().await?;
    let finding = only(&events, "Trailseal Finding")?;
    let id = text(finding, "/detail/id")?;
    ensure!(finding["detail"]["object"]["key"] == outputs.log().key.as_str());
    ensure!(text(finding, "/resources/0")?.ends_with(&outputs.log().key));
    let opened = only(&events, "Trailseal Incident Opened")?;
    ensure!(opened["detail"]["incident"]["id"] == id, "{opened:#}");
    let ocsf = only(&events, "Trailseal OCSF Detection Finding")?;
    ensure!(ocsf["detail"]["activity_id"] == 1 && ocsf["detail"]["finding_info"]["uid"] == id);
    let received = receive(&outputs.world, only(&events, "Trailseal Webhook")?).await?;
    ensure!(received == opened["detail"], "{received:#}");
    let imported = outputs.imported().await?;
    ensure!(
        imported.len() == 1 && imported[0]["RecordState"] == "ACTIVE",
        "{imported:#?}"
    );
    ensure!(imported[0]["Id"] == format!("trailseal/{id}"));
    ensure!(imported[0]["FindingProviderFields"]["Severity"]["Label"] == "CRITICAL");
    let chat = outputs.chat()?;
    ensure!(
        chat.len() == 1 && chat[0]["metadata"]["threadId"] == id,
        "{chat:#?}"
    );

    outputs.restore().await?;
    let events = outputs.events().await?;
    let closed = only(&events, "Trailseal Incident Closed")?;
    ensure!(closed["detail"]["incident"]["id"] == id);
    ensure!(
        !events
            .iter()
            .any(|event| event["detail-type"] == "Trailseal Finding")
    );
    let ocsf = only(&events, "Trailseal OCSF Detection Finding")?;
    ensure!(ocsf["detail"]["activity_id"] == 3 && ocsf["detail"]["status_id"] == 4);
    let received = receive(&outputs.world, only(&events, "Trailseal Webhook")?).await?;
    ensure!(received["state"] == "closed");
    let imported = outputs.imported().await?;
    ensure!(
        imported.len() == 1 && imported[0]["RecordState"] == "ARCHIVED",
        "{imported:#?}"
    );
    let chat = outputs.chat()?;
    ensure!(
        chat.len() == 2 && chat[1]["metadata"]["threadId"] == id,
        "{chat:#?}"
    );
    ensure!(outputs.world.pump.drain_dlq(EXPORTER).await?.is_empty());
    Ok(())
}

/// Security Hub is imported to again, and the other outputs get nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_is_down_delays_no_other_and_loses_nothing() -> Result<()> {
    let outputs = Outputs::of(&ALL).await?;
    let imports = || Match::service("securityhub");
    let down = outputs.world.proxy.add(Rule::new(
        imports(),
        Fault::error(400, "LimitExceededException", "too many requests"),
    ));
    outputs.world.delete(outputs.log()).await?;
    // The first round finds it, the second one publishes it, and the third one exports it.
    for _ in 0..4 {
        outputs.world.round().await?;
    }
    ensure!(outputs.world.proxy.hits(down) > 0);
    ensure!(outputs.imported().await?.is_empty());
    let events = outputs.events().await?;
    only(&events, "Trailseal Finding")?;
    outputs.world.proxy.clear_rules();
    outputs.world.pump.until_idle().await?;
    ensure!(outputs.imported().await?.len() == 1);
    ensure!(outputs.events().await?.is_empty() && outputs.chat()?.len() == 1);
    Ok(())
}

/// It is parked, and accepted when the cause is corrected and somebody moves it back.
#[tokio::test(flavor = "multi_thread")]
async fn an_output_that_refuses_is_parked_and_can_be_tried_again() -> Result<()> {
    let outputs = Outputs::of(&ALL[2..3]).await?;
    ensure!(!outputs.world.stack.outputs.contains_key("EventBusName"));
    outputs.world.proxy.add(Rule::new(
        Match::service("securityhub"),
        Fault::error(
            401,
            "InvalidAccessException",
            "the account is not subscribed to Security Hub",
        ),
    ));
    outputs.world.delete(outputs.log()).await?;
    outputs.world.pump.until_idle().await?;
    outputs.world.proxy.clear_rules();
    ensure!(outputs.imported().await?.is_empty());
    ensure!(outputs.world.pump.redrive(EXPORTER).await? == 1);
    outputs.world.pump.until_idle().await?;
    ensure!(outputs.imported().await?.len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_without_an_output_has_nothing_for_them() -> Result<()> {
    let world = World::versioned(trail(), &[]).await?;
    for name in world.stack.resources.keys() {
        let of_outputs = ["Exporter", "Bus", "Chat", "Webhook"];
        ensure!(!of_outputs.iter().any(|of| name.starts_with(of)), "{name}");
    }
    ensure!(!world.stack.functions.contains_key(EXPORTER));
    Ok(())
}

/// `settings-monitor` reports what waits in the dead-letter queue of the outputs.
#[tokio::test(flavor = "multi_thread")]
async fn parked_outputs_are_reported() -> Result<()> {
    let world = World::versioned(trail(), &[("EventBus", "Enabled")]).await?;
    let parked = world.pump.dead_letter_url(EXPORTER)?.to_owned();
    let park = world.aws.sqs().send_message().queue_url(&parked);
    park.message_body("x").send().await?;
    world.look_alone().await?;
    let sent = world.sent_by("settings-monitor");
    let (_, name) = parked.rsplit_once('/').context("a queue")?;
    let is_about_it = |finding: &Value| {
        let message = finding["message"].as_str().unwrap_or_default();
        message.starts_with("The dead-letter queue ") && message.contains(name)
    };
    ensure!(sent.iter().any(is_about_it), "{sent:#?}");
    Ok(())
}
