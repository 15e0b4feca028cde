//! Invalid command lines: the AWS CLI's words and exit codes.

use anyhow::Result;
use trailseal_tests::local::LocalAws;

use crate::aws_cli::{AwsCli, Request};
use crate::stage::{run, trailseal};
use crate::transcript::Printed;

const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/nobodys";

/// How similar the outputs must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Similarity {
    /// To the byte.
    All,
    /// The exit code; the words are clap's.
    Code,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_command_line_is_refused_as_the_aws_cli_refuses_it() -> Result<()> {
    let aws = LocalAws::start().await?;
    let (mut cli, program) = (AwsCli::start(&aws)?, trailseal()?);
    let start = ["--start-time", "2026-01-15"];
    let cases: Vec<(Similarity, Vec<&str>)> = vec![
        (Similarity::Code, vec![]),
        (Similarity::Code, vec!["--trail-arn", ARN]),
        (
            Similarity::Code,
            vec!["--start-time", "2026-01-15", "--trail-arn"],
        ),
        (
            Similarity::Code,
            [&["--trail-arn", ARN, "--no-such-flag"], &start[..]].concat(),
        ),
        (
            Similarity::Code,
            [&["--trail-arn", ARN, "word"], &start[..]].concat(),
        ),
        (
            Similarity::All,
            [&["--trail-arn", "nonsense"], &start[..]].concat(),
        ),
        (
            Similarity::All,
            [
                &["--trail-arn", "arn:aws:s3:us-east-1:111122223333:trail/x"],
                &start[..],
            ]
            .concat(),
        ),
        (
            Similarity::All,
            vec!["--trail-arn", ARN, "--start-time", "tomorrow or so"],
        ),
        (
            Similarity::All,
            vec!["--trail-arn", ARN, "--start-time", "2026-13-01"],
        ),
        (
            Similarity::All,
            [
                &["--trail-arn", ARN, "--end-time", "2026-02-30T00:00:00Z"],
                &start[..],
            ]
            .concat(),
        ),
        (
            Similarity::All,
            [
                &["--trail-arn", ARN, "--end-time", "2026-01-14T00:00:00Z"],
                &start[..],
            ]
            .concat(),
        ),
        (
            Similarity::All,
            [&["--trail-arn", ARN], &start[..]].concat(),
        ),
        (
            Similarity::All,
            [&["--trail-arn", ARN, "--region", "Us East"], &start[..]].concat(),
        ),
        // The last of several values counts.
        (
            Similarity::All,
            [&["--trail-arn", "first", "--trail-arn", "last"], &start[..]].concat(),
        ),
        // The option does not change the output.
        (
            Similarity::All,
            [&["--trail-arn", ARN, "--output", "text"], &start[..]].concat(),
        ),
    ];
    for (alike, arguments) in cases {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        let ours = run(&program, &aws, "us-east-1", &arguments).await?;
        let mut all = vec!["cloudtrail".to_owned(), "validate-logs".to_owned()];
        all.extend(arguments.clone());
        let theirs = Printed::from(
            &cli.ask(&Request {
                arguments: all,
                region: "us-east-1".to_owned(),
                accept_spki: false,
                without_keys: Vec::new(),
            })
            .await?,
        );
        assert_eq!(ours.code, theirs.code, "{arguments:?}: {ours:?}");
        if alike == Similarity::All {
            assert_eq!(ours, theirs, "{arguments:?}");
        } else {
            assert!(ours.out.is_empty() && !ours.err.is_empty(), "{arguments:?}");
        }
    }
    Ok(())
}
