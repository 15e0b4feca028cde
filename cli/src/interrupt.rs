//! Ctrl-C, `kill`, and a terminal that closes. The first interrupt ends the work in order, with a
//! report. The second one ends the process at once.

use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;
use trailseal_aws::Limited;

#[cfg(not(unix))]
use CtrlC as Interrupts;
#[cfg(unix)]
use UnixSignals as Interrupts;

/// Waits for the first interrupt: SIGINT, SIGTERM or SIGHUP. The second ends the process.
pub(crate) async fn first() {
    let (send, received) = oneshot::channel();
    tokio::spawn(async move {
        let Ok(mut interrupts) = Interrupts::listen() else {
            return;
        };
        interrupts.next().await;
        let _ = send.send(());
        interrupts.next().await;
        std::process::exit(130);
    });
    if received.await.is_err() {
        // No interrupt can arrive.
        std::future::pending::<()>().await;
    }
}

/// Closes a store at the first interrupt.
pub(crate) async fn close_on_interrupt<S>(objects: Arc<Limited<S>>) {
    first().await;
    objects.close();
}

/// The signals that ask a run to end. A signal that arrives between two calls of `next` is not
/// lost.
#[cfg(unix)]
struct UnixSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None if SIGHUP is ignored.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl UnixSignals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listens = listens_to_hangups();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: listens.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Returns whether SIGHUP ends a run. It does not if `nohup` started the run: `nohup` has SIGHUP
/// ignored, and listening would undo that.
///
/// Linux reports the ignored signals. On other systems, a standard error that is a terminal shows
/// that there is no `nohup`, which redirects it.
#[cfg(unix)]
fn listens_to_hangups() -> bool {
    use std::io::IsTerminal as _;
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| ignores_hangups(&status))
        .map_or_else(|| io::stderr().is_terminal(), |ignored| !ignored)
}

/// Returns whether a process ignores SIGHUP, according to the text of `/proc/PID/status`. Returns
/// none if the text does not say.
#[cfg(unix)]
fn ignores_hangups(status: &str) -> Option<bool> {
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // SIGHUP is signal 1: the lowest bit.
    Some(mask & 1 == 1)
}

#[cfg(not(unix))]
struct CtrlC;

#[cfg(not(unix))]
impl CtrlC {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_started_by_nohup_ignores_hangups() {
        let status = |mask: &str| {
            format!(
                "Name:\ttrailseal\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n"
            )
        };
        assert_eq!(ignores_hangups(&status("0000000000000001")), Some(true));
        assert_eq!(ignores_hangups(&status("0000000000001000")), Some(false));
        assert_eq!(ignores_hangups(&status("0000000000001001")), Some(true));
        assert_eq!(ignores_hangups(&status("zz")), None);
        assert_eq!(ignores_hangups(""), None);
    }
}
