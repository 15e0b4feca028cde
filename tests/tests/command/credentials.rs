//! The sources of credentials, the credentials that sign, and the output if there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::Result;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use trailseal_tests::local::server::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use trailseal_tests::local::{Fault, FaultProxy, Match};
use trailseal_tests::trail::Trail;

use crate::stage::{ACCOUNT, Ran, Stage, end_of, run, small, verify, with};

/// Keys in the environment along with a profile.
const OF_ENVIRONMENT: &str = "AKIAENVENVENVENVENVE";
const OF_PROFILE: &str = "AKIAPRODPRODPRODPROD";
const OF_SSO: &str = "ASIASSOSSOSSOSSOSSOS";
const OF_PROCESS: &str = "ASIAPROCESSPROCESSPR";
const OF_LOGIN: &str = "ASIALOGINLOGINLOGINL";

/// The names of the files in which the AWS CLI keeps the tokens of SSO: SHA-1 of the session's name
/// `local`, and of the start URL.
const SESSION_TOKEN: &str = "939bb46a04c3640c8c427e92b1b557e882e2d2a0.json";
const START_URL_TOKEN: &str = "cdfb2e6999e2034a8973ab600b4da7264eae2767.json";
const START_URL: &str = "https://local.awsapps.com/start";

const ROLE: &str = "arn:aws:iam::111122223333:role/Auditor";

/// A home directory with an AWS configuration, and a proxy that records who asks.
struct Home {
    folder: TempDir,
    proxy: FaultProxy,
}

