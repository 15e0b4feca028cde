//! The accounts and Regions that a report is about.

/// The accounts and Regions that a report is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodScope {
    /// Only this account.
    pub account: Option<String>,
    /// Only this Region.
    pub region: Option<String>,
}

impl PeriodScope {
    /// Returns whether an account and a Region belong to it. What is not known does.
    pub(super) fn has(&self, account: Option<&str>, region: Option<&str>) -> bool {
        let is = |wanted: Option<&str>, found: Option<&str>| match (wanted, found) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        is(self.account.as_deref(), account) && is(self.region.as_deref(), region)
    }

    /// Returns whether it is everything.
    pub(super) fn is_everything(&self) -> bool {
        self.account.is_none() && self.region.is_none()
    }
}
