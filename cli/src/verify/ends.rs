//! Where a chain ends: whether another folder or bucket continues it, and whether somebody says that
//! its trail was ended on purpose.
//!
//! The newest digest files of a chain are what is deleted most easily, because no later one names
//! them. So an end is explained by a digest file that CloudTrail signed, or by the user for one
//! chain and one time, and by nothing else.

use super::engine::Engine;
use crate::time;
use jiff::{SignedDuration, Timestamp};
use trailseal::bucket::discovery::{self, MARGIN};
use trailseal::bucket::wanted::TrailFilter;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::{ChainWalk, ReadDigest, SettledDigest};
use trailseal::format::digest::Predecessor;
use trailseal::names::ids::{AccountId, IdError, OrganizationId, Region, TrailArn, TrailName};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::names::region_folder::RegionFolder;
use trailseal::trust::signature::AuthenticDigest;
use trailseal::world::StoreError;

/// How many digest files of another folder are tried for the first that CloudTrail signed. Anybody
/// who can write to the bucket can plant any number.
const MAX_TRIED: usize = 8;

/// How many claims of other folders about this chain's digest files are kept.
const MAX_CLAIMS: usize = 32;

/// CloudTrail may write the last digest file of a trail that was stopped, or may not: a chain that
/// ends up to an hour before the stop is complete.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
/// ("Starting, stopping, and deleting a trail").
const LAST_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The last digest file ends up to two hours after the stop: the hour that was under way, and one
/// more for what is delivered late.
const AFTER_STOP: SignedDuration = SignedDuration::from_hours(2);

/// Times that count as the same: digest files name whole seconds.
const SAME_SECOND: SignedDuration = SignedDuration::from_secs(1);

/// An end that the user explains: `--ended [ORGANIZATION/][ACCOUNT/][REGION/]TRAIL[@TIME]`.
#[derive(Debug)]
pub(crate) struct Ended {
    /// As it was given.
    pub(crate) text: String,
    organization: Option<OrganizationId>,
    account: Option<AccountId>,
    region: Option<Region>,
    trail: TrailFilter,
    at: Option<Timestamp>,
}

/// Why an end is not one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndedError {
    /// A part of it is wrong.
    #[error("`{text}`: {error}; write [ACCOUNT/][REGION/]TRAIL[@TIME]")]
    Part {
        /// As it was given.
        text: String,
        /// What is wrong.
        error: String,
    },
}

impl Ended {
    /// Reads the option's value.
    ///
    /// # Errors
    /// [`EndedError`] where a part is neither an organization, an account, a Region, a trail nor a
    /// time.
    pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Self, EndedError> {
        let wrong = |error: &dyn std::fmt::Display| EndedError::Part {
            text: text.to_owned(),
            error: error.to_string(),
        };
        let (what, at) = match text.split_once('@') {
            Some((what, at)) => (
                what,
                Some(time::parse(at, now).map_err(|error| wrong(&error))?),
            ),
            None => (text, None),
        };
        let (scope, trail) = match what.find("arn:") {
            Some(at) => what.split_at(at),
            None => what.rsplit_once('/').unwrap_or(("", what)),
        };
        let mut ended = Self {
            text: text.to_owned(),
            organization: None,
            account: None,
            region: None,
            trail: trail_filter(trail).map_err(|error| wrong(&error))?,
            at,
        };
        for part in scope.split('/').filter(|part| !part.is_empty()) {
            if let Ok(id) = OrganizationId::new(part) {
                ended.organization = Some(id);
            } else if let Ok(id) = AccountId::new(part) {
                ended.account = Some(id);
            } else {
                ended.region = Some(Region::new(part).map_err(|error| wrong(&error))?);
            }
        }
        Ok(ended)
    }

