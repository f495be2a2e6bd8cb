//! The tables of the page: one row per route, in the order of the profile.

use std::time::Duration;

use maud::{Markup, html};

use crate::core::units::{Span, grouped, length, per_second, percent, percentile};
use crate::core::{Metric, Outcome};
use crate::measure::parts::{Part, PartsSummary};
use crate::measure::series::Level;
use crate::measure::summary::{Percentiles, QUANTILES, RegionSummary, RouteSummary, SliceSummary, Summary};
use crate::report::{cell, objectives, places};

/// A table in a box of its own, so that it can be moved sideways where it is wider than the window.
struct Sheet<'a> {
    title: &'a str,
    about: &'a str,
    head: Markup,
    body: Markup,
}

impl Sheet<'_> {
    fn markup(self) -> Markup {
        html! {
            section class="scroll" tabindex="0" aria-label=(format!("Table: {}", self.title)) {
                table {
                    caption { strong { (self.title) } " " (self.about) }
                    thead { (self.head) }
                    (self.body)
                }
            }
        }
    }
}

fn heads(first: &str, others: &[&str]) -> Markup {
    html! {
        tr {
            th scope="col" { (first) }
            @for head in others { th scope="col" { (head) } }
        }
    }
}

fn route_head(route: &RouteSummary) -> Markup {
    html! { th scope="row" { (cell::name(&route.head)) } }
}

fn failed(text: &str) -> Option<&'static str> {
    (text == cell::FAILED).then_some("failed")
}

/// A count, and below it its share of the requests that count.
fn count(slice: &SliceSummary, count: u64) -> Markup {
    html! {
        td { (grouped(count)) @if count > 0 { small { (percent(count, slice.counted())) } } }
    }
}

/// What the routes were held to; nothing where they were not.
pub fn objectives(summary: &Summary) -> Option<Markup> {
    let groups = objectives::groups(summary);
    let sheet = |group: &objectives::Group<'_>| {
        let body = html! {
            tbody {
                @for held in group.results {
                    @let class = match held.met {
                        Some(true) => "grade is-valid",
                        Some(false) => "grade is-invalid",
                        None => "grade is-suspect",
                    };
                    tr {
                        th scope="row" { (held.route) }
                        td class="text" { (held.gate) }
                        td class="text" { span class=(class) { (held.outcome()) } }
                        td class="text" { (held.found) }
                    }
                }
            }
        };
        let head = html! {
            tr {
                th scope="col" { "route" }
                th scope="col" class="text" { "objective" }
                th scope="col" class="text" { "outcome" }
                th scope="col" class="text" { "found" }
            }
        };
        Sheet { title: "Objectives", about: group.about, head, body }.markup()
    };
    (!groups.is_empty()).then(|| html! { @for group in &groups { (sheet(group)) } })
}

pub fn load(summary: &Summary) -> Markup {
    let occurred = |outcome: &Outcome| summary.routes.iter().any(|route| route.whole().count(*outcome) > 0);
    let always = [Outcome::Ok, Outcome::Throttled];
    let outcomes: Vec<_> =
        Outcome::ALL.into_iter().filter(|outcome| always.contains(outcome) || occurred(outcome)).collect();
    let mut columns = vec!["offered", "sent", "goodput"];
    columns.extend(outcomes.iter().map(|outcome| outcome.name()));
    let body = html! {
        tbody {
            @for route in &summary.routes {
                @let whole = route.whole();
                tr {
                    th scope="row" {
                        (cell::name(&route.head))
                        small { (route.head.policy) ", " (cell::place(&route.head)) }
                    }
                    td {
                        (whole.offered_load.map_or_else(|| cell::ABSENT.to_owned(), per_second))
                        @if let Some(planned) = whole.planned { small { (grouped(planned)) " requests" } }
                    }
                    td { (per_second(whole.sent_rate)) small { (grouped(whole.sent)) } }
                    td { (per_second(whole.goodput)) }
                    @for outcome in &outcomes {
                        @if *outcome == Outcome::Cancelled {
                            td { (grouped(whole.count(*outcome))) small { "counts nowhere" } }
                        } @else {
                            (count(whole, whole.count(*outcome)))
                        }
                    }
                }
            }
        }
    };
    let about =
        "and how the requests ended: rates per second of measured time, counts with their share of all requests";
    Sheet { title: "Load", about, head: heads("route", &columns), body }.markup()
}

/// A percentile with its interval below.
fn quantile(of: &Percentiles, q: f64) -> Markup {
    let (value, interval) = (cell::value(of, q), cell::interval(of, q));
    html! {
        td { span class=[failed(&value)] { (value) } @if !interval.is_empty() { small { (interval) } } }
    }
}

fn quantiles(of: &Percentiles) -> Markup {
    let max = cell::level(of.max);
    html! {
        td { (grouped(of.n)) }
        @for q in QUANTILES { (quantile(of, q)) }
        td { span class=[failed(&max)] { (max) } }
    }
}

