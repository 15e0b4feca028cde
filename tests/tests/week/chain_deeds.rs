//! Tampering with the log files and digests of one chain.

use crate::deed::{Claim, Deed, Planned};
use crate::deliveries::Deliveries;
use crate::functions::Function;
use crate::kinds::Kind;
use crate::world::Act;
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::tamper::digest::{self as tamper_digest, ClaimedKey};
use trailseal_tests::trail::tamper::log as tamper_log;
use trailseal_tests::trail::{DigestFile, Object, Trail};

/// The findings about a digest that is not what CloudTrail signed: by its event, by the event of
/// the next digest, and by the look at its versions.
const OF_BAD_DIGEST: [&str; 2] = ["object-overwritten", "digest-modified"];

/// The findings about a log file that is not what CloudTrail signed.
const OF_BAD_LOG_FILE: [&str; 4] = [
    "object-overwritten",
    "log-file-modified",
    "log-file-malformed",
    "log-file-trailing-data",
];

/// A part of a chain in which one tampering takes place.
pub(crate) struct Scene<'a> {
    pub(crate) kind: Kind,
    pub(crate) trail: &'a Trail,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    /// The first hour of the part.
    pub(crate) hour: u32,
    pub(crate) rng: Rng,
}

impl Scene<'_> {
    /// Returns the digest of an hour of the part, counted from 0.
    fn digest(&self, hour: u32) -> &DigestFile {
        self.trail
            .digest(self.account, self.region, self.hour + hour)
    }

    fn arrival(&self, hour: u32) -> Timestamp {
        self.digest(hour).object.delivered_at
    }

    /// Returns a log file that the digest of the part's first whole hour lists.
    fn log_file(&self) -> Object {
        self.trail.logs_of(self.digest(1))[0].object.clone()
    }

    fn within(&mut self, seconds: std::ops::RangeInclusive<u32>) -> SignedDuration {
        SignedDuration::from_secs(self.rng.within(&seconds).into())
    }

    /// Returns a time after the log file was written and before its digest arrives.
    fn early(&mut self) -> Timestamp {
        self.log_file().delivered_at + self.within(60..=240)
    }

    /// Returns a time after the digest was verified and before the next one arrives.
    fn soon(&mut self) -> Timestamp {
        self.arrival(1) + self.within(60..=1200)
    }

    /// Returns a time after the digest that follows was verified.
    fn late(&mut self) -> Timestamp {
        self.arrival(2) + self.within(60..=3000)
    }

    /// Plans the tampering.
    pub(crate) fn plan(mut self, deliveries: &mut Deliveries) -> Planned {
        use Kind::{
            DigestEdited, DigestEditedLate, DigestErasedLate, DigestForged, DigestHidden,
            DigestHiddenSilently, DigestJunk, DigestReplaced, DigestStripped, DigestsKeptBack,
        };
        match self.kind {
            DigestHidden | DigestHiddenSilently | DigestErasedLate | DigestsKeptBack => {
                self.digest_missing(deliveries)
            }
            DigestEdited | DigestEditedLate | DigestStripped | DigestForged | DigestReplaced
            | DigestJunk => self.digest_replaced(),
            Kind::ChainGap | Kind::TrailRestarted | Kind::TrailStopped => self.chain(),
            Kind::LogPlantedNew | Kind::LogPlantedOld | Kind::LogPlantedSilently => {
                self.log_planted()
            }
            Kind::LogHiddenEarly
            | Kind::LogHiddenLate
            | Kind::LogErasedLate
            | Kind::LogExpired
            | Kind::LogErasedSilently => self.log_missing(),
            _ => self.log_replaced(deliveries),
        }
    }

    /// Returns the tampering at a time. The first key is that of the object which must be reported.
    fn planned(
        &self,
        (at, since): (Timestamp, Timestamp),
        claims: &[(&'static str, &str)],
        acts: Vec<(Timestamp, Act)>,
    ) -> Planned {
        let facts = self.kind.facts();
        assert_eq!(facts.finding, claims[0].0, "{:?}", self.kind);
        let (account, region, hour) = (self.account, self.region, self.hour);
        Planned {
            deed: Deed {
                kind: self.kind,
                what: format!("in {account} {region} from hour {hour}"),
                at,
                since,
                claims: claims
                    .iter()
                    .map(|(kind, key)| Claim::of_key(kind, key))
                    .collect(),
                repaired_at: None,
            },
            acts,
        }
    }

    /// A log file is overwritten.
    fn log_replaced(&mut self, deliveries: &mut Deliveries) -> Planned {
        let log = self.log_file();
        let object = match self.kind {
            Kind::LogCutEarly | Kind::LogCutLate => tamper_log::cut_in_half(&log),
            Kind::LogNotGzipEarly => tamper_log::not_gzip(&log),
            Kind::LogAppendedEarly => tamper_log::junk_after(&log),
            _ => tamper_log::modified(&log),
        };
        let is_late = matches!(self.kind, Kind::LogModifiedLate | Kind::LogCutLate);
        let at = if is_late {
            self.arrival(1) + self.within(600..=4200)
        } else {
            self.early()
        };
        let is_silent = self.kind == Kind::LogModifiedSilently;
        if is_silent {
            let lost = [Function::DigestValidator, Function::LogVerifier];
            deliveries.lose(&self.digest(1).object, &lost);
        }
        let since = if is_late { at } else { self.arrival(1) };
        let mut claims = vec![(self.kind.facts().finding, log.key.as_str())];
        claims.extend(OF_BAD_LOG_FILE.map(|kind| (kind, log.key.as_str())));
        let act = Act::Write { object, is_silent };
        self.planned((at, since), &claims, vec![(at, act)])
    }

    /// A log file is deleted.
    fn log_missing(&mut self) -> Planned {
        let log = self.log_file();
        let is_early = matches!(self.kind, Kind::LogHiddenEarly | Kind::LogErasedSilently);
        let at = if is_early {
            self.early()
        } else {
            self.arrival(1) + self.within(600..=4200)
        };
        let is_silent = self.kind == Kind::LogErasedSilently;
        let object = log.clone();
        let act = match self.kind {
            Kind::LogHiddenEarly | Kind::LogHiddenLate => Act::Hide { object, is_silent },
            Kind::LogExpired => Act::Expire(object),
            _ => Act::Erase { object, is_silent },
        };
        let since = if is_silent { self.arrival(1) } else { at };
        let claims = [
            (self.kind.facts().finding, log.key.as_str()),
            ("object-deleted", &log.key),
            ("log-file-missing", &log.key),
        ];
        let mut planned = self.planned((at, since), &claims, vec![(at, act)]);
        if self.kind == Kind::LogHiddenLate {
            let repaired_at = at + self.within(1200..=5400);
            planned.deed.repaired_at = Some(repaired_at);
            planned.acts.push((repaired_at, Act::Unhide(log)));
        }
        planned
    }

    /// A log file is planted, which has the name of one that might be CloudTrail's.
    fn log_planted(&mut self) -> Planned {
        let log = self.log_file();
        let mut object = tamper_log::modified(&log);
        let (name, _) = log.key.rsplit_once('_').expect("a log file's name");
        object.key = format!("{name}_{:016x}.json.gz", self.rng.next());
        let at = if self.kind == Kind::LogPlantedOld {
            self.arrival(3) + self.within(600..=2400)
        } else {
            self.early()
        };
        let claims = [("log-file-unlisted", object.key.as_str())];
        let act = Act::Write {
            object: object.clone(),
            is_silent: self.kind == Kind::LogPlantedSilently,
        };
        self.planned((at, at), &claims, vec![(at, act)])
    }

    /// A digest is deleted, or two of them are.
    fn digest_missing(&mut self, deliveries: &mut Deliveries) -> Planned {
        let object = self.digest(1).object.clone();
        let key = object.key.as_str();
        match self.kind {
            Kind::DigestsKeptBack => {
                let second = self.digest(2).object.clone();
                deliveries.keep_back(&object);
                deliveries.keep_back(&second);
                let claims = [("digest-missing", second.key.as_str())];
                let times = (self.arrival(1), self.arrival(3));
                self.planned(times, &claims, Vec::new())
            }
            Kind::DigestErasedLate => {
                let at = self.late();
                let claims = [("object-deleted", key)];
                let act = Act::Erase {
                    object: object.clone(),
                    is_silent: false,
                };
                self.planned((at, at), &claims, vec![(at, act)])
            }
            _ => {
                let at = self.soon();
                let is_silent = self.kind == Kind::DigestHiddenSilently;
                let since = if is_silent { self.arrival(2) } else { at };
                let claims = [
                    (self.kind.facts().finding, key),
                    ("digest-missing", key),
                    ("object-deleted", key),
                ];
                let act = Act::Hide {
                    object: object.clone(),
                    is_silent,
                };
                self.planned((at, since), &claims, vec![(at, act)])
            }
        }
    }

    /// A digest is overwritten.
    fn digest_replaced(&mut self) -> Planned {
        let digest = self.digest(1).clone();
        let genuine = &digest.object;
        let (object, kind) = match self.kind {
            Kind::DigestStripped => (
                tamper_digest::without_metadata(genuine),
                "digest-signature-missing",
            ),
            Kind::DigestForged => {
                let forged = tamper_digest::signed_by_rogue(&digest, ClaimedKey::Own, |_| {});
                (forged.object, "digest-key-unknown")
            }
            Kind::DigestReplaced => {
                let older = &self.digest(0).object;
                let moved = tamper_digest::copied_to(older, &genuine.location());
                (moved, "digest-moved")
            }
            Kind::DigestJunk => (tamper_log::not_json(genuine), "digest-malformed"),
            _ => (
                tamper_digest::without_first_log(&digest),
                "digest-signature-invalid",
            ),
        };
        let at = match self.kind {
            Kind::DigestEditedLate => self.late(),
            _ => self.soon(),
        };
        let key = genuine.key.as_str();
        let mut claims = vec![(self.kind.facts().finding, key), (kind, key)];
        claims.extend(OF_BAD_DIGEST.map(|kind| (kind, key)));
        let act = Act::Write {
            object,
            is_silent: false,
        };
        self.planned((at, at), &claims, vec![(at, act)])
    }

    /// The chain itself has a gap: the trail is generated like that.
    fn chain(&mut self) -> Planned {
        match self.kind {
            Kind::ChainGap => {
                let at = self.arrival(1);
                let key = &self.digest(1).object.key;
                self.planned((at, at), &[("chain-gap", key)], Vec::new())
            }
            Kind::TrailRestarted => {
                let restart = &self.digest(4).object;
                let at = self.trail.spec.start + hours(self.hour + 1);
                let claims = [("chain-restarted", restart.key.as_str())];
                self.planned((at, restart.delivered_at), &claims, Vec::new())
            }
            _ => {
                let last = &self.digest(1).object;
                let restart = &self.digest(11).object;
                let at = self.trail.spec.start + hours(self.hour + 1);
                let claims = [
                    ("digest-overdue", last.key.as_str()),
                    ("chain-restarted", &restart.key),
                ];
                self.planned((at, at), &claims, Vec::new())
            }
        }
    }
}

/// Returns the number of hours as a duration.
pub(crate) fn hours(hours: u32) -> SignedDuration {
    SignedDuration::from_hours(hours.into())
}
