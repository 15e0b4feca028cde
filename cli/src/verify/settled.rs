//! What was found about a digest and its link, as far as it is about the time asked for.

use super::job::Job;
use super::tally::ChainTally;
use trailseal::check::digest::SettledDigest;
use trailseal::names::object_key::DigestSeries;

/// Takes what was found about a digest. Whoever asked for the digest itself is told everything of it.
pub(super) fn take_settled(
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
    take_not_in_copy(job, settled, reported, tally);
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

/// Takes what a copy on disk does not hold: a finding in a complete one, about the same time.
fn take_not_in_copy(
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
