//! Long CPU work that lets other work continue.

use std::future::poll_fn;
use std::task::Poll;

/// Waits until all other ready work has had its turn.
///
/// Work that never waits cannot be interrupted: a timeout fires, and other work continues, only
/// when it yields. Code that inflates or parses much calls this function between two steps.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