/// Percentiles of one metric; `also` beside it as a line below.
fn times(summary: &Summary, metric: Metric, title: &str, also: &[(&str, Metric)]) -> Markup {
    let names: Vec<_> = QUANTILES.iter().map(|q| percentile(*q)).collect();
    let columns: Vec<_> =
        std::iter::once("n").chain(names.iter().map(String::as_str)).chain(std::iter::once("max")).collect();
    let body = html! {
        tbody {
            @for route in &summary.routes {
                @let whole = route.whole();
                @let same = |other: Metric| whole.metric(other).all == whole.metric(metric).all;
                tr {
                    th scope="row" {
                        (cell::name(&route.head))
                        @for (name, _) in also.iter().filter(|(_, other)| same(*other)) { small { (name) ": the same" } }
                    }
                    (quantiles(&whole.metric(metric).all))
                }
                @if cell::failures_matter(whole, metric, &QUANTILES) {
                    tr class="sub" { th scope="row" { "ok requests only" } (quantiles(&whole.metric(metric).ok)) }
                }
                @for (name, other) in also.iter().filter(|(_, other)| !same(*other)) {
                    tr class="sub" { th scope="row" { (name) } (quantiles(&whole.metric(*other).all)) }
                }
            }
        }
    };
    let about = "over all requests, failures last, with 95 % intervals";
    Sheet { title, about, head: heads("route", &columns), body }.markup()
}

pub fn latency(summary: &Summary) -> Markup {
    html! {
        (times(summary, Metric::Response, "Response time, from intended start", &[("from sent (service time)", Metric::Service)]))
        (times(summary, Metric::Ttft, "Time to first token, from intended start", &[("from sent", Metric::ServiceTtft)]))
        (times(summary, Metric::Tpot, "Time per output token", &[]))
    }
}

/// Every phase, route by route; nothing in a run of one.
pub fn phases(summary: &Summary) -> Option<Markup> {
    let first = summary.routes.first().filter(|route| route.slices.len() > 1)?;
    let columns =
        ["n", "ok", "throttled", "goodput", "TTFT p50", "TTFT p95", "response p50", "response p95", "response p99"];
    let body = html! {
        @for (i, phase) in first.slices.iter().enumerate().skip(1) {
            tbody {
                tr class="group" {
                    th scope="rowgroup" colspan=(columns.len() + 1) {
                        (phase.phase) ", " (length(Duration::from_secs_f64(phase.seconds)))
                    }
                }
                @for (route, slice) in summary.routes.iter().filter_map(|route| Some((route, route.slices.get(i)?))) {
                    tr {
                        (route_head(route))
                        td { (grouped(slice.counted())) }
                        td { (cell::share(slice, slice.ok())) }
                        td { (cell::share(slice, slice.count(Outcome::Throttled))) }
                        td { (per_second(slice.goodput)) }
                        @for q in [0.50, 0.95] { (quantile(&slice.metric(Metric::Ttft).all, q)) }
                        @for q in [0.50, 0.95, 0.99] { (quantile(&slice.metric(Metric::Response).all, q)) }
                    }
                }
            }
        }
    };
    let about = "all requests, failures last, with 95 % intervals; times from intended start";
    Some(Sheet { title: "Phases", about, head: heads("route", &columns), body }.markup())
}

/// Where the time went, in numbers; nothing where nothing was answered.
pub fn parts(summary: &Summary) -> Option<Markup> {
    let all = || summary.routes.iter().flat_map(|route| &route.slices).filter_map(|slice| slice.parts.as_ref());
    let parts: Vec<_> = Part::ALL.into_iter().filter(|part| all().any(|of| of.mean.contains_key(part))).collect();
    let streamed = all().any(PartsSummary::streamed);
    all().next()?;
    let cells = |of: &PartsSummary| {
        html! {
            td { (grouped(of.n)) }
            @for part in &parts { td { (mean(of.of(*part))) } }
            td { (mean(of.total())) }
        }
    };
    let columns: Vec<_> = std::iter::once("n")
        .chain(parts.iter().map(|part| part.name(streamed)))
        .chain(std::iter::once("mean response time"))
        .collect();
    let body = html! {
        tbody {
            @for route in &summary.routes {
                @for (i, slice) in route.slices.iter().enumerate() {
                    @if let Some(of) = &slice.parts {
                        @if i == 0 {
                            tr { (route_head(route)) (cells(of)) }
                        } @else {
                            tr class="sub" { th scope="row" { (slice.phase) } (cells(of)) }
                        }
                    }
                }
            }
        }
    };
    let about = "means over the ok requests; the parts add up to the last column";
    Some(Sheet { title: "Parts of the response time", about, head: heads("route", &columns), body }.markup())
}

