//! The log lines of a function.

use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Writes log lines to the standard output, as Lambda's advanced logging controls say:
/// `AWS_LAMBDA_LOG_FORMAT` is the format, and `AWS_LAMBDA_LOG_LEVEL` the level. `RUST_LOG` sets the
/// level of single modules, for example `info,aws_config=error`. A release writes no lines of the levels
/// DEBUG and TRACE: Trailseal has none, and those of the AWS SDK are not compiled into it.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
pub fn start() {
    let variable = |name| std::env::var(name).ok();
    let (filter, wrong) = filter(
        variable("AWS_LAMBDA_LOG_LEVEL").as_deref(),
        variable("RUST_LOG").as_deref(),
    );
    let format = variable("AWS_LAMBDA_LOG_FORMAT").unwrap_or_default();
    let lines = fmt::layer().with_target(false).without_time();
    let registry = tracing_subscriber::registry().with(filter);
    // A subscriber that is set already stays.
    let _ = if format.eq_ignore_ascii_case("json") {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines).try_init()
    };
    if let Some(error) = wrong {
        tracing::warn!(%error, "RUST_LOG is ignored: write a level, or levels of modules such as `info,aws_config=error`");
    }
}

/// Returns which log lines are written: those of the level, and those of the directives. INFO if
/// neither can be read. Also returns what is wrong with the directives.
fn filter(level: Option<&str>, directives: Option<&str>) -> (Targets, Option<ParseError>) {
    let level = level.and_then(|level| match level {
        // Lambda's highest level is one that `tracing` does not have.
        "FATAL" => Some(LevelFilter::ERROR),
        level => level.parse().ok(),
    });
    let (directives, wrong) = match directives.map(str::parse::<Targets>) {
        None => (None, None),
        Some(Ok(directives)) => (Some(directives), None),
        Some(Err(error)) => (None, Some(error)),
    };
    let fallback = Targets::new().with_default(LevelFilter::INFO);
    let filter = match (level, directives) {
        (None, None) => fallback,
        (None, Some(directives)) if directives.default_level().is_some() => directives,
        (None, Some(directives)) => directives.with_default(LevelFilter::INFO),
        (Some(level), directives) => directives.unwrap_or(fallback).with_default(level),
    };
    (filter, wrong)
}

#[cfg(test)]
mod tests {
    use super::filter;
    use tracing::Level;

    /// The level applies to what no directive names; a text that is no level changes nothing.
    #[test]
    fn the_level_of_lambda_applies_where_no_directive_does() {
        for (level, directives, writes, omits) in [
            (None, None, Level::INFO, Level::DEBUG),
            (Some("WARN"), None, Level::WARN, Level::INFO),
            (Some("FATAL"), None, Level::ERROR, Level::WARN),
            (Some("loud"), None, Level::INFO, Level::DEBUG),
            (None, Some("debug"), Level::DEBUG, Level::TRACE),
            (None, Some("smithy=trace"), Level::INFO, Level::DEBUG),
            (None, Some("trailseal=loud"), Level::INFO, Level::DEBUG),
            (Some("ERROR"), Some("debug"), Level::ERROR, Level::WARN),
        ] {
            let (filter, wrong) = filter(level, directives);
            assert_eq!(wrong.is_some(), directives == Some("trailseal=loud"));
            assert!(filter.would_enable("trailseal", &writes), "{filter}");
            assert!(!filter.would_enable("trailseal", &omits), "{filter}");
        }
        let (filter, _) = filter(Some("ERROR"), Some("info,smithy=trace"));
        assert!(filter.would_enable("smithy", &Level::TRACE));
    }
}
