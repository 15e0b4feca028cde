//! What a request to S3 costs on the processors, compared with the least that does the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use trailseal_tests::local::server::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use crate::data::{self, BUCKET, REGION};
use crate::lab::{self, Lab};
use crate::measure::{Program, measure};
use crate::report::{Section, Table, count, float, micros, times};
use crate::sample::Sample;
use crate::server::Endpoint;

/// The argument that makes this program the bare client: `bare-client ENDPOINT FOLDER`.
pub(crate) const CHILD: &str = "bare-client";
/// How many requests the bare client makes at a time: as many as `trailseal verify` at first.
const AT_ONCE: usize = 128;
const ROUNDS: usize = 9;
/// How many runs of each there are in a round. The fastest counts: other work only adds time.
const RUNS: usize = 5;

/// The bounds for a request of `trailseal verify`, beside reading, inflating and hashing.
const BOUND: f64 = 120e-6;
const BOUND_OF_BARE: f64 = 1.5;

pub(crate) fn run(lab: &mut Lab) -> anyhow::Result<Section> {
    let set = lab.set(&data::LOGS[0])?;
    let endpoint = Endpoint::start(&set, Duration::ZERO)?;
    let bare = Program {
        path: std::env::current_exe()?,
        arguments: [
            OsString::from(CHILD),
            endpoint.url().into(),
            set.directory().into_os_string(),
        ]
        .to_vec(),
        env: BTreeMap::new(),
    };
    let (mut verify, mut on_disk, mut least) = (Vec::new(), Vec::new(), Vec::new());
    let (mut requests, mut bare_requests) = (0, 0);
    let lab = &*lab;
    let quiet = lab.quiet();
    for _ in 0..ROUNDS {
        let (mut in_s3, mut in_directory, mut of_bare) =
            (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        for _ in 0..RUNS {
            let (time, served) = quiet.undisturbed(|| {
                endpoint.take_served();
                let run = lab.verify_s3(&set, &endpoint, None)?;
                Ok((run.processor(), endpoint.take_served().requests))
            })?;
            in_s3 = time.min(in_s3);
            requests = served;
            let time = quiet.undisturbed(|| Ok(lab.verify_directory(&set)?.processor()))?;
            in_directory = time.min(in_directory);
            let (time, served) = quiet.undisturbed(|| {
                endpoint.take_served();
                let output = measure(&bare, lab.scratch())?;
                ensure!(output.run.code == Some(0), "{}", output.stderr);
                Ok((output.run.processor(), endpoint.take_served().requests))
            })?;
            of_bare = time.min(of_bare);
            bare_requests = served;
        }
        verify.push(in_s3);
        on_disk.push(in_directory);
        least.push(of_bare);
    }
    // Files cost something, too: the difference is a little less than what the requests cost.
    let request: Sample = verify
        .iter()
        .zip(&on_disk)
        .map(|(s3, disk)| (s3 - disk) / float(requests))
        .collect();
    let bare: Sample = least
        .iter()
        .map(|time| time / float(bare_requests))
        .collect();
    let mut table = Table::new(["", "requests", "processor time a request", "least to most"]);
    for (what, requests, sample) in [
        (
            "trailseal verify, more in S3 than in a directory",
            requests,
            &request,
        ),
        ("hyper with signatures, nothing else", bare_requests, &bare),
    ] {
        table.row([
            what.to_owned(),
            count(requests),
            micros(sample.median()),
            sample.spread(micros),
        ]);
    }
    let mut section = Section::new(
        "Requests",
        format!(
            "The processor time of a request to S3, beside reading, inflating and hashing the log file: that of `trailseal verify` on {} log files in S3, less that on the same files in a directory. The bare client signs each request, sends it with hyper and reads the answer, {AT_ONCE} at a time. Medians of {ROUNDS} rounds; in each, the fastest of {RUNS} runs counts, for each of the three.",
            count(set.about.log_files)
        ),
    );
    section.table(table);
    section.below("processor time a request", request.clone(), BOUND, micros);
    let least = bare.median();
    let ratio = request.map(|request| request / least);
    section.below("that of the bare client", ratio, BOUND_OF_BARE, times);
    Ok(section)
}

/// Runs as the bare client: gets every object of a folder.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [_, endpoint, folder] = arguments else {
        bail!("{CHILD} ENDPOINT FOLDER");
    };
    let folder = std::path::Path::new(folder);
    let keys: Vec<String> = lab::files(folder)?
        .iter()
        .map(|path| {
            let key = path.strip_prefix(folder)?;
            Ok(key.to_str().context("a key is UTF-8")?.to_owned())
        })
        .collect::<anyhow::Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(get_all(endpoint, keys))?;
    Ok(ExitCode::SUCCESS)
}

async fn get_all(endpoint: &str, keys: Vec<String>) -> anyhow::Result<()> {
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build_http();
    let identity = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "bench").into();
    let identity = Arc::new(identity);
    stream::iter(keys)
        .map(|key| {
            let (client, identity) = (client.clone(), Arc::clone(&identity));
            let uri = format!("{endpoint}/{BUCKET}/{key}");
            async move { tokio::spawn(get(client, identity, uri)).await? }
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| async { Ok(()) })
        .await
}

async fn get(
    client: Client<HttpConnector, Empty<Bytes>>,
    identity: Arc<Identity>,
    uri: String,
) -> anyhow::Result<()> {
    // As S3 wants it: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings)
        .build()?;
    let signable = SignableRequest::new(
        "GET",
        &uri,
        std::iter::empty(),
        SignableBody::UnsignedPayload,
    )?;
    let (instructions, _) = sign(signable, &params.into())?.into_parts();
    let mut request = hyper::Request::get(&uri).body(Empty::new())?;
    instructions.apply_to_request_http1x(&mut request);
    let mut answer = client.request(request).await?;
    ensure!(answer.status() == 200, "{uri}: {}", answer.status());
    while let Some(frame) = answer.frame().await {
        frame?;
    }
    Ok(())
}
