//! Buckets that are in another Region than the one in which the caller asks.

use std::collections::BTreeSet;

use anyhow::Result;
use trailseal_tests::local::server::REGION;
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule};
use trailseal_tests::trail::Trail;

use crate::stage::{ACCOUNT, Stage, small, verify, with};

const ELSEWHERE: &str = "eu-west-1";

/// S3's answer in a Region that the bucket is not in.
#[derive(Debug, Clone, Copy)]
struct Redirect {
    status: u16,
    code: &'static str,
    /// The bucket's Region, if a header names it.
    names: Option<&'static str>,
}

impl Redirect {
    fn fault(self) -> Fault {
        let header = |region: &str| ("x-amz-bucket-region".to_owned(), region.to_owned());
        let code = self.code;
        Fault::Answer {
            status: status(self.status),
            headers: self.names.map(header).into_iter().collect(),
            body: format!("<Error><Code>{code}</Code><Message>wrong Region</Message></Error>")
                .into(),
        }
    }
}

fn status(number: u16) -> hyper::StatusCode {
    hyper::StatusCode::from_u16(number).expect("a status")
}

/// The first and the later answers of S3, as its documentation describes them.
const REDIRECTS: [Redirect; 5] = [
    Redirect {
        status: 301,
        code: "PermanentRedirect",
        names: Some(ELSEWHERE),
    },
    Redirect {
        status: 400,
        code: "AuthorizationHeaderMalformed",
        names: Some(ELSEWHERE),
    },
    Redirect {
        status: 307,
        code: "TemporaryRedirect",
        names: Some(ELSEWHERE),
    },
    Redirect {
        status: 301,
        code: "PermanentRedirect",
        names: None,
    },
    Redirect {
        status: 400,
        code: "AuthorizationHeaderMalformed",
        names: None,
    },
];

/// Returns a proxy for a bucket in another Region than the caller's own. `HeadBucket` names the
/// Region.
async fn elsewhere(stage: &Stage, redirect: Redirect) -> Result<FaultProxy> {
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let head = Redirect {
        names: Some(ELSEWHERE),
        ..redirect
    };
    let asked_where = Match::operation("s3", "HeadBucket").in_region(REGION);
    proxy.fail(asked_where, head.fault());
    proxy.fail(Match::service("s3").in_region(REGION), redirect.fault());
    Ok(proxy)
}

/// Returns every command line that reads a bucket.
fn commands(trail: &Trail) -> Vec<Vec<String>> {
    let bucket = format!("s3://{}", trail.spec.bucket);
    let digest = &trail.digest(ACCOUNT, REGION, 3).object;
    let digest = digest.location().to_string();
    let start = trail.spec.start.to_string();
    let end = crate::stage::end_of(&trail.spec).to_string();
    let arn = trail.spec.trail_arn();
    let validate = [
        "validate-logs",
        "--trail-arn",
        &arn,
        "--start-time",
        &start,
        "--end-time",
        &end,
        "--s3-bucket",
        &trail.spec.bucket,
    ];
    vec![
        verify(trail),
        vec!["kms".to_owned(), bucket],
        vec!["inspect".to_owned(), digest],
        validate.map(str::to_owned).to_vec(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_in_another_region_is_read_there() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-elsewhere").build();
    stage.deliver(&trail).await?;
    for redirect in REDIRECTS {
        let proxy = elsewhere(&stage, redirect).await?;
        for command in commands(&trail) {
            proxy.forget();
            let ran = stage.run_through(&proxy, &command).await?;
            assert_eq!(ran.code, 0, "{redirect:?} {command:?} {ran:?}");
            let asked = proxy.calls(&Match::service("s3").in_region(REGION)).len();
            // At most both first listings, and one request for the bucket's Region.
            assert!(
                (1..=8).contains(&asked),
                "{redirect:?} {command:?}: {asked}"
            );
            let there = Match::service("s3").in_region(ELSEWHERE);
            assert!(!proxy.calls(&there).is_empty(), "{redirect:?} {command:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_an_object_in_another_region_are_read_there() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = crate::kms::delivered(&stage, "amzn-s3-demo-head-elsewhere", &[]).await?;
    // Only the requests for headers are redirected, so that one of them is the first.
    for redirect in REDIRECTS {
        let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
        let asked_where = Match::operation("s3", "HeadBucket").in_region(REGION);
        proxy.fail(asked_where, REDIRECTS[0].fault());
        let bare = Fault::Answer {
            status: status(redirect.status),
            headers: match redirect.fault() {
                Fault::Answer { headers, .. } => headers,
                _ => Vec::new(),
            },
            // An answer to HEAD has no body.
            body: Vec::new().into(),
        };
        let head = Match::operation("s3", "HeadObject");
        let rule = proxy.fail(head.clone().in_region(REGION), bare);
        let arguments = crate::kms::judge(&crate::kms::source(&trail), &trail);
        let ran = stage.run_through(&proxy, &arguments).await?;
        assert_eq!(ran.code, 0, "{redirect:?} {ran:?}");
        assert!(
            proxy.hits(rule) > 0,
            "{redirect:?}: no headers were asked for"
        );
        assert!(!proxy.calls(&head.in_region(ELSEWHERE)).is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_loop_between_two_regions_is_given_up() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-nowhere").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    for (asked, named) in [(REGION, ELSEWHERE), (ELSEWHERE, REGION)] {
        let redirect = Redirect {
            names: Some(named),
            ..REDIRECTS[0]
        };
        proxy.fail(Match::service("s3").in_region(asked), redirect.fault());
    }
    let ran = stage.run_through(&proxy, &verify(&trail)).await?;
    let line = ran.refused(2);
    assert!(line.contains("PermanentRedirect"), "{line}");
    assert!(proxy.recorded().len() <= 16, "{}", proxy.recorded().len());

    // No answer says where it is: each request is sent once more, and the failure is reported.
    proxy.clear_rules();
    proxy.forget();
    proxy.fail(Match::service("s3"), REDIRECTS[3].fault());
    let ran = stage.run_through(&proxy, &verify(&trail)).await?;
    ran.refused(2);
    assert!(proxy.recorded().len() <= 16, "{}", proxy.recorded().len());
    Ok(())
}

/// The writer of a digest chooses the bucket that it names. An object whose bucket is never found
/// could not be verified, and hides no finding about another object.
#[tokio::test(flavor = "multi_thread")]
async fn one_object_that_is_redirected_forever_hides_no_other() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-one-nowhere").build();
    stage.deliver(&trail).await?;
    let digest = trail.digest(ACCOUNT, REGION, 3);
    let gone = &trail.logs_of(trail.digest(ACCOUNT, REGION, 5))[0].object;
    stage
        .apply(&[trailseal_tests::trail::tamper::delete(gone)])
        .await?;
    let log = trail.logs_of(digest)[0].object.clone();
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let astray = Match::operation("s3", "GetObject").path_contains(&log.key);
    proxy.add(Rule::new(astray, REDIRECTS[3].fault()));
    let ran = stage
        .run_through(&proxy, &with(verify(&trail), &["--concurrency", "4"]))
        .await?;
    let report = ran.report();
    report.reported(1, &[("log-file-missing", 1)]);
    assert_eq!(report.unverified(), [log.location().to_string()]);
    let regions: BTreeSet<_> = proxy
        .calls(&Match::service("s3"))
        .into_iter()
        .map(|recorded| recorded.call.region)
        .collect();
    assert_eq!(regions.len(), 1, "{regions:?}");
    Ok(())
}
