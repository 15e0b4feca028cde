//! The findings about a digest and its link, as far as they are about the requested time.

use super::job::Job;
use super::tally::ChainTally;
use trailseal::check::digest::SettledDigest;
use trailseal::names::object_key::DigestSeries;

/// Records the findings about a digest. A user who requested the digest itself gets all of them.
pub(super) fn record_settled(
    job: &Job,
    settled: &mut SettledDigest,
    reported: bool,
    tally: &mut ChainTally,
) {
    let at = settled.at.clone();
    settled.report.findings.retain(|finding| {
        job.plan
            .is_wanted(finding, reported && finding.object == at)
    });
    for finding in &settled.report.findings {
        if job.collector.finding(finding) {
            tally.window_of(finding);
        }
    }
    if reported {
        job.collector.form(settled.form, &settled.at);
    }
    record_not_in_copy(job, settled, reported, tally);
    let (start, end) = (settled.start, settled.key.end_time);
    if settled.key.series == DigestSeries::Hourly && (reported || settled.authentic.is_some()) {
        tally.accounted.add(start, end);
        if settled.authentic.is_some() {
            tally.newest_authentic = tally.newest_authentic.max(Some(end));
            tally.oldest_is_authentic = true;
        } else {
            tally.oldest_is_authentic = false;
        }
    }
    if reported {
        let scope = job.plan.digests.scope(&settled.key);
        for obstacle in &settled.report.obstacles {
            job.collector.cannot_tell(&obstacle.error, &scope);
        }
    }
}

/// Records what a copy on disk does not hold. In a complete copy, this is a finding about the same
/// time.
fn record_not_in_copy(
    job: &Job,
    settled: &mut SettledDigest,
    reported: bool,
    tally: &mut ChainTally,
) {
    let scope = job.plan.digests.scope(&settled.key);
    let at = settled.at.clone();
    let obstacles = std::mem::take(&mut settled.report.obstacles);
    for obstacle in obstacles {
        let finding = match &obstacle.if_it_stays {
            Some(finding) if obstacle.error.is_not_in_copy() => finding,
            _ => {
                settled.report.obstacles.push(obstacle);
                continue;
            }
        };
        if job
            .plan
            .is_wanted(finding, reported && finding.object == at)
        {
            job.collector
                .not_in_copy(&obstacle.error, &scope, finding.window);
            tally.unverified(finding.window);
        }
    }
}
