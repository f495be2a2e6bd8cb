//! What a plan is going to ask of each target: requests, tokens, quota, money. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use super::Prices;
use super::prices::Missing;
use crate::core::price::Price;
use crate::core::residency::{Destination, Pool, Standing};
use crate::core::{RegionId, Request, RunTime};
use crate::plan::workload::Workload;
use crate::profile::{Profile, Route};
use crate::region::Conditions;
use crate::region::conditions::Condition;

const MINUTE: Duration = Duration::from_secs(60);

/// What a whole plan asks of one target, were every request sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    pub requests: u64,
    pub input_tokens: u64,
    /// `max_tokens` of all of them: more cannot be written.
    pub most_output: u64,
    /// As the workload writes on average.
    pub mean_output: f64,
    pub busiest: Minute,
}

/// The busiest minute of a plan, wherever it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minute {
    pub requests: u64,
    /// Input and `max_tokens`, which the service takes from the quota at admission.
    pub reserved_tokens: u64,
}

/// One target of one route.
#[derive(Clone, Debug)]
pub struct Outlook {
    pub route: String,
    pub standing: Standing,
    pub policy: &'static str,
    /// The route has no other: it is asked for every request. Else for as many at most.
    pub alone: bool,
    pub region: RegionId,
    pub model: String,
    pub processed_in: String,
    /// Quota that one output token uses when the call is settled.
    pub burndown: f64,
    /// What the profile says of the account's quota; an assumption, unless the profile names a source of yours.
    pub known: Known,
    pub price: Result<Price, Missing>,
}

/// A quota per minute, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    pub requests: Option<f64>,
    pub tokens: Option<f64>,
}

/// By how much a quota is missed, at the busiest minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shortfall {
    Requests { needed: u64, known: f64 },
    Tokens { needed: u64, known: f64 },
}

impl Load {
    /// Of loads that follow one another, such as the rounds of a [`Plan`](crate::plan::Plan).
    pub fn of<R: IntoIterator<Item = Request>>(rounds: impl IntoIterator<Item = R>, workload: &Workload) -> Self {
        let each = rounds.into_iter().map(|requests| Self::of_one(requests, workload));
        each.reduce(Self::then).unwrap_or_default()
    }

    fn of_one(requests: impl IntoIterator<Item = Request>, workload: &Workload) -> Self {
        let (mut load, mut window) = (Self::default(), Window::default());
        for request in requests {
            load.requests += 1;
            load.input_tokens += u64::from(request.input_tokens);
            load.most_output += u64::from(request.max_tokens);
            load.busiest = load.busiest.busier(window.slide_to(&request));
        }
        load.mean_output = load.requests as f64 * workload.output.mean();
        load
    }

    /// Both, one after the other, as in a sweep.
    pub fn then(self, next: Self) -> Self {
        Self {
            requests: self.requests + next.requests,
            input_tokens: self.input_tokens + next.input_tokens,
            most_output: self.most_output + next.most_output,
            mean_output: self.mean_output + next.mean_output,
            busiest: self.busiest.busier(next.busiest),
        }
    }

    /// USD, as the workload writes on average.
    pub fn expected_usd(&self, price: &Price) -> f64 {
        price.of(self.input_tokens as f64, self.mean_output)
    }

    /// USD, were every answer as long as it may be.
    pub fn most_usd(&self, price: &Price) -> f64 {
        price.of(self.input_tokens as f64, self.most_output as f64)
    }

    /// Tokens per minute that the quota must allow: what is reserved in the busiest minute, or what the same calls settle
    /// to where the burndown makes that more.
    pub fn tokens_per_minute(&self, burndown: f64) -> u64 {
        let settled = self.input_tokens as f64 + self.mean_output * burndown;
        let per_request = settled / self.requests.max(1) as f64;
        (per_request * self.busiest.requests as f64).ceil().max(self.busiest.reserved_tokens as f64) as u64
    }
}

impl Minute {
    /// The most of either.
    fn busier(self, other: Self) -> Self {
        Self {
            requests: self.requests.max(other.requests),
            reserved_tokens: self.reserved_tokens.max(other.reserved_tokens),
        }
    }
}

/// The minute that ends with a request. It slides: one of those holds most.
#[derive(Default)]
struct Window {
    /// When each of them starts, and what it reserves.
    requests: VecDeque<(RunTime, u64)>,
    tokens: u64,
}

impl Window {
    fn slide_to(&mut self, request: &Request) -> Minute {
        while let Some((_, reserved)) = self.requests.pop_front_if(|(at, _)| *at + MINUTE <= request.intended) {
            self.tokens -= reserved;
        }
        let reserved = u64::from(request.input_tokens) + u64::from(request.max_tokens);
        self.requests.push_back((request.intended, reserved));
        self.tokens += reserved;
        Minute { requests: self.requests.len() as u64, reserved_tokens: self.tokens }
    }
}