    /// Whether it is about this chain.
    pub(super) fn names(&self, chain: &Chain) -> bool {
        self.trail.is(chain)
            && (self.organization.is_none() || self.organization == chain.folder.organization)
            && self
                .account
                .as_ref()
                .is_none_or(|id| *id == chain.folder.account)
            && self
                .region
                .as_ref()
                .is_none_or(|name| *name == chain.region)
    }

    /// Why it does not explain that a chain ends at `newest`; none where it does. `others` are the
    /// ends of the chains that were looked at.
    fn refuses<'a>(
        &self,
        pending: &PendingEnd,
        mut others: impl Iterator<Item = (&'a Chain, Timestamp)>,
    ) -> Option<String> {
        let newest = pending.newest;
        if let Some(at) = self.at {
            let explained = newest >= at.saturating_sub(LAST_HOUR).unwrap_or(at)
                && newest <= at.saturating_add(AFTER_STOP).unwrap_or(at);
            return (!explained).then(|| {
                format!("its newest digest file ends at {newest}, which does not fit that time")
            });
        }
        if pending.has_siblings {
            return Some(
                "digest files of the trail are in several folders: add the time, @TIME".to_owned(),
            );
        }
        let border = newest.saturating_add(AFTER_STOP).unwrap_or(newest);
        if let Some((chain, end)) = others.find(|(chain, end)| self.names(chain) && *end > border) {
            return Some(format!(
                "the trail goes on in account {}, {}, up to {end} at least: name the chain, and the time, as {}/{}/{}@TIME",
                chain.folder.account,
                chain.region,
                pending.chain.folder.account,
                pending.chain.region,
                pending.chain.trail
            ));
        }
        pending.has_log_files.then(|| {
            "log files that were delivered later are there: if another trail wrote them, add the time, @TIME".to_owned()
        })
    }
}

/// Reads a trail's name or ARN.
///
/// # Errors
/// [`IdError`] where it is neither.
pub(crate) fn trail_filter(text: &str) -> Result<TrailFilter, IdError> {
    if text.starts_with("arn:") {
        TrailArn::parse(text).map(TrailFilter::Arn)
    } else {
        TrailName::new(text).map(TrailFilter::Name)
    }
}

/// A chain whose end nothing in the bucket explains: what the user says counts when every chain has
/// been looked at.
pub(super) struct PendingEnd {
    pub(super) chain: Chain,
    /// End of the newest digest file that CloudTrail signed.
    pub(super) newest: Timestamp,
    /// The time that is not covered.
    pub(super) gap: (Timestamp, Timestamp),
    /// Whether the same trail has digest files of the same account and Region elsewhere.
    pub(super) has_siblings: bool,
    /// Whether log files are there that were delivered later.
    pub(super) has_log_files: bool,
    /// A starting digest file elsewhere with which the trail may go on.
    pub(super) successor: Option<Successor>,
}

/// What the user's explanations make of an end.
pub(super) enum EndVerdict {
    /// It was ended on purpose, in these words.
    Explained(String),
    /// It was not, for these reasons, if any were given.
    Open(Vec<String>),
}

/// Holds an end against what the user says of it.
pub(super) fn judge(
    ended: &[Ended],
    pending: &PendingEnd,
    newest: &std::collections::BTreeMap<Chain, Timestamp>,
) -> EndVerdict {
    let mut reasons = Vec::new();
    for one in ended.iter().filter(|one| one.names(&pending.chain)) {
        match one.refuses(pending, newest.iter().map(|(chain, end)| (chain, *end))) {
            None => return EndVerdict::Explained(one.text.clone()),
            Some(reason) => reasons.push(format!(
                "--ended {} does not explain it: {reason}",
                one.text
            )),
        }
    }
    EndVerdict::Open(reasons)
}

/// The explanations that name no chain that was found.
pub(super) fn unused<'a>(
    ended: &'a [Ended],
    chains: &'a std::collections::BTreeSet<Chain>,
) -> impl Iterator<Item = &'a str> {
    ended
        .iter()
        .filter(|one| !chains.iter().any(|chain| one.names(chain)))
        .map(|one| one.text.as_str())
}

