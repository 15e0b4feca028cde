//! Security Hub.

use crate::ports::{ImportFindings, Refusal, Refusals};
use aws_config::SdkConfig;
use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, Recommendation,
    RecordState, Remediation, Resource, SeverityLabel,
};
use trailseal::export::security_finding::SecurityFinding;
use trailseal::world::StoreError;
use trailseal_aws::store_error;

/// The errors of a finding that pass.
const PASSING: [&str; 3] = ["InternalFailure", "InternalException", "LimitExceeded"];

/// Security Hub in the account and the Region of the stack.
#[derive(Debug)]
pub(crate) struct SecurityHub {
    hub: Client,
}

impl SecurityHub {
    /// Returns a client.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self {
            hub: Client::new(config),
        }
    }
}

impl ImportFindings for SecurityHub {
    async fn import(&self, findings: &[SecurityFinding]) -> Result<Refusals, StoreError> {
        let imported = findings.iter().map(to_sdk);
        let request = self.hub.batch_import_findings();
        let request = request.set_findings(Some(imported.collect()));
        let answer = request.send().await;
        let answer =
            answer.map_err(|error| store_error("import findings into", "Security Hub", &error))?;
        let failed = answer.failed_findings().iter().flat_map(|failed| {
            let id = failed.id().unwrap_or_default();
            let code = failed.error_code().unwrap_or_default();
            let refusal = Refusal {
                reason: format!("{code}: {}", failed.error_message().unwrap_or_default()),
                is_final: !PASSING.contains(&code),
            };
            let of_id = findings.iter().enumerate();
            let of_id = of_id.filter(move |(_, finding)| finding.id == id);
            of_id.map(move |(position, _)| (position, refusal.clone()))
        });
        Ok(failed.collect())
    }
}

fn to_sdk(finding: &SecurityFinding) -> AwsSecurityFinding {
    let severity = FindingProviderSeverity::builder()
        .label(SeverityLabel::from(finding.label))
        .original(finding.original)
        .build();
    let provider = FindingProviderFields::builder()
        .severity(severity)
        .types(finding.kind)
        .build();
    let resources = finding.resources.iter().map(|resource| {
        let of = Resource::builder().r#type(resource.kind).id(&resource.id);
        of.build()
    });
    let remediation = finding.remediation.as_ref().map(|text| {
        let recommendation = Recommendation::builder().text(text).build();
        Remediation::builder()
            .recommendation(recommendation)
            .build()
    });
    let fields = finding.product_fields.iter();
    let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
    AwsSecurityFinding::builder()
        .schema_version(finding.schema_version)
        .id(&finding.id)
        .product_arn(&finding.product_arn)
        .generator_id(&finding.generator_id)
        .aws_account_id(&finding.aws_account_id)
        .finding_provider_fields(provider)
        .created_at(&finding.created_at)
        .updated_at(&finding.updated_at)
        .first_observed_at(&finding.first_observed_at)
        .last_observed_at(&finding.last_observed_at)
        .title(&finding.title)
        .description(&finding.description)
        .set_remediation(remediation)
        .set_product_fields(Some(fields.collect()))
        .set_resources(Some(resources.collect()))
        .record_state(if finding.is_archived {
            RecordState::Archived
        } else {
            RecordState::Active
        })
        .build()
}