impl Outlook {
    /// Every target of every route, in their order.
    ///
    /// # Errors
    /// When a number of the Region model makes no sense.
    pub fn of(profile: &Profile, prices: &Prices) -> Result<Vec<Self>, String> {
        let places = profile.places(|_| Conditions::constant(Condition::default()))?;
        let quota = |target: &Destination| {
            let place = places.iter().find(|place| place.region == target.endpoint())?;
            let (_, spec) = place.quotas.iter().find(|(pool, _)| *pool == target.pool())?;
            Some(Known { requests: spec.requests_per_minute, tokens: spec.tokens_per_minute })
        };
        let of_target = |route: &Route, target: &Destination| Self {
            route: route.name.clone(),
            standing: route.standing,
            policy: route.policy.name,
            alone: route.targets.len() == 1,
            region: target.endpoint(),
            model: target.model().to_owned(),
            processed_in: target.processing().to_string(),
            burndown: profile.models.burndown(profile.models.split(target.model()).1),
            known: quota(target).filter(|_| target.pool() != Pool::Provisioned).unwrap_or_default(),
            price: prices.of(target, &profile.models),
        };
        let targets = profile.routes.iter().flat_map(|route| route.targets.iter().map(move |target| (route, target)));
        Ok(targets.map(|(route, target)| of_target(route, target)).collect())
    }

    /// Where the known quota is too small for `load`.
    pub fn shortfalls(&self, load: &Load) -> Vec<Shortfall> {
        let (requests, tokens) = (load.busiest.requests, load.tokens_per_minute(self.burndown));
        let of_requests = self.known.requests.filter(|known| requests as f64 > *known);
        let of_tokens = self.known.tokens.filter(|known| tokens as f64 > *known);
        let requests = of_requests.map(|known| Shortfall::Requests { needed: requests, known });
        let tokens = of_tokens.map(|known| Shortfall::Tokens { needed: tokens, known });
        requests.into_iter().chain(tokens).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Shard;
    use crate::core::units::Rate;
    use crate::plan::Plan;
    use crate::plan::arrival::{self, Settings};
    use crate::plan::rate_curve::RateCurve;
    use crate::profile::Loader;

    fn request(index: u32, seconds: f64) -> Request {
        Request { index, intended: RunTime::from_secs_f64(seconds), input_tokens: 100, max_tokens: 50 }
    }

    #[test]
    fn the_busiest_minute_is_found_wherever_it_begins() {
        let requests: Vec<_> =
            [0.0, 50.0, 55.0, 70.0, 109.9, 110.1].iter().zip(0..).map(|(at, i)| request(i, *at)).collect();
        // From 50 to 110: not the one at 110.1, nor that at 0.
        let busiest = |requests| Load::of([requests], &Workload::fixed(100, 50)).busiest;
        assert_eq!(busiest(requests), Minute { requests: 4, reserved_tokens: 600 });
        assert_eq!(busiest(Vec::new()), Minute::default());
    }

    fn offered(rps: f64) -> crate::plan::Load {
        let rates = RateCurve::level(Rate(rps), 5 * MINUTE);
        let constant = arrival::find("constant").unwrap();
        let workload = Workload::fixed(100, 50);
        crate::plan::Load::new(rates, constant, Settings::default(), &workload, crate::core::Seed(1))
    }

    fn load(rps: f64) -> Load {
        Load::of([offered(rps).requests()], &Workload::fixed(100, 50))
    }

    /// Every round of turns begins anew at zero, and none runs beside another.
    #[test]
    fn rounds_of_turns_are_not_added_up_into_one_minute() {
        let turns = Plan::in_rounds([offered(1.0), offered(2.0), offered(1.0)], Shard::WHOLE);
        let load = Load::of(turns.rounds(), &Workload::fixed(100, 50));
        assert_eq!((load.requests, load.busiest.requests), (1_200, 120));
    }

    #[test]
    fn tokens_are_needed_as_reserved_or_as_settled_whichever_is_more() {
        let load = load(1.0);
        assert_eq!((load.requests, load.busiest.requests), (300, 60));
        assert_eq!(load.tokens_per_minute(1.0), 60 * (100 + load.most_output / 300));
        assert_eq!(load.tokens_per_minute(1_000.0), 60 * (100 + 50_000));
    }

    #[test]
    fn a_quota_that_is_too_small_is_named_and_one_that_suffices_is_not() {
        let profile = Loader::built_in().unwrap().profile("candidates").unwrap();
        let outlooks = Outlook::of(&profile, &Prices::built_in().unwrap()).unwrap();
        let sydney = outlooks.iter().find(|outlook| outlook.route == "sydney").unwrap();
        assert!(sydney.shortfalls(&load(1.0)).is_empty(), "{sydney:?}");
        let short = sydney.shortfalls(&load(100.0));
        assert!(matches!(short[..], [Shortfall::Requests { needed: 6_000, .. }]), "{short:?}");
    }

    #[test]
    fn every_target_has_its_row_and_one_alone_is_asked_for_everything() {
        let profile = Loader::built_in().unwrap().profile("candidates").unwrap();
        let outlooks = Outlook::of(&profile, &Prices::built_in().unwrap()).unwrap();
        assert_eq!(outlooks.len(), profile.routes.iter().map(|route| route.targets.len()).sum::<usize>());
        let alone: Vec<_> = outlooks.iter().filter(|outlook| outlook.alone).map(|outlook| &outlook.route).collect();
        assert_eq!(alone, ["sydney", "singapore", "oregon"]);
    }
}
