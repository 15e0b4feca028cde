//! The message that starts a round, or continues one.

use super::totals::Totals;
use crate::names::ids::AccountId;
use crate::names::text::clip_visibly;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The maximum length in characters of what an error quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// The start of a round, or of its rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tick {
    /// The last account that was visited; `None` at the start of a round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The accounts up to it that failed, and are tried again after all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// The counts of the accounts that are done.
    pub totals: Totals,
}

/// The reason why a message does not start a round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TickError {
    /// It is not a message for `watchdog`.
    #[error("the message is not {{\"watch\":{{…}}}}: {0}")]
    Malformed(String),
    /// The account after which it continues is not an account.
    #[error("`{0}` is not an account ID")]
    NoAccount(String),
}

/// A message for `watchdog`.
#[derive(Serialize, Deserialize)]
struct Message {
    watch: Tick,
}

impl Tick {
    /// Reads a message: `{"watch":{}}`, or the event of an EventBridge rule with a schedule
    /// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html>).
    ///
    /// # Errors
    /// [`TickError`].
    pub fn read(body: &str) -> Result<Self, TickError> {
        let malformed = |error: serde_json::Error| {
            TickError::Malformed(clip_visibly(error.to_string(), MAX_QUOTED_CHARS))
        };
        let value: Value = serde_json::from_str(body).map_err(malformed)?;
        if value.get("source").and_then(Value::as_str) == Some("aws.events")
            && value.get("watch").is_none()
        {
            return Ok(Self::default());
        }
        let Message { watch } = serde_json::from_value(value).map_err(malformed)?;
        for account in watch.after.iter().chain(&watch.failed) {
            AccountId::new(account).map_err(|_| {
                TickError::NoAccount(clip_visibly(account.clone(), MAX_QUOTED_CHARS))
            })?;
        }
        Ok(watch)
    }

    /// Returns whether the round has not visited an account yet.
    #[must_use]
    pub fn is_to_visit(&self, account: &AccountId) -> bool {
        let after = self.after.as_deref();
        after.is_none_or(|after| account.as_str() > after)
    }

    /// Returns the rest of the round: `visited` are the accounts that were visited since this
    /// message, `left` those that were not, and `failed` those that failed.
    #[must_use]
    pub fn rest(
        &self,
        visited: &[AccountId],
        left: &[AccountId],
        failed: &[AccountId],
        totals: Totals,
    ) -> Self {
        let newest = visited.iter().rfind(|account| self.is_to_visit(account));
        // Those that were not tried again come first.
        let waiting = left.iter().filter(|account| !self.is_to_visit(account));
        Self {
            after: newest.map(AccountId::to_string).or(self.after.clone()),
            failed: waiting.chain(failed).map(AccountId::to_string).collect(),
            totals,
        }
    }

    /// Returns the message that continues the round.
    #[must_use]
    pub fn into_message(self) -> String {
        // Numbers, names and times: JSON can hold everything in it.
        serde_json::to_string(&Message { watch: self }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Heads;

    #[test]
    fn a_round_starts_and_continues_with_its_message() {
        assert_eq!(Tick::read(r#"{"watch":{}}"#), Ok(Tick::default()));
        let scheduled = r#"{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#;
        assert_eq!(Tick::read(scheduled), Ok(Tick::default()));
        let rest = Tick {
            after: Some("111122223333".to_owned()),
            failed: vec!["111111111111".to_owned()],
            totals: Totals {
                chains: 17,
                oldest: Some("2026-01-15T12:00:00Z".parse().unwrap()),
                ..Totals::default()
            },
        };
        assert_eq!(Tick::read(&rest.clone().into_message()), Ok(rest));
    }

    /// Accounts that fail again and again keep no other account from being visited.
    #[test]
    fn failed_accounts_are_tried_again_after_all_others() {
        let ids = [
            "111111111111",
            "111122223333",
            "222222222222",
            "333333333333",
        ];
        let [a, b, c, d] = ids.map(|id| AccountId::new(id).unwrap());
        let heads = Heads {
            unread: [&a, &b, &c, &d].map(|id| (id.clone(), Vec::new())).into(),
            ..Heads::default()
        };
        let start = Tick::default();
        let all = [a.clone(), b.clone(), c.clone(), d.clone()];
        assert_eq!(heads.accounts_of(&start), all);
        let rest = start.rest(
            &all[..2],
            &all[2..],
            std::slice::from_ref(&a),
            Totals::default(),
        );
        assert_eq!(rest.after.as_deref(), Some("111122223333"));
        let next = [c.clone(), d.clone(), a.clone()];
        assert_eq!(heads.accounts_of(&rest), next);
        // Everything was visited, and two accounts are to be tried again: one was not.
        let rest = rest.rest(
            &next[..2],
            &next[2..],
            std::slice::from_ref(&d),
            Totals::default(),
        );
        assert_eq!(heads.accounts_of(&rest), [a.clone(), d.clone()]);
        let rest = rest.rest(
            std::slice::from_ref(&a),
            std::slice::from_ref(&d),
            std::slice::from_ref(&a),
            Totals::default(),
        );
        assert_eq!(rest.after.as_deref(), Some("333333333333"));
        assert_eq!(heads.accounts_of(&rest), [d, a]);
    }

    #[test]
    fn other_messages_are_refused() {
        for body in [
            "",
            "{}",
            "[]",
            "tick",
            r#"{"watch":7}"#,
            r#"{"watch":{"totals":{"chains":-1}}}"#,
            r#"{"bucket":"b","key":"k"}"#,
        ] {
            let read = Tick::read(body);
            assert!(matches!(read, Err(TickError::Malformed(_))), "{body}");
        }
        for body in [
            r#"{"watch":{"after":"x"}}"#,
            r#"{"watch":{"failed":["x"]}}"#,
        ] {
            let read = Tick::read(body);
            assert_eq!(read, Err(TickError::NoAccount("x".to_owned())), "{body}");
        }
    }
}
