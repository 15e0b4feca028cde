//! The parts of the template that the checks are about, by their logical IDs. The end-to-end test
//! of a healthy stack compares them with the template.

use trailseal::names::object_key::{DIGEST_FOLDER, LOG_FOLDER};

/// A function with what belongs to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FunctionPart {
    /// The function.
    pub(crate) function: &'static str,
    /// The name of its program, which is the end of its role's name.
    pub(crate) program: &'static str,
    /// The queue that it reads.
    pub(crate) queue: &'static str,
    /// The dead-letter queue of that queue.
    pub(crate) dead_letter_queue: &'static str,
    /// Its role.
    pub(crate) role: &'static str,
    /// Whether it reads digests.
    pub(crate) reads_digests: bool,
    /// Whether it reads log files.
    pub(crate) reads_log_files: bool,
    /// Whether it reads the settings of the log buckets.
    pub(crate) reads_settings: bool,
}

const fn part(names: [&'static str; 5], reads: [bool; 3]) -> FunctionPart {
    let [function, program, queue, dead_letter_queue, role] = names;
    let [reads_digests, reads_log_files, reads_settings] = reads;
    FunctionPart {
        function,
        program,
        queue,
        dead_letter_queue,
        role,
        reads_digests,
        reads_log_files,
        reads_settings,
    }
}

/// The functions of the stack.
pub(crate) const FUNCTIONS: [FunctionPart; 9] = [
    part(
        [
            "DigestValidator",
            "digest-validator",
            "DigestValidatorQueue",
            "DigestValidatorDeadLetterQueue",
            "DigestValidatorRole",
        ],
        [true, false, false],
    ),
    part(
        [
            "LogVerifier",
            "log-verifier",
            "LogVerifierQueue",
            "LogVerifierDeadLetterQueue",
            "LogVerifierRole",
        ],
        [true, true, false],
    ),
    part(
        [
            "KmsContextChecker",
            "kms-context-checker",
            "KmsContextCheckerQueue",
            "KmsContextCheckerDeadLetterQueue",
            "KmsContextCheckerRole",
        ],
        [false, true, false],
    ),
    part(
        [
            "DeletionMonitor",
            "deletion-monitor",
            "DeletionMonitorQueue",
            "DeletionMonitorDeadLetterQueue",
            "DeletionMonitorRole",
        ],
        [true, true, false],
    ),
    part(
        [
            "HistoryDigestValidator",
            "digest-validator",
            "HistoryDigestValidatorQueue",
            "HistoryDigestValidatorDeadLetterQueue",
            "DigestValidatorRole",
        ],
        [true, false, false],
    ),
    part(
        [
            "HistoryLogVerifier",
            "log-verifier",
            "HistoryLogVerifierQueue",
            "HistoryLogVerifierDeadLetterQueue",
            "LogVerifierRole",
        ],
        [true, true, false],
    ),
    part(
        [
            "Watchdog",
            "watchdog",
            "WatchdogQueue",
            "WatchdogDeadLetterQueue",
            "WatchdogRole",
        ],
        [true, false, false],
    ),
    part(
        [
            "SettingsMonitor",
            "settings-monitor",
            "SettingsMonitorQueue",
            "SettingsMonitorDeadLetterQueue",
            "SettingsMonitorRole",
        ],
        [false, false, true],
    ),
    part(
        [
            "Alerter",
            "alerter",
            "FindingsQueue",
            "FindingsDeadLetterQueue",
            "AlerterRole",
        ],
        [false, false, false],
    ),
];

/// What a rule is triggered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// New objects in folders of this name.
    Created(&'static [&'static str]),
    /// New objects that CloudTrail did not write, in folders of these names.
    Written(&'static [&'static str]),
    /// Deleted objects in folders of these names.
    Deleted(&'static [&'static str]),
    /// The clock, every hour: the rounds, second looks and appends of `watchdog`.
    HourlyRound,
    /// The clock, every hour: the looks of `settings-monitor`.
    HourlyLook,
}

/// An EventBridge rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RulePart {
    /// The rule.
    pub(crate) rule: &'static str,
    /// The queue that it sends events to.
    pub(crate) queue: &'static str,
    /// The dead-letter queue of the target.
    pub(crate) dead_letter_queue: &'static str,
    /// What it is triggered by.
    pub(crate) trigger: Trigger,
}

/// The folders of log files and of digests.
const BOTH: &[&str] = &[LOG_FOLDER, DIGEST_FOLDER];

/// The rules of the stack.
pub(crate) const RULES: [RulePart; 7] = [
    RulePart {
        rule: "DigestValidatorRule",
        queue: "DigestValidatorQueue",
        dead_letter_queue: "DigestValidatorDeadLetterQueue",
        trigger: Trigger::Created(&[DIGEST_FOLDER]),
    },
    RulePart {
        rule: "LogVerifierRule",
        queue: "LogVerifierQueue",
        dead_letter_queue: "LogVerifierDeadLetterQueue",
        trigger: Trigger::Created(&[DIGEST_FOLDER]),
    },
    RulePart {
        rule: "KmsContextCheckerRule",
        queue: "KmsContextCheckerQueue",
        dead_letter_queue: "KmsContextCheckerDeadLetterQueue",
        trigger: Trigger::Created(&[LOG_FOLDER]),
    },
    RulePart {
        rule: "DeletionMonitorRule",
        queue: "DeletionMonitorQueue",
        dead_letter_queue: "DeletionMonitorDeadLetterQueue",
        trigger: Trigger::Deleted(BOTH),
    },
    RulePart {
        rule: "DeletionMonitorWriteRule",
        queue: "DeletionMonitorQueue",
        dead_letter_queue: "DeletionMonitorDeadLetterQueue",
        trigger: Trigger::Written(BOTH),
    },
    RulePart {
        rule: "WatchdogRule",
        queue: "WatchdogQueue",
        dead_letter_queue: "WatchdogDeadLetterQueue",
        trigger: Trigger::HourlyRound,
    },
    RulePart {
        rule: "SettingsMonitorRule",
        queue: "SettingsMonitorQueue",
        dead_letter_queue: "SettingsMonitorDeadLetterQueue",
        trigger: Trigger::HourlyLook,
    },
];

/// The schedule of the history. A stack with `ReverifyDays` 0 has none.
pub(crate) const SCHEDULE: &str = "HistorySchedule";

/// The topics of the stack.
pub(crate) const TOPICS: [&str; 2] = ["AlertTopic", "AlarmTopic"];

/// The keys of the stack itself. The second one exists only with the evidence log.
pub(crate) const KEYS: [&str; 2] = ["AlertKey", "EvidenceKey"];
