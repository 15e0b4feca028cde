# Deploys the packaged template of a Trailseal release. The template defines every resource; this
# module uploads it with the archives that it names, and creates the stack.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

data "aws_s3_bucket" "code" {
  bucket = var.code_bucket
}

locals {
  suffix   = var.architecture == "x86_64" ? "" : "-${var.architecture}"
  source   = file("${var.release_folder}/template-packaged${local.suffix}.yaml")
  archives = fileset(var.release_folder, "*-${var.architecture}.zip")

  # The keys change with the archives, so that CloudFormation updates the functions.
  content = sha256(join("", [for archive in local.archives : filesha256("${var.release_folder}/${archive}")]))
  folder  = "${var.code_prefix}${local.content}/"

  # The template names the archives next to it. CloudFormation needs their place in S3.
  template = replace(local.source, "/(?m)^( +CodeUri: )(.+)$/", "$${1}s3://${var.code_bucket}/${local.folder}$${2}")
}

resource "aws_s3_object" "archive" {
  for_each = local.archives

  bucket = var.code_bucket
  key    = "${local.folder}${each.value}"
  source = "${var.release_folder}/${each.value}"

  # A stack whose update fails returns to the archives that it had.
  lifecycle {
    create_before_destroy = true
  }
}

# CloudFormation takes a template of at most 51,200 bytes in the request itself, and of 1 MB from S3.
resource "aws_s3_object" "template" {
  bucket       = var.code_bucket
  key          = "${local.folder}${sha256(local.template)}.yaml"
  content      = local.template
  content_type = "application/yaml"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "trailseal" {
  name         = var.stack_name
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  parameters   = local.parameters
  capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
  tags         = var.tags

  depends_on = [aws_s3_object.archive]
}
