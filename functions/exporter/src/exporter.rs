//! The function and everything that it acts through.

use crate::bus::EventBus;
use crate::chat::ChatTopic;
use crate::hub::SecurityHub;
use crate::ports::Ports;
use crate::secret::WebhookSecret;
use trailseal::export::home::Home;
use trailseal::export::rest::Output;
use trailseal_aws::EvidenceBucket;
use trailseal_lambda::ExporterStartup;
use trailseal_lambda::queue::OwnQueue;

/// The services that the function sends to.
pub(crate) struct Stack;

impl Ports for Stack {
    type Bus = EventBus;
    type Hub = SecurityHub;
    type Chat = ChatTopic;
    type Secret = WebhookSecret;
    type Evidence = EvidenceBucket;
    type Queue = OwnQueue;
}

/// Sends alerts to the outputs that are turned on.
pub(crate) struct Exporter<P: Ports> {
    pub(crate) bus: P::Bus,
    pub(crate) hub: P::Hub,
    pub(crate) chat: P::Chat,
    pub(crate) secret: P::Secret,
    pub(crate) evidence: P::Evidence,
    pub(crate) queue: P::Queue,
    pub(crate) home: Home,
    pub(crate) outputs: Vec<Output>,
    pub(crate) evidence_bucket: String,
}

impl Exporter<Stack> {
    /// Returns the function in its stack.
    pub(crate) fn new(startup: &ExporterStartup) -> Self {
        let config = &startup.config;
        Self {
            bus: EventBus::new(&startup.sdk, config.event_bus.clone()),
            hub: SecurityHub::new(&startup.sdk),
            chat: ChatTopic::new(&startup.sdk, config.chat_topic_arn.clone()),
            secret: WebhookSecret::new(&startup.sdk, config.webhook_secret_arn.clone()),
            evidence: startup.evidence(),
            queue: startup.queue(),
            home: config.home.clone(),
            outputs: config.outputs.clone(),
            evidence_bucket: config.evidence_bucket.clone(),
        }
    }
}
