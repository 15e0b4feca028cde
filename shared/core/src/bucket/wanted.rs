//! What to look for in a bucket: accounts, Regions, trails, and a time.

use crate::names::ids::{AccountId, Region, TrailArn, TrailName};
use crate::names::object_key::Chain;
use jiff::{SignedDuration, Timestamp};

/// A trail that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailFilter {
    /// Any trail of this name.
    Name(TrailName),
    /// The trail with this ARN.
    Arn(TrailArn),
}

impl TrailFilter {
    /// Whether a chain is of this trail.
    #[must_use]
    pub fn is(&self, chain: &Chain) -> bool {
        match self {
            Self::Name(name) => *name == chain.trail,
            Self::Arn(arn) => chain.is_of(arn),
        }
    }
}

/// What to look for; an empty list is no restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Accounts whose events are recorded.
    pub accounts: Vec<AccountId>,
    /// Regions where events happened.
    pub regions: Vec<Region>,
    /// Trails.
    pub trails: Vec<TrailFilter>,
    /// Begin of the time; none: the oldest digest.
    pub from: Option<Timestamp>,
    /// End of the time; none: the newest digest.
    pub to: Option<Timestamp>,
}

impl Wanted {
    pub(crate) fn account(&self, account: &AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(account)
    }

    pub(crate) fn region(&self, region: &Region) -> bool {
        self.regions.is_empty() || self.regions.contains(region)
    }

    pub(crate) fn chain(&self, chain: &Chain) -> bool {
        self.trails.is_empty() || self.trails.iter().any(|trail| trail.is(chain))
    }

    /// Whether any of the hour that ends at `end` was asked for.
    #[must_use]
    pub fn hour(&self, end: Timestamp) -> bool {
        let hour = SignedDuration::from_hours(1);
        self.from.is_none_or(|from| end > from)
            && self
                .to
                .is_none_or(|to| end.saturating_sub(hour).is_ok_and(|start| start < to))
    }

    /// Whether the day was asked for that a key names right below `folder`: `YYYY/MM/DD/`. What
    /// names none is of any day.
    pub(crate) fn day_of(&self, key: &str, folder: &str) -> bool {
        let day = key.strip_prefix(folder).and_then(|rest| rest.get(..10));
        let named = |time: Timestamp| time.strftime("%Y/%m/%d").to_string();
        day.is_none_or(|day| {
            self.from.is_none_or(|from| *day >= *named(from))
                && self.to.is_none_or(|to| *day <= *named(to))
        })
    }

    /// Whether the instant was asked for.
    #[must_use]
    pub fn instant(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}
