//! What a seed decides: the trail, the attacks, and the faults.

use crate::attack::{Attack, Planned};
use crate::stage::BUCKET;
use crate::weather::{self, Outage};
use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::local::{FaultPlan, Shower};
use trailseal_tests::trail::rng::Rng;
use trailseal_tests::trail::{KmsAnomaly, KmsSpec, Trail, TrailSpec};

/// The number of hourly digests.
const HOURS: u32 = 3;

/// Each run has an account of its own: this one, and its seed.
const FIRST_ACCOUNT: u64 = 200_000_000_000;

/// What somebody does to a trail, and what breaks meanwhile.
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) trail: Trail,
    pub(crate) attacks: Vec<Planned>,
    /// How many times each waiting message is tried while calls break.
    pub(crate) rounds: u32,
    /// All calls of a kind break for some of the rounds.
    pub(crate) outage: Option<Outage>,
    showers: Vec<Shower>,
    /// Whether the evidence log is continued meanwhile.
    pub(crate) appends: bool,
    /// Whether the functions start with the run: they do not know the keys of CloudTrail and KMS yet.
    pub(crate) starts_cold: bool,
    /// Whether open incidents are looked at again meanwhile.
    pub(crate) looks: bool,
}

impl Case {
    /// Returns whether CloudTrail encrypts the trail of a seed with KMS.
    pub(crate) fn is_encrypted(seed: u64) -> bool {
        seed.is_multiple_of(4)
    }

    pub(crate) fn of(seed: u64, kms: Option<&KmsSpec>) -> Result<Self> {
        let mut rng = Rng::for_subject(seed, "faults");
        rng.next();
        let attacks = match kms {
            Some(_) => kms_attacks(&mut rng),
            None => attacks(&mut rng),
        };
        let outage = rng.one_in(3).then(|| Outage::of(&mut rng));
        let showers = weather::showers(&mut rng, kms.is_some());
        let rounds = match &outage {
            Some(outage) => outage.rounds + 1,
            None => rng.within(&(2..=4)),
        };
        let trail = trail(seed, kms, &attacks)?;
        Ok(Self {
            seed,
            trail,
            attacks,
            rounds,
            outage,
            showers,
            appends: rng.one_in(4),
            looks: rng.one_in(5),
            starts_cold: rng.one_in(2),
        })
    }

    /// Returns the account that the trail is of.
    pub(crate) fn account(&self) -> &str {
        &self.trail.spec.accounts[0]
    }

    /// Returns whether the evidence bucket accepts no incidents for so many rounds that `alerter`
    /// gives up the record of one.
    pub(crate) fn evidence_is_out(&self) -> bool {
        let outage = self.outage.as_ref();
        outage.is_some_and(|outage| outage.is_of_evidence && outage.rounds >= 4)
    }

    /// Returns the plan of faults. An outage is its first part.
    pub(crate) fn plan(&self) -> FaultPlan {
        let outage = self.outage.iter().map(Outage::shower);
        let showers = outage.chain(self.showers.iter().cloned()).collect();
        let date = self.trail.spec.start.to_string();
        FaultPlan::new(self.seed, showers).ignoring_date(date.split('T').next().unwrap_or_default())
    }
}

fn trail(seed: u64, kms: Option<&KmsSpec>, attacks: &[Planned]) -> Result<Trail> {
    let has_planted = attacks.iter().any(|it| it.attack == Attack::PlantLogFile);
    let mut spec = TrailSpec {
        seed,
        bucket: BUCKET.to_owned(),
        accounts: vec![(FIRST_ACCOUNT + seed).to_string()],
        hours: if has_planted { HOURS + 1 } else { HOURS },
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    };
    if let Some(kms) = kms {
        let mut kms = kms.clone();
        let anomalies = attacks.iter().filter_map(|planned| match planned.attack {
            Attack::Kms(kind) => Some(KmsAnomaly {
                hour: planned.hour,
                kind,
            }),
            _ => None,
        });
        kms.anomalies = anomalies.collect();
        spec.kms = Some(kms);
        // A delivery of more than three days ago does not wait for its digest.
        let yesterday = Timestamp::now() - SignedDuration::from_hours(24);
        let midnight = yesterday.to_string();
        let (day, _) = midnight.split_once('T').context("a day")?;
        spec.start = format!("{day}T00:00:00Z").parse()?;
    }
    Ok(spec.build())
}

/// Returns none to three attacks, on different files.
fn attacks(rng: &mut Rng) -> Vec<Planned> {
    let mut attacks = Vec::new();
    if rng.one_in(2) {
        attacks.push(Planned {
            attack: *rng.pick(&Attack::OF_DIGEST),
            hour: 2,
            number: 0,
        });
    }
    let has_digest = !attacks.is_empty();
    for hour in [1, 3] {
        let attack = *rng.pick(&Attack::OF_LOG_FILE);
        // That no digest lists a log file is known only if every digest around it exists.
        let is_planted = attack == Attack::PlantLogFile;
        if !(rng.one_in(3) || is_planted && has_digest) {
            attacks.push(Planned {
                attack,
                hour: if is_planted { 2 } else { hour },
                number: usize::from(rng.one_in(2)),
            });
        }
    }
    attacks
}

/// Returns none to two attacks on a trail with KMS.
fn kms_attacks(rng: &mut Rng) -> Vec<Planned> {
    let mut attacks = Vec::new();
    if !rng.one_in(4) {
        attacks.push(Planned {
            attack: *rng.pick(&Attack::OF_KMS),
            hour: 2,
            number: 0,
        });
    }
    if rng.one_in(2) {
        attacks.push(Planned {
            attack: *rng.pick(&[Attack::ModifyLogFile, Attack::AppendToLogFile]),
            hour: 3,
            number: 0,
        });
    }
    attacks
}
