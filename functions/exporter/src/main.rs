//! Sends what `alerter` publishes to other systems: an event bus, Security Hub, chats, a webhook.

mod bus;
mod chat;
mod deliver;
mod exporter;
mod handler;
mod hub;
mod ports;
mod secret;
mod send;
mod shipment;
#[cfg(test)]
mod tests;
mod unaccepted;

use exporter::{Exporter, Stack};
use trailseal_lambda::ExporterStartup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = ExporterStartup::from_environment()?;
    let exporter = Exporter::<Stack>::new(&startup);
    ExporterStartup::serve(exporter).await
}
