//! How fast integrations may command.

use crate::limits::Limits;
use gatehouse_core::name::BoardId;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Commands at once, and how long each takes to come back.
type Allowance = (u32, Duration);

/// Holds each integration to a pace, whatever the number of its connections, and all of them together for each board:
/// one that floods crowds out neither people nor, at other boards, its like.
pub(crate) struct Pace {
    debts: Mutex<Debts>,
    per_integration: Allowance,
    per_board: Allowance,
}

/// When all that was taken will have come back. Only those who log in and boards that are claimed come to be here, and
/// who owes nothing is forgotten, so these are few.
#[derive(Default)]
struct Debts {
    integrations: HashMap<Arc<str>, Instant>,
    boards: HashMap<BoardId, Instant>,
}

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let (per_integration, per_board) = (limits.commands_per_integration, limits.commands_per_board);
        Self { debts: Mutex::default(), per_integration, per_board }
    }

    /// Takes one command, if there is one left for this integration and for this board.
    pub(crate) fn take(&self, user: &Arc<str>, board: &BoardId, now: Instant) -> bool {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        let left = has_left(&debts.integrations, user, self.per_integration, now)
            && has_left(&debts.boards, board, self.per_board, now);
        if left {
            owe(&mut debts.integrations, user, self.per_integration, now);
            owe(&mut debts.boards, board, self.per_board, now);
        }
        left
    }
}

fn has_left<K: Hash + Eq>(debts: &HashMap<K, Instant>, key: &K, (burst, each): Allowance, now: Instant) -> bool {
    let owed = debts.get(key).map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
    burst.checked_sub(1).is_some_and(|others| owed <= each * others)
}

fn owe<K: Hash + Eq + Clone>(debts: &mut HashMap<K, Instant>, key: &K, (_, each): Allowance, now: Instant) {
    if !debts.contains_key(key) {
        debts.retain(|_, until| *until > now);
    }
    let until = debts.entry(key.clone()).or_insert(now);
    *until = (*until).max(now) + each;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn board(id: &str) -> BoardId {
        BoardId::new(id).unwrap()
    }

    #[test]
    fn an_integration_and_a_board_have_so_many_commands_and_get_them_back() {
        let limits =
            Limits { commands_per_integration: (3, SECOND), commands_per_board: (2, SECOND), ..Limits::default() };
        let (pace, now) = (Pace::new(&limits), Instant::now());
        let (one, other): (Arc<str>, Arc<str>) = ("one".into(), "other".into());
        assert!(pace.take(&one, &board("a"), now) && pace.take(&one, &board("a"), now));
        assert!(!pace.take(&one, &board("a"), now), "the board has no more");
        assert!(!pace.take(&other, &board("a"), now), "for nobody");
        assert!(pace.take(&one, &board("b"), now), "what was refused cost nothing");
        assert!(!pace.take(&one, &board("c"), now), "the integration has no more");
        assert!(pace.take(&other, &board("c"), now), "the others have");
        assert!(!pace.take(&one, &board("a"), now + SECOND - Duration::from_millis(1)));
        assert!(pace.take(&one, &board("a"), now + SECOND));
        assert!(!pace.take(&one, &board("a"), now + SECOND));
    }

    #[test]
    fn who_owes_nothing_is_forgotten() {
        let (pace, now) = (Pace::new(&Limits::default()), Instant::now());
        for i in 0..100 {
            assert!(pace.take(&i.to_string().into(), &board(&i.to_string()), now));
        }
        assert!(pace.take(&"last".into(), &board("last"), now + 60 * SECOND));
        let debts = pace.debts.lock().unwrap();
        assert_eq!((debts.integrations.len(), debts.boards.len()), (1, 1));
    }

    #[test]
    fn integrations_leave_people_room_in_the_queue_of_a_board() {
        let limits = Limits::default();
        assert!(limits.commands_per_board.0 as usize <= limits.orders_waiting / 2);
    }
}
