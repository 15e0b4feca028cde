//! The way to move a parked message back.

/// The end of an advice: how to move the parked message back. A function sends the message to the
/// dead-letter queue itself, so SQS does not know a queue that it came from. Without a destination,
/// "the messages will be redriven back to their respective original source queues".
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
