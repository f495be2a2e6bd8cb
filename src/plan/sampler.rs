//! A workload under one seed: what each request asks for, and how long its answer is.

use rand::RngExt;

use super::trace::Trace;
use super::workload::{LengthLaw, Workload};
use crate::core::seed::{Purpose, Seed};
use crate::core::{Request, RequestKey, RunTime};

/// Draws by position in the plan alone, so that no draw disturbs another. Cheap to clone; what its
/// laws need is worked out once, for plans have millions of requests.
#[derive(Clone, Debug)]
pub struct Sampler {
    seed: Seed,
    input: LengthLaw,
    output: LengthLaw,
    max_tokens: u32,
    token_multiplier: f64,
    cache_hit_rate: f64,
    trace: Option<Trace>,
}

impl Sampler {
    pub fn new(workload: &Workload, seed: Seed) -> Self {
        Self {
            seed,
            input: workload.input.law(),
            output: workload.output.law(),
            max_tokens: workload.max_tokens,
            token_multiplier: workload.token_multiplier,
            cache_hit_rate: workload.cache_hit_rate,
            trace: workload.trace.clone(),
        }
    }

    /// The same workload under another seed.
    pub fn under(&self, seed: Seed) -> Self {
        Self { seed, ..self.clone() }
    }

    /// Request `index` of the plan.
    pub fn request(&self, index: u32, intended: RunTime) -> Request {
        let recorded = self.trace.as_ref().and_then(|trace| trace.rows().get(index as usize));
        let tokens = recorded.map_or_else(
            || self.input.sample(&mut self.seed.indexed(Purpose::InputLength, u64::from(index))),
            |row| row.input_tokens,
        );
        let input_tokens = ((f64::from(tokens) * self.token_multiplier).round() as u32).max(1);
        Request { index, intended, input_tokens, max_tokens: self.max_tokens }
    }

    /// Whether the application's own cache answers request `index`. A higher rate keeps every hit of
    /// a lower one, so that two rates can be compared request by request.
    pub fn cache_hit(&self, index: u32) -> bool {
        // Most workloads have no cache, and plans have millions of requests.
        self.cache_hit_rate > 0.0
            && self.seed.indexed(Purpose::ResponseCache, u64::from(index)).random::<f64>() < self.cache_hit_rate
    }

    /// What the model would like to write to the request named `key`: the same on every route and
    /// attempt.
    pub fn output(&self, key: RequestKey) -> u32 {
        // The keys of a plan are its positions; those of foreign clients lie far beyond any trace.
        let recorded = self.trace.as_ref().and_then(|trace| trace.rows().get(usize::try_from(key.0).ok()?));
        recorded.map_or_else(
            || self.output.sample(&mut self.seed.indexed(Purpose::OutputLength, key.0)),
            |row| row.output_tokens,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_lengths_take_the_place_of_drawn_ones_as_far_as_they_go() {
        let trace = Trace::read(b"offset,input_tokens,output_tokens\n0,100,7\n1,200,8\n").unwrap();
        let workload = Workload { trace: Some(trace), token_multiplier: 0.5, ..Workload::fixed(10, 4) };
        let sampler = Sampler::new(&workload, Seed(1));
        let asked = |index| sampler.request(index, RunTime::ZERO).input_tokens;
        assert_eq!([asked(0), asked(1), asked(2)], [50, 100, 5], "shortened as any other prompt");
        let written = |key| sampler.output(RequestKey(key));
        assert_eq!([written(0), written(1), written(2), written(u64::MAX)], [7, 8, 4, 4]);
    }
}