/// Digest files of the same trail, account and Region in another folder or bucket.
#[derive(Debug, Clone)]
pub(super) struct Sibling {
    pub(super) folder: RegionFolder,
    pub(super) chain: Chain,
}

/// Where a chain goes on in another folder or bucket.
#[derive(Debug, Clone)]
pub(super) struct Successor {
    /// The digest file that goes on.
    pub(super) at: ObjectLocation,
    /// Since when the trail goes on there.
    pub(super) from: Timestamp,
    /// Whether it names a digest file of the chain as its predecessor. Otherwise it is a starting
    /// digest file.
    pub(super) is_linked: bool,
}

/// Since when a trail goes on with a starting digest file, whose chain before ends at `end`.
///
/// The range of a starting digest file is the hour before logging started, and it lists nothing. So it
/// covers nothing of an hour in which the chain before ends, unless both meet at the same second.
fn logging_since(start: Timestamp, starting_end: Timestamp, end: Timestamp) -> Timestamp {
    if start.duration_since(end).abs() <= SAME_SECOND {
        end
    } else if start > end {
        start
    } else {
        starting_end
    }
}

impl Engine {
    /// What the first digest files of other folders after `end` say of their predecessors. In a copy
    /// on disk that is where the signature of a chain's last digest file is.
    pub(super) async fn claims(&self, siblings: &[Sibling], end: Timestamp) -> Vec<Predecessor> {
        let mut claims = Vec::new();
        let until = end.saturating_add(MARGIN).unwrap_or(end);
        for sibling in siblings {
            let Ok(reads) = self.first_after(sibling, end, until).await else {
                continue;
            };
            let named = reads.iter().filter_map(|read| {
                let (content, _) = read.unverified()?;
                content.as_ref().ok()?.predecessor.clone()
            });
            claims.extend(named);
        }
        claims.truncate(MAX_CLAIMS);
        claims
    }

    /// The digest file in another folder or bucket that goes on where a chain ends. None where there
    /// is none, or other trails were active beside the chain.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot be looked for.
    pub(super) async fn successor(
        &self,
        chain: &Chain,
        end: Timestamp,
        until: Timestamp,
        siblings: &[Sibling],
    ) -> Result<Option<Successor>, StoreError> {
        let mut found: Option<Successor> = None;
        // The last digest file of a trail may come after its first one elsewhere.
        let since = end.saturating_sub(AFTER_STOP).unwrap_or(end);
        for sibling in siblings {
            let Some(first) = self.first_signed_after(sibling, since, until).await? else {
                continue;
            };
            let Some(digest) = first.authentic.as_ref().map(AuthenticDigest::digest) else {
                continue;
            };
            let (from, is_linked) = if let Some(named) = &digest.predecessor {
                let is_ours = trailseal::trust::chain::predecessor_key(&first.key, named)
                    .is_some_and(|key| key.chain == *chain && key.end_time >= end);
                if !is_ours {
                    continue;
                }
                (first.start, true)
            } else {
                // Trails are converted to an organization's, and not back: beside it, an account has a
                // trail of its own.
                let is_own = chain.folder.organization.is_some()
                    && sibling.chain.folder.organization.is_none();
                if is_own || self.was_active(sibling, first.start).await? {
                    continue;
                }
                let from = logging_since(first.start, first.key.end_time, end);
                (from, false)
            };
            let successor = Successor {
                at: first.at.clone(),
                from,
                is_linked,
            };
            if found
                .as_ref()
                .is_none_or(|other| successor.from < other.from)
            {
                found = Some(successor);
            }
        }
        Ok(found)
    }

