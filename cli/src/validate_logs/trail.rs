//! The requested trail: from its ARN, or as CloudTrail describes it.

use std::future::Future;
use trailseal::names::ids::{AccountId, OrganizationId, Region, TrailArn};
use trailseal::names::object_key::{AccountFolder, Chain};
use trailseal::world::StoreError;

/// CloudTrail's description of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    /// Its ARN.
    pub(super) arn: String,
    /// Its bucket.
    pub(super) bucket: String,
    /// The prefix in that bucket.
    pub(super) prefix: Option<String>,
    /// Whether it logs the accounts of an organization.
    pub(super) owner: Owner,
}

/// The owner of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// One account.
    Account,
    /// An organization.
    Organization,
}

/// Describes trails.
pub(super) trait DescribeTrails {
    /// Returns the trails of the account that `region` knows.
    ///
    /// # Errors
    /// [`StoreError`].
    fn trails(&self, region: &Region)
    -> impl Future<Output = Result<Vec<Description>, StoreError>>;

    /// Returns the id of the account's organization.
    ///
    /// # Errors
    /// [`StoreError`].
    fn organization(&self) -> impl Future<Output = Result<String, StoreError>>;
}

/// The flags about the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The trail's ARN as given.
    pub(super) arn_text: String,
    /// The trail's ARN.
    pub(super) arn: TrailArn,
    /// The Region whose log files are validated.
    pub(super) region: Region,
    /// The account whose log files are validated, if it is not the trail's.
    pub(super) account: Option<AccountId>,
    /// The bucket and the prefix in it, if the trail is not to be looked up.
    pub(super) bucket: Option<(String, Option<String>)>,
}

/// The expected place of the digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExpectedPlace {
    /// The bucket.
    pub(super) bucket: String,
    /// The chain in it.
    pub(super) chain: Chain,
    /// Whether the trail was looked up.
    pub(super) source: Source,
}

/// The source of the expected place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The flags, which cannot name an organization.
    Flags,
    /// CloudTrail.
    CloudTrail,
}

/// The reason why the place of the digests is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum TrailError {
    /// CloudTrail or Organizations did not answer.
    #[error(transparent)]
    Request(#[from] StoreError),
    /// There is no such trail.
    #[error("A trail could not be found for {0}")]
    Unknown(String),
    /// An organization trail logs many accounts.
    #[error("Missing required parameter for organization trail: '--account-id'")]
    AccountNeeded,
    /// Organizations answered with something other than an id.
    #[error("{0}")]
    Organization(#[from] trailseal::names::ids::IdError),
}

impl Asked {
    /// Reads the flags.
    ///
    /// # Errors
    /// One line that says which flag is not possible.
    pub(super) fn read(args: &crate::args::ValidateLogsArgs) -> Result<Self, String> {
        // To the AWS CLI, an empty text is not a value.
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let arn = TrailArn::parse(&args.trail_arn)
            .map_err(|_| format!("Invalid trail ARN provided: {}", args.trail_arn))?;
        let region = match given(&args.region) {
            None => arn.home_region.clone(),
            Some(region) => Region::new(&region).map_err(|_| {
                format!("Provided region_name '{region}' doesn't match a supported format.")
            })?,
        };
        let account = given(&args.account_id)
            .map(|account| AccountId::new(&account))
            .transpose()
            .map_err(|error| format!("Invalid --account-id: {error}"))?;
        let bucket = args
            .s3_bucket
            .clone()
            .map(|bucket| (bucket, given(&args.s3_prefix)));
        Ok(Self {
            arn_text: args.trail_arn.clone(),
            arn,
            region,
            account,
            bucket,
        })
    }

    /// Determines the place of the digests.
    ///
    /// # Errors
    /// [`TrailError`].
    pub(super) async fn locate<T: DescribeTrails>(
        &self,
        trails: &T,
    ) -> Result<ExpectedPlace, TrailError> {
        if let Some((bucket, prefix)) = &self.bucket {
            return Ok(self.expected_place(bucket.clone(), prefix.clone(), None, Source::Flags));
        }
        let described = trails.trails(&self.arn.home_region).await?;
        let trail = described
            .into_iter()
            .find(|trail| trail.arn == self.arn_text)
            .ok_or_else(|| TrailError::Unknown(self.arn_text.clone()))?;
        let organization = match (trail.owner, &self.account) {
            (Owner::Account, _) => None,
            (Owner::Organization, None) => return Err(TrailError::AccountNeeded),
            (Owner::Organization, Some(_)) => {
                Some(OrganizationId::new(&trails.organization().await?)?)
            }
        };
        let prefix = trail.prefix.filter(|prefix| !prefix.is_empty());
        Ok(self.expected_place(trail.bucket, prefix, organization, Source::CloudTrail))
    }

    fn expected_place(
        &self,
        bucket: String,
        prefix: Option<String>,
        organization: Option<OrganizationId>,
        source: Source,
    ) -> ExpectedPlace {
        let account = self.account.as_ref().unwrap_or(&self.arn.account);
        ExpectedPlace {
            bucket,
            chain: Chain {
                folder: AccountFolder {
                    prefix,
                    organization,
                    account: account.clone(),
                },
                region: self.region.clone(),
                trail: self.arn.name.clone(),
                home_region: self.arn.home_region.clone(),
            },
            source,
        }
    }
}
