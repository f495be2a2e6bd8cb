//! What a probe has found: how far each endpoint is, beside what light needs and what the profile says.

mod text;

use std::time::Duration;

use serde::Serialize;

use crate::core::RegionId;
use crate::core::geography::{FLOOR_TOLERANCE, SAME_REGION, fibre_floor};
use crate::core::units::Span;
use crate::stats::quantile::fewest_samples;

pub use text::render;

/// Percentiles that a probe states.
pub const QUANTILES: [f64; 2] = [0.5, 0.95];

/// Of all Regions, as JSON has it too. Times are in seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Probed {
    pub schema: u32,
    /// RFC 3339.
    pub date: String,
    pub profile: String,
    /// Absent where Sydney's endpoint was not reached.
    pub host_in_sydney: Option<bool>,
    /// The time for it was up before all tries were made.
    pub cut_short: bool,
    pub regions: Vec<Reach>,
    pub warnings: Vec<String>,
}

/// One Region's endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct Reach {
    pub region: RegionId,
    pub name: &'static str,
    pub url: String,
    pub tries: usize,
    pub failed: usize,
    /// Of the last try that failed.
    pub error: Option<String>,
    /// To open a connection: one round trip.
    pub tcp: Times,
    /// To be ready to send after that; empty over plain HTTP.
    pub tls: Times,
    /// Round trips in a TLS handshake, the most that were seen.
    pub tls_round_trips: Option<u8>,
    /// From Sydney.
    pub fibre_floor_s: f64,
    /// What the profile says; absent where it knows nothing of the Region.
    pub profile_rtt_s: Option<f64>,
    pub profile_source: Option<String>,
}

/// The times of the tries that succeeded.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    pub n: usize,
    #[serde(rename = "fastest_s", serialize_with = "seconds")]
    pub fastest: Option<Duration>,
    /// Absent with fewer than 6.
    #[serde(rename = "p50_s", serialize_with = "seconds")]
    pub p50: Option<Duration>,
    /// Absent with fewer than 60.
    #[serde(rename = "p95_s", serialize_with = "seconds")]
    pub p95: Option<Duration>,
}

fn seconds<S: serde::Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

impl Times {
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let n = times.len();
        // Nearest rank: the smallest time that a share q of all does not pass.
        let at = |q: f64| (n as u64 >= fewest_samples(q)).then(|| times[((q * n as f64).ceil() as usize).max(1) - 1]);
        let [p50, p95] = QUANTILES.map(at);
        Self { n, fastest: times.first().copied(), p50, p95 }
    }

    /// The model of the round trip that these tries suggest: its value, and the jitter on top.
    ///
    /// The value is the fastest try, which waited least. In the Region model each direction adds an
    /// exponential half of the jitter, and the median of the sum of two is 1.678 halves: with this
    /// jitter the model has the median that was measured. A mean would be the mean of the worst try.
    pub fn round_trip(&self) -> Option<(Span, Span)> {
        const MEDIAN_OF_TWO: f64 = 1.678_347;
        let (fastest, p50) = (self.fastest?, self.p50?);
        let jitter = (p50 - fastest).mul_f64(2.0 / MEDIAN_OF_TWO);
        Some((Span(fastest), Span(jitter)))
    }
}

impl Reach {
    /// Not one try went through all of its steps.
    pub fn failed_always(&self) -> bool {
        self.failed == self.tries
    }

    /// Nothing in the Region itself answers so fast, seen from Sydney.
    fn too_near(&self) -> bool {
        let floor = fibre_floor(RegionId::SYDNEY, self.region);
        self.tcp.fastest.is_some_and(|fastest| fastest + FLOOR_TOLERANCE < floor)
    }
}

impl Probed {
    /// Judges what was measured.
    pub fn new(date: String, profile: String, cut_short: bool, regions: Vec<Reach>) -> Self {
        let sydney = regions.iter().find(|reach| reach.region == RegionId::SYDNEY);
        // The fastest try: what waited in a queue on its way says nothing of the distance.
        let fastest = sydney.and_then(|reach| reach.tcp.fastest);
        let mut warnings = Vec::new();
        if let Some(fastest) = fastest.filter(|fastest| *fastest > SAME_REGION) {
            warnings.push(format!(
                "this host is not in Sydney: the fastest TCP round trip to ap-southeast-2 took {}, and inside a Region \
                 it stays under {}. Times are those seen from here, the fibre floor is from Sydney",
                Span(fastest),
                Span(SAME_REGION)
            ));
        }
        for reach in regions.iter().filter(|reach| reach.too_near()) {
            warnings.push(format!(
                "{} answers in {}, and light in fibre needs {} from Sydney: this host is nearer to it than Sydney is, or \
                 something on the way answers in its place (a proxy, a VPN, an --endpoint)",
                reach.region,
                Span(reach.tcp.fastest.unwrap_or_default()),
                Span(fibre_floor(RegionId::SYDNEY, reach.region))
            ));
        }
        for reach in regions.iter().filter(|reach| reach.tls_round_trips.is_some_and(|trips| trips > 1)) {
            warnings.push(format!(
                "{} speaks TLS 1.2: its handshake is two round trips, where TLS 1.3 needs one",
                reach.region
            ));
        }
        if cut_short {
            warnings.push("the time was up before all tries were made: --most allows more".to_owned());
        }
        let host_in_sydney = fastest.map(|fastest| fastest <= SAME_REGION);
        Self { schema: 1, date, profile, host_in_sydney, cut_short, regions, warnings }
    }

    /// Regions to which not one connection could be opened.
    pub fn unreached(&self) -> impl Iterator<Item = &Reach> {
        self.regions.iter().filter(|reach| reach.tcp.n == 0)
    }
}

#[cfg(test)]
mod tests;
