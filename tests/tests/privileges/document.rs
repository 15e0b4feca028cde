//! `docs/privileges.md`: every permission of every function, its reason, and a test that uses it.

use crate::declared::{Permission, Role, Statement};
use crate::unmeasured::by_lambda;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use trailseal_tests::local::paths;

/// What comes before the tables.
const HEAD: &str = include_str!("head.md");

/// The column of the tests, by all other columns that name a permission.
pub(crate) type UsedBy = BTreeMap<[String; 4], String>;

pub(crate) fn path() -> PathBuf {
    paths::repository().join("docs/privileges.md")
}

/// Returns the columns that name a permission.
pub(crate) fn key(permission: &Permission) -> [String; 4] {
    let Permission {
        role,
        policy,
        sid,
        action,
        resource,
    } = permission;
    let statement = if policy == role {
        sid.clone()
    } else {
        format!("{policy}, {sid}")
    };
    [role.clone(), statement, action.clone(), resource.clone()]
}

/// Returns a test as the document names it, with its file below `tests/tests`.
pub(crate) fn test_name(test: &str) -> String {
    let (module, name) = test.rsplit_once("::").unwrap_or(("", test));
    format!("`{name}` ({}.rs)", module.replace("::", "/"))
}

/// Returns the document.
pub(crate) fn render(roles: &[Role], used_by: &UsedBy) -> Result<String> {
    let mut text = HEAD.to_owned();
    for role in roles {
        let functions: Vec<String> = role
            .functions
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        write!(text, "\n## {}\n\n", role.name)?;
        writeln!(text, "The role of {}.\n", functions.join(" and "))?;
        text.push_str("| statement | action | resource | why | used by |\n");
        text.push_str("| --- | --- | --- | --- | --- |\n");
        let mut last: Option<&Statement> = None;
        for (permission, statement) in role.permissions() {
            let is_first = last.is_none_or(|last| !std::ptr::eq(last, statement));
            let why = if is_first {
                why(statement)
            } else {
                String::new()
            };
            last = Some(statement);
            let key = key(&permission);
            let [_, name, action, resource] = &key;
            let used_by = match by_lambda(&permission.sid, &permission.action) {
                Some(who) => who.to_owned(),
                None => used_by.get(&key).cloned().unwrap_or_default(),
            };
            writeln!(
                text,
                "| {name} | `{action}` | `{resource}` | {why} | {used_by} |"
            )?;
        }
    }
    Ok(text)
}

fn why(statement: &Statement) -> String {
    let text = statement.why.replace('|', "\\|");
    match &statement.only_if {
        Some(condition) => format!("{text} Only if `{condition}`."),
        None => text,
    }
}

/// Returns the tests that the document names.
pub(crate) fn read() -> Result<(String, UsedBy)> {
    let path = path();
    let text = fs::read_to_string(&path).unwrap_or_default();
    let mut used_by = UsedBy::new();
    let mut role = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            role = name;
        }
        let Some(row) = line.strip_prefix("| ") else {
            continue;
        };
        let row = row.strip_suffix(" |").context("a row ends with a bar")?;
        let cells: Vec<&str> = row.split(" | ").collect();
        if let ([statement, action, resource, ..], Some(tests)) = (cells.as_slice(), cells.last()) {
            let texts = [role, statement, action, resource];
            let key = texts.map(|text| text.trim().trim_matches('`').to_owned());
            used_by.insert(key, tests.trim().to_owned());
        }
    }
    Ok((text, used_by))
}
