//! The comments in the templates.

use crate::declared::roles;
use crate::unmeasured::BY_LAMBDA;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;

/// Every statement has its reason, and every wildcard.
#[test]
fn every_statement_says_why() -> Result<()> {
    let mut seen = BTreeSet::new();
    for role in roles()? {
        for (permission, statement) in role.permissions() {
            let name = format!(
                "{} {} {}",
                permission.role, permission.sid, permission.action
            );
            ensure!(!statement.why.is_empty(), "{name} has no comment");
            let has_wildcard = permission.action.contains('*') || permission.resource.contains('*');
            ensure!(
                !has_wildcard || statement.why.to_lowercase().contains("wildcard"),
                "the comment of {name} does not say why there is a wildcard"
            );
            seen.insert((permission.sid, permission.action));
        }
    }
    for (sid, action, _) in BY_LAMBDA {
        let is_declared = seen.contains(&(sid.to_owned(), action.to_owned()));
        ensure!(is_declared, "no role has {sid} {action}");
    }
    Ok(())
}
