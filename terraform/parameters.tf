# Written by `make terraform-parameters` from the parameters of template.yaml. Do not edit it.

variable "log_buckets" {
  description = "Names of the existing S3 buckets that CloudTrail delivers to, separated by commas. At most five: with more, the functions do not start. Each bucket must send its events to EventBridge."
  type        = list(string)
  nullable    = false
}

variable "log_bucket_owner" {
  description = "ID of the account that owns the log buckets and the bucket of the pinned keys. S3 refuses the functions' requests to a bucket of any other account. Empty for the account of the stack."
  type        = string
  default     = ""
  nullable    = false
}

variable "bucket_aliases" {
  description = "For replicas, pairs of bucket names, ORIGINAL=REPLICA, separated by commas. REPLICA is one of the log buckets. ORIGINAL is the bucket that CloudTrail delivers to, which the digests in the replica name. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}

variable "pinned_keys" {
  description = "File of public keys that `trailseal keys` saved, for Regions in which CloudTrail refuses to list its keys. An s3:// URI, but not in a log bucket, or a path in the functions' package or layer. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}

variable "pinned_keys_sha256" {
  description = "SHA-256 (64 hexadecimal digits) of the file of pinned keys. If the file has another one, the functions do not start. Empty for no check."
  type        = string
  default     = ""
  nullable    = false
}

variable "trail_arns" {
  description = "ARNs of the trails that may deliver to the log buckets, separated by commas. Empty for any trail."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "overdue_hours" {
  description = "Number of hours after the end of the newest digest of a chain after which the chain is overdue, if no digest follows. CloudTrail delivers a digest every hour, some half an hour late, and catches up after an outage."
  type        = number
  default     = 6
  nullable    = false
}

variable "ended_trails" {
  description = "Trails that were ended on purpose and are not overdue, separated by commas: [ACCOUNT/][REGION/]TRAIL[@TIME]. TRAIL is a name or an ARN, and TIME is a date or a time in UTC. Without a time, an end is accepted only if the trail has no later files in any folder, account or Region. Empty for none."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "trail_status_role" {
  description = "Name of the role with which the function settings-monitor reads the status of the trails in TrailArns, in the account of each trail. docs/trail-status-role.yaml is a template of the role. Empty if the status is not read."
  type        = string
  default     = ""
  nullable    = false
}

variable "evidence_log" {
  description = "Enabled if the function watchdog adds receipts and incidents to the evidence log once an hour, and signs it with a KMS key of the stack. The Region must have KMS keys of the spec ECC_NIST_EDWARDS25519."
  type        = string
  default     = "Enabled"
  nullable    = false
}

variable "evidence_lock" {
  description = "The S3 Object Lock of receipts, incidents and the evidence log. Governance: nobody can delete them before EvidenceLockDays are over, except with the permission s3:BypassGovernanceRetention. Compliance: nobody can delete them, not even the root user. Object Lock of a bucket cannot be turned off again."
  type        = string
  default     = "Off"
  nullable    = false
}

variable "evidence_lock_days" {
  description = "For how many days Object Lock keeps them, counted from when each is written."
  type        = number
  default     = 400
  nullable    = false
}

variable "checkpoint_bucket" {
  description = "Name of a bucket, preferably of another account, to which each checkpoint of the evidence log is copied, below checkpoints/. The policy of the bucket must allow the role of the function watchdog to write there. Empty if checkpoints are not copied."
  type        = string
  default     = ""
  nullable    = false
}

variable "kms_key_arns" {
  description = "ARNs of the KMS keys that the log files are encrypted with, separated by commas. The functions can decrypt only with these keys, and can read their policies. Empty if log files are encrypted with SSE-S3."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "readers" {
  description = "Principals that may read encrypted log files, separated by commas: ARN patterns (with * and ?) and service principals (such as athena.amazonaws.com). A service principal also covers principals that read through the service from the accounts that own the trails, the keys and the buckets. Add =via:SERVICE to a pattern to allow reading only through that service, or =enclave to allow it only from a Nitro Enclave. The functions themselves may always read. If the list is too long for a parameter, store it in the evidence bucket under config/NAME, and give @config/NAME. Empty for no check."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "enclave_images" {
  description = "PCR0 values (96 hexadecimal digits each) of the Nitro Enclaves that may use the keys, separated by commas. If the list is too long for a parameter, store it in the evidence bucket under config/NAME, and give @config/NAME. Empty for no check."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "state" {
  description = "Whether EventBridge sends events about new objects to the functions. Choose DISABLED for the first deployment if the log files are encrypted with KMS keys. Choose ENABLED when the keys' policies allow the roles in the stack's outputs."
  type        = string
  default     = "ENABLED"
  nullable    = false
}

variable "alert_email" {
  description = "Email address that receives alerts, after its owner confirms the subscription. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}

variable "alarm_email" {
  description = "Email address that receives alarms about Trailseal itself, after its owner confirms the subscription. Empty for the address of AlertEmail."
  type        = string
  default     = ""
  nullable    = false
}

variable "alert_window_seconds" {
  description = "Number of seconds for which findings are collected for one alert."
  type        = number
  default     = 10
  nullable    = false
}

variable "alerts_per_minute" {
  description = "Maximum number of alerts in a minute. One alert can contain any number of findings. SNS suspends the subscription of an email address that receives more than ten messages a second."
  type        = number
  default     = 30
  nullable    = false
}

variable "repeat_hours" {
  description = "Number of hours after which an alert is published again if its finding persists and nothing is new."
  type        = number
  default     = 24
  nullable    = false
}

variable "event_bus" {
  description = "Enabled to send an event to an event bus of the stack for each finding and for each change of an incident, which rules can send on to other systems (docs/outputs.md)."
  type        = string
  default     = "Disabled"
  nullable    = false
}

variable "ocsf_events" {
  description = "Enabled to send an event in the form of an OCSF Detection Finding to the event bus of the stack for each change of an incident."
  type        = string
  default     = "Disabled"
  nullable    = false
}

variable "security_hub" {
  description = "Enabled to import a finding for each incident into Security Hub CSPM, which must be enabled in the account and Region of the stack. The finding is archived when the incident is closed."
  type        = string
  default     = "Disabled"
  nullable    = false
}

variable "chat_topic" {
  description = "Enabled to publish a message for each change of an incident to a topic of its own, to which Amazon Q Developer in chat applications can be subscribed for Slack or Microsoft Teams."
  type        = string
  default     = "Disabled"
  nullable    = false
}

variable "webhook_url" {
  description = "HTTPS endpoint that receives a webhook for each change of an incident, signed as Standard Webhooks specifies. The stack creates the secret. Empty for none."
  type        = string
  default     = ""
  nullable    = false
}

variable "architecture" {
  description = "Processor architecture of the functions. Give `sam build` the same value."
  type        = string
  default     = "x86_64"
  nullable    = false
}

variable "tracing" {
  description = "Choose Active to record traces of the functions in AWS X-Ray."
  type        = string
  default     = "PassThrough"
  nullable    = false
}

variable "show_dashboard" {
  description = "Enabled if the stack has a CloudWatch dashboard, which shows whether every chain is verified, what waits, and what is open. CloudWatch charges for each dashboard."
  type        = string
  default     = "Enabled"
  nullable    = false
}

variable "log_retention_days" {
  description = "Number of days for which the logs of the functions are kept."
  type        = number
  default     = 90
  nullable    = false
}

variable "log_file_retention_days" {
  description = "Number of days for which log files and digest files must be kept. A lifecycle rule that removes them earlier, and each file that a rule removes earlier, is a finding. 0 if it is not stated."
  type        = number
  default     = 0
  nullable    = false
}

variable "receipt_retention_days" {
  description = "Number of days for which receipts of log files are kept in the evidence bucket. 0 to keep them forever. Receipts of digests are always kept."
  type        = number
  default     = 0
  nullable    = false
}

variable "max_receives" {
  description = "Maximum number of times that a function tries an event before it parks it in the dead-letter queue. An event about an object that is archived, malformed or denied is parked earlier."
  type        = number
  default     = 5
  nullable    = false
}

variable "reverify_days" {
  description = "Number of days in which every digest file in the log buckets is verified again, with its log files. Each day, a share of the accounts and Regions is verified. 0 for no schedule."
  type        = number
  default     = 30
  nullable    = false
}

variable "history_folders" {
  description = "Folders in the log buckets in which the history looks for the folders of accounts and organizations, separated by commas. If a trail has a prefix, the prefix comes before AWSLogs/."
  type        = list(string)
  default     = ["AWSLogs/"]
  nullable    = false
}

variable "history_concurrency" {
  description = "Maximum number of environments in which each of the two history functions runs at the same time. One environment verifies the log files of about half a million digest files in a day."
  type        = number
  default     = 5
  nullable    = false
}

locals {
  parameters = {
    LogBuckets           = join(",", var.log_buckets)
    LogBucketOwner       = var.log_bucket_owner
    BucketAliases        = var.bucket_aliases
    PinnedKeys           = var.pinned_keys
    PinnedKeysSha256     = var.pinned_keys_sha256
    TrailArns            = join(",", var.trail_arns)
    OverdueHours         = tostring(var.overdue_hours)
    EndedTrails          = join(",", var.ended_trails)
    TrailStatusRole      = var.trail_status_role
    EvidenceLog          = var.evidence_log
    EvidenceLock         = var.evidence_lock
    EvidenceLockDays     = tostring(var.evidence_lock_days)
    CheckpointBucket     = var.checkpoint_bucket
    KmsKeyArns           = join(",", var.kms_key_arns)
    Readers              = join(",", var.readers)
    EnclaveImages        = join(",", var.enclave_images)
    State                = var.state
    AlertEmail           = var.alert_email
    AlarmEmail           = var.alarm_email
    AlertWindowSeconds   = tostring(var.alert_window_seconds)
    AlertsPerMinute      = tostring(var.alerts_per_minute)
    RepeatHours          = tostring(var.repeat_hours)
    EventBus             = var.event_bus
    OcsfEvents           = var.ocsf_events
    SecurityHub          = var.security_hub
    ChatTopic            = var.chat_topic
    WebhookUrl           = var.webhook_url
    Architecture         = var.architecture
    Tracing              = var.tracing
    ShowDashboard        = var.show_dashboard
    LogRetentionDays     = tostring(var.log_retention_days)
    LogFileRetentionDays = tostring(var.log_file_retention_days)
    ReceiptRetentionDays = tostring(var.receipt_retention_days)
    MaxReceives          = tostring(var.max_receives)
    ReverifyDays         = tostring(var.reverify_days)
    HistoryFolders       = join(",", var.history_folders)
    HistoryConcurrency   = tostring(var.history_concurrency)
  }
}
