//! The credentials of a role.

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use aws_sdk_sts::Client;
use std::time::SystemTime;

/// Calls `sts:AssumeRole`. The SDK's own provider can ask the whole default chain for credentials,
/// and therefore contains it.
#[derive(Debug)]
pub(super) struct Role {
    client: Client,
    arn: String,
    session: &'static str,
}

impl Role {
    /// Assumes the role with the credentials of `config`, in a session of this name.
    pub(super) fn new(config: &SdkConfig, arn: String, session: &'static str) -> Self {
        let config = aws_sdk_sts::config::Builder::from(config)
            .identity_cache(IdentityCache::no_cache())
            .build();
        Self {
            client: Client::from_conf(config),
            arn,
            session,
        }
    }

    async fn assume(&self) -> Result {
        let answer = self
            .client
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(self.session)
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        let incomplete = || CredentialsError::unhandled("the answer of STS has no credentials");
        let assumed = answer.credentials.ok_or_else(incomplete)?;
        let expires = SystemTime::try_from(assumed.expiration);
        Ok(Credentials::builder()
            .access_key_id(assumed.access_key_id)
            .secret_access_key(assumed.secret_access_key)
            .session_token(assumed.session_token)
            .expiry(expires.map_err(CredentialsError::unhandled)?)
            .provider_name("AssumeRole")
            .build())
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
