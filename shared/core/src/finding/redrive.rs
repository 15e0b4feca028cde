//! How a parked message is tried again.

/// The end of an advice: how the parked message is tried again. A function sends it to the
/// dead-letter queue itself, so that SQS knows no queue that it came from: without a destination "the
/// messages will be redriven back to their respective original source queues".
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>
macro_rules! redrive {
    ($before:literal) => {
        concat!(
            $before,
            "move the message from the function's dead-letter queue back to its queue (aws sqs start-message-move-task --source-arn DEAD_LETTER_QUEUE_ARN --destination-arn QUEUE_ARN)."
        )
    };
}
pub(super) use redrive;
