//! Who may read encrypted log files, and who is who in a record.
//!
//! A record names its caller in several ways: a session has an ARN of its own, beside that of the
//! role that it is a session of. A pattern may match any of these names.
//!
//! Some services read with the rights of whoever asks them: Athena decrypts a log file as the
//! analyst's session, and the record says `invokedBy: athena.amazonaws.com` beside the session. AWS
//! writes `invokedBy`; a caller cannot.
//!
//! Rules: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>

use crate::names::arn::{self, PARTITIONS};
use crate::names::ids::AccountId;
use crate::names::text::clip;
use crate::names::wildcard::wildcard_matches;
use std::borrow::Cow;
use std::fmt;

/// The most bytes of a pattern, and of a text that a pattern with an ARN's shape matches: the
/// longest ARN.
const MAX_ARN_BYTES: usize = 2048;

/// The most characters of a name that is shown.
const MAX_SHOWN: usize = 300;

/// What marks a pattern whose principals read from within an enclave only.
const ENCLAVE_MARK: &str = "=enclave";

/// What separates a pattern from the service through which its principals read.
const VIA_MARK: &str = "=via:";

/// How the service principals begin through which everybody reads: S3, by its own name and by the
/// one of older records. To list them as readers does not list whoever uses them.
const EVERYBODYS_SERVICES: [&str; 2] = ["s3", "internal"];

/// `type` of a service that calls for itself.
const SERVICE: &str = "AWSService";

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is neither an ARN pattern, a service principal nor `*`, alone or with `=enclave` or `=via:SERVICE` after it"
)]
pub struct PatternError {
    text: String,
}

/// A pattern of principals: an ARN, a service principal such as `athena.amazonaws.com`, or `*`.
///
/// In it `*` stands for any run of characters, `:` and `/` among them, and `?` for one character.
/// A role's name may hold the comma that separates patterns and the `=` of a mark: `?` matches
/// them, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Checks `text` and keeps it.
    ///
    /// An ARN has six parts, of which `*` may stand for several. Rule:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    ///
    /// # Errors
    /// [`PatternError`] when the text is none of the three.
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

    /// Whether the whole of `text` is as the pattern says. Letters' case counts.
    ///
    /// A text that is longer than an ARN can be is matched by `*` alone.
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

/// Whether `text` is a service principal, or a pattern of some.
fn is_service(text: &str) -> bool {
    let name = text.strip_suffix(".cn").unwrap_or(text);
    name.strip_suffix(".amazonaws.com").is_some_and(|name| {
        let is_of_name =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'*' | b'?');
        !name.is_empty() && name.bytes().all(is_of_name)
    })
}

/// A pattern of principals who may read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderRule {
    pattern: Pattern,
    how: How,
}

/// How the principals of a rule read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    /// In any way.
    Any,
    /// From within an enclave only.
    Enclave,
    /// Through the service of this principal only.
    Via(String),
}

impl ReaderRule {
    /// Reads `PATTERN`; `PATTERN=enclave` for principals who read from within an enclave only; or
    /// `PATTERN=via:SERVICE` for principals who read through a service only, such as
    /// `arn:aws:iam::111122223333:role/Analyst=via:athena.amazonaws.com`. The service is a service
    /// principal without `*` and `?`.
    ///
    /// # Errors
    /// [`PatternError`] when what is before the mark is no [`Pattern`], or what follows `=via:` is
    /// no service principal.
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

    /// Whether the rule names the service that `who` reads through, and `who` is of an account of
    /// ours.
    ///
    /// Anybody can ask a service, from any account. So the name of a service lists only principals
    /// of the accounts to which trail, key and buckets belong. A pattern of services lists no
    /// principals, and neither does S3: everybody reads through S3.
    fn is_service_of(&self, who: &Principal<'_>) -> bool {
        let service = who
            .invoked_by
            .filter(|_| who.is_ours && who.kind != Some(SERVICE));
        service.is_some_and(|service| {
            let name = service.split('.').next().unwrap_or_default();
            service == self.pattern.0 && is_service(service) && !EVERYBODYS_SERVICES.contains(&name)
        })
    }
}

/// Everybody who may read encrypted log files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    rules: Vec<ReaderRule>,
    own_roles: Vec<String>,
}

impl Readers {
    /// The principals of `rules`, and the functions' own roles, by their ARNs.
    #[must_use]
    pub fn new(rules: Vec<ReaderRule>, own_roles: Vec<String>) -> Self {
        Self { rules, own_roles }
    }

    /// Whether there are no rules: then everybody may read, and nobody is told of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether `who` may read: a rule matches, or there is none, or it is one of the functions.
    #[must_use]
    pub fn allows(&self, who: &Principal<'_>) -> bool {
        self.is_empty() || self.is_own(who) || self.rules.iter().any(|rule| rule.matches(who))
    }

    /// Whether `who` may read from within an enclave only: a rule with the mark matches, whatever
    /// the other rules say. The functions themselves are in no enclave and never meant.
    #[must_use]
    pub fn enclave_only(&self, who: &Principal<'_>) -> bool {
        !self.is_own(who)
            && self
                .rules
                .iter()
                .any(|rule| rule.how == How::Enclave && rule.matches(who))
    }

    /// Whether `who` is one of the functions: a session of one of their roles.
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
    /// `arn`; none for services and for callers of other accounts.
    pub arn: Option<&'a str>,
    /// `sessionContext.sessionIssuer.arn`: the role (or user) that a session is of.
    pub session_issuer_arn: Option<&'a str>,
    /// `accountId`.
    pub account: Option<&'a str>,
    /// `invokedBy`: the service that made the call.
    pub invoked_by: Option<&'a str>,
    /// `principalId`.
    pub principal_id: Option<&'a str>,
    /// Whether it is of an account to which the trail, the key or the log buckets belong: not in
    /// the record, but known to the rules.
    pub is_ours: bool,
}

impl<'a> Principal<'a> {
    /// The names that a pattern may match:
    ///
    /// - the caller's ARN, and that of the role that it is a session of, with the role's path and
    ///   without;
    /// - of a caller of another account, of whom the record tells the account alone, that
    ///   account's root, `arn:PARTITION:iam::ACCOUNT:root`;
    /// - of a service that calls for itself, its service principal.
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

    /// The caller as a person would look it up: a session by its own ARN. At most 300 characters.
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

    /// One text for all calls of the same caller: of sessions the role's ARN, of callers of another
    /// account that account's number, else what is shown. At most 300 characters.
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

    /// The account of a caller of whom the record tells no more.
    fn other_account(&self) -> Option<&'a str> {
        let account = self.account.filter(|text| AccountId::new(text).is_ok())?;
        (self.kind == Some("AWSAccount") && self.arn.is_none()).then_some(account)
    }
}

/// The role, without its path, of `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`. Within an
/// account a role's name is unique, whatever its path.
fn role_of_session(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "sts", _, account, resource] = parts.as_slice() else {
        return None;
    };
    let (role, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// The text, or its two ends where it is longer than what is shown: a role's name ends its ARN.
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

/// Who may read log files, if any caller can be meant: a pattern that nobody can match, such as
/// one with an account id of eleven digits, would be an alert for everybody who was to be allowed.
#[must_use]
pub fn reader_rule(text: &str) -> Option<ReaderRule> {
    // A mark follows the first `=`: in a name, `?` stands for that.
    let pattern = text.split('=').next().unwrap_or(text);
    let somebody = !pattern.starts_with("arn:") || arn::can_match_caller(pattern);
    ReaderRule::parse(text).ok().filter(|_| somebody)
}

#[cfg(test)]
mod tests;
