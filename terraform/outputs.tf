output "outputs" {
  description = "All outputs of the stack, by their names in the template."
  value       = aws_cloudformation_stack.trailseal.outputs
}

output "alert_topic_arn" {
  description = "ARN of the topic that receives alerts about findings."
  value       = aws_cloudformation_stack.trailseal.outputs["AlertTopicArn"]
}
