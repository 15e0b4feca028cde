//! What the templates declare, what the tests used, and what the document says are the same.

use crate::declared::{Permission, Role, roles};
use crate::document::{self, UsedBy};
use crate::unmeasured::by_lambda;
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::{env, fs};
use trailseal_tests::local::iam::record;
use trailseal_tests::local::paths;

/// The tests that used each permission.
type Used = BTreeMap<Permission, BTreeSet<String>>;

/// Returns what the record of the tests contains.
fn used(roles: &[Role]) -> Result<Used> {
    let mut used = Used::new();
    for entry in record::read()? {
        // The tests of the harness make calls of their own with the credentials of a role.
        if !entry.test.starts_with("pipeline::") {
            continue;
        }
        let role = roles.iter().find(|role| role.name == entry.role);
        let role = role.with_context(|| format!("the role {} is not of a function", entry.role))?;
        let mut statements = role.statements.iter();
        let statement = statements.find(|it| it.policy == entry.policy && it.sid == entry.sid);
        let statement =
            statement.with_context(|| format!("no statement in a template: {entry:?}"))?;
        let permission = Permission {
            role: entry.role,
            policy: entry.policy,
            sid: entry.sid,
            action: entry.action,
            resource: statement
                .resource(entry.resource, entry.resources)?
                .to_owned(),
        };
        used.entry(permission).or_default().insert(entry.test);
    }
    Ok(used)
}

/// Every function of the template has a role with at least one permission, and the document a table.
#[test]
fn the_document_lists_what_the_templates_declare() -> Result<()> {
    let roles = roles()?;
    let (text, used_by) = document::read()?;
    for permission in roles.iter().flat_map(Role::permissions).map(|it| it.0) {
        if by_lambda(&permission.sid, &permission.action).is_some() {
            continue;
        }
        let key = document::key(&permission);
        let user = used_by.get(&key).map_or("", String::as_str);
        ensure!(exists(user), "the test of {key:?} does not exist: {user}");
    }
    ensure!(
        document::render(&roles, &used_by)? == text,
        "docs/privileges.md is out of date: run `make privileges`"
    );
    Ok(())
}

/// Returns whether a test exists: `` `NAME` (FILE) ``.
fn exists(test: &str) -> bool {
    let Some((name, file)) = test.trim_end_matches(')').split_once("` (") else {
        return false;
    };
    let file = paths::repository().join("tests/tests").join(file);
    let code = fs::read_to_string(file).unwrap_or_default();
    code.contains(&format!("fn {}(", name.trim_start_matches('`')))
}

/// Runs after all end-to-end tests, over their record. With `TRAILSEAL_WRITE=1`, it writes the document.
#[test]
#[ignore = "needs the record of all end-to-end tests: `make e2e`, `make privileges`"]
fn every_permission_is_used() -> Result<()> {
    let roles = roles()?;
    let used = used(&roles)?;
    let mut unused = Vec::new();
    let mut used_by = UsedBy::new();
    for permission in roles.iter().flat_map(Role::permissions).map(|it| it.0) {
        if by_lambda(&permission.sid, &permission.action).is_some() {
            continue;
        }
        let key = document::key(&permission);
        let Some(tests) = used.get(&permission) else {
            unused.push(key);
            continue;
        };
        // Some tests use a permission only if something takes long. Those that are about the permissions
        // always do.
        let mut tests: Vec<&String> = tests.iter().collect();
        tests.sort_by_key(|test| !test.starts_with("pipeline::privileges::"));
        let test = tests.first().context("a test")?;
        used_by.insert(key, document::test_name(test));
    }
    if env::var_os("TRAILSEAL_WRITE").is_some() {
        fs::write(document::path(), document::render(&roles, &used_by)?)?;
    }
    ensure!(unused.is_empty(), "nothing uses {unused:#?}");
    Ok(())
}
