//! The settings of the functions, from the template.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, ensure};
use trailseal_tests::local::paths;

/// A function of the template that works on the simulated day. All outputs are off, as they are by
/// default, so a stack has no `exporter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Function {
    DigestValidator,
    LogVerifier,
    KmsContextChecker,
    DeletionMonitor,
    Watchdog,
    SettingsMonitor,
    Alerter,
    HistoryDigestValidator,
    HistoryLogVerifier,
}

impl Function {
    pub(crate) const ALL: [Self; 9] = [
        Self::DigestValidator,
        Self::LogVerifier,
        Self::KmsContextChecker,
        Self::DeletionMonitor,
        Self::Watchdog,
        Self::SettingsMonitor,
        Self::Alerter,
        Self::HistoryDigestValidator,
        Self::HistoryLogVerifier,
    ];

    /// Returns its name in the template.
    pub(crate) const fn logical_id(self) -> &'static str {
        match self {
            Self::DigestValidator => "DigestValidator",
            Self::LogVerifier => "LogVerifier",
            Self::KmsContextChecker => "KmsContextChecker",
            Self::DeletionMonitor => "DeletionMonitor",
            Self::Watchdog => "Watchdog",
            Self::SettingsMonitor => "SettingsMonitor",
            Self::Alerter => "Alerter",
            Self::HistoryDigestValidator => "HistoryDigestValidator",
            Self::HistoryLogVerifier => "HistoryLogVerifier",
        }
    }

    /// Returns whether it verifies past digests again.
    pub(crate) const fn is_history(self) -> bool {
        matches!(
            self,
            Self::HistoryDigestValidator | Self::HistoryLogVerifier
        )
    }

    /// Returns its name in the tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DigestValidator => "`digest-validator`",
            Self::LogVerifier => "`log-verifier`",
            Self::KmsContextChecker => "`kms-context-checker`",
            Self::DeletionMonitor => "`deletion-monitor`",
            Self::Watchdog => "`watchdog`",
            Self::SettingsMonitor => "`settings-monitor`",
            Self::Alerter => "`alerter`",
            Self::HistoryDigestValidator => "history: `digest-validator`",
            Self::HistoryLogVerifier => "history: `log-verifier`",
        }
    }
}

/// The settings of a function and its queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FunctionSettings {
    /// `MemorySize`.
    pub(crate) memory_mb: f64,
    /// `BatchSize`.
    pub(crate) batch: usize,
    /// `MaximumBatchingWindowInSeconds`.
    pub(crate) window: f64,
    /// `MaximumConcurrency`.
    pub(crate) concurrency: usize,
    /// `Timeout`, in seconds.
    pub(crate) timeout: u64,
}

/// What the template sets.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) functions: BTreeMap<Function, FunctionSettings>,
    /// The number of alarms.
    pub(crate) alarms: u32,
    /// The default of `ReverifyDays`.
    pub(crate) reverify_days: f64,
}

impl Settings {
    /// Reads the template.
    ///
    /// # Errors
    /// What the template does not say.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(paths::template())?;
        let template = Template(&text);
        let functions = Function::ALL.into_iter().map(|function| {
            let settings = template.function(function.logical_id());
            Ok((function, settings.context(function.logical_id())?))
        });
        let alarms = text
            .lines()
            .filter(|line| *line == "    Type: AWS::CloudWatch::Alarm");
        Ok(Self {
            functions: functions.collect::<anyhow::Result<_>>()?,
            alarms: u32::try_from(alarms.count())?,
            reverify_days: template.default_of("ReverifyDays")?.parse()?,
        })
    }

    pub(crate) fn of(&self, function: Function) -> FunctionSettings {
        self.functions[&function]
    }
}

/// The template's text. Its sections start at the second column, as the AWS CLI formats them.
struct Template<'a>(&'a str);

impl<'a> Template<'a> {
    /// Returns the lines of a parameter or resource.
    fn section(&self, name: &str) -> anyhow::Result<Vec<&'a str>> {
        let head = format!("  {name}:");
        let mut lines = self.0.lines().skip_while(|line| *line != head);
        lines.next().with_context(|| format!("no section {name}"))?;
        let is_inside = |line: &&str| line.is_empty() || line.starts_with("   ");
        Ok(lines.take_while(is_inside).collect())
    }

    /// Returns the value of a setting of a section.
    fn value(&self, section: &str, name: &str) -> anyhow::Result<&'a str> {
        let lines = self.section(section)?;
        let mut values = lines.iter().filter_map(|line| {
            let (before, after) = line.split_once(&format!("{name}: "))?;
            let is_setting = before.trim_start().chars().all(|c| "{[".contains(c))
                || before.ends_with("ScalingConfig: {");
            is_setting.then(|| after.trim_end_matches('}').trim())
        });
        let value = values
            .next()
            .with_context(|| format!("{section} has no {name}"))?;
        ensure!(values.next().is_none(), "{section} has {name} twice");
        Ok(value)
    }

    fn default_of(&self, parameter: &str) -> anyhow::Result<&'a str> {
        self.value(parameter, "Default")
    }

    /// Returns the value of a setting, which may be that of a parameter.
    fn number(&self, section: &str, name: &str) -> anyhow::Result<u32> {
        let value = self.value(section, name)?;
        let value = match value.strip_prefix("!Ref ") {
            Some(parameter) => self.default_of(parameter)?,
            None => value,
        };
        value.parse().with_context(|| format!("{name}: {value}"))
    }

    fn function(&self, name: &str) -> anyhow::Result<FunctionSettings> {
        let number = |setting| self.number(name, setting);
        Ok(FunctionSettings {
            memory_mb: number("MemorySize")?.into(),
            batch: usize::try_from(number("BatchSize")?)?,
            window: number("MaximumBatchingWindowInSeconds")?.into(),
            concurrency: usize::try_from(number("MaximumConcurrency")?)?,
            timeout: number("Timeout")?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_their_own_section_and_through_parameters() {
        let text = "\
Parameters:
  Window:
    Type: Number
    Default: 7

Resources:
  Other:
    Properties:
      MemorySize: 1

  Function:
    # MemorySize: 2
    Properties:
      MemorySize: 512
      Timeout: 120
      Events:
        Messages:
            BatchSize: 10

            MaximumBatchingWindowInSeconds: !Ref Window
            ScalingConfig: {MaximumConcurrency: 3}
  Last:
    Properties:
      BatchSize: 4
";
        let settings = Template(text).function("Function").unwrap();
        let expected = FunctionSettings {
            memory_mb: 512.0,
            batch: 10,
            window: 7.0,
            concurrency: 3,
            timeout: 120,
        };
        assert_eq!(settings, expected);
        assert!(Template(text).function("Last").is_err());
    }

    #[test]
    fn the_template_has_all_settings() {
        let settings = Settings::read().unwrap();
        assert!(settings.alarms > 20);
        assert!(settings.of(Function::Alerter).batch >= 1_000);
    }
}