fn mean(ms: f64) -> String {
    match ms {
        ms if ms < 0.000_5 => "0".to_owned(),
        ms => Span(Duration::from_secs_f64(ms / 1e3)).to_string(),
    }
}

pub fn costs(summary: &Summary) -> Markup {
    let columns = ["attempts", "tokens in", "tokens out", "USD", "USD per 1,000 good"];
    let body = html! {
        tbody {
            @for route in &summary.routes {
                @let sum = |of: fn(&RegionSummary) -> u64| grouped(route.regions.iter().map(of).sum());
                tr {
                    (route_head(route))
                    td { (sum(|region| region.attempts.values().sum())) }
                    td { (sum(|region| region.input_tokens)) }
                    td { (sum(|region| region.output_tokens)) }
                    td { (cell::usd(&route.cost, route.cost.usd)) }
                    td { (cell::usd(&route.cost, route.cost.usd_per_thousand_good)) }
                    td class="text" { (or_absent(places::in_words(route))) }
                }
            }
        }
    };
    let head = html! {
        tr {
            th scope="col" { "route" }
            @for head in columns { th scope="col" { (head) } }
            th scope="col" class="text" { "tokens" }
        }
    };
    let about = "USD at list prices for the tokens of all attempts in the measured time";
    Sheet { title: "Tokens and cost", about, head, body }.markup()
}

fn or_absent(text: String) -> String {
    if text.is_empty() { cell::ABSENT.to_owned() } else { text }
}

pub fn prices(summary: &Summary) -> Option<Markup> {
    let rows: Vec<_> =
        summary.routes.iter().flat_map(|route| route.cost.prices.iter().map(move |at| (route, at))).collect();
    let body = html! {
        tbody {
            @for (route, at) in &rows {
                tr {
                    (route_head(route))
                    td class="text" { (at.model) " in " (at.region.name()) }
                    td { (cell::dollars(at.price.input)) }
                    td { (cell::dollars(at.price.output)) }
                    td class="text" { (at.price.source) ", " (at.price.date) }
                }
            }
        }
    };
    let head = html! {
        tr {
            th scope="col" { "route" }
            th scope="col" class="text" { "call" }
            th scope="col" { "per million in" }
            th scope="col" { "per million out" }
            th scope="col" class="text" { "source" }
        }
    };
    let sheet = Sheet {
        title: "Prices",
        about: "in USD, as this run took them; verify them before you rely on them",
        head,
        body,
    };
    (!rows.is_empty()).then(|| sheet.markup())
}

/// What failed attempts were told; nothing where none failed.
pub fn errors(summary: &Summary) -> Option<Markup> {
    let rows: Vec<_> = summary
        .routes
        .iter()
        .flat_map(|route| route.errors().into_iter().map(move |(region, error)| (route, region, error)))
        .collect();
    let body = html! {
        tbody {
            @for (route, region, error) in &rows {
                tr {
                    (route_head(route))
                    td { (grouped(error.count)) }
                    td class="text" { (error.outcome) }
                    td class="text" { (region.name) }
                    td class="text" { (error.message) }
                }
            }
        }
    };
    let head = html! {
        tr {
            th scope="col" { "route" }
            th scope="col" { "attempts" }
            th scope="col" class="text" { "outcome" }
            th scope="col" class="text" { "Region called" }
            th scope="col" class="text" { "said" }
        }
    };
    let about = "word for word, the most frequent first";
    (!rows.is_empty()).then(|| Sheet { title: "Errors", about, head, body }.markup())
}

/// Attempts and answers of each Region.
pub fn regions(summary: &Summary) -> Option<Markup> {
    let columns = ["attempts", "ok", "throttled", "other", "answers", "p50", "p95", "p99"];
    let any = summary.routes.iter().any(|route| !route.regions.is_empty());
    let value = |of: &Percentiles, q: f64| of.at(q).and_then(|at| Level::time(at.value)).map(Span);
    let body = html! {
        tbody {
            @for route in &summary.routes {
                @for region in &route.regions {
                    @let count = |outcome| region.attempts.get(&outcome).copied().unwrap_or(0);
                    @let all: u64 = region.attempts.values().sum();
                    tr {
                        th scope="row" { (cell::name(&route.head)) small { (region.name) } }
                        td { (grouped(all)) }
                        td { (grouped(count(Outcome::Ok))) }
                        td { (grouped(count(Outcome::Throttled))) }
                        td { (grouped(all - count(Outcome::Ok) - count(Outcome::Throttled))) }
                        td { (grouped(region.response.n)) }
                        @for q in [0.50, 0.95, 0.99] {
                            td { (value(&region.response, q).map_or_else(|| cell::ABSENT.to_owned(), |time| time.to_string())) }
                        }
                    }
                }
            }
        }
    };
    let about = "attempts by outcome, and response time of the ok requests that it answered, without intervals";
    any.then(|| Sheet { title: "Each Region called", about, head: heads("route and Region", &columns), body }.markup())
}
