//! Accounts, Regions and trails that were requested by name and do not exist.

use super::job::Job;
use std::collections::BTreeSet;
use trailseal::bucket::wanted::TrailFilter;
use trailseal::check::chain_end;
use trailseal::names::object_key::Chain;

/// Reports everything that was requested by name and is not among the chains that were found.
pub(super) fn say_absent(job: &Job, matched: &BTreeSet<Chain>) {
    let wanted = &job.plan.wanted;
    let mut absent: Vec<String> = Vec::new();
    for account in &wanted.accounts {
        if !matched.iter().any(|chain| chain.folder.account == *account) {
            absent.push(format!("account {account}"));
        }
    }
    for region in &wanted.regions {
        if !matched.iter().any(|chain| chain.region == *region) {
            absent.push(format!("Region {region}"));
        }
    }
    for trail in &wanted.trails {
        if !matched.iter().any(|chain| trail.is(chain)) {
            absent.push(match trail {
                TrailFilter::Name(name) => format!("trail {name}"),
                TrailFilter::Arn(arn) => format!("trail {arn}"),
            });
        }
    }
    for unused in chain_end::unused(&job.plan.ended, matched) {
        job.not_looked_at(format!(
            "--ended {unused} does not name a trail that has digest files here: check the name"
        ));
    }
    for absent in absent {
        job.not_looked_at(format!("no digests were found for the requested {absent}"));
    }
}
