//! Ctrl-C: the first ends the work in order, the second one at once.

use std::io;
use std::sync::Arc;
use tokio::sync::oneshot;
use trailseal::aws::Limited;

/// Waits for the first interrupt. The second ends the process.
pub(crate) async fn first() {
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        if interrupt().await.is_ok() {
            let _ = tell.send(());
            if interrupt().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    if told.await.is_err() {
        // There will be none.
        std::future::pending::<()>().await;
    }
}

/// Closes a store at the first interrupt.
pub(crate) async fn close_at_first<S>(objects: Arc<Limited<S>>) {
    first().await;
    objects.close();
}

#[cfg(unix)]
async fn interrupt() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupt() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}
