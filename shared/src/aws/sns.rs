//! Alerts, to the topic; what does not fit, to the evidence bucket.

use super::error::store_error;
use crate::alert::Alert;
use crate::store::{Cause, PublishAlert, StoreError};
use aws_config::SdkConfig;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_sns::types::MessageAttributeValue;

/// The alert topic and the evidence bucket.
#[derive(Debug)]
pub struct AlertTopic {
    sns: aws_sdk_sns::Client,
    s3: aws_sdk_s3::Client,
    topic_arn: String,
    evidence_bucket: Option<String>,
}

impl AlertTopic {
    /// Publishes to `topic_arn`.
    #[must_use]
    pub fn new(config: &SdkConfig, topic_arn: String, evidence_bucket: Option<String>) -> Self {
        Self {
            sns: aws_sdk_sns::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            topic_arn,
            evidence_bucket,
        }
    }

    async fn keep(&self, bucket: &str, key: &str, document: &str) -> Result<(), StoreError> {
        let put = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .if_none_match("*")
            .body(document.as_bytes().to_vec().into())
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            // Kept by an earlier try of the same alert.
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(()),
            Err(error) => Err(store_error("write", format!("s3://{bucket}/{key}"), &error)),
        }
    }
}

impl PublishAlert for AlertTopic {
    /// The whole list is kept before the message that points to it goes out: a crash between
    /// leaves a document too many, never an alert too few.
    async fn publish(&self, alert: &Alert) -> Result<(), StoreError> {
        if let (Some(overflow), Some(bucket)) = (&alert.overflow, &self.evidence_bucket) {
            self.keep(bucket, &overflow.key, &overflow.document).await?;
        }
        let attribute = |data_type: &str, value: &str| {
            MessageAttributeValue::builder()
                .data_type(data_type)
                .string_value(value)
                .build()
                .map_err(|error| StoreError {
                    action: "publish to",
                    subject: self.topic_arn.clone(),
                    cause: Cause::Failed(error.to_string()),
                })
        };
        let mut request = self
            .sns
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&alert.subject)
            .message_structure("json")
            .message(&alert.message)
            .message_attributes("kinds", attribute("String.Array", &alert.kinds)?);
        for (name, value) in &alert.attributes {
            request = request.message_attributes(*name, attribute("String", value)?);
        }
        request
            .send()
            .await
            .map_err(|error| store_error("publish to", &self.topic_arn, &error))?;
        Ok(())
    }
}
