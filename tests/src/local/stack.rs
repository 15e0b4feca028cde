//! The functions of a deployed stack, and their queues.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_lambda::types::EventSourceMappingConfiguration;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::paths;
use super::rie::FunctionSpec;
use super::server::{LocalAws, REGION, client_environment};

/// A queue of the stack.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// The time for which a received message stays invisible.
    pub visibility_timeout: Duration,
    /// How many times a message is received before it is parked.
    pub max_receive_count: Option<u32>,
    /// The URL of its dead-letter queue.
    pub dead_letter_url: Option<String>,
}

/// A function of the stack, as deployed.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in AWS.
    pub name: String,
    /// The credentials of its role, as environment variables.
    pub credentials: BTreeMap<String, String>,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// Its timeout.
    pub timeout: Duration,
    /// Its memory.
    pub memory_mb: i32,
    /// The maximum number of messages of one invocation.
    pub batch_size: usize,
    /// The time for which messages are gathered for one invocation.
    pub window: Duration,
    /// Whether single messages of a batch may fail.
    pub reports_item_failures: bool,
    /// The queue that triggers it; a function without one is invoked manually.
    pub queue: Option<Queue>,
}

impl Function {
    /// Returns how to run the built function: its deployed environment and the credentials of its
    /// role, with every AWS call going to `endpoint`.
    pub fn spec(&self, endpoint: &str) -> Result<FunctionSpec> {
        let mut env = self.env.clone();
        env.extend(client_environment(endpoint, REGION));
        env.extend(self.credentials.clone());
        Ok(FunctionSpec {
            name: self.name.clone(),
            bootstrap: paths::bootstrap(&self.logical_id)?,
            env,
            timeout: self.timeout,
            memory_mb: self.memory_mb,
        })
    }
}

/// A deployed stack.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// The physical IDs of its resources, by logical ID.
    pub resources: BTreeMap<String, String>,
    /// Its functions, by logical ID.
    pub functions: BTreeMap<String, Function>,
}

impl Stack {
    /// Returns a function by its logical ID.
    pub fn function(&self, logical_id: &str) -> Result<&Function> {
        self.functions
            .get(logical_id)
            .with_context(|| format!("no function {logical_id} in the stack"))
    }

    /// Returns the physical ID of a resource by its logical ID.
    pub fn resource(&self, logical_id: &str) -> Result<&str> {
        self.resources
            .get(logical_id)
            .map(String::as_str)
            .with_context(|| format!("no resource {logical_id} in the stack"))
    }

    /// Returns the topic that alerts are published to.
    pub fn alert_topic(&self) -> Result<&str> {
        self.resource("AlertTopic")
    }

    /// Reads everything from the local AWS.
    pub(super) async fn read(
        aws: &LocalAws,
        name: &str,
        outputs: BTreeMap<String, String>,
    ) -> Result<Self> {
        let described = aws
            .cloudformation()
            .describe_stack_resources()
            .stack_name(name)
            .send()
            .await?;
        let mut resources = BTreeMap::new();
        let mut functions = BTreeMap::new();
        for resource in described.stack_resources() {
            let (Some(logical_id), Some(physical_id)) = (
                resource.logical_resource_id(),
                resource.physical_resource_id(),
            ) else {
                continue;
            };
            resources.insert(logical_id.to_owned(), physical_id.to_owned());
            if resource.resource_type() == Some("AWS::Lambda::Function") {
                let function = read_function(aws, logical_id, physical_id).await?;
                functions.insert(logical_id.to_owned(), function);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            outputs,
            resources,
            functions,
        })
    }
}

async fn read_function(aws: &LocalAws, logical_id: &str, name: &str) -> Result<Function> {
    let lambda = aws.lambda();
    let configuration = lambda
        .get_function_configuration()
        .function_name(name)
        .send()
        .await
        .with_context(|| format!("configuration of {name}"))?;
    let env = configuration
        .environment()
        .and_then(|environment| environment.variables())
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mappings = lambda
        .list_event_source_mappings()
        .function_name(name)
        .send()
        .await
        .with_context(|| format!("event sources of {name}"))?;
    let mapping = match mappings.event_source_mappings() {
        [] => None,
        [mapping] => Some(mapping),
        several => bail!("{name} has {} event sources", several.len()),
    };
    let queue = match mapping.and_then(|mapping| mapping.event_source_arn()) {
        Some(arn) => Some(read_queue(aws, arn).await?),
        None => None,
    };
    let timeout = configuration.timeout().context("no timeout")?;
    Ok(Function {
        logical_id: logical_id.to_owned(),
        name: name.to_owned(),
        credentials: credentials(aws, logical_id, configuration.role()).await?,
        env,
        timeout: Duration::from_secs(u64::try_from(timeout)?),
        memory_mb: configuration.memory_size().context("no memory size")?,
        batch_size: match mapping.and_then(EventSourceMappingConfiguration::batch_size) {
            Some(size) => usize::try_from(size)?.max(1),
            None => 10,
        },
        window: Duration::from_secs(
            mapping
                .and_then(EventSourceMappingConfiguration::maximum_batching_window_in_seconds)
                .map_or(Ok(0), u64::try_from)?,
        ),
        reports_item_failures: mapping.is_some_and(|mapping| {
            mapping
                .function_response_types()
                .iter()
                .any(|kind| kind.as_str() == "ReportBatchItemFailures")
        }),
        queue,
    })
}

/// Returns credentials of a function's role, as Lambda gives them to the function.
async fn credentials(
    aws: &LocalAws,
    session: &str,
    role: Option<&str>,
) -> Result<BTreeMap<String, String>> {
    let role = role.context("a function without a role")?;
    let assume = aws.sts().assume_role().role_arn(role);
    let assumed = assume.role_session_name(session).send().await?;
    let credentials = assumed.credentials().context("no credentials")?;
    let variables = [
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
        ("AWS_SESSION_TOKEN", credentials.session_token()),
    ];
    let variables = variables.into_iter();
    Ok(variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

async fn read_queue(aws: &LocalAws, arn: &str) -> Result<Queue> {
    let sqs = aws.sqs();
    let url = queue_url(&sqs, arn).await?;
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await?;
    let attribute = |name| attributes.attributes().and_then(|all| all.get(&name));
    let visibility: u64 = attribute(QueueAttributeName::VisibilityTimeout)
        .context("no visibility timeout")?
        .parse()?;
    let redrive: Value = attribute(QueueAttributeName::RedrivePolicy)
        .map(|policy| serde_json::from_str(policy))
        .transpose()?
        .unwrap_or_default();
    let dead_letter_url = match redrive.get("deadLetterTargetArn").and_then(Value::as_str) {
        Some(arn) => Some(queue_url(&sqs, arn).await?),
        None => None,
    };
    // AWS accepts the number as a number and as text.
    let max_receive_count = redrive.get("maxReceiveCount").and_then(|count| {
        count
            .as_u64()
            .or_else(|| count.as_str()?.parse().ok())
            .and_then(|count| u32::try_from(count).ok())
    });
    Ok(Queue {
        url,
        arn: arn.to_owned(),
        visibility_timeout: Duration::from_secs(visibility),
        max_receive_count,
        dead_letter_url,
    })
}

async fn queue_url(sqs: &aws_sdk_sqs::Client, arn: &str) -> Result<String> {
    let name = arn.rsplit(':').next().unwrap_or_default();
    let found = sqs.get_queue_url().queue_name(name).send().await;
    let found = found.with_context(|| format!("URL of {arn}"))?;
    Ok(found.queue_url().context("no queue URL")?.to_owned())
}
