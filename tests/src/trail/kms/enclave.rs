//! An enclave's calls to KMS.

use super::super::json::Fields;
use super::super::names::bucket_arn;
use super::super::plan::LogPlan;
use super::super::records::{Record, Scene};
use super::super::time::seconds;
use super::events::{Events, old_resources, resources};
use super::spec::{EnclaveSpec, KmsAnomalyKind};
use super::{Entry, KmsEvent, callers};

/// The time after a log file's delivery at which an enclave works on it.
const WORK_AFTER_SECONDS: u32 = 30;

/// Returns the caller's identity according to an attestation document.
pub(super) fn attestation(module: &str, image: &str) -> String {
    let recipient = Fields::new()
        .text("attestationDocumentModuleId", module)
        .text("attestationDocumentEnclaveImageDigest", image);
    Fields::new().object("recipient", recipient).end()
}

/// Returns the enclave's calls of an hour, about log files delivered in it.
pub(super) fn calls(
    events: &Events,
    enclave: &EnclaveSpec,
    hour: i64,
    sound: &[&LogPlan],
) -> Vec<Entry> {
    let of_hour: Vec<&LogPlan> = sound
        .iter()
        .copied()
        .filter(|plan| plan.hour == hour)
        .collect();
    if of_hour.is_empty() {
        return Vec::new();
    }
    let mut calls = Vec::new();
    for number in 0..enclave.calls_per_hour {
        let subject = format!("{hour}/{number}");
        let plan = *events.rng("enclave/file", &subject).pick(&of_hour);
        let time = plan.delivered_at + seconds(WORK_AFTER_SECONDS + 3 * number);
        let scene = |what: &str, after: u32| events.scene(what, &subject, time + seconds(after));
        let event = if events.kms.bucket_key {
            events.event("Decrypt", bucket_arn(events.spec, &plan.bucket))
        } else {
            events.event_about("Decrypt", plan)
        };
        calls.push(decrypt(events, enclave, event, scene("enclave/decrypt", 0)));
        calls.push(data_key(events, enclave, scene("enclave/key", 1)));
        calls.push(random(enclave, scene("enclave/random", 2)));
    }
    calls
}

/// Returns the single wrong call of an anomaly.
pub(super) fn wrong_call(events: &Events, kind: KmsAnomalyKind, plan: &LogPlan) -> Entry {
    let enclave = events.kms.enclave.as_ref();
    let enclave = enclave.expect("an anomaly of an enclave needs one");
    let time = plan.delivered_at + seconds(WORK_AFTER_SECONDS);
    let scene = events.scene(&format!("enclave/{kind:?}"), &plan.key, time);
    let event = KmsEvent {
        anomaly: Some(kind),
        ..events.event_about("Decrypt", plan)
    };
    let mut entry = decrypt(events, enclave, event, scene);
    let module = callers::enclave_module(&enclave.role_arn);
    entry.record.additional = match kind {
        KmsAnomalyKind::UnlistedImage => Some(attestation(&module, &enclave.other_image())),
        KmsAnomalyKind::MalformedModule => Some(attestation("i-zz", &enclave.image)),
        KmsAnomalyKind::MalformedImage => Some(attestation(&module, &enclave.image[..64])),
        _ => None,
    };
    entry
}

/// Returns the decryption of a log file's data key, for the enclave alone.
fn decrypt(events: &Events, enclave: &EnclaveSpec, event: KmsEvent, mut scene: Scene) -> Entry {
    let caller = callers::enclave(&mut scene, &enclave.role_arn);
    let old = scene.rng.one_in(3);
    let mut entry = events.finish(scene, caller, event);
    if old {
        entry = entry.in_old_form();
    }
    entry.record.additional = Some(attested(enclave));
    entry
}

/// Returns the generation of a data key for the enclave's own use, without an encryption context.
fn data_key(events: &Events, enclave: &EnclaveSpec, mut scene: Scene) -> Entry {
    let key_arn = &events.kms.key_arn;
    let key_id = events.key_id(&mut scene.rng, key_arn);
    let old = scene.rng.one_in(3);
    let mut record = call(enclave, "GenerateDataKey", &mut scene);
    record.request = Fields::new()
        .text("keyId", &key_id)
        .number("numberOfBytes", 32)
        .end();
    record.resources = Some(if old {
        old_resources(key_arn)
    } else {
        resources(key_arn)
    });
    Entry::plain(record)
}

/// Returns a request for random bytes, with neither parameters nor resources.
fn random(enclave: &EnclaveSpec, mut scene: Scene) -> Entry {
    let mut record = call(enclave, "GenerateRandom", &mut scene);
    record.resources = Some("[]".into());
    Entry::plain(record)
}

fn call(enclave: &EnclaveSpec, name: &'static str, scene: &mut Scene) -> Record {
    let caller = callers::enclave(scene, &enclave.role_arn);
    let mut record = Record::call(scene, "kms.amazonaws.com", name, caller);
    record.additional = Some(attested(enclave));
    record
}

fn attested(enclave: &EnclaveSpec) -> String {
    attestation(&callers::enclave_module(&enclave.role_arn), &enclave.image)
}
