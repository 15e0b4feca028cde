//! The principals that may read encrypted log files, and how a record identifies them.
//!
//! A record names its caller in several ways: a session has its own ARN, along with the ARN of its
//! role. A pattern may match any of these names.
//!
//! Some services read with the permissions of their caller: Athena decrypts a log file as the
//! analyst's session, and the record says `invokedBy: athena.amazonaws.com` along with the session.
//! AWS writes `invokedBy`; a caller cannot.
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>

use crate::names::arn::{self, PARTITIONS, Parts};
use crate::names::ids::AccountId;
use crate::names::text::clip;
use crate::names::wildcard::wildcard_matches;
use std::borrow::Cow;
use std::fmt;

/// The maximum size in bytes of a pattern, and of a text that a pattern with an ARN's form matches:
/// the longest ARN.
const MAX_ARN_BYTES: usize = 2048;

/// The maximum length in characters of a shown name.
const MAX_SHOWN: usize = 300;

/// The mark of a pattern whose principals read only from an enclave.
const ENCLAVE_MARK: &str = "=enclave";

/// The separator between a pattern and the service through which its principals read.
const VIA_MARK: &str = "=via:";

/// The start of the service principals through which everybody reads: S3, by its own name and by
/// the name in older records. Listing them as readers does not list their users.
const SHARED_SERVICES: [&str; 2] = ["s3", "internal"];

/// The `type` of a service that makes its own calls.
const SERVICE: &str = "AWSService";

/// The reason why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an ARN pattern, a service principal or `*`, with or without `=enclave` or `=via:SERVICE` after it"
)]
pub struct PatternError {
    text: String,
}

/// A pattern of principals: an ARN, a service principal such as `athena.amazonaws.com`, or `*`.
///
/// In a pattern, `*` stands for any run of characters, including `:` and `/`, and `?` for one
/// character. A role's name may contain the comma that separates patterns and the `=` of a mark:
/// `?` matches them, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Checks `text` and keeps it.
    ///
    /// An ARN has six parts, and `*` may stand for several of them. Rule:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    ///
    /// # Errors
    /// [`PatternError`] if the text is none of the three.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let arn = text.starts_with("arn:")
            && (text.contains('*') || text.matches(':').count() >= 5)
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if text.len() <= MAX_ARN_BYTES && (arn || is_service(text) || text == "*") {
            Ok(Self(text.to_owned()))
        } else {
            Err(PatternError {
                text: shortened(text),
            })
        }
    }

    /// Returns whether the pattern matches the whole of `text`, case-sensitively.
    ///
    /// Only `*` matches a text that is longer than an ARN can be.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0 == "*" || (text.len() <= MAX_ARN_BYTES && wildcard_matches(&self.0, text))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether `text` is a service principal, or a pattern of service principals.
fn is_service(text: &str) -> bool {
    let name = text.strip_suffix(".cn").unwrap_or(text);
    name.strip_suffix(".amazonaws.com").is_some_and(|name| {
        let is_of_name =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'*' | b'?');
        !name.is_empty() && name.bytes().all(is_of_name)
    })
}

/// A pattern of principals that may read, and how they may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderRule {
    pattern: Pattern,
    how: How,
}

/// The way in which the principals of a rule read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// In any way.
    Any,
    /// Only from an enclave.
    Enclave,
    /// Only through this service principal.
    Via(String),
}

