//! The activity in an account: calls to the usual services, in the form of their records.

use super::json::{Fields, array};
use super::records::{Caller, Record, Scene};

/// Returns one event of one of the services.
pub(crate) fn record(scene: &mut Scene) -> Record {
    let make = *scene.rng.pick(&[
        describe_instances as fn(&mut Scene) -> Record,
        run_instances,
        get_bucket_acl,
        get_bucket_tagging,
        assume_role,
        get_caller_identity,
        list_attached_role_policies,
        create_access_key_denied,
        get_secret_value,
        secret_data_key,
        decrypt_secret,
        enclave_random,
        put_parameter,
        console_login,
        create_log_stream,
    ]);
    make(scene)
}

fn tls_host(scene: &Scene, service: &str) -> String {
    let suffix = if scene.region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("{service}.{}.{suffix}", scene.region)
}

/// Returns a call of a service other than KMS.
pub(crate) fn describe_instances(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "ec2.amazonaws.com", "DescribeInstances", caller);
    record.request = Fields::new()
        .number("maxResults", 100)
        .object("instancesSet", Fields::new())
        .object("filterSet", Fields::new())
        .end();
    record.tls_host = Some(tls_host(scene, "ec2"));
    record
}

fn run_instances(scene: &mut Scene) -> Record {
    let caller = Caller::role(scene);
    let mut record = Record::call(scene, "ec2.amazonaws.com", "RunInstances", caller);
    let image = format!("ami-0{}", scene.rng.hex(16));
    let instance = Fields::new()
        .text("instanceId", &format!("i-0{}", scene.rng.hex(16)))
        .text("imageId", &image)
        .object(
            "instanceState",
            Fields::new().number("code", 0).text("name", "pending"),
        )
        .text(
            "privateIpAddress",
            &format!("10.0.1.{}", scene.rng.within(&(4..=250))),
        );
    let request_item = Fields::new()
        .text("imageId", &image)
        .number("minCount", 1)
        .number("maxCount", 1);
    record.request = Fields::new()
        .object(
            "instancesSet",
            Fields::new().raw("items", &array(&[request_item.end()])),
        )
        .text("instanceType", "m7g.large")
        .end();
    record.response = Fields::new()
        .text("reservationId", &format!("r-0{}", scene.rng.hex(16)))
        .text("ownerId", scene.account)
        .object(
            "instancesSet",
            Fields::new().raw("items", &array(&[instance.end()])),
        )
        .end();
    record.read_only = Some(false);
    record.tls_host = Some(tls_host(scene, "ec2"));
    record
}

fn bucket_call(scene: &mut Scene, name: &'static str, query: &str) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "s3.amazonaws.com", name, caller);
    let bucket = "amzn-s3-demo-source-bucket";
    record.request = Fields::new()
        .text("bucketName", bucket)
        .text(
            "Host",
            &format!("{bucket}.s3.{}.amazonaws.com", scene.region),
        )
        .text(query, "")
        .end();
    record.additional = Some(
        Fields::new()
            .text("SignatureVersion", "SigV4")
            .text("CipherSuite", "TLS_AES_128_GCM_SHA256")
            .number("bytesTransferredIn", 0)
            .text("AuthenticationMethod", "AuthHeader")
            .text("x-amz-id-2", &format!("{}=", scene.rng.alphanumeric(75)))
            .number("bytesTransferredOut", 552)
            .end(),
    );
    record.request_id = Some(scene.rng.capitals(16));
    let resource = Fields::new()
        .text("accountId", scene.account)
        .text("type", "AWS::S3::Bucket")
        .text(
            "ARN",
            &format!(
                "arn:{}:s3:::{bucket}",
                super::region::partition(scene.region)
            ),
        );
    record.resources = Some(array(&[resource.end()]));
    record.vpc_endpoint_id = Some(format!("vpce-0{}", scene.rng.hex(16)));
    record
}

fn get_bucket_acl(scene: &mut Scene) -> Record {
    bucket_call(scene, "GetBucketAcl", "acl")
}

fn get_bucket_tagging(scene: &mut Scene) -> Record {
    let mut record = bucket_call(scene, "GetBucketTagging", "tagging");
    record.error = Some(("NoSuchTagSet", "The TagSet does not exist".into()));
    record
}

fn assume_role(scene: &mut Scene) -> Record {
    let caller = Caller::service("ecs-tasks.amazonaws.com");
    let mut record = Record::call(scene, "sts.amazonaws.com", "AssumeRole", caller);
    let role = scene.arn("iam", "", "role/OrderService");
    record.request = Fields::new()
        .text("roleArn", &role)
        .text("roleSessionName", &scene.rng.hex(32))
        .end();
    let credentials = Fields::new()
        .text("accessKeyId", &format!("ASIA{}", scene.rng.capitals(16)))
        .text("sessionToken", &scene.rng.alphanumeric(120))
        .text("expiration", "Jan 15, 2026, 6:29:23 PM");
    record.response = Fields::new().object("credentials", credentials).end();
    let resource = Fields::new()
        .text("accountId", scene.account)
        .text("type", "AWS::IAM::Role")
        .text("ARN", &role);
    record.resources = Some(array(&[resource.end()]));
    record.shared_event_id = Some(scene.rng.uuid());
    record
}

fn get_caller_identity(scene: &mut Scene) -> Record {
    let caller = Caller::role(scene);
    let mut record = Record::call(scene, "sts.amazonaws.com", "GetCallerIdentity", caller);
    record.tls_host = Some(tls_host(scene, "sts"));
    record
}

