//! The demo from start to end.

use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::attack::{self, Attack};
use crate::comparison;
use crate::feed::Feed;
use crate::inbox;
use crate::record;
use crate::screen::{Screen, counted};
use crate::stage::{REGIONS, SILENT_HOURS, Stage};
use crate::verdicts::{ALERTER, TRIGGERED, Valid, Verdicts, WATCHDOG};
use trailseal_tests::local::aws_command;
use trailseal_tests::local::server::client_environment;

/// The time between two displays of the progress.
const REFRESH: Duration = Duration::from_millis(200);
/// The time between two reads of the functions' progress.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The maximum time in which the functions process what was delivered.
const VERIFIED_WITHIN: Duration = Duration::from_mins(3);
/// The message with which EventBridge starts a round of `watchdog`.
const ROUND: &str = r#"{"watch":{}}"#;
/// If no bar can be shown, the progress is printed every this many hours.
const HOURS_A_LINE: u32 = 6;

/// Runs the demo. Returns true if the functions reported exactly what was done. With `hold`, the
/// bucket stays until somebody ends the demo.
pub(crate) async fn run(screen: &Screen, hold: bool) -> Result<bool> {
    screen.line("Trailseal demo: one day of a CloudTrail trail, an attack on it, and the alerts about the attack.");
    screen.heading("1. Start a local AWS");
    let stage = Stage::set_up(screen).await?;
    let during = attack::attacks(&stage.trail)?;
    let later = [
        attack::deletion(&stage.trail)?,
        attack::silence(&stage.trail),
    ];
    let demo = Demo {
        screen,
        stage: &stage,
        during: &during,
        later: &later,
        feed: Feed::new(stage.aws.s3()),
        verdicts: RefCell::new(Verdicts::find(&stage.aws)?),
        reported: Cell::new(0),
    };
    let lived = tokio::select! {
        result = stage.carry_messages() => result.map(|never| match never {}),
        result = demo.live() => result,
    };
    lived?;
    let is_exact = demo.conclude().await?;
    if hold {
        demo.hold().await?;
    }
    Ok(is_exact)
}

struct Demo<'a> {
    screen: &'a Screen,
    stage: &'a Stage,
    /// The attacks of the attacker's hour.
    during: &'a [Attack],
    /// The deletion of a verified file, and the end of the trail.
    later: &'a [Attack; 2],
    feed: Feed,
    verdicts: RefCell<Verdicts>,
    /// How many alerts were printed when they arrived.
    reported: Cell<usize>,
}