impl ReaderRule {
    /// Reads `PATTERN`; `PATTERN=enclave` for principals that read only from an enclave; or
    /// `PATTERN=via:SERVICE` for principals that read only through a service, such as
    /// `arn:aws:iam::111122223333:role/Analyst=via:athena.amazonaws.com`. The service is a service
    /// principal without `*` and `?`.
    ///
    /// # Errors
    /// [`PatternError`] if the text before the mark is not a [`Pattern`], or the text after `=via:`
    /// is not a service principal.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let error = || PatternError {
            text: shortened(text),
        };
        let (pattern, how) = match (text.strip_suffix(ENCLAVE_MARK), text.split_once(VIA_MARK)) {
            // Nobody reads from an enclave through a service.
            (Some(_), Some(_)) => return Err(error()),
            (Some(pattern), None) => (pattern, How::Enclave),
            (None, Some((pattern, service))) => {
                if !is_service(service) || service.contains(['*', '?']) {
                    return Err(error());
                }
                (pattern, How::Via(service.to_owned()))
            }
            (None, None) => (text, How::Any),
        };
        Ok(Self {
            pattern: Pattern::parse(pattern)?,
            how,
        })
    }

    fn matches(&self, who: &Principal<'_>) -> bool {
        let is_named = || who.names().any(|name| self.pattern.matches(&name));
        match &self.how {
            How::Via(service) => who.invoked_by == Some(service.as_str()) && is_named(),
            How::Any | How::Enclave => is_named() || self.is_service_of(who),
        }
    }

    /// Returns whether the rule names the service through which `who` reads, and `who` belongs to
    /// one of our accounts.
    ///
    /// Anybody can call a service, from any account. The name of a service therefore lists only
    /// principals of the accounts to which trail, key and buckets belong. A pattern of services
    /// lists no principals, and neither does S3, because everybody reads through S3.
    fn is_service_of(&self, who: &Principal<'_>) -> bool {
        let service = who
            .invoked_by
            .filter(|_| who.is_ours && who.kind != Some(SERVICE));
        service.is_some_and(|service| {
            let name = service.split('.').next().unwrap_or_default();
            service == self.pattern.0 && is_service(service) && !SHARED_SERVICES.contains(&name)
        })
    }
}

/// All principals that may read encrypted log files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    rules: Vec<ReaderRule>,
    own_roles: Vec<String>,
}

impl Readers {
    /// Returns the principals of `rules`, and the functions' own roles, by their ARNs.
    #[must_use]
    pub fn new(rules: Vec<ReaderRule>, own_roles: Vec<String>) -> Self {
        Self { rules, own_roles }
    }

    /// Returns whether there are no rules. Then everybody may read, and no reader is reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns whether `who` may read: a rule matches, there are no rules, or it is one of the
    /// functions.
    #[must_use]
    pub fn allows(&self, who: &Principal<'_>) -> bool {
        self.is_empty() || self.is_own(who) || self.rules.iter().any(|rule| rule.matches(who))
    }

    /// Returns whether `who` may read only from an enclave: a rule with the mark matches, whatever
    /// the other rules say. This never applies to the functions themselves, which are not in an
    /// enclave.
    #[must_use]
    pub fn enclave_only(&self, who: &Principal<'_>) -> bool {
        !self.is_own(who)
            && self
                .rules
                .iter()
                .any(|rule| rule.how == How::Enclave && rule.matches(who))
    }

    /// Returns whether `who` is one of the functions: a session of one of their roles.
    #[must_use]
    pub fn is_own(&self, who: &Principal<'_>) -> bool {
        who.names()
            .any(|name| self.own_roles.iter().any(|role| *role == name))
    }
}

/// The caller that a record names in its `userIdentity`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Principal<'a> {
    /// `type`: `AssumedRole`, `AWSService`, ….
    pub kind: Option<&'a str>,
    /// `arn`; `None` for services and for callers of other accounts.
    pub arn: Option<&'a str>,
    /// `sessionContext.sessionIssuer.arn`: the role (or user) that a session belongs to.
    pub session_issuer_arn: Option<&'a str>,
    /// `accountId`.
    pub account: Option<&'a str>,
    /// `invokedBy`: the service that made the call.
    pub invoked_by: Option<&'a str>,
    /// `principalId`.
    pub principal_id: Option<&'a str>,
    /// Indicates whether it belongs to an account to which the trail, the key or the log buckets
    /// belong. The record does not show it, but the rules know it.
    pub is_ours: bool,
}

