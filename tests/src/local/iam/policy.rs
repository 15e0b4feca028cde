//! The policies of a role: which statements allow an action.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::actions::Needed;
use super::condition::Conditions;

/// All policies of a role.
#[derive(Debug)]
pub struct Policies {
    statements: Vec<Statement>,
}

/// A statement that allows an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The resource of the template that the policy is part of.
    pub policy: String,
    /// The statement's ID.
    pub sid: String,
    /// The action, as the statement names it.
    pub action: String,
    /// Which one of the statement's resources it is, from 0.
    pub resource: usize,
    /// How many resources the statement has.
    pub resources: usize,
}

#[derive(Debug)]
struct Statement {
    policy: String,
    sid: String,
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Conditions,
}

impl Policies {
    /// Reads policy documents, each with the name of its resource. Refuses what it does not evaluate.
    pub fn read<'a>(documents: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Result<Self> {
        let mut statements = Vec::new();
        for (policy, document) in documents {
            for statement in one_or_several(&document["Statement"]) {
                let read = Statement::read(policy, statement);
                statements.push(read.with_context(|| format!("{policy}: {statement}"))?);
            }
        }
        Ok(Self { statements })
    }

    /// Returns every statement that allows an action on a resource; none if a statement denies it.
    pub fn decide(&self, needed: &Needed) -> Vec<Grant> {
        let mut grants = Vec::new();
        for statement in &self.statements {
            let Some((action, resource)) = statement.matches(needed) else {
                continue;
            };
            if !statement.allows {
                return Vec::new();
            }
            grants.push(Grant {
                policy: statement.policy.clone(),
                sid: statement.sid.clone(),
                action: action.to_owned(),
                resource,
                resources: statement.resources.len(),
            });
        }
        grants
    }
}

impl Statement {
    fn read(policy: &str, statement: &Value) -> Result<Self> {
        const FIELDS: [&str; 5] = ["Sid", "Effect", "Action", "Resource", "Condition"];
        let fields = statement.as_object().context("a statement is an object")?;
        if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            bail!("{other} is not evaluated");
        }
        let texts = |name: &str| -> Result<Vec<String>> {
            let values = one_or_several(&statement[name]).into_iter();
            let texts = values.map(|value| value.as_str().map(str::to_owned));
            let texts: Option<Vec<String>> = texts.collect();
            let texts = texts.with_context(|| format!("{name} is text"))?;
            ensure!(!texts.is_empty(), "{name} is empty");
            ensure!(
                !texts.iter().any(|text| text.contains("${")),
                "policy variables are not evaluated"
            );
            Ok(texts)
        };
        Ok(Self {
            policy: policy.to_owned(),
            sid: statement["Sid"].as_str().unwrap_or_default().to_owned(),
            allows: match statement["Effect"].as_str() {
                Some("Allow") => true,
                Some("Deny") => false,
                _ => bail!("Effect is Allow or Deny"),
            },
            actions: texts("Action")?,
            resources: texts("Resource")?,
            conditions: Conditions::read(&statement["Condition"])?,
        })
    }

    /// Returns the action and the number of the resource that match. Actions do not depend on case:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    fn matches(&self, needed: &Needed) -> Option<(&str, usize)> {
        let action = self.actions.iter().find(|pattern| {
            is_like(
                &pattern.to_ascii_lowercase(),
                &needed.action.to_ascii_lowercase(),
            )
        })?;
        let mut resources = self.resources.iter();
        let resource = resources.position(|pattern| is_like(pattern, &needed.resource))?;
        let holds = self.conditions.hold(&needed.context);
        holds.then_some((action.as_str(), resource))
    }
}

/// Returns whether a text matches a pattern with `*` (any text) and `?` (any character).
pub fn is_like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last `*`, and where the text that it covers ends.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, covered)) => {
                    star = Some((at, covered + 1));
                    p = at + 1;
                    t = covered + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Returns the values of a field that has one or several.
pub fn one_or_several(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn needed(action: &str, resource: &str, context: &[(&str, &str)]) -> Needed {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Needed {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: context.iter().map(owned).collect::<BTreeMap<_, _>>(),
        }
    }

    fn allows(statements: &Value, needed: &Needed) -> bool {
        let document = json!({"Statement": statements});
        let policies = Policies::read([("Role", &document)]).unwrap();
        !policies.decide(needed).is_empty()
    }

    #[test]
    fn patterns_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*/CloudTrail/*", "b/AWSLogs/1/CloudTrail/x", true),
            ("b/*/CloudTrail/*", "b/AWSLogs/1/CloudTrail-Digest/x", false),
            ("b/*/CloudTrail/*", "b/CloudTrail/x", false),
            ("s3:Get*", "s3:PutObject", false),
            ("", "a", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn an_action_on_a_resource_is_allowed_by_a_statement_that_names_both() {
        let read = json!([{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::a/x/*", "arn:aws:s3:::b/x/*"]}]);
        let document = json!({"Statement": read});
        let policies = Policies::read([("Role", &document)]).unwrap();
        let grants = policies.decide(&needed("s3:GetObject", "arn:aws:s3:::b/x/1", &[]));
        let expected = Grant {
            policy: "Role".into(),
            sid: "Read".into(),
            action: "s3:GetObject".into(),
            resource: 1,
            resources: 2,
        };
        assert_eq!(grants, [expected]);
        for (action, resource) in [
            ("s3:GetObject", "arn:aws:s3:::b/y/1"),
            ("s3:GetObjectVersion", "arn:aws:s3:::b/x/1"),
            ("s3:DeleteObject", "arn:aws:s3:::b/x/1"),
        ] {
            assert!(!allows(&read, &needed(action, resource, &[])));
        }
        assert!(allows(
            &read,
            &needed("S3:getobject", "arn:aws:s3:::a/x/1", &[])
        ));
    }

    #[test]
    fn a_denial_overrides() {
        let both = json!([
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        ]);
        assert!(allows(
            &both,
            &needed("s3:GetObject", "arn:aws:s3:::a/1", &[])
        ));
        assert!(!allows(
            &both,
            &needed("s3:DeleteObject", "arn:aws:s3:::a/1", &[])
        ));
    }

    #[test]
    fn a_condition_must_hold() {
        let new = json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
            "Condition": {"Null": {"s3:if-none-match": "false"}}}]);
        assert!(!allows(&new, &needed("s3:PutObject", "x", &[])));
        assert!(allows(
            &new,
            &needed("s3:PutObject", "x", &[("s3:if-none-match", "*")])
        ));
    }

    #[test]
    fn what_is_not_evaluated_is_refused() {
        for statement in [
            json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "NotResource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a/${aws:username}"}),
            json!({"Effect": "Allow", "Action": "s3:*"}),
            json!({"Effect": "Perhaps", "Action": "s3:*", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*",
                "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}}),
        ] {
            let document = json!({"Statement": statement});
            assert!(Policies::read([("Role", &document)]).is_err(), "{document}");
        }
    }
}
