//! Routes that draw on one quota take turns, in blocks.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::load::Offered;
use crate::cli::exit::{Code, Failure};
use crate::core::Seed;
use crate::core::block::{Block, Timing, take_turns};
use crate::core::phase::Phases;
use crate::core::run::World;
use crate::core::units::{Span, typed};
use crate::profile::Profile;

/// Measured time of a block, unless it is given, and at least: quotas refill by the minute.
pub const SHORTEST: Span = Span(Duration::from_secs(180));
const SHORTEST_GAP: Span = Span(Duration::from_secs(60));
/// With fewer nothing can be compared.
const USUAL_BLOCKS: u16 = 6;

#[derive(Clone, Copy, Debug, Args)]
pub struct TurnArgs {
    /// Blocks per route, where routes that share a Region's quota take turns; -d is then the measured time of
    /// each, 3m at least. Fewer than 6 compare nothing [default: 6]
    #[arg(long, value_name = "N", conflicts_with_all = ["modelled", "concurrency"], value_parser = clap::value_parser!(u16).range(1..=1_000))]
    blocks: Option<u16>,
    /// Pause between two blocks, 60s at least: quotas refill by the minute [default: 60s]
    #[arg(long, value_name = "TIME", conflicts_with_all = ["modelled", "concurrency"])]
    block_gap: Option<Span>,
    /// Allow shorter blocks and pauses: a rehearsal against `bedbench mock`, and no measurement of Bedrock
    #[arg(long, conflicts_with_all = ["modelled", "concurrency"], requires = "endpoint")]
    short_blocks: bool,
}

/// Who takes turns with whom, and how often.
pub struct Turns {
    groups: Vec<Vec<u16>>,
    pub rounds: u16,
    gap: Duration,
    short: bool,
}

impl TurnArgs {
    /// Each route once.
    pub fn once(mut self) -> Self {
        self.blocks = Some(1);
        self
    }

    /// `None` where no two routes share a quota: each has its own, or a world of its own.
    ///
    /// # Errors
    /// When blocks are asked for and nobody takes turns, or the pause is too short.
    pub fn resolve(self, profile: &Profile, world: World) -> Result<Option<Turns>, Failure> {
        let groups = profile.groups();
        if world.is_modelled() || groups.iter().all(|group| group.len() == 1) {
            return match self.blocks.is_some() || self.block_gap.is_some() || self.short_blocks {
                true => Err(Failure::new(
                    Code::Turns,
                    "no two routes share a quota, so none takes turns; leave out --blocks, --block-gap and --short-blocks",
                )),
                false => Ok(None),
            };
        }
        let gap = self.block_gap.unwrap_or(SHORTEST_GAP);
        if gap.0 < SHORTEST_GAP.0 && !self.short_blocks {
            return Err(Failure::new(
                Code::Turns,
                format!(
                    "--block-gap {}: quotas refill by the minute, so a pause lasts {} at least; for a rehearsal at an \
                     --endpoint add --short-blocks",
                    typed(gap.0),
                    typed(SHORTEST_GAP.0)
                ),
            ));
        }
        let rounds = self.blocks.unwrap_or(USUAL_BLOCKS);
        Ok(Some(Turns { groups, rounds, gap: gap.0, short: self.short_blocks }))
    }
}

impl Turns {
    /// # Errors
    /// When a block is too short for a quota that refills by the minute.
    pub fn lay_out(&self, offered: &Offered, seed: Seed) -> Result<(Vec<Arc<Block>>, Phases), Failure> {
        if offered.duration < SHORTEST.0 && !self.short {
            return Err(Failure::new(
                Code::Turns,
                format!(
                    "--duration {}: routes that share a quota take turns, and each block lasts {} at least; raise it, \
                 fire one of them alone with --route, or for a rehearsal at an --endpoint add --short-blocks",
                    typed(offered.duration),
                    typed(SHORTEST.0)
                ),
            ));
        }
        let timing = Timing { warmup: offered.warmup, measured: offered.duration, gap: self.gap };
        let steady = offered.phases(Vec::new()).iter().all(|phase| phase.steady);
        let phases = Phases::of_blocks(self.rounds, offered.warmup, offered.duration, steady);
        Ok((take_turns(&self.groups, self.rounds, timing, seed), phases))
    }
}
