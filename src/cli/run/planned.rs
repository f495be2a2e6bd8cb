//! What a run would send, before it does.

use super::config::Config;
use crate::cli::exit::{Code, Failure};
use crate::clock;
use crate::core::price::RoutePrices;
use crate::govern::outlook::{Load, Outlook};
use crate::plan::Traffic;
use crate::report;
use crate::report::plan::Planned;
use crate::report::text::Style;
use crate::store::folder::rfc3339;

impl Config {
    /// What the run asks of each of its targets.
    ///
    /// # Errors
    /// For a closed loop, of which nobody can tell, and where the Region model makes no sense.
    pub fn outlook(&self) -> Result<(Load, Vec<Outlook>), Failure> {
        let Traffic::Open(load) = &self.offered.traffic else {
            return Err(Failure::new(
                Code::ClosedLoop,
                "a closed loop sends as many requests as are answered in time, so nobody can say beforehand how many, or \
                 what they cost; plan an open loop with --rps, or keep the run within a --budget",
            ));
        };
        let asked = match &self.plan {
            Some(plan) => Load::of(plan.rounds(), &self.workload),
            None => Load::of([load.requests()], &self.workload),
        };
        Ok((asked, Outlook::of(&self.profile, &self.prices).map_err(|wrong| Failure::new(Code::NoPrice, wrong))?))
    }

    /// What would be sent, for people.
    ///
    /// # Errors
    /// Those of [`Self::outlook`].
    pub fn planned(&self, style: Style) -> Result<String, Failure> {
        self.with_planned(|planned| report::plan::render(planned, style))
    }

    /// The same for machines.
    ///
    /// # Errors
    /// Those of [`Self::outlook`].
    pub fn planned_json(&self) -> Result<serde_json::Value, Failure> {
        self.with_planned(report::plan::json)
    }

    fn with_planned<T>(&self, show: impl FnOnce(&Planned<'_>) -> T) -> Result<T, Failure> {
        let (load, outlooks) = self.outlook()?;
        Ok(self.show(&self.headline(), load, &outlooks, show))
    }

    /// Shows what such a load, which need not be that of this run alone, asks of its targets.
    pub fn show<T>(&self, headline: &str, load: Load, outlooks: &[Outlook], show: impl FnOnce(&Planned<'_>) -> T) -> T {
        show(&Planned {
            headline,
            load,
            outlooks,
            prices: &self.route_prices(&rfc3339(clock::unix_nanos())),
            residency: self.profile.residency.allowed().map(|jurisdiction| jurisdiction.to_string()).collect(),
            warnings: &self.warnings,
            free: !self.spends(),
        })
    }

    /// What is known of the prices of each route at this time (RFC 3339).
    pub(super) fn route_prices(&self, now: &str) -> Vec<RoutePrices> {
        let today = now.split('T').next().unwrap_or_default();
        self.profile.routes.iter().map(|route| self.prices.of_route(route, &self.profile.models, today)).collect()
    }
}
