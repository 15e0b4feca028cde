//! The hourly work of `functions/watchdog` and `functions/settings-monitor`.

use crate::functions::{Configuration, EVIDENCE, Function, Functions};
use crate::settings::Settings;
use crate::store::Store;
use jiff::Timestamp;
use trailseal::check::guard::{GuardSeen, GuardState, MAX_STATE_BYTES, STATE_KEY, step};
use trailseal::finding::{Report, Stamp};
use trailseal::names::ids::AccountId;
use trailseal::names::location::ObjectLocation;
use trailseal::receipt::places;
use trailseal::watch::{
    AccountMemory, Heads, LostDigest, MAX_MEMORY_BYTES, StackMemory, Totals, VerifyingFunction,
    WatchRound, WatchSettings, read_heads,
};
use trailseal::world::ReplaceEvidence as _;

/// The maximum size in bytes of what is remembered about the stack.
const MAX_STACK_BYTES: usize = 64 * 1024;

/// What a round does.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The messages for the alerter.
    pub(crate) sent: Vec<String>,
    /// The digests that are sent to functions.
    pub(crate) lost: Vec<(Function, ObjectLocation)>,
}

/// Everything that a round acts through.
pub(crate) struct Watchdog<'a> {
    pub(crate) store: &'a Store,
    pub(crate) functions: &'a Functions,
    pub(crate) configuration: &'a Configuration,
    pub(crate) settings: &'a Settings,
    pub(crate) now: Timestamp,
}

impl Watchdog<'_> {
    /// Makes a whole round.
    pub(crate) async fn round(&self) -> Round {
        let heads = read_heads(self.store).await.expect("evidence");
        let mut round = Round::default();
        let mut totals = Totals::default();
        for account in heads.accounts() {
            totals.add(self.account(&heads, &account, &mut round).await);
        }
        self.look_at_guard(&mut round).await;
        self.conclude(&totals, &mut round).await;
        round
    }

    async fn publish(&self, report: &Report, round: &mut Round) {
        self.publish_as("watchdog", report, round).await;
    }

    async fn publish_as(&self, function: &str, report: &Report, round: &mut Round) {
        let stamp = Stamp::by_function(function, self.now);
        round.sent.extend(self.functions.send(report, stamp).await);
    }

    /// Looks at the chains of one account. Returns the counts.
    async fn account(&self, heads: &Heads, account: &AccountId, round: &mut Round) -> Totals {
        let key = places::of_watched_account(account);
        let settings = WatchSettings {
            evidence_bucket: EVIDENCE.to_owned(),
            ..WatchSettings::default()
        };
        let digests = &self.functions.watchdog;
        let look = WatchRound::new(digests, self.store, heads, &settings, self.now);
        let remembered = self.recall(&key, MAX_MEMORY_BYTES).await;
        let memory = remembered.map_or_else(AccountMemory::default, |document| {
            AccountMemory::read(document.as_bytes()).expect("what it wrote itself")
        });
        let found = look.account(account, &memory).await;
        self.publish(&found.report, round).await;
        for LostDigest { at, functions } in found.lost {
            let functions = functions.into_iter().map(|function| match function {
                VerifyingFunction::DigestValidator => Function::DigestValidator,
                VerifyingFunction::LogVerifier => Function::LogVerifier,
            });
            round
                .lost
                .extend(functions.map(|function| (function, at.clone())));
        }
        self.remember(&key, found.after.to_json()).await;
        found.totals
    }

    /// Compares the settings with what is recorded, as `functions/settings-monitor` does.
    async fn look_at_guard(&self, round: &mut Round) {
        let mut seen = GuardSeen {
            buckets: self.settings.of_buckets(),
            named: self.settings.of_stack(),
        };
        let places = self.configuration.places();
        seen.named.extend(self.settings.of_trails(places, self.now));
        let recorded = self.recall(STATE_KEY, MAX_STATE_BYTES).await;
        let state = recorded.map_or_else(GuardState::default, |document| {
            GuardState::read(document.as_bytes()).expect("what it wrote itself")
        });
        let record = ObjectLocation::new(EVIDENCE, STATE_KEY);
        let step = step(&state, seen, &record, self.configuration.retention_days);
        assert!(step.unread.is_empty(), "{:?}", step.unread);
        self.publish_as("settings-monitor", &step.report, round)
            .await;
        self.remember(STATE_KEY, step.after.to_json()).await;
    }

    /// Reports what the round shows about the whole stack.
    async fn conclude(&self, totals: &Totals, round: &mut Round) {
        let key = places::of_watched_stack();
        let remembered = self.recall(&key, MAX_STACK_BYTES).await;
        let known = remembered.map(|document| StackMemory::read(document.as_bytes()));
        let (report, next) = known.unwrap_or_default().conclude(totals, self.now);
        self.publish(&report, round).await;
        self.remember(&key, next.to_json()).await;
    }

    async fn recall(&self, key: &str, limit: usize) -> Option<String> {
        let found = self.store.look_up(key, limit).await.expect("evidence");
        found.map(|found| String::from_utf8(found.document).expect("JSON"))
    }

    async fn remember(&self, key: &str, document: String) {
        let before = self.recall(key, usize::MAX).await;
        let written = self.store.replace(key, document, before.as_deref()).await;
        assert!(written.expect("evidence"), "nobody else writes it");
    }
}
