//! The permissions that the templates declare, with the comments that give their reasons.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use trailseal_tests::local::iam::policy::one_or_several;
use trailseal_tests::local::paths;

/// The template of the stack, and that of the role in the accounts of the trails.
pub(crate) const TEMPLATES: [&str; 2] = ["template.yaml", "docs/trail-status-role.yaml"];

/// One action of a role on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Permission {
    /// The role, as its template names it.
    pub(crate) role: String,
    /// The resource of the template that the policy is part of.
    pub(crate) policy: String,
    /// The statement's ID.
    pub(crate) sid: String,
    pub(crate) action: String,
    /// The resource as a reader of the template knows it.
    pub(crate) resource: String,
}

/// A statement of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) policy: String,
    pub(crate) sid: String,
    pub(crate) actions: Vec<String>,
    /// The resources as a reader of the template knows them. The five places of the list of log buckets
    /// have the same name.
    pub(crate) resources: Vec<Resource>,
    /// The condition of the template without which the statement is left out.
    pub(crate) only_if: Option<String>,
    /// The statement's comment.
    pub(crate) why: String,
}

/// A resource of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    name: String,
    /// Whether a condition of the template leaves it out.
    optional: bool,
}

/// A role and its statements.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    /// The functions that have it.
    pub(crate) functions: Vec<String>,
    pub(crate) statements: Vec<Statement>,
}

impl Role {
    /// Returns every action on every resource.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = (Permission, &Statement)> {
        self.statements.iter().flat_map(move |statement| {
            let each = statement.actions.iter();
            each.flat_map(move |action| {
                let names = statement.resources.iter().map(|resource| &resource.name);
                let names: BTreeSet<&String> = names.collect();
                names.into_iter().map(move |name| {
                    let permission = Permission {
                        role: self.name.clone(),
                        policy: statement.policy.clone(),
                        sid: statement.sid.clone(),
                        action: action.clone(),
                        resource: name.clone(),
                    };
                    (permission, statement)
                })
            })
        })
    }
}

impl Statement {
    /// Returns the name of a resource by its number in the deployed policy, which has all resources or
    /// none of the optional ones. A list in a parameter has one name.
    pub(crate) fn resource(&self, number: usize, of: usize) -> Result<&str> {
        if let [resource] = self.resources.as_slice() {
            return Ok(&resource.name);
        }
        let all = self.resources.len() == of;
        let deployed = self.resources.iter().filter(|it| all || !it.optional);
        let deployed: Vec<&Resource> = deployed.collect();
        ensure!(
            deployed.len() == of,
            "{} has {of} resources instead of {}",
            self.sid,
            deployed.len()
        );
        let resource = deployed.get(number).context("a resource")?;
        Ok(&resource.name)
    }
}

/// Returns the roles of all functions, and the role that watchdog assumes.
pub(crate) fn roles() -> Result<Vec<Role>> {
    let mut roles = Vec::new();
    for path in TEMPLATES {
        let path = paths::repository().join(path);
        let source = fs::read_to_string(&path)?;
        let template = translated(&path)?;
        let resources = template["Resources"].as_object().context("resources")?;
        let mut functions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (name, resource) in resources {
            if resource["Type"] == "AWS::Lambda::Function" {
                let role = resource["Properties"]["Role"]["Fn::GetAtt"][0].as_str();
                let role = role.with_context(|| format!("{name} has a role of the template"))?;
                functions.entry(role).or_default().push(name.clone());
            }
        }
        if functions.is_empty() {
            let is_role = |(_, resource): &(&String, &Value)| resource["Type"] == "AWS::IAM::Role";
            let found = resources.iter().filter(is_role);
            functions
                .extend(found.map(|(name, _)| (name.as_str(), vec!["SettingsMonitor".into()])));
        }
        for (role, functions) in functions {
            roles.push(Role {
                name: role.to_owned(),
                functions,
                statements: statements(&template, &source, role)?,
            });
        }
    }
    Ok(roles)
}

