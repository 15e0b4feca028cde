//! The end of a chain: whether another folder or bucket continues it, and whether a user says that
//! its trail was ended on purpose.
//!
//! The newest digest files of a chain are the easiest to delete, because no later one names them.
//! Therefore only a digest file that CloudTrail signed explains an end, or the user, for one chain
//! and one time.

use super::successor::{AFTER_STOP, ChainSuccessor};
use crate::bucket::wanted::TrailFilter;
use crate::names::ids::{AccountId, IdError, OrganizationId, Region, TrailArn, TrailName};
use crate::names::object_key::Chain;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// CloudTrail may or may not write the last digest file of a trail that was stopped. A chain that
/// ends up to an hour before the stop is complete.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
/// ("Starting, stopping, and deleting a trail").
const LAST_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An end that the user explains: `--ended [ORGANIZATION/][ACCOUNT/][REGION/]TRAIL[@TIME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The text as given.
    pub text: String,
    organization: Option<OrganizationId>,
    account: Option<AccountId>,
    region: Option<Region>,
    trail: TrailFilter,
    at: Option<Timestamp>,
}

/// The reason why the text of an explained end is refused.
#[derive(Debug, thiserror::Error)]
pub enum EndedError {
    /// A part of the text is wrong.
    #[error("`{text}`: {error}; write [ACCOUNT/][REGION/]TRAIL[@TIME]")]
    Part {
        /// The text as given.
        text: String,
        /// The error.
        error: String,
    },
}

impl Ended {
    /// Reads an explained end. `time` reads a time.
    ///
    /// # Errors
    /// [`EndedError`], if a part is not an organization, an account, a Region, a trail or a time.
    pub fn parse<E: std::fmt::Display>(
        text: &str,
        time: impl FnOnce(&str) -> Result<Timestamp, E>,
    ) -> Result<Self, EndedError> {
        let wrong = |error: &dyn std::fmt::Display| EndedError::Part {
            text: text.to_owned(),
            error: error.to_string(),
        };
        let (what, at) = match text.split_once('@') {
            Some((what, at)) => (what, Some(time(at).map_err(|error| wrong(&error))?)),
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

    /// Returns whether it names this chain.
    #[must_use]
    pub fn names(&self, chain: &Chain) -> bool {
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

    /// Returns whether it names this trail as a whole, not only a Region or another account of it.
    #[must_use]
    pub fn names_trail(&self, trail: &TrailArn) -> bool {
        let is_whole = self.region.is_none() && self.organization.is_none();
        self.trail.names(trail)
            && is_whole
            && self.account.as_ref().is_none_or(|id| *id == trail.account)
    }

    /// Returns why it does not explain that a chain ends at `newest`, or none if it does. `others`
    /// holds the ends of the chains that were checked.
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
                format!("its newest digest file ends at {newest}, which does not match that time")
            });
        }
        if pending.has_siblings {
            return Some(
                "the trail has digest files in several folders: add the time, @TIME".to_owned(),
            );
        }
        let border = newest.saturating_add(AFTER_STOP).unwrap_or(newest);
        if let Some((chain, end)) = others.find(|(chain, end)| self.names(chain) && *end > border) {
            return Some(format!(
                "the trail continues in account {}, {}, at least until {end}: give the chain and the time, as {}/{}/{}@TIME",
                chain.folder.account,
                chain.region,
                pending.chain.folder.account,
                pending.chain.region,
                pending.chain.trail
            ));
        }
        pending.has_log_files.then(|| {
            "the folder contains log files that were delivered later: if another trail wrote them, add the time, @TIME".to_owned()
        })
    }
}

/// Reads a trail's name or ARN.
///
/// # Errors
/// [`IdError`], if it is neither.
pub fn trail_filter(text: &str) -> Result<TrailFilter, IdError> {
    if text.starts_with("arn:") {
        TrailArn::parse(text).map(TrailFilter::Arn)
    } else {
        TrailName::new(text).map(TrailFilter::Name)
    }
}

/// A chain whose end nothing in the bucket explains. The user's explanations are applied when every
/// chain has been checked.
#[derive(Debug, Clone)]
pub struct PendingEnd {
    /// The chain.
    pub chain: Chain,
    /// The end of the newest digest file that CloudTrail signed.
    pub newest: Timestamp,
    /// The time that is not covered.
    pub gap: (Timestamp, Timestamp),
    /// Whether the same trail has digest files of the same account and Region in other folders.
    pub has_siblings: bool,
    /// Whether log files exist that were delivered later.
    pub has_log_files: bool,
    /// A starting digest file in another folder with which the trail may continue.
    pub successor: Option<ChainSuccessor>,
}

/// The verdict on an end, according to the user's explanations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndVerdict {
    /// The trail was ended on purpose, in these words.
    Explained(String),
    /// It was not, for these reasons, if the user gave an explanation.
    Open(Vec<String>),
}

/// Compares an end with the user's explanations. `option` is the name under which the user gives
/// them.
#[must_use]
pub fn judge(
    option: &str,
    ended: &[Ended],
    pending: &PendingEnd,
    newest: &BTreeMap<Chain, Timestamp>,
) -> EndVerdict {
    let mut reasons = Vec::new();
    for one in ended.iter().filter(|one| one.names(&pending.chain)) {
        match one.refuses(pending, newest.iter().map(|(chain, end)| (chain, *end))) {
            None => return EndVerdict::Explained(one.text.clone()),
            Some(reason) => reasons.push(format!(
                "{option} {} does not explain it: {reason}",
                one.text
            )),
        }
    }
    EndVerdict::Open(reasons)
}

/// Returns the explanations that name none of the chains that were found.
pub fn unused<'a>(
    ended: &'a [Ended],
    chains: &'a BTreeSet<Chain>,
) -> impl Iterator<Item = &'a str> {
    ended
        .iter()
        .filter(|one| !chains.iter().any(|chain| one.names(chain)))
        .map(|one| one.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::object_key::{ObjectKind, classify};

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
        Ended::parse(text, str::parse).unwrap()
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
        let verdict = judge("--ended", &[ended(text)], pending, &newest);
        assert_eq!(
            matches!(verdict, EndVerdict::Explained(_)),
            expected,
            "{text}"
        );
    }

    const HERE: &str = "111122223333";
    const END: &str = "2026-10-01T04:17:31Z";

    #[test]
    fn a_trail_name_explains_an_end_after_which_the_trail_has_no_digests() {
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
    fn a_time_explains_a_chain_that_was_complete_then() {
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
    fn text_that_is_not_an_end_is_refused() {
        for text in [
            "",
            "@2026-10-01",
            "Default@soon",
            "nowhere/Default",
            "1111/Default",
            "arn:aws:cloudtrail:us-east-1:1:trail/Default",
        ] {
            let read = Ended::parse(text, str::parse::<Timestamp>);
            assert!(read.is_err(), "{text}");
        }
    }
}
