//! What goes wrong at the edge, on its way to the hub: counted by kind and subject, bounded, and never waited for.

use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Kinds and subjects that wait at most; what has no place is counted for all the others of its kind.
const MAX_WAITING: usize = 64;
/// Between two deliveries.
const PAUSE: Duration = Duration::from_secs(1);

type Waiting = HashMap<(NoticeKind, Subject), (u32, Option<IpAddr>)>;

/// All that happened since the last delivery.
#[derive(Debug, Default)]
pub(crate) struct Incidents {
    waiting: Mutex<Waiting>,
    woken: Notify,
}

impl Incidents {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It happened once more.
    pub(crate) fn tell(&self, kind: NoticeKind, subject: Subject, from: Option<IpAddr>) {
        self.add(Incident::once(kind, subject, from));
        self.woken.notify_one();
    }

    fn add(&self, incident: Incident) {
        let Incident { kind, subject, from, times, detail: _ } = incident;
        let mut waiting = self.lock();
        let full = waiting.len() >= MAX_WAITING;
        let key = (kind, subject);
        let key = if full && !waiting.contains_key(&key) { (kind, Subject::Others) } else { key };
        let (count, last) = waiting.entry(key).or_default();
        *count = count.saturating_add(times);
        *last = from.or(*last);
    }

    fn take(&self) -> Vec<Incident> {
        let waiting = std::mem::take(&mut *self.lock());
        let incident = |((kind, subject), (times, from))| Incident { kind, subject, from, times, detail: None };
        waiting.into_iter().map(incident).collect()
    }

    /// Hands over what waits, as far as there is room: boards' reports must not wait behind it.
    fn hand_over(&self, inbox: &mpsc::Sender<EdgeEvent>) {
        for incident in self.take() {
            if let Err(mpsc::error::TrySendError::Full(EdgeEvent::Incident(back))) =
                inbox.try_send(EdgeEvent::Incident(incident))
            {
                self.add(back);
                self.woken.notify_one();
            }
        }
    }
}

/// Delivers what happens, at most once a second, until `stop`.
pub(crate) async fn deliver(incidents: Arc<Incidents>, inbox: mpsc::Sender<EdgeEvent>, stop: CancellationToken) {
    let deliveries = async {
        loop {
            incidents.woken.notified().await;
            incidents.hand_over(&inbox);
            sleep_until(Instant::now() + PAUSE).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => incidents.hand_over(&inbox),
        () = deliveries => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: u32) -> Subject {
        Subject::Address(IpAddr::from(std::net::Ipv4Addr::from_bits(number)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_one_event_a_second_and_a_full_inbox_loses_nothing() {
        let incidents = Arc::new(Incidents::default());
        let (sender, mut inbox) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let task = tokio::spawn(deliver(incidents.clone(), sender, stop.clone()));
        let from = Some([192, 0, 2, 1].into());
        for _ in 0..1_000 {
            incidents.tell(NoticeKind::MqttLoginStorm, subject(1), from);
        }
        let wanted =
            Incident { kind: NoticeKind::MqttLoginStorm, subject: subject(1), from, times: 1_000, detail: None };
        tokio::time::advance(PAUSE).await;
        for _ in 0..3 {
            incidents.tell(NoticeKind::ConnectionsFull, subject(2), None);
            tokio::time::advance(PAUSE).await;
        }
        assert_eq!(inbox.recv().await, Some(EdgeEvent::Incident(wanted)));
        let Some(EdgeEvent::Incident(next)) = inbox.recv().await else { panic!("it waited for room") };
        assert_eq!((next.kind, next.times), (NoticeKind::ConnectionsFull, 3));
        stop.cancel();
        task.await.unwrap();
        assert_eq!(inbox.recv().await, None);
    }

    #[test]
    fn what_waits_is_bounded() {
        let incidents = Incidents::default();
        for number in 0..10_000 {
            incidents.tell(NoticeKind::MqttLoginStorm, subject(number), None);
        }
        let taken = incidents.take();
        assert_eq!(taken.len(), MAX_WAITING + 1);
        assert_eq!(taken.iter().map(|incident| incident.times).sum::<u32>(), 10_000, "none is lost");
    }
}
