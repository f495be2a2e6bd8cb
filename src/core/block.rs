//! Blocks: the turns that routes take where they draw on one quota.
//!
//! Rounds follow one another; in each, every route has one block, and all blocks of a round fire the
//! same requests. What is compared between two routes are their blocks, round by round.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom;

use super::seed::{Purpose, Seed};
use super::time::RunTime;

/// One turn: its routes fire the requests of its round, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// From 0.
    pub round: u16,
    /// Positions of the routes in the run.
    pub routes: Vec<u16>,
    /// Of its warm-up.
    pub start: RunTime,
    /// Where the warm-up ends.
    pub measured: RunTime,
    pub end: RunTime,
}

/// How long each block takes, and the pause behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    pub warmup: Duration,
    pub measured: Duration,
    pub gap: Duration,
}

impl Block {
    /// The only block of a run in which nobody takes turns.
    pub fn whole(routes: u16, timing: Timing) -> Self {
        let measured = RunTime::from_duration(timing.warmup);
        let routes = (0..routes).collect();
        Self { round: 0, routes, start: RunTime::ZERO, measured, end: measured + timing.measured }
    }

    /// By how much earlier its records are filed, so that the blocks of a route lie end to end.
    pub fn shift(&self) -> Duration {
        let before = self.end.since(self.start) * u32::from(self.round);
        self.start.since(RunTime::ZERO).saturating_sub(before)
    }
}

/// Lays out `rounds` rounds. Routes of one group take turns, in an order that each round draws anew;
/// routes of different groups do not wait for each other.
pub fn take_turns(groups: &[Vec<u16>], rounds: u16, timing: Timing, seed: Seed) -> Vec<Arc<Block>> {
    let turns = groups.iter().map(Vec::len).max().unwrap_or(0);
    let mut blocks = Vec::with_capacity(turns * usize::from(rounds));
    let mut start = RunTime::ZERO;
    for round in 0..rounds {
        let mut draws = seed.indexed(Purpose::Turns, u64::from(round));
        let mut routes = vec![Vec::new(); turns];
        for group in groups {
            // A group with fewer routes than turns leaves some of them out, by chance as well.
            let mut order: Vec<usize> = (0..turns).collect();
            order.shuffle(&mut draws);
            group.iter().zip(order).for_each(|(route, turn)| routes[turn].push(*route));
        }
        for mut routes in routes {
            routes.sort_unstable();
            let measured = start + timing.warmup;
            let end = measured + timing.measured;
            blocks.push(Arc::new(Block { round, routes, start, measured, end }));
            start = end + timing.gap;
        }
    }
    blocks
}

/// Pauses between blocks until `now`.
pub fn idle(blocks: &[Arc<Block>], now: RunTime) -> Duration {
    let gaps = blocks.windows(2).filter(|pair| pair[1].start <= now);
    gaps.map(|pair| pair[1].start.since(pair[0].end)).sum()
}

/// How far a route had come at `now`, its blocks laid end to end.
pub fn progress(blocks: &[Arc<Block>], route: u16, now: RunTime) -> RunTime {
    let mut begun = blocks.iter().filter(|block| block.routes.contains(&route) && block.start <= now);
    begun.next_back().map_or(RunTime::ZERO, |block| now.min(block.end).before(block.shift()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const TIMING: Timing =
        Timing { warmup: Duration::from_secs(5), measured: Duration::from_secs(180), gap: Duration::from_secs(60) };

    fn blocks(seed: u64) -> Vec<Arc<Block>> {
        take_turns(&[vec![0, 2], vec![1]], 6, TIMING, Seed(seed))
    }

    #[test]
    fn every_route_has_one_block_in_each_round_and_a_group_never_two_at_once() {
        for seed in 0..20 {
            let blocks = blocks(seed);
            for round in 0..6 {
                let routes = blocks.iter().filter(|block| block.round == round).flat_map(|block| &block.routes);
                let mut routes: Vec<_> = routes.copied().collect();
                routes.sort_unstable();
                assert_eq!(routes, [0, 1, 2]);
            }
            assert!(blocks.iter().all(|block| !(block.routes.contains(&0) && block.routes.contains(&2))));
            for pair in blocks.windows(2) {
                assert_eq!(pair[1].start.since(pair[0].end), TIMING.gap);
            }
        }
    }

    #[test]
    fn the_seed_draws_the_order_and_each_round_its_own() {
        assert_eq!(blocks(1), blocks(1));
        let firsts = |seed| blocks(seed).iter().map(|block| block.routes.contains(&0)).step_by(2).collect::<Vec<_>>();
        let orders: BTreeSet<_> = (0..20).map(firsts).collect();
        assert!(orders.len() > 10, "{orders:?}");
        assert!(firsts(1).contains(&true) && firsts(1).contains(&false), "{:?}", firsts(1));
    }

    #[test]
    fn laid_end_to_end_the_blocks_of_a_route_leave_no_gap() {
        let blocks = blocks(3);
        let of_route = blocks.iter().filter(|block| block.routes.contains(&2));
        let starts: Vec<_> = of_route.map(|block| block.start.before(block.shift()).as_secs_f64()).collect();
        assert_eq!(starts, [0.0, 185.0, 370.0, 555.0, 740.0, 925.0]);
        let last = blocks.last().unwrap().end;
        assert_eq!(progress(&blocks, 2, last).as_secs_f64(), 1110.0);
        assert_eq!(idle(&blocks, last), TIMING.gap * 11);
    }
}