impl<'a> Principal<'a> {
    /// Returns the names that a pattern may match:
    ///
    /// - the caller's ARN, and the ARN of the role that its session belongs to, with and without
    ///   the role's path;
    /// - for a caller of another account, of which the record names only the account, that
    ///   account's root, `arn:PARTITION:iam::ACCOUNT:root`;
    /// - for a service that makes its own calls, its service principal.
    pub fn names(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let arns = self.arn.into_iter().chain(self.session_issuer_arn);
        let service = self.invoked_by.filter(|_| self.kind == Some(SERVICE));
        let role = self.arn.and_then(role_of_session);
        let account = self.other_account();
        arns.chain(service)
            .map(Cow::Borrowed)
            .chain(role.map(Cow::Owned))
            .chain(account.into_iter().flat_map(|account| {
                PARTITIONS.iter().map(move |partition| {
                    Cow::Owned(format!("arn:{partition}:iam::{account}:root"))
                })
            }))
    }

    /// Returns the caller as a person would look it up: a session by its own ARN. At most 300
    /// characters.
    #[must_use]
    pub fn shown(&self) -> String {
        let service = self.invoked_by.filter(|_| self.kind == Some(SERVICE));
        if let Some(name) = self.arn.or(service).or(self.session_issuer_arn) {
            return shortened(name);
        }
        let id = self
            .principal_id
            .or(self.kind)
            .unwrap_or("an unnamed caller");
        match self.account {
            Some(account) if account != id => shortened(&format!("{id} of account {account}")),
            _ => shortened(id),
        }
    }

    /// Returns one text for all calls of the same caller: the role's ARN for sessions, the
    /// account's number for callers of another account, otherwise the shown name. At most 300
    /// characters.
    #[must_use]
    pub fn key(&self) -> String {
        if let Some(issuer) = self.session_issuer_arn {
            return shortened(issuer);
        }
        if let Some(role) = self.arn.and_then(role_of_session) {
            return shortened(&role);
        }
        match self.other_account() {
            Some(account) => format!("account {account}"),
            None => self.shown(),
        }
    }

    /// Returns the account of a caller of which the record names nothing else.
    fn other_account(&self) -> Option<&'a str> {
        let account = self.account.filter(|text| AccountId::new(text).is_ok())?;
        (self.kind == Some("AWSAccount") && self.arn.is_none()).then_some(account)
    }
}

/// Returns the role, without its path, of `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`.
/// Within an account, a role's name is unique, whatever its path.
fn role_of_session(arn: &str) -> Option<String> {
    let Parts {
        partition,
        account,
        resource,
        ..
    } = Parts::of(arn).filter(|arn| arn.service == "sts")?;
    let (role, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// Returns the text, or its two ends if it is longer than what is shown: a role's name ends its
/// ARN.
fn shortened(text: &str) -> String {
    const TAIL: usize = 100;
    let length = text.chars().count();
    if length <= MAX_SHOWN {
        return text.to_owned();
    }
    let head = clip(text, MAX_SHOWN - TAIL - 1).chars();
    let tail = text.chars().skip(length - TAIL);
    head.chain(std::iter::once('…')).chain(tail).collect()
}

/// Returns the rule of a reader, if it can match any caller. A pattern that nobody can match, such
/// as one with an account ID of eleven digits, would cause an alert for every principal that was to
/// be allowed.
#[must_use]
pub fn reader_rule(text: &str) -> Option<ReaderRule> {
    // A mark follows the first `=`. In a name, `?` stands for that character.
    let pattern = text.split('=').next().unwrap_or(text);
    let somebody = !pattern.starts_with("arn:") || arn::can_match_caller(pattern);
    ReaderRule::parse(text).ok().filter(|_| somebody)
}

#[cfg(test)]
mod tests;
