//! The residency ledger: what was sent where, by Region called, by where it may have been processed, by country.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::record::{AttemptRecord, Tokens};
use crate::core::region::Jurisdiction;
use crate::core::residency::{Anywhere, Processing, Standing};
use crate::core::run::RouteHead;
use crate::core::{Outcome, RegionId};
use crate::measure::{Recorder, Summary};

/// What the counts are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Every attempt of the run, the warm-up's included.
    Everything,
    /// The measured time alone: nothing else was kept.
    MeasuredTime,
}

/// What one target of one route was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub route: String,
    pub standing: Standing,
    /// Whose endpoint was called.
    pub region: RegionId,
    pub model: String,
    /// Where the service may process the call, as it was checked before the first byte.
    pub processed_in: Processing,
    pub attempts: BTreeMap<Outcome, u64>,
    /// As the service counted them: an attempt that failed may have used some, and nobody is told.
    pub tokens: Tokens,
    /// Of the prompts' text, of all attempts; absent where prompts were not written or are not known.
    pub prompt_bytes: Option<u64>,
}

impl Line {
    pub fn attempts(&self) -> u64 {
        self.attempts.values().sum()
    }

    pub fn count(&self, outcome: Outcome) -> u64 {
        self.attempts.get(&outcome).copied().unwrap_or(0)
    }

    /// Takes in another target of the same route and Region, before anything is counted.
    fn join(&mut self, other: Self) {
        self.model += &format!(", {}", other.model);
        match (&mut self.processed_in, other.processed_in) {
            (Processing::Within(mine), Processing::Within(theirs)) => {
                theirs.into_iter().for_each(|region| {
                    if !mine.contains(&region) {
                        mine.push(region)
                    }
                });
            }
            (mine, theirs @ Processing::Anywhere(_)) => *mine = theirs,
            (Processing::Anywhere(_), _) => {}
        }
    }

    /// `Australia`, or `Australia or Japan` where the service chooses.
    pub fn countries(&self) -> String {
        countries(&self.processed_in)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    pub basis: Basis,
    /// By route and target, in the order of the profile; a target that nothing was sent to has its line too.
    pub lines: Vec<Line>,
    /// First line of each route.
    starts: Vec<usize>,
}

/// What may have been processed in the same countries.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub countries: String,
    pub standing: Standing,
    pub attempts: u64,
    pub tokens: Tokens,
    pub prompt_bytes: Option<u64>,
}

impl Ledger {
    /// Of a run whose attempts are still to come.
    pub fn of(routes: &[RouteHead]) -> Self {
        let mut ledger = Self { basis: Basis::Everything, lines: Vec::new(), starts: Vec::new() };
        for route in routes {
            ledger.starts.push(ledger.lines.len());
            ledger.lines.extend(route.targets.iter().map(|target| Line {
                route: route.name.clone(),
                standing: route.standing,
                region: target.region,
                model: target.model.clone(),
                processed_in: places(&target.processed_in),
                attempts: BTreeMap::new(),
                tokens: Tokens::default(),
                prompt_bytes: Some(0),
            }));
        }
        ledger
    }

    /// Counts an attempt. `prompt_bytes` of its prompt, where they are known.
    pub fn add(&mut self, attempt: &AttemptRecord, prompt_bytes: Option<u64>) {
        let line = &mut self.lines[self.starts[usize::from(attempt.route)] + usize::from(attempt.target)];
        *line.attempts.entry(attempt.outcome).or_default() += 1;
        if let Some(usage) = attempt.usage {
            line.tokens.add(usage);
        }
        line.prompt_bytes = line.prompt_bytes.zip(prompt_bytes).map(|(sum, bytes)| sum + bytes);
    }

