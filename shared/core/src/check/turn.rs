//! Long work on the CPU that lets other work go on.

use std::future::poll_fn;
use std::task::Poll;

/// Waits until everything else that is ready to go on has had its turn.
///
/// Work that never waits cannot be interrupted: a timeout fires, and a neighbour goes on, only when
/// the work gives way. Whoever inflates or parses much calls this between two steps.
pub(crate) async fn give_way() {
    let mut gave_way = false;
    poll_fn(|context| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
