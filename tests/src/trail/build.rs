//! Generates a trail: plan, records, digests.

use super::deeds;
use super::digest::{DigestDocument, LogEntry, sha256_hex};
use super::gzip;
use super::kms;
use super::names;
use super::object::{Encryption, Object};
use super::output::{DigestFile, DigestKind, LogFile, Planted, Trail};
use super::plan::{self, DigestPlan, LogPlan};
use super::records;
use super::rng::Rng;
use super::spec::TrailSpec;
use super::time::iso;

/// Generates the trail of a spec.
pub(crate) fn build(spec: TrailSpec) -> Trail {
    let mut chains = Vec::new();
    for account in &spec.accounts {
        for region in &spec.regions {
            let digests = plan::chain(&spec, account, region);
            chains.push((account.clone(), region.clone(), digests));
        }
    }
    let log_plans: Vec<&LogPlan> = chains
        .iter()
        .flat_map(|(_, _, digests)| digests)
        .flat_map(|digest| &digest.log_files)
        .collect();
    let mut kms = kms::schedule(&spec, &log_plans);

    let mut digests = Vec::new();
    let mut log_files = Vec::new();
    for (account, region, plans) in &chains {
        let mut chain = Chain {
            spec: &spec,
            account,
            region,
            previous: None,
            previous_backfill: None,
        };
        for digest_plan in plans {
            let logs: Vec<LogFile> = digest_plan
                .log_files
                .iter()
                .enumerate()
                .map(|(place, log)| log_file(&spec, log, place == 0, &mut kms))
                .collect();
            let digest = chain.digest(digest_plan, &logs);
            if digest_plan.stored {
                digests.push(digest);
                log_files.extend(logs);
            }
        }
    }
    let planted = std::mem::take(&mut kms.planted)
        .into_iter()
        .map(|(anomaly, plan)| Planted {
            anomaly,
            object: log_file(&spec, &plan, false, &mut kms).object,
        })
        .collect();
    Trail {
        spec,
        digests,
        log_files,
        planted,
    }
}

/// Returns the log file of a plan. `is_first`: it is the first of its digest.
fn log_file(spec: &TrailSpec, plan: &LogPlan, is_first: bool, kms: &mut kms::Scheduled) -> LogFile {
    let kms_records = kms.take(&plan.key);
    let mut records = records::ordinary(spec, plan);
    if is_first && plan.kind == DigestKind::Hourly {
        records.extend(deeds::records(spec, plan));
    }
    let mut kms_events = Vec::new();
    for entry in kms_records {
        records.push(entry.record);
        kms_events.extend(entry.event);
    }
    records.sort_by_key(|record| record.time);
    let times: Vec<_> = records.iter().map(|record| record.time).collect();
    let content = records::file_content(&records);
    let mut object = Object::gzipped_json(
        plan.location(),
        gzip::compress(content.as_bytes()),
        plan.delivered_at,
    );
    if let Some(key_arn) = kms.object_key(&plan.key) {
        object.encryption = Encryption::Kms(key_arn);
    }
    LogFile {
        object,
        account: plan.account.clone(),
        region: plan.region.clone(),
        hour: plan.hour,
        kind: plan.kind,
        sha256: sha256_hex(content.as_bytes()),
        oldest_event: times.first().copied().unwrap_or(plan.delivered_at),
        newest_event: times.last().copied().unwrap_or(plan.delivered_at),
        kms_events,
    }
}

/// A chain that is being built.
struct Chain<'a> {
    spec: &'a TrailSpec,
    account: &'a str,
    region: &'a str,
    previous: Option<DigestFile>,
    previous_backfill: Option<DigestFile>,
}

impl Chain<'_> {
    fn digest(&mut self, plan: &DigestPlan, logs: &[LogFile]) -> DigestFile {
        let spec = self.spec;
        let (start, end) = (spec.hour_end(plan.hour - 1), spec.hour_end(plan.hour));
        let backfill = plan.kind == DigestKind::Backfill;
        let suffix = if backfill { "_backfill" } else { "" };
        let mut document = DigestDocument::empty(
            self.account,
            [iso(start), iso(end)],
            spec.digest_bucket(plan.hour),
            names::digest_key(spec, self.account, self.region, end, suffix),
        );
        let mut entries: Vec<LogEntry> = logs.iter().map(entry).collect();
        let subject = format!(
            "{}/{}/listed{suffix}/{}",
            self.account, self.region, plan.hour
        );
        Rng::for_subject(spec.seed, &subject).shuffle(&mut entries);
        document.list(entries);
        let predecessor = match plan.kind {
            DigestKind::Starting => None,
            DigestKind::Hourly => self.previous.as_ref(),
            DigestKind::Backfill => self.previous_backfill.as_ref().filter(|_| plan.linked),
        };
        if let Some(previous) = predecessor {
            document.link_to(&previous.document, &previous.sealed);
        }
        // An hourly digest's key is the one at its end, so that the key is valid at the time that
        // the digest itself names; a backfill digest's key is the one at the time of its
        // generation.
        let signed_at = if backfill { plan.generated_at } else { end };
        let signer = spec.keys.signer_at(self.region, signed_at);
        let digest = DigestFile::sealed(
            document,
            signer,
            self.region,
            plan.hour,
            plan.kind,
            plan.generated_at,
        );
        let last = if backfill {
            &mut self.previous_backfill
        } else {
            &mut self.previous
        };
        *last = Some(digest.clone());
        digest
    }
}

fn entry(log: &LogFile) -> LogEntry {
    LogEntry {
        s3_bucket: log.object.bucket.clone(),
        s3_object: log.object.key.clone(),
        hash_value: log.sha256.clone(),
        hash_algorithm: "SHA-256".into(),
        newest_event_time: iso(log.newest_event),
        oldest_event_time: iso(log.oldest_event),
    }
}
