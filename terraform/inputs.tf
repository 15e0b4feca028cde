# The inputs that are no parameters of the template.

variable "release_folder" {
  description = "Folder with the files of the release: the packaged template and the archives of the functions."
  type        = string
  nullable    = false
}

variable "code_bucket" {
  description = "Name of an existing S3 bucket in the Region of the stack, to which the template and the archives are uploaded."
  type        = string
  nullable    = false
}

variable "code_prefix" {
  description = "Prefix of the keys of what is uploaded."
  type        = string
  default     = "trailseal/"
  nullable    = false
}

variable "stack_name" {
  description = "Name of the stack, of at most 29 characters."
  type        = string
  default     = "trailseal"
  nullable    = false
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation also gives to its resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