fn translated(path: &Path) -> Result<Value> {
    let output = Command::new(paths::python())
        .arg(paths::translate_script())
        .arg(path)
        .output()?;
    let problems = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {problems}", path.display());
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn statements(template: &Value, source: &str, role: &str) -> Result<Vec<Statement>> {
    let properties = &template["Resources"][role]["Properties"];
    let mut documents = Vec::new();
    for managed in one_or_several(&properties["ManagedPolicyArns"]) {
        let name = managed["Ref"].as_str();
        let name = name.with_context(|| format!("{role} has a policy of another template"))?;
        let policy = &template["Resources"][name]["Properties"]["PolicyDocument"];
        documents.push((name, policy));
    }
    let own = one_or_several(&properties["Policies"]).into_iter();
    documents.extend(own.map(|policy| (role, &policy["PolicyDocument"])));
    let mut statements = Vec::new();
    for (policy, document) in documents {
        let mut sids = BTreeSet::new();
        for statement in one_or_several(&document["Statement"]) {
            let read = read(source, policy, statement);
            let read = read.with_context(|| format!("{policy}: {statement}"))?;
            ensure!(sids.insert(read.sid.clone()), "{policy}: two {}", read.sid);
            statements.push(read);
        }
    }
    Ok(statements)
}

fn read(source: &str, policy: &str, statement: &Value) -> Result<Statement> {
    let choice = &statement["Fn::If"];
    let (only_if, statement) = match choice[0].as_str() {
        Some(condition) => {
            ensure!(choice[2]["Ref"] == "AWS::NoValue", "a statement or none");
            (Some(condition.to_owned()), &choice[1])
        }
        None => (None, statement),
    };
    let sid = statement["Sid"].as_str().context("a statement has an ID")?;
    let actions = one_or_several(&statement["Action"]).into_iter();
    let actions = actions.map(|action| action.as_str().map(str::to_owned));
    let resources = one_or_several(&statement["Resource"]).into_iter();
    let resources = resources.map(|resource| -> Result<Resource> {
        Ok(Resource {
            name: label(resource)?,
            optional: resource["Fn::If"][2]["Ref"] == "AWS::NoValue",
        })
    });
    Ok(Statement {
        policy: policy.to_owned(),
        sid: sid.to_owned(),
        actions: actions.collect::<Option<_>>().context("actions")?,
        resources: resources.collect::<Result<_>>()?,
        only_if,
        why: comment(source, policy, sid)?,
    })
}

/// Returns the resource as a reader of the template knows it: by the name of a resource or a parameter
/// of the template, without what is the same in all ARNs.
fn label(resource: &Value) -> Result<String> {
    if let Some(name) = resource["Ref"].as_str() {
        return Ok(name.to_owned());
    }
    if let Some(name) = resource["Fn::GetAtt"][0].as_str() {
        return Ok(name.to_owned());
    }
    if let Some(choice) = resource["Fn::If"].as_array() {
        let [_, one, other] = choice.as_slice() else {
            bail!("a choice of two");
        };
        if other["Ref"] == "AWS::NoValue" {
            return label(one);
        }
        return Ok(format!("{}, or {}", label(one)?, label(other)?));
    }
    let text = &resource["Fn::Sub"];
    let text = text.as_str().or(text[0].as_str()).or(resource.as_str());
    let text = text.with_context(|| format!("a resource: {resource}"))?;
    Ok(text
        .replace("arn:${AWS::Partition}:s3:::", "")
        .replace("arn:${AWS::Partition}:", "")
        .replace("${AWS::AccountId}", "ACCOUNT")
        .replace("${Bucket}", "LogBuckets")
        .replace("${Object}", "PinnedKeys")
        .replace(".Arn}", "}")
        .replace("${", "")
        .replace('}', ""))
}

/// Returns the comment of a statement: the lines before it and within it.
fn comment(source: &str, policy: &str, sid: &str) -> Result<String> {
    let lines: Vec<&str> = source.lines().collect();
    let start = lines
        .iter()
        .position(|line| *line == format!("  {policy}:"));
    let start = start.with_context(|| format!("no {policy}"))?;
    let at = lines[start..]
        .iter()
        .position(|line| line.trim() == format!("- Sid: {sid}"));
    let at = start + at.with_context(|| format!("no statement {sid} in {policy}"))?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_head = |line: &&&str| {
        let line = line.trim();
        line.starts_with('#')
            || line == "- !If"
            || line.starts_with("- Has")
            || line.starts_with("- Is")
    };
    let before: Vec<&str> = lines[..at]
        .iter()
        .rev()
        .take_while(is_head)
        .copied()
        .collect();
    let within = lines[at + 1..].iter();
    let within = within.take_while(|line| indent(line) > indent(lines[at]));
    let all = before.into_iter().rev().chain(within.copied());
    let texts = all.filter_map(|line| line.trim().strip_prefix('#'));
    Ok(texts.map(str::trim).collect::<Vec<_>>().join(" "))
}