impl Demo<'_> {
    /// Runs everything that needs the functions.
    async fn live(&self) -> Result<()> {
        let spec = &self.stage.trail.spec;
        self.screen.heading("2. A day without attacks");
        self.screen.step(&format!(
            "CloudTrail delivers the trail {} of account {} in {}. The functions verify it.",
            spec.trail_name,
            spec.accounts[0],
            REGIONS.join(", "),
        ));
        self.deliver(0..=attack::HOUR - 1).await?;
        ensure!(
            self.print_new_alerts() == 0,
            "the functions report findings on an untouched trail"
        );
        let starts = self.starts();
        ensure!(
            starts == REGIONS.len(),
            "{starts} chains are reported as new, of {} Regions",
            REGIONS.len()
        );
        let valid = self.verdicts.borrow_mut().valid()?;
        let delivered = Valid::if_untouched(&self.stage.trail, i64::from(attack::HOUR) - 1);
        ensure!(
            valid == delivered,
            "not every untouched file is called valid: {valid:?} of {delivered:?}"
        );
        self.screen.step(&format!(
            "All {} digests and {} log files so far are valid. The only alert has low severity: the trail is new in {} Regions (chain-started).",
            valid.digests, valid.log_files, starts
        ));

        self.screen
            .heading("3. An attacker who can write to the bucket");
        self.screen.step(&format!(
            "CloudTrail delivers the log files of hour {}. The digests that list them arrive after the hour.",
            attack::HOUR
        ));
        for object in attack::delivered_before(&self.stage.trail, self.during) {
            self.feed.put_log_file(&object).await?;
        }
        self.settle().await?;
        for (number, attack) in self.during.iter().enumerate() {
            self.attack_and_report(number + 1, attack).await?;
        }

        self.screen.heading("4. The last hours");
        self.screen
            .step("CloudTrail continues to deliver, and its next digests show the changes.");
        self.deliver(attack::HOUR..=spec.hours).await?;
        self.print_new_alerts();

        let [deletion, silence] = self.later;
        self.screen
            .heading("5. A verified log file is deleted, and restored");
        self.delete_and_restore(deletion).await?;
        self.screen.heading("6. The trail falls silent");
        self.fall_silent(silence).await?;
        self.screen.heading("7. What Trailseal did is on record");
        self.record().await
    }

    /// Adds all receipts and incidents to the evidence log, verifies it, and proves an hour.
    async fn record(&self) -> Result<()> {
        self.screen.step("EventBridge starts an append of the function watchdog to the evidence log: all receipts and incidents. KMS signs it.");
        tokio::time::sleep(record::SECOND).await;
        self.feed.round();
        self.stage.pump.send(WATCHDOG, record::APPEND).await?;
        self.settle().await?;
        record::show(self.screen, self.stage).await
    }

    /// Deletes a file, restores it with the command of its alert, and waits for the all-clear.
    async fn delete_and_restore(&self, attack: &Attack) -> Result<()> {
        self.attack_and_report(self.during.len() + 1, attack)
            .await?;
        let alerts = inbox::alerts(&self.stage.proxy);
        for object in &attack.objects {
            let Some(command) = inbox::command(&alerts, &object.key) else {
                bail!("the alert gives no command that restores {}", object.key);
            };
            self.screen
                .step("You run the command that the alert gives:");
            self.screen.detail(&command);
            self.feed.restored(object);
            aws_command(&self.stage.aws, REGIONS[0], &command).await?;
        }
        self.settle().await?;
        let alerts = inbox::alerts(&self.stage.proxy);
        let new = &alerts[self.reported.replace(alerts.len())..];
        let cleared = inbox::all_clears(new, &self.feed);
        for reported in &cleared {
            let seconds = reported.after.as_secs_f64();
            self.screen.all_clear(&format!(
                "{}, {seconds:.2} s after the command began",
                reported.finding.kind
            ));
        }
        ensure!(
            cleared.len() == attack.objects.len(),
            "the restored file causes no all-clear"
        );
        Ok(())
    }

    /// Lets the hourly round find that no digests arrive.
    async fn fall_silent(&self, attack: &Attack) -> Result<()> {
        let number = self.during.len() + 2;
        self.screen.step(&format!(
            "({number}) {}: {}",
            attack.region, attack.reported
        ));
        self.screen.step(&format!(
            "The last digests are {SILENT_HOURS} hours old. EventBridge starts the hourly round of the function watchdog."
        ));
        self.feed.round();
        self.stage.pump.send(WATCHDOG, ROUND).await?;
        self.settle().await?;
        self.print_new_alerts();
        Ok(())
    }

    /// Delivers hours, each after the previous one is verified: CloudTrail itself takes an hour.
    async fn deliver(&self, hours: RangeInclusive<u32>) -> Result<()> {
        let last = *hours.end();
        for hour in hours {
            let verification = async {
                self.feed.deliver_hour(&self.stage.trail, hour).await?;
                self.settle().await
            };
            self.showing(hour, verification).await?;
            self.show(hour, hour == last || (hour > 0 && hour % HOURS_A_LINE == 0))?;
        }
        self.screen.end_progress();
        Ok(())
    }

    /// Carries out an attack, and prints what the functions report about it at once.
    async fn attack_and_report(&self, number: usize, attack: &Attack) -> Result<()> {
        let (kms, key_id) = (self.stage.aws.kms(), &self.stage.key_id);
        self.screen.step(&format!(
            "({number}) {}: {}",
            attack.region, attack.reported
        ));
        for object in &attack.objects {
            self.screen.file(&object.key);
        }
        attack.carry_out(&self.feed, &kms, key_id).await?;
        self.settle().await?;
        // One after the other: the alert names the first, and the others belong to its incident.
        for object in attack.deleted() {
            self.feed.delete(object).await?;
            self.settle().await?;
        }
        if self.print_new_alerts() == 0 {
            self.screen
                .detail("No alert yet: the next digest shows the change.");
        }
        if let Some(mended) = attack.repair(&kms, key_id).await? {
            self.screen.detail(mended);
        }
        Ok(())
    }

    /// Waits until the functions have processed every event so far.
    async fn settle(&self) -> Result<()> {
        let deadline = Instant::now() + VERIFIED_WITHIN;
        loop {
            let waiting = TRIGGERED.map(|function| {
                let events = self.feed.events(function);
                events.saturating_sub(self.stage.handled.by(function))
            });
            // Their findings have reached people.
            let found = inbox::finding_messages(&self.stage.proxy).len();
            let unsent = found.saturating_sub(self.stage.handled.by(ALERTER));
            if waiting.iter().all(|events| *events == 0) && unsent == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                let tails = self.stage.pump.log_tails();
                bail!("{TRIGGERED:?} are not done with {waiting:?} events\n{tails}");
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Shows the progress while some work is in progress.
    async fn showing(&self, hour: u32, work: impl Future<Output = Result<()>>) -> Result<()> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = tokio::time::sleep(REFRESH) => self.show(hour, false)?,
            }
        }
    }

    fn show(&self, hour: u32, is_milestone: bool) -> Result<()> {
        let trail = &self.stage.trail;
        let valid = self.verdicts.borrow_mut().valid()?;
        let alerts = inbox::alerts(&self.stage.proxy).len();
        let text = format!(
            "hour {hour}/{}: valid {} digests, {} log files; KMS calls of {} files; {}",
            trail.spec.hours,
            valid.digests,
            valid.log_files,
            valid.kms,
            counted(alerts, "alert")
        );
        let total = trail.digests.len();
        self.screen
            .progress(valid.digests, total, &text, is_milestone);
        Ok(())
    }

    /// Prints findings that were alerted on and not printed before, and returns how many there are,
    /// not counting the starts of chains.
    fn print_new_alerts(&self) -> usize {
        let alerts = inbox::alerts(&self.stage.proxy);
        let new = &alerts[self.reported.replace(alerts.len())..];
        let mut found = 0;
        for reported in inbox::findings(new, &self.feed, &self.stage.proxy) {
            self.screen.alert(&comparison::describe(&reported));
            found += usize::from(!reported.is_start());
        }
        found
    }

    /// Returns how many chains were reported as new.
    fn starts(&self) -> usize {
        let alerts = inbox::alerts(&self.stage.proxy);
        let found = inbox::findings(&alerts, &self.feed, &self.stage.proxy);
        found.iter().filter(|one| one.is_start()).count()
    }

    /// Prints how to inspect the bucket with the command, and waits to be ended.
    async fn hold(&self) -> Result<()> {
        let aws = &self.stage.aws;
        let bucket = &self.stage.trail.spec.bucket;
        let environment: Vec<String> = client_environment(aws.endpoint(), REGIONS[0])
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.screen.heading("11. Try the command on the bucket");
        self.screen.line(&format!(
            "The bucket remains until you press Ctrl-C. In another terminal, run:\n\n  export {}\n  cargo run --release -p trailseal-cli -- verify s3://{bucket} --unlisted",
            environment.join(" ")
        ));
        std::future::pending().await
    }

    /// Prints the alerts themselves and the AWS CLI's verdict, and returns whether everything was
    /// reported.
    async fn conclude(&self) -> Result<bool> {
        let (screen, trail) = (self.screen, &self.stage.trail);
        let alerts = inbox::alerts(&self.stage.proxy);
        screen.heading("8. The alerts, as an email subscriber receives them");
        for received in &alerts {
            screen.mail(&received.alert);
        }

        screen.heading("9. The result of `aws cloudtrail validate-logs` for the same bucket");
        screen.step("The AWS CLI validates the whole day, one Region at a time.");
        let cli_verdicts = comparison::ask_the_cli(&self.stage.aws, trail).await?;
        screen.step("The AWS CLI has finished.");
        screen.heading("10. Trailseal and the AWS CLI compared");
        let mut reported = inbox::findings(&alerts, &self.feed, &self.stage.proxy);
        // A new trail is not an attack.
        reported.retain(|one| !one.is_start());
        let attacks: Vec<&Attack> = self.during.iter().chain(self.later).collect();
        comparison::print_verdicts(screen, trail, &attacks, &reported, &cli_verdicts);
        comparison::print_totals(screen, trail, &cli_verdicts);
        screen.line("");
        let is_exact = comparison::print_conclusion(screen, &attacks, &reported)
            & comparison::print_latency(screen, &reported, alerts.len());
        let valid = self.verdicts.borrow_mut().valid()?;
        Ok(comparison::print_untouched(screen, trail, &attacks, valid) && is_exact)
    }
}
