//! Roles of IAM.

use super::bounds::{MAX_PAGES, incomplete, too_many};
use crate::ports::{ReadRoles, RoleFacts, RolePolicy};
use aws_config::SdkConfig;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_sdk_iam::types::Role;
use std::collections::HashMap;
use tokio::sync::Mutex;
use trailseal::names::url_encoding::url_decode;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

const ACTION: &str = "read the policies of the role";

/// The same for a managed policy.
const OF_POLICY: &str = "read the policy";

/// The code of the answer about a role that does not exist.
const NOT_FOUND: &str = "NoSuchEntity";

/// Calls `iam:GetRole`, `iam:ListAttachedRolePolicies`, `iam:GetPolicy`, `iam:GetPolicyVersion`,
/// `iam:ListRolePolicies` and `iam:GetRolePolicy`.
#[derive(Debug)]
pub(crate) struct IamRoles {
    client: Client,
    /// The managed policies that were read: the roles of the stack share them.
    managed: Mutex<HashMap<String, String>>,
}

impl IamRoles {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            client: Client::new(config),
            managed: Mutex::default(),
        }
    }

    /// Returns a role; `None` if it does not exist.
    async fn found(&self, name: &str) -> Result<Option<Role>, StoreError> {
        match self.client.get_role().role_name(name).send().await {
            Ok(found) => Ok(found.role),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(store_error(ACTION, name, &error)),
        }
    }

    /// Returns the ARNs of the managed policies of a role.
    async fn attached(&self, role: &str) -> Result<Vec<String>, StoreError> {
        let (mut arns, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.client.list_attached_role_policies().role_name(role);
            let page = request.set_marker(next).send().await;
            let page = page.map_err(|error| store_error(ACTION, role, &error))?;
            let found = page.attached_policies.unwrap_or_default();
            arns.extend(found.into_iter().filter_map(|policy| policy.policy_arn));
            next = page.marker.filter(|_| page.is_truncated);
            if next.is_none() {
                return Ok(arns);
            }
        }
        Err(too_many(ACTION, role))
    }

    /// Returns the names of the inline policies of a role.
    async fn inline(&self, role: &str) -> Result<Vec<String>, StoreError> {
        let (mut names, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let request = self.client.list_role_policies().role_name(role);
            let page = request.set_marker(next).send().await;
            let page = page.map_err(|error| store_error(ACTION, role, &error))?;
            names.extend(page.policy_names);
            next = page.marker.filter(|_| page.is_truncated);
            if next.is_none() {
                return Ok(names);
            }
        }
        Err(too_many(ACTION, role))
    }

    /// Returns the default version of a managed policy. Each one is read once.
    async fn managed(&self, arn: &str) -> Result<String, StoreError> {
        let mut known = self.managed.lock().await;
        if let Some(json) = known.get(arn) {
            return Ok(json.clone());
        }
        let policy = self.client.get_policy().policy_arn(arn).send().await;
        let policy = policy.map_err(|error| store_error(OF_POLICY, arn, &error))?;
        let version = policy.policy.and_then(|policy| policy.default_version_id);
        let version = version.ok_or_else(|| incomplete(OF_POLICY, arn))?;
        let request = self.client.get_policy_version().policy_arn(arn);
        let found = request.version_id(version).send().await;
        let found = found.map_err(|error| store_error(OF_POLICY, arn, &error))?;
        let json = found.policy_version.and_then(|version| version.document);
        let json = decoded(&json.ok_or_else(|| incomplete(OF_POLICY, arn))?);
        known.insert(arn.to_owned(), json.clone());
        Ok(json)
    }
}

impl ReadRoles for IamRoles {
    async fn role(&self, role: &str) -> Result<Option<RoleFacts>, StoreError> {
        let Some(found) = self.found(role).await? else {
            return Ok(None);
        };
        let mut facts = RoleFacts::default();
        let boundary = found.permissions_boundary;
        if let Some(arn) = boundary.and_then(|boundary| boundary.permissions_boundary_arn) {
            let json = self.managed(&arn).await?;
            facts.boundary = Some(RolePolicy { name: arn, json });
        }
        for arn in self.attached(role).await? {
            let json = self.managed(&arn).await?;
            facts.policies.push(RolePolicy { name: arn, json });
        }
        for name in self.inline(role).await? {
            let request = self.client.get_role_policy().role_name(role);
            let found = request.policy_name(&name).send().await;
            let found = found.map_err(|error| store_error(ACTION, role, &error))?;
            let json = decoded(&found.policy_document);
            facts.policies.push(RolePolicy { name, json });
        }
        Ok(Some(facts))
    }
}

/// "The policy returned by this operation is URL-encoded compliant with RFC 3986"
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>).
fn decoded(document: &str) -> String {
    if document.trim_start().starts_with('{') {
        return document.to_owned();
    }
    url_decode(document).unwrap_or_else(|| document.to_owned())
}
