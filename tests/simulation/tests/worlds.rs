//! A thousand worlds. A seed is another world as soon as worlds draw otherwise, so what one found is kept as a test of the core.

use gatehouse_simulation::{Totals, simulate, simulate_telling};

/// As many worlds as every change must pass: of defects that were planted to see it, the rarest was found in world 56.
const WORLDS: u64 = 1_000;

#[test]
fn every_world_keeps_every_promise_and_is_lively() {
    let mut totals = Totals::default();
    for seed in 0..WORLDS {
        match simulate(seed) {
            Ok(one) => totals.add(&one),
            Err(broken) => panic!("{broken}"),
        }
    }
    println!("{totals}");
    let silent: Vec<_> = totals.all().into_iter().filter(|&(_, count)| count == 0).collect();
    assert!(silent.is_empty(), "in {WORLDS} worlds this never happened, so nothing is proved about it: {silent:?}");
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    let story = |seed| {
        let mut lines = Vec::new();
        let totals = simulate_telling(seed, &mut |line| lines.push(line));
        (totals, lines)
    };
    for seed in [0, 1, 2] {
        let (first, second) = (story(seed), story(seed));
        assert_eq!(first.0, second.0);
        assert_eq!(first.1.len(), second.1.len());
        if let Some((one, other)) = first.1.iter().zip(&second.1).find(|(one, other)| one != other) {
            panic!("seed {seed} differs:\n{one}\n{other}");
        }
    }
    assert_ne!(story(0).1, story(1).1);
}
