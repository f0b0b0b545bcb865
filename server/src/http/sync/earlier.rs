//! Bodies of one device that are being read. A link that breaks leaves some of what it carried on its way to the disk:
//! a tablet that asks at once what arrived would be told less than will be here, and send that again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mpp_sync::ids::DeviceId;
use tokio::sync::watch;

/// How long a body says nothing before nobody waits for it: its connection may be dead without anybody knowing.
pub(super) const QUIET: Duration = Duration::from_millis(200);
/// How long an answer waits for earlier bodies.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bodies that this process reads: of each, whether something of it is on its way to the disk. Ended bodies have
/// dropped their side.
#[derive(Debug, Default)]
pub struct Bodies(Mutex<HashMap<DeviceId, Vec<watch::Receiver<bool>>>>);

/// A body that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    busy: watch::Sender<bool>,
    earlier: Vec<watch::Receiver<bool>>,
}

impl Bodies {
    /// Notes that a body of this device is being read from now on.
    pub(super) fn read(&self, device: DeviceId) -> Reading {
        let mut bodies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.retain(|_, bodies| {
            bodies.retain(|body| body.has_changed().is_ok());
            !bodies.is_empty()
        });
        let (busy, watched) = watch::channel(true);
        let bodies = bodies.entry(device).or_default();
        let earlier = bodies.clone();
        bodies.push(watched);
        Reading { busy, earlier }
    }
}

impl Reading {
    /// Everything that came so far is durable or refused, and nothing more comes for now; or something came again.
    pub(super) fn set_busy(&self, busy: bool) {
        self.busy.send_if_modified(|before| std::mem::replace(before, busy) != busy);
    }

    /// This body is done with; waits for those that began before it, but not for ever.
    pub(super) async fn after_earlier(self) {
        let Self { busy, earlier } = self;
        drop(busy);
        let all = async {
            for mut body in earlier {
                // One that ended has dropped its side.
                let _ = body.wait_for(|busy| !busy).await;
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(code = "EARLIER_BODY_SLOW", "answering while an earlier body is being read");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_waits_for_an_earlier_body_until_it_is_quiet_or_ends() {
        let (bodies, device) = (Bodies::default(), DeviceId([1; 16]));
        let (first, second) = (bodies.read(device), bodies.read(device));
        let third = bodies.read(device);
        let waiting = tokio::spawn(third.after_earlier());
        first.set_busy(false);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(second);
        waiting.await.unwrap();
        bodies.read(DeviceId([2; 16])).after_earlier().await;
        // Nothing is left of bodies that ended.
        drop(first);
        bodies.read(DeviceId([2; 16]));
        assert_eq!(bodies.0.lock().unwrap().len(), 1);
    }
}