impl Home {
    /// With this `~/.aws/config`.
    async fn with(stage: &Stage, config: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
        fs::create_dir_all(folder.path().join(".aws/sso/cache"))?;
        fs::create_dir_all(folder.path().join(".aws/login/cache"))?;
        let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
        let home = Self { folder, proxy };
        home.write(".aws/config", config)?;
        Ok(home)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> Result<()> {
        Ok(fs::write(self.path(name), content)?)
    }

    /// Writes a program that prints credentials, and that writes a line into a file each time.
    fn program(&self, script: &str) -> Result<String> {
        let path = self.path("give-credentials");
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        Ok(path.display().to_string())
    }

    /// Makes an SSO portal return a role's credentials.
    fn open_portal(&self) {
        let answer = serde_json::json!({
            "roleCredentials": {
                "accessKeyId": OF_SSO,
                "secretAccessKey": SECRET_ACCESS_KEY,
                "sessionToken": "token-of-sso",
                "expiration": 4_000_000_000_000_u64,
            }
        });
        self.portal(200, &answer.to_string());
    }

    fn portal(&self, status: u16, answer: &str) {
        let answer = Fault::Answer {
            status: hyper::StatusCode::from_u16(status).expect("a status"),
            headers: [
                ("content-type", "application/json"),
                (
                    "x-amzn-errortype",
                    if status == 200 {
                        ""
                    } else {
                        "UnauthorizedException"
                    },
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: answer.to_owned().into(),
        };
        let asked = Match::any().path_contains("/federation/credentials");
        self.proxy.fail(asked, answer);
    }

    fn sign_in_to_sso(&self, file: &str, until: &str) -> Result<()> {
        let token = serde_json::json!({
            "startUrl": START_URL,
            "region": REGION,
            "accessToken": "token-of-the-portal",
            "expiresAt": until,
        });
        self.write(&format!(".aws/sso/cache/{file}"), &token.to_string())
    }

    /// Returns an environment without keys, and without a Region other than the profile's.
    fn environment(&self) -> BTreeMap<String, String> {
        let home = self.folder.path().display().to_string();
        environment([
            ("HOME", home.as_str()),
            ("PATH", "/usr/bin:/bin"),
            ("AWS_ENDPOINT_URL", &self.proxy.endpoint()),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ])
    }

    async fn run(&self, more: &[(&str, &str)], arguments: &[String]) -> Result<Ran> {
        let mut environment = self.environment();
        for (name, value) in more {
            environment.insert((*name).to_owned(), (*value).to_owned());
        }
        self.proxy.forget();
        run(environment, arguments).await
    }

    /// Returns the keys that signed requests to S3 and CloudTrail.
    fn signers(&self) -> BTreeSet<String> {
        let calls = self.proxy.recorded().into_iter().map(|one| one.call);
        calls
            .filter(|call| ["s3", "cloudtrail"].contains(&call.service.as_str()))
            .map(|call| call.access_key)
            .collect()
    }

    #[track_caller]
    fn signed_by(&self, key: &str) {
        assert_eq!(self.signers(), BTreeSet::from([key.to_owned()]));
    }
}

fn environment<const N: usize>(variables: [(&str, &str); N]) -> BTreeMap<String, String> {
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

const ENVIRONMENT_KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", OF_ENVIRONMENT),
    ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
];

async fn delivered(stage: &Stage, bucket: &str) -> Result<Trail> {
    let trail = small(bucket).build();
    stage.deliver(&trail).await?;
    Ok(trail)
}

/// Returns a command line of each command that calls AWS, and that exits with 0 for a valid trail.
fn commands(trail: &Trail) -> Vec<Vec<String>> {
    let bucket = format!("s3://{}", trail.spec.bucket);
    let digest = &trail.digest(ACCOUNT, REGION, 3).object;
    let digest = digest.location().to_string();
    let (start, end) = (
        trail.spec.start.to_string(),
        end_of(&trail.spec).to_string(),
    );
    let arn = trail.spec.trail_arn();
    let own = |arguments: &[&str]| arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>();
    vec![
        verify(trail),
        own(&["kms", &bucket]),
        own(&["inspect", &digest]),
        own(&[
            "keys",
            "--region",
            REGION,
            "--start-time",
            &start,
            "--end-time",
            &end,
        ]),
        own(&[
            "validate-logs",
            "--trail-arn",
            &arn,
            "--start-time",
            &start,
            "--end-time",
            &end,
            "--s3-bucket",
            &trail.spec.bucket,
        ]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sso_session_signs_every_request() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-sso").await?;
    let home = Home::with(
        &stage,
        &format!(
            "[profile session]\nsso_session = local\nsso_account_id = {ACCOUNT}\n\
             sso_role_name = Auditor\nregion = {REGION}\n\n\
             [sso-session local]\nsso_region = {REGION}\nsso_start_url = {START_URL}\n\n\
             [profile older]\nsso_start_url = {START_URL}\nsso_region = {REGION}\n\
             sso_account_id = {ACCOUNT}\nsso_role_name = Auditor\nregion = {REGION}\n"
        ),
    )
    .await?;
    home.open_portal();
    for (profile, token) in [("session", SESSION_TOKEN), ("older", START_URL_TOKEN)] {
        home.sign_in_to_sso(token, "2095-01-01T00:00:00Z")?;
        for command in commands(&trail) {
            let arguments = with(command.clone(), &["--profile", profile]);
            let ran = home.run(&ENVIRONMENT_KEYS, &arguments).await?;
            assert_eq!(ran.code, 0, "{command:?} {ran:?}");
            home.signed_by(OF_SSO);
        }
        let ran = home
            .run(&[("AWS_PROFILE", profile)], &verify(&trail))
            .await?;
        ran.report().reported(0, &[]);
        home.signed_by(OF_SSO);
        let portal = Match::any().path_contains("/federation/credentials");
        let asked = home.proxy.calls(&portal);
        // Once for the whole run.
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(
            asked[0].call.query.contains("role_name=Auditor"),
            "{asked:?}"
        );
        assert!(
            asked[0]
                .call
                .query
                .contains(&format!("account_id={ACCOUNT}"))
        );
    }
    Ok(())
}

/// The endpoint of the SSO portal only, from the environment and from the profile's services.
#[tokio::test(flavor = "multi_thread")]
async fn the_endpoints_and_region_of_the_profile_are_used() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-endpoints").await?;
    let config = |portal: &str, all: &str| {
        format!(
            "[profile prod]\nsso_session = local\nsso_account_id = {ACCOUNT}\n\
             sso_role_name = Auditor\nregion = eu-west-1\nendpoint_url = {all}\nservices = here\n\n\
             [services here]\nsso =\n  endpoint_url = {portal}\n\n\
             [sso-session local]\nsso_region = {REGION}\nsso_start_url = {START_URL}\n"
        )
    };
    let home = Home::with(&stage, "").await?;
    home.open_portal();
    home.sign_in_to_sso(SESSION_TOKEN, "2095-01-01T00:00:00Z")?;
    let portal = FaultProxy::start(&home.proxy.endpoint()).await?;
    home.write(
        ".aws/config",
        &config(&portal.endpoint(), &home.proxy.endpoint()),
    )?;
    let arguments = with(verify(&trail), &["--profile", "prod"]);
    let mut environment = home.environment();
    environment.remove("AWS_ENDPOINT_URL");
    run(environment, &arguments)
        .await?
        .report()
        .reported(0, &[]);
    home.signed_by(OF_SSO);
    assert_eq!(portal.recorded().len(), 1, "{:?}", portal.recorded());
    let there = Match::service("s3").in_region("eu-west-1");
    assert!(!home.proxy.calls(&there).is_empty());
    assert!(
        home.proxy
            .calls(&Match::service("s3").in_region(REGION))
            .is_empty()
    );

    portal.forget();
    home.write(
        ".aws/config",
        &config("http://127.0.0.1:1", "http://127.0.0.1:1"),
    )?;
    let here = [
        ("AWS_ENDPOINT_URL_SSO", portal.endpoint()),
        ("AWS_REGION", REGION.to_owned()),
    ];
    let here = here.each_ref().map(|(name, value)| (*name, value.as_str()));
    home.run(&here, &arguments).await?.report().reported(0, &[]);
    home.signed_by(OF_SSO);
    assert_eq!(portal.recorded().len(), 1, "{:?}", portal.recorded());
    // The environment's Region has precedence over the profile's, as everywhere.
    assert!(home.proxy.calls(&there).is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_process_runs_once_and_its_credentials_sign() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-process").await?;
    let home = Home::with(&stage, "").await?;
    let asked = home.path("asked");
    let program = home.program(&format!(
        "echo asked >> {}\necho '{{\"Version\": 1, \"AccessKeyId\": \"{OF_PROCESS}\", \
         \"SecretAccessKey\": \"{SECRET_ACCESS_KEY}\", \"SessionToken\": \"token\", \
         \"Expiration\": \"2095-01-01T00:00:00Z\"}}'",
        asked.display()
    ))?;
    let config =
        format!("[profile vault]\ncredential_process = {program} --of prod\nregion = {REGION}\n");
    home.write("elsewhere", &config)?;
    // Files may be elsewhere, too.
    let elsewhere = home.path("elsewhere").display().to_string();
    for command in commands(&trail) {
        let _ = fs::remove_file(&asked);
        let arguments = with(command.clone(), &["--profile", "vault"]);
        let ran = home
            .run(&[("AWS_CONFIG_FILE", &elsewhere)], &arguments)
            .await?;
        assert_eq!(ran.code, 0, "{command:?} {ran:?}");
        home.signed_by(OF_PROCESS);
        assert_eq!(fs::read_to_string(&asked)?, "asked\n", "{command:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed_with_every_source_that_a_profile_can_name() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-role").await?;
    let home = Home::with(
        &stage,
        &format!(
            "[profile auditor]\nrole_arn = {ROLE}\nsource_profile = base\nregion = {REGION}\n\n\
             [profile by-environment]\nrole_arn = {ROLE}\ncredential_source = Environment\n\
             region = {REGION}\n"
        ),
    )
    .await?;
    let credentials = home.path("credentials").display().to_string();
    home.write(
        "credentials",
        &format!("[base]\naws_access_key_id = {OF_PROFILE}\naws_secret_access_key = {SECRET_ACCESS_KEY}\n"),
    )?;
    let [id, secret] = ENVIRONMENT_KEYS;
    let variables = [
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        id,
        secret,
    ];
    for (profile, key) in [("auditor", OF_PROFILE), ("by-environment", OF_ENVIRONMENT)] {
        let arguments = with(verify(&trail), &["--profile", profile]);
        let ran = home.run(&variables, &arguments).await?;
        ran.report().reported(0, &[]);
        let assumed = home.proxy.calls(&Match::operation("sts", "AssumeRole"));
        assert_eq!(assumed.len(), 1, "{assumed:?}");
        assert_eq!(assumed[0].call.access_key, key);
        assert_eq!(assumed[0].parameters["RoleArn"], ROLE);
        let signers = home.signers();
        assert_eq!(signers.len(), 1, "{signers:?}");
        // The keys of the role, which the local AWS makes up.
        assert!(
            signers.iter().all(|signer| signer.starts_with("ASIA")),
            "{signers:?}"
        );
    }

    // A web identity, as in EKS or a pipeline.
    home.write("token", "eyJhbGciOiJub25lIn0.e30.")?;
    let token = home.path("token").display().to_string();
    let variables = [
        ("AWS_ROLE_ARN", ROLE),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_REGION", REGION),
    ];
    let ran = home.run(&variables, &verify(&trail)).await?;
    ran.report().reported(0, &[]);
    assert!(
        home.signers()
            .iter()
            .all(|signer| signer.starts_with("ASIA"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_session_of_aws_login_signs_requests() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-login").await?;
    let session = "arn:aws:iam::111122223333:user/alice";
    let config = format!("[profile console]\nlogin_session = {session}\nregion = {REGION}\n");
    let home = Home::with(&stage, &config).await?;
    let arguments = with(verify(&trail), &["--profile", "console"]);
    let ran = home.run(&[], &arguments).await?;
    let line = ran.refused(2);
    assert!(line.contains("run `aws login --profile console`"), "{line}");

    let token = serde_json::json!({
        "accessToken": {
            "accessKeyId": OF_LOGIN,
            "secretAccessKey": SECRET_ACCESS_KEY,
            "sessionToken": "token",
            "accountId": ACCOUNT,
            "expiresAt": "2095-01-01T00:00:00Z",
        },
        "tokenType": "aws_sigv4",
        "refreshToken": "opaque",
        "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": "a key that is not used",
    });
    let file = format!(".aws/login/cache/{:x}.json", Sha256::digest(session));
    home.write(&file, &token.to_string())?;
    home.run(&[], &arguments).await?.report().reported(0, &[]);
    home.signed_by(OF_LOGIN);
    Ok(())
}

/// Like the AWS CLI: `--profile` has precedence over keys in the environment, and `AWS_PROFILE`
/// does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_requested_profile_has_precedence_over_keys_in_the_environment() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-precedence").await?;
    let home = Home::with(
        &stage,
        &format!(
            "[profile prod]\naws_access_key_id = {OF_PROFILE}\n\
             aws_secret_access_key = {SECRET_ACCESS_KEY}\nregion = {REGION}\n"
        ),
    )
    .await?;
    let [id, secret] = ENVIRONMENT_KEYS;
    for command in commands(&trail) {
        let named = with(command.clone(), &["--profile", "prod"]);
        let ran = home.run(&[id, secret], &named).await?;
        assert_eq!(ran.code, 0, "{command:?} {ran:?}");
        home.signed_by(OF_PROFILE);

        let ran = home
            .run(&[id, secret, ("AWS_PROFILE", "prod")], &command)
            .await?;
        assert_eq!(ran.code, 0, "{command:?} {ran:?}");
        home.signed_by(OF_ENVIRONMENT);

        for variable in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            let ran = home.run(&[(variable, "prod")], &command).await?;
            assert_eq!(ran.code, 0, "{variable} {command:?} {ran:?}");
            home.signed_by(OF_PROFILE);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_does_not_exist_is_refused() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-no-profile").await?;
    let config = format!(
        "[default]\naws_access_key_id = {ACCESS_KEY_ID}\naws_secret_access_key = {SECRET_ACCESS_KEY}\n\
         region = {REGION}\n\n[profile astray]\nrole_arn = {ROLE}\nsource_profile = gone\n"
    );
    let home = Home::with(&stage, &config).await?;
    let [id, secret] = ENVIRONMENT_KEYS;
    let config = home.path(".aws/config").display().to_string();
    let files = ("AWS_CONFIG_FILE", config.as_str());
    for command in commands(&trail) {
        let of_cli = command[0] == "validate-logs";
        for (flags, variables, name) in [
            (&["--profile", "nope"][..], &[id, secret, files][..], "nope"),
            (&[], &[id, secret, files, ("AWS_PROFILE", "nope")], "nope"),
            (&["--profile", "astray"], &[id, secret, files], "gone"),
        ] {
            let arguments = with(command.clone(), flags);
            let ran = home.run(variables, &arguments).await?;
            if of_cli && name == "nope" {
                let line = "\nThe config profile (nope) could not be found\n";
                assert_eq!((ran.code, ran.err.as_str()), (255, line), "{ran:?}");
            } else if of_cli {
                let line = "\nThe source_profile \"gone\" referenced in the profile \"astray\" does not exist.\n";
                assert_eq!((ran.code, ran.err.as_str()), (255, line), "{ran:?}");
            } else {
                let line = ran.refused(64);
                assert!(line.contains(&format!("`{name}`")), "{line}");
                assert!(
                    line.contains(&config) && line.contains("~/.aws/credentials"),
                    "{line}"
                );
            }
            assert_eq!(home.proxy.recorded().len(), 0, "{arguments:?} asked AWS");
        }
    }
    Ok(())
}

/// Each failure is one line that names its cause and what to do, and contains no secret.
#[tokio::test(flavor = "multi_thread")]
async fn a_failure_to_load_credentials_is_explained() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-explained").await?;
    let home = Home::with(&stage, "").await?;
    let program = home.program(
        "echo 'the vault is locked' >&2\necho 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' >&2\nexit 7",
    )?;
    let base =
        format!("aws_access_key_id = {OF_PROFILE}\naws_secret_access_key = {SECRET_ACCESS_KEY}\n");
    home.write(
        ".aws/config",
        &format!(
            "[profile sso]\nsso_session = local\nsso_account_id = {ACCOUNT}\nsso_role_name = Auditor\n\
             region = {REGION}\n[sso-session local]\nsso_region = {REGION}\nsso_start_url = {START_URL}\n\
             [profile over-sso]\nrole_arn = {ROLE}\nsource_profile = sso\n\
             [profile older]\nsso_start_url = {START_URL}\nsso_region = {REGION}\n\
             sso_account_id = {ACCOUNT}\nsso_role_name = Auditor\n\
             [profile vault]\ncredential_process = {program} --password hunter2\n\
             [profile base]\n{base}\
             [profile role]\nrole_arn = {ROLE}\nsource_profile = base\n\
             [profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\n\
             mfa_serial = arn:aws:iam::111122223333:mfa/alice\n\
             [profile empty]\nregion = {REGION}\n"
        ),
    )?;
    home.proxy.fail(
        Match::operation("sts", "AssumeRole"),
        Fault::error(
            403,
            "AccessDenied",
            "User is not authorized to perform: sts:AssumeRole",
        ),
    );
    home.portal(401, r#"{"message":"Session token not found or invalid"}"#);
    home.sign_in_to_sso(START_URL_TOKEN, "2020-01-01T00:00:00Z")?;
    let expired = home.path(".aws/sso/cache").join(SESSION_TOKEN);
    for round in ["no token", "expired"] {
        for (profile, parts) in [
            ("sso", &["run `aws sso login --profile sso`"][..]),
            ("over-sso", &["run `aws sso login --profile sso`"]),
            ("older", &["run `aws sso login --profile older`"]),
            (
                "vault",
                &[
                    "the profile `vault`",
                    "exit status: 7",
                    "the vault is locked",
                ],
            ),
            (
                "role",
                &[
                    "the profile `role` cannot assume the role",
                    ROLE,
                    "AccessDenied",
                ],
            ),
            (
                "mfa",
                &["MFA", "aws configure export-credentials --profile mfa"],
            ),
            ("empty", &["the profile `empty` has no credentials"]),
        ] {
            let ran = home
                .run(
                    &ENVIRONMENT_KEYS,
                    &with(verify(&trail), &["--profile", profile]),
                )
                .await?;
            let line = ran.refused(2);
            for part in parts {
                assert!(line.contains(part), "{round} {profile}: {part} in {line}");
            }
            for secret in ["hunter2", "wJalr", "token-of", SECRET_ACCESS_KEY] {
                assert!(!line.contains(secret), "{profile}: {line}");
            }
            assert!(!line.contains(".."), "{line}");
        }
        assert!(!expired.exists() || round == "expired");
        home.sign_in_to_sso(SESSION_TOKEN, "2020-01-01T00:00:00Z")?;
    }
    let none = environment([("AWS_EC2_METADATA_DISABLED", "true")]);
    let ran = run(none, &verify(&trail)).await?;
    assert!(
        ran.refused(2).contains("no AWS credentials were found"),
        "{ran:?}"
    );

    // The same for the command that prints what the AWS CLI prints.
    let command = commands(&trail).pop().expect("a command");
    let ran = home.run(&[], &with(command, &["--profile", "sso"])).await?;
    assert_eq!(ran.code, 255, "{ran:?}");
    assert!(
        ran.err.contains("run `aws sso login --profile sso`"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("\\u{"), "{ran:?}");
    Ok(())
}
