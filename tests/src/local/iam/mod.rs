//! IAM between the functions and the local AWS: what a role does not allow is denied.
//!
//! A function has the credentials of its role. For each of its calls, [`actions`] lists the actions
//! that AWS would check and the resources that they are about. [`policy`] evaluates the policies of
//! the role, as `CloudFormation` resolved them. The proxy answers a call that they do not allow as AWS
//! does, so that a missing permission fails the test that needs it. [`record`] writes down which
//! statement allowed which action, to find the permissions that nothing needs.
//!
//! moto itself enforces too little: it ignores conditions, and resources for most services.

pub mod actions;
pub mod condition;
pub mod policy;
pub mod record;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use http_body_util::BodyExt;
use hyper::Request;
use serde::Deserialize;
use serde_json::Value;

use self::actions::Needed;
use self::policy::{Grant, Policies};
use super::http::{self, HttpClient};

/// The path at which `tests/local-aws/identities.py` answers.
const PATH: &str = "/_trailseal/identity";

/// The credentials of a role.
#[derive(Debug)]
pub struct Identity {
    /// The name of the session: the function that has the credentials.
    pub session: String,
    /// The role's name in its template.
    pub role: String,
    policies: Policies,
    topic_keys: BTreeMap<String, String>,
    alias_keys: BTreeMap<String, String>,
}

/// The answer of the local AWS.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    session: String,
    role: String,
    policies: Vec<NamedDocument>,
    topic_keys: BTreeMap<String, String>,
    alias_keys: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct NamedDocument {
    name: String,
    document: Value,
}

/// What a call needs and the role does not allow.
#[derive(Debug)]
pub struct Denied {
    /// The action and the resource.
    pub needed: Needed,
}

impl Identity {
    /// Reads an identity from the role's policies, each with the name of the resource that it is part
    /// of.
    pub fn new<'a>(
        session: &str,
        role: &str,
        documents: impl IntoIterator<Item = (&'a str, &'a Value)>,
    ) -> Result<Self> {
        Ok(Self {
            session: session.to_owned(),
            role: role.to_owned(),
            policies: Policies::read(documents)?,
            topic_keys: BTreeMap::new(),
            alias_keys: BTreeMap::new(),
        })
    }

    /// Returns the KMS key that a topic is encrypted with.
    pub fn key_of_topic(&self, topic: &str) -> Option<&str> {
        self.topic_keys.get(topic).map(String::as_str)
    }

    /// Returns the ARN of the key that an ARN names: its own, or that of the alias.
    pub fn key_of_alias<'a>(&'a self, arn: &'a str) -> &'a str {
        self.alias_keys.get(arn).map_or(arn, String::as_str)
    }

    /// Returns the statements that allow each action, or the first action that none allows.
    pub fn check(&self, needed: &[Needed]) -> Result<Vec<(Needed, Vec<Grant>)>, Denied> {
        let mut granted = Vec::new();
        for needed in needed {
            let grants = self.policies.decide(needed);
            if grants.is_empty() {
                return Err(Denied {
                    needed: needed.clone(),
                });
            }
            granted.push((needed.clone(), grants));
        }
        Ok(granted)
    }
}

/// The identities that a proxy has met, by access key ID.
#[derive(Debug, Default)]
pub struct Identities {
    known: Mutex<BTreeMap<String, Option<Arc<Identity>>>>,
}

impl Identities {
    /// Returns the role that an access key belongs to; `None` if it does not belong to one, as the
    /// tests' own.
    pub async fn of(
        &self,
        client: &HttpClient,
        upstream: &str,
        access_key: &str,
    ) -> Result<Option<Arc<Identity>>> {
        // Only temporary credentials are those of a role:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
        if !access_key.starts_with("ASIA") {
            return Ok(None);
        }
        if let Some(identity) = self.known().get(access_key) {
            return Ok(identity.clone());
        }
        let identity = ask(client, upstream, access_key).await?.map(Arc::new);
        self.known().insert(access_key.to_owned(), identity.clone());
        Ok(identity)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Option<Arc<Identity>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(client: &HttpClient, upstream: &str, access_key: &str) -> Result<Option<Identity>> {
    let request = Request::get(format!("{upstream}{PATH}?{access_key}")).body(http::full(""))?;
    let response = client.request(request).await.context("no answer")?;
    ensure!(response.status().is_success(), "{}", response.status());
    let bytes = response.into_body().collect().await?.to_bytes();
    let Some(answer) = serde_json::from_slice::<Option<Answer>>(&bytes)? else {
        return Ok(None);
    };
    let documents = answer.policies.iter();
    let documents = documents.map(|policy| (policy.name.as_str(), &policy.document));
    let mut identity = Identity::new(&answer.session, &answer.role, documents)?;
    identity.topic_keys = answer.topic_keys;
    identity.alias_keys = answer.alias_keys;
    Ok(Some(identity))
}