    /// Whether a chain has digest files in the day before `end`. It did not begin then.
    async fn was_active(&self, sibling: &Sibling, end: Timestamp) -> Result<bool, StoreError> {
        let ends = self
            .ends(sibling, end.saturating_sub(MARGIN).unwrap_or(end), end)
            .await?;
        Ok(!ends.is_empty())
    }

    /// The ends of a chain's hourly digest files after `from`, and up to `to`, by their names.
    async fn ends(
        &self,
        sibling: &Sibling,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let wanted = Wanted {
            from: Some(from),
            to: Some(to),
            ..Wanted::default()
        };
        let found = discovery::digests(self.store(), &sibling.folder, &wanted).await?;
        let Some(digests) = found.chains.get(&sibling.chain) else {
            return Ok(Vec::new());
        };
        let ends = digests.hourly.iter().copied();
        Ok(ends.filter(|end| *end > from && *end <= to).collect())
    }

    /// Reads the first digest files of a chain that end after `end`, oldest first.
    async fn first_after(
        &self,
        sibling: &Sibling,
        end: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<ReadDigest>, StoreError> {
        let mut reads = Vec::new();
        for end in self
            .ends(sibling, end, until)
            .await?
            .into_iter()
            .take(MAX_TRIED)
        {
            let key = DigestKey::of(sibling.chain.clone(), DigestSeries::Hourly, end);
            let at = ObjectLocation::new(sibling.folder.bucket.clone(), key.to_string());
            reads.push(self.plan.digests.read_digest(at, key).await);
        }
        Ok(reads)
    }

    /// The first digest file of a chain after `end` that CloudTrail signed.
    async fn first_signed_after(
        &self,
        sibling: &Sibling,
        end: Timestamp,
        until: Timestamp,
    ) -> Result<Option<SettledDigest>, StoreError> {
        let mut reads = self.first_after(sibling, end, until).await?;
        let mut first = None;
        let mut walk = ChainWalk::default();
        // Each is judged with the digest file before it, so that nothing is looked for.
        while let Some(read) = reads.pop() {
            let settled = self
                .plan
                .digests
                .settle(&mut walk, read, reads.last())
                .await;
            if settled.authentic.is_some() {
                first = Some(settled);
            }
        }
        Ok(first)
    }

    /// Whether log files are in a folder that were delivered more than `grace` after `end`.
    pub(super) async fn holds_later_log_files(
        &self,
        folder: &RegionFolder,
        end: Timestamp,
        grace: SignedDuration,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let Ok(from) = end.checked_add(grace) else {
            return Ok(false);
        };
        if from >= until {
            return Ok(false);
        }
        let wanted = Wanted {
            from: Some(from),
            to: Some(until),
            ..Wanted::default()
        };
        discovery::holds_log_files(self.store(), folder, &wanted).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use trailseal::names::object_key::{ObjectKind, classify};

    fn chain(account: &str, organization: &str, region: &str) -> Chain {
        let key = format!(
            "AWSLogs/{organization}{account}/CloudTrail-Digest/{region}/2026/10/01/{account}_CloudTrail-Digest_{region}_Default_us-east-1_20261001T001731Z.json.gz"
        );
        match classify(&key) {
            ObjectKind::Digest(key) => key.chain,
            other => panic!("{other:?}"),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ended(text: &str) -> Ended {
        Ended::parse(text, at("2026-11-01T00:00:00Z")).unwrap()
    }

    fn pending(chain: Chain, newest: &str) -> PendingEnd {
        PendingEnd {
            chain,
            newest: at(newest),
            gap: (at(newest), at("2026-11-01T00:00:00Z")),
            has_siblings: false,
            has_log_files: false,
            successor: None,
        }
    }

    #[track_caller]
    fn explains(text: &str, pending: &PendingEnd, others: &[(Chain, &str)], expected: bool) {
        let newest: BTreeMap<Chain, Timestamp> = others
            .iter()
            .map(|(chain, end)| (chain.clone(), at(end)))
            .collect();
        let verdict = judge(&[ended(text)], pending, &newest);
        assert_eq!(
            matches!(verdict, EndVerdict::Explained(_)),
            expected,
            "{text}"
        );
    }

    const HERE: &str = "111122223333";
    const END: &str = "2026-10-01T04:17:31Z";

    #[test]
    fn a_name_alone_explains_an_end_that_nothing_of_the_trail_outlives() {
        let here = chain(HERE, "", "us-east-1");
        let there = chain(HERE, "", "eu-west-1");
        let one = pending(here.clone(), END);
        explains("Default", &one, &[(here.clone(), END)], true);
        let soon = [(there.clone(), "2026-10-01T05:30:00Z")];
        explains("Default", &one, &soon, true);
        let late = [(there.clone(), "2026-10-01T08:30:00Z")];
        explains("Default", &one, &late, false);
        explains("us-east-1/Default", &one, &late, true);
        explains("111122223333/us-east-1/Default", &one, &late, true);
        explains("eu-west-1/Default", &one, &late, false);
        explains("Other", &one, &[], false);
        let mut more = pending(here.clone(), END);
        more.has_log_files = true;
        explains("Default", &more, &[], false);
        more.has_log_files = false;
        more.has_siblings = true;
        explains("Default", &more, &[], false);
        explains("Default@2026-10-01T04:30:00Z", &more, &late, true);
    }

    #[test]
    fn an_arn_names_the_chains_of_its_own_account_or_of_the_organization() {
        let own = pending(chain(HERE, "", "us-east-1"), END);
        let member = pending(chain(HERE, "o-exampleorgid/", "us-east-1"), END);
        let arn = |account: &str| format!("arn:aws:cloudtrail:us-east-1:{account}:trail/Default");
        explains(&arn(HERE), &own, &[], true);
        explains(&arn("444455556666"), &own, &[], false);
        explains(&arn("444455556666"), &member, &[], true);
        explains("o-exampleorgid/Default", &member, &[], true);
        explains("o-exampleorgid/Default", &own, &[], false);
        explains(
            &format!("{HERE}/{}", arn("444455556666")),
            &member,
            &[],
            true,
        );
    }

    #[test]
    fn a_time_explains_what_was_complete_then() {
        let one = pending(chain(HERE, "", "us-east-1"), END);
        for (time, expected) in [
            ("2026-10-01T02:00:00Z", false),
            ("2026-10-01T02:30:00Z", true),
            ("2026-10-01T04:17:31Z", true),
            ("2026-10-01T05:17:31Z", true),
            ("2026-10-01T05:20:00Z", false),
            ("2026-10-01T08:17:31Z", false),
        ] {
            explains(&format!("Default@{time}"), &one, &[], expected);
        }
    }

    #[test]
    fn a_starting_digest_file_covers_nothing_of_the_hour_in_which_the_chain_before_ends() {
        let (start, stop) = (at("2026-10-01T03:40:00Z"), at("2026-10-01T04:40:00Z"));
        for (end, since) in [
            ("2026-10-01T03:40:00Z", "2026-10-01T03:40:00Z"),
            ("2026-10-01T02:17:31Z", "2026-10-01T03:40:00Z"),
            ("2026-10-01T04:17:31Z", "2026-10-01T04:40:00Z"),
            ("2026-10-01T05:17:31Z", "2026-10-01T04:40:00Z"),
        ] {
            assert_eq!(logging_since(start, stop, at(end)), at(since), "{end}");
        }
    }

    #[test]
    fn what_is_no_end_is_refused() {
        for text in [
            "",
            "@2026-10-01",
            "Default@soon",
            "nowhere/Default",
            "1111/Default",
            "arn:aws:cloudtrail:us-east-1:1:trail/Default",
        ] {
            let now = at("2026-11-01T00:00:00Z");
            assert!(Ended::parse(text, now).is_err(), "{text}");
        }
    }
}