    /// Of a run that has been counted already. The prompts are not kept with the counts.
    pub fn of_recorder(routes: &[RouteHead], recorder: &Recorder) -> Self {
        let mut ledger = Self::of(routes);
        for (start, series) in ledger.starts.iter().zip(recorder.routes()) {
            for (target, sent) in &series.sent {
                let line = &mut ledger.lines[start + usize::from(*target)];
                line.attempts = sent.attempts.occurred().collect();
                line.tokens = sent.tokens;
            }
        }
        ledger.without_bytes()
    }

    /// Of a run that has left no records. Targets of one route in one Region cannot be told apart there.
    pub fn of_summary(summary: &Summary) -> Self {
        let heads: Vec<_> = summary.routes.iter().map(|route| route.head.clone()).collect();
        let mut lines: Vec<Line> = Vec::new();
        for line in Self::of(&heads).lines {
            match lines.iter_mut().find(|known| known.route == line.route && known.region == line.region) {
                Some(known) => known.join(line),
                None => lines.push(line),
            }
        }
        for (route, region) in summary.routes.iter().flat_map(|route| route.regions.iter().map(move |r| (route, r))) {
            let of_region = |line: &&mut Line| line.route == route.head.name && line.region == region.region;
            if let Some(line) = lines.iter_mut().find(of_region) {
                line.attempts.clone_from(&region.attempts);
                line.tokens = Tokens { input: region.input_tokens, output: region.output_tokens };
            }
        }
        let ledger = Self { basis: Basis::MeasuredTime, lines, starts: Vec::new() };
        ledger.without_bytes()
    }

    fn without_bytes(mut self) -> Self {
        self.lines.iter_mut().for_each(|line| line.prompt_bytes = None);
        self
    }

    /// Summed by countries, references apart.
    pub fn by_countries(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for line in self.lines.iter().filter(|line| line.attempts() > 0) {
            let countries = line.countries();
            let known = shares.iter().position(|s| s.countries == countries && s.standing == line.standing);
            let at = known.unwrap_or_else(|| {
                let (standing, tokens) = (line.standing, Tokens::default());
                shares.push(Share { countries, standing, attempts: 0, tokens, prompt_bytes: Some(0) });
                shares.len() - 1
            });
            let share = &mut shares[at];
            share.attempts += line.attempts();
            share.tokens.input += line.tokens.input;
            share.tokens.output += line.tokens.output;
            share.prompt_bytes = share.prompt_bytes.zip(line.prompt_bytes).map(|(sum, bytes)| sum + bytes);
        }
        shares
    }
}

/// The countries of `of`: `Australia`, or `Australia or Japan` where the service chooses among them.
pub fn countries(of: &Processing) -> String {
    let Processing::Within(regions) = of else { return "any country".to_owned() };
    let set: BTreeSet<Jurisdiction> = regions.iter().map(|region| region.jurisdiction()).collect();
    set.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// What a run wrote down about where a call may be processed, read back: `Sydney or Melbourne`. What cannot be read is
/// anywhere.
pub fn places(text: &str) -> Processing {
    let by_name = |name: &str| RegionId::all().find(|region| region.name() == name);
    let regions: Option<Vec<_>> = text.split(", ").flat_map(|part| part.split(" or ")).map(by_name).collect();
    regions.map_or(Processing::Anywhere(Anywhere::Anywhere), Processing::Within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_as_they_were_written() {
        let all: Vec<_> = RegionId::all().collect();
        for count in 1..=all.len() {
            let written = Processing::Within(all[..count].to_vec());
            assert_eq!(places(&written.to_string()), written);
        }
        let anywhere = Processing::Anywhere(Anywhere::Anywhere);
        assert_eq!(places(&anywhere.to_string()), anywhere);
        assert_eq!(places("Atlantis or Sydney"), anywhere);
    }

    #[test]
    fn countries_are_named_once_each() {
        assert_eq!(countries(&places("Sydney or Melbourne")), "Australia");
        assert_eq!(countries(&places("Tokyo, Osaka or Sydney")), "Australia or Japan");
        assert_eq!(countries(&places("any commercial Region")), "any country");
    }
}