fn list_attached_role_policies(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(
        scene,
        "iam.amazonaws.com",
        "ListAttachedRolePolicies",
        caller,
    );
    record.request = Fields::new().text("roleName", "OrderService").end();
    record
}

fn create_access_key_denied(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "iam.amazonaws.com", "CreateAccessKey", caller);
    let user = scene.arn("iam", "", "user/bob");
    record.error = Some((
        "AccessDenied",
        format!(
            "User: {user} is not authorized to perform: iam:CreateAccessKey on resource: user bob \
             because no identity-based policy allows the iam:CreateAccessKey action"
        ),
    ));
    record.read_only = Some(false);
    record
}

fn secret_arn(scene: &Scene) -> String {
    scene.arn(
        "secretsmanager",
        scene.region,
        "secret:prod/orders/database-ZgthLn",
    )
}

fn get_secret_value(scene: &mut Scene) -> Record {
    let caller = Caller::role(scene);
    let mut record = Record::call(
        scene,
        "secretsmanager.amazonaws.com",
        "GetSecretValue",
        caller,
    );
    record.request = Fields::new().text("secretId", &secret_arn(scene)).end();
    record.tls_host = Some(tls_host(scene, "secretsmanager"));
    record
}

/// Returns a KMS call of another service: its encryption context is unrelated to the trail.
fn secret_kms_call(scene: &mut Scene, name: &'static str) -> Record {
    let mut caller = Caller::role(scene);
    caller.ip = "secretsmanager.amazonaws.com".into();
    caller.agent = "secretsmanager.amazonaws.com".into();
    let mut record = Record::call(scene, "kms.amazonaws.com", name, caller);
    let context = Fields::new()
        .text("SecretARN", &secret_arn(scene))
        .text("SecretVersionId", &scene.rng.uuid());
    record.request = if name == "Decrypt" {
        Fields::new()
            .object("encryptionContext", context)
            .text("encryptionAlgorithm", "SYMMETRIC_DEFAULT")
    } else {
        Fields::new()
            .text("keyId", "alias/aws/secretsmanager")
            .object("encryptionContext", context)
            .text("keySpec", "AES_256")
    }
    .end();
    let key = scene.arn(
        "kms",
        scene.region,
        "key/dad21b23-9915-42bd-981b-2a9f3c8f20c8",
    );
    let resource = Fields::new()
        .text("accountId", scene.account)
        .text("type", "AWS::KMS::Key")
        .text("ARN", &key);
    record.resources = Some(array(&[resource.end()]));
    record
}

fn secret_data_key(scene: &mut Scene) -> Record {
    secret_kms_call(scene, "GenerateDataKey")
}

/// Returns the decryption of a secret's data key.
pub(crate) fn decrypt_secret(scene: &mut Scene) -> Record {
    secret_kms_call(scene, "Decrypt")
}

/// Returns a call from a Nitro enclave: no request parameters, no resources, an attestation
/// document.
fn enclave_random(scene: &mut Scene) -> Record {
    let caller = Caller::role(scene);
    let mut record = Record::call(scene, "kms.amazonaws.com", "GenerateRandom", caller);
    let module = format!("i-{}-enc{}", scene.rng.hex(17), scene.rng.hex(17));
    let recipient = Fields::new()
        .text("attestationDocumentModuleId", &module)
        .text(
            "attestationDocumentEnclaveImageDigest",
            "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4",
        );
    record.additional = Some(Fields::new().object("recipient", recipient).end());
    record.resources = Some("[]".into());
    record
}

fn put_parameter(scene: &mut Scene) -> Record {
    let caller = Caller::user(scene);
    let mut record = Record::call(scene, "ssm.amazonaws.com", "PutParameter", caller);
    record.request = Fields::new()
        .text("name", "/orders/feature-flags")
        .text("value", "HIDDEN_DUE_TO_SECURITY_REASONS")
        .text("type", "SecureString")
        .flag("overwrite", true)
        .end();
    record.response = Fields::new()
        .number("version", 17)
        .text("tier", "Standard")
        .end();
    record.read_only = Some(false);
    record
}

/// Returns a sign-in, which has no `requestID`.
fn console_login(scene: &mut Scene) -> Record {
    let mut caller = Caller::user(scene);
    caller.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0".into();
    let mut record = Record::call(scene, "signin.amazonaws.com", "ConsoleLogin", caller);
    record.response = Fields::new().text("ConsoleLogin", "Success").end();
    record.additional = Some(
        Fields::new()
            .text(
                "LoginTo",
                "https://console.aws.amazon.com/console/home?hashArgs=%23&isauthcode=true",
            )
            .text("MobileVersion", "No")
            .text("MFAUsed", "Yes")
            .end(),
    );
    record.request_id = None;
    record.read_only = Some(false);
    record.event_type = "AwsConsoleSignIn";
    record
}

/// Returns a record without `readOnly` and with a user agent that the caller made up.
fn create_log_stream(scene: &mut Scene) -> Record {
    let mut caller = Caller::role(scene);
    caller.agent = "fluent-bit \"v4.1\" \\ caf\u{e9}".into();
    let mut record = Record::call(scene, "logs.amazonaws.com", "CreateLogStream", caller);
    record.request = Fields::new()
        .text("logGroupName", "/aws/lambda/orders")
        .text(
            "logStreamName",
            &format!("2026/01/15/[$LATEST]{}", scene.rng.hex(32)),
        )
        .end();
    record.read_only = None;
    record
}
