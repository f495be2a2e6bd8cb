//! What a run would send: calls, tokens, money, quota, and the countries that may process it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::table::{Cell, Column, Paint, Table};
use super::text::{Style, bullets, joined, title};
use crate::core::price::RoutePrices;
use crate::core::residency::Standing;
use crate::core::units::{grouped, significant};
use crate::govern::outlook::{Load, Outlook, Shortfall};

/// What is known of a run before it is fired.
pub struct Planned<'a> {
    /// One line: profile, load, duration, seed.
    pub headline: &'a str,
    pub load: Load,
    pub outlooks: &'a [Outlook],
    /// By route.
    pub prices: &'a [RoutePrices],
    /// The jurisdictions that the profile allows.
    pub residency: Vec<String>,
    pub warnings: &'a [String],
    /// Nothing of it is paid for: a mock or a simulation.
    pub free: bool,
}

pub fn render(planned: &Planned<'_>, style: Style) -> String {
    joined(&[
        vec![planned.headline.to_owned()],
        calls(planned, style),
        quota(planned, style),
        places(planned, style),
        warnings(planned, style),
    ])
}

fn calls(planned: &Planned<'_>, style: Style) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::left("route"),
        Column::left("calls"),
        Column::left("model").expendable(1),
        Column::right("requests"),
        Column::right("tokens in").expendable(2),
        Column::right("out at most").expendable(2),
        Column::right("USD expected"),
        Column::right("at most"),
    ]);
    let load = &planned.load;
    for outlook in planned.outlooks {
        let up_to = |text: String| if outlook.alone { text } else { format!("≤ {text}") };
        let usd = |of: fn(&Load, &crate::core::price::Price) -> f64| match &outlook.price {
            Ok(price) => Cell::from(up_to(money(of(load, price)))),
            Err(_) => Cell::new("unknown", Paint::Bad),
        };
        let reference = if outlook.standing == Standing::Reference { " (reference)" } else { "" };
        table.row(vec![
            format!("{}{reference}", outlook.route).into(),
            outlook.region.to_string().into(),
            outlook.model.clone().into(),
            up_to(grouped(load.requests)).into(),
            up_to(grouped(load.input_tokens)).into(),
            up_to(grouped(load.most_output)).into(),
            usd(Load::expected_usd),
            usd(Load::most_usd),
        ]);
    }
    let rest = "expected: as long as the workload writes on average; at most: max_tokens for every answer";
    let mut lines = vec![title("Calls and cost", rest, style)];
    lines.extend(table.lines(style.width, style.colour));
    lines.push(total(planned));
    lines
}

/// Of everything, between each route asking its cheapest target alone and every target for every request.
fn total(planned: &Planned<'_>) -> String {
    if planned.free {
        return "Nothing of it is paid for: no request leaves this machine. The prices are those of Bedrock.".into();
    }
    let sum = |of: fn(&Load, &crate::core::price::Price) -> f64| -> f64 {
        let prices = planned.outlooks.iter().filter_map(|outlook| outlook.price.as_ref().ok());
        prices.map(|price| of(&planned.load, price)).sum()
    };
    let mut cheapest = BTreeMap::new();
    for outlook in planned.outlooks {
        if let Ok(price) = &outlook.price {
            let usd = planned.load.expected_usd(price);
            cheapest.entry(&outlook.route).and_modify(|least: &mut f64| *least = least.min(usd)).or_insert(usd);
        }
    }
    let (least, expected) = (cheapest.values().sum(), sum(Load::expected_usd));
    if planned.outlooks.iter().all(|outlook| outlook.price.is_err()) {
        return "What it costs nobody can say: no price is known.".into();
    }
    let unknown = planned.outlooks.iter().any(|outlook| outlook.price.is_err());
    let and = if unknown { ", and what has no price" } else { "" };
    let expected = match (money(least), money(expected)) {
        (least, expected) if least == expected => format!("{expected} USD are expected"),
        (least, expected) => {
            format!(
                "{least} USD are expected if each route asks one target, {expected} USD if every target is asked each time"
            )
        }
    };
    format!("Altogether {expected}, {} USD at most{and}.", money(sum(Load::most_usd)))
}

fn quota(planned: &Planned<'_>, style: Style) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::left("route"),
        Column::left("calls"),
        Column::right("requests/min"),
        Column::right("known"),
        Column::right("tokens/min"),
        Column::right("known"),
        Column::left(""),
    ]);
    for outlook in planned.outlooks {
        let short = outlook.shortfalls(&planned.load);
        let lacks = |of: fn(&Shortfall) -> bool| if short.iter().any(of) { Paint::Bad } else { Paint::Plain };
        let known = |quota: Option<f64>| quota.map_or("–".to_owned(), |quota| grouped(quota as u64));
        table.row(vec![
            outlook.route.clone().into(),
            outlook.region.to_string().into(),
            Cell::new(
                grouped(planned.load.busiest.requests),
                lacks(|short| matches!(short, Shortfall::Requests { .. })),
            ),
            known(outlook.known.requests).into(),
            Cell::new(
                grouped(planned.load.tokens_per_minute(outlook.burndown)),
                lacks(|short| matches!(short, Shortfall::Tokens { .. })),
            ),
            known(outlook.known.tokens).into(),
            if short.is_empty() { Cell::from("") } else { Cell::new("too small", Paint::Bad) },
        ]);
    }
    let rest = "of the busiest minute: input and max_tokens are reserved, output is settled with the model's burndown";
    let mut lines = vec![title("Quota", rest, style)];
    lines.extend(table.lines(style.width, style.colour));
    lines.push(
        "Known: what the profile says, an assumption unless it names your own; read yours in Service Quotas.".into(),
    );
    lines
}

fn places(planned: &Planned<'_>, style: Style) -> Vec<String> {
    let of = |standing| -> BTreeSet<_> {
        let these = planned.outlooks.iter().filter(|outlook| outlook.standing == standing);
        these.map(|outlook| format!("{} by {}", outlook.processed_in, outlook.route)).collect()
    };
    let mut lines = vec![title("May be processed in", &format!("allowed: {}", planned.residency.join(", ")), style)];
    lines.extend(bullets(&of(Standing::Candidate).into_iter().collect::<Vec<_>>(), style));
    let reference: Vec<_> =
        of(Standing::Reference).into_iter().map(|place| format!("{place}, for reference only")).collect();
    lines.extend(bullets(&reference, style));
    lines
}

fn warnings(planned: &Planned<'_>, style: Style) -> Vec<String> {
    let said = said(planned);
    if said.is_empty() {
        return Vec::new();
    }
    std::iter::once(title("Before you go on", "", style)).chain(bullets(&said, style)).collect()
}

/// What is to be looked at first.
fn said(planned: &Planned<'_>) -> Vec<String> {
    let mut said = planned.warnings.to_vec();
    for outlook in planned.outlooks {
        for short in outlook.shortfalls(&planned.load) {
            let (needed, known, what) = match short {
                Shortfall::Requests { needed, known } => (needed, known, "requests"),
                Shortfall::Tokens { needed, known } => (needed, known, "tokens"),
            };
            said.push(format!(
                "{} needs {} {what}/min in {} and has {}: it {} be throttled",
                outlook.route,
                grouped(needed),
                outlook.region,
                grouped(known as u64),
                // Of several targets each is asked for a part.
                if outlook.alone { "will" } else { "may" }
            ));
        }
        if let Err(missing) = &outlook.price {
            said.push(missing.to_string());
        }
    }
    said.extend(planned.prices.iter().flat_map(|prices| prices.warnings.clone()));
    let mut seen = BTreeSet::new();
    said.retain(|line| seen.insert(line.clone()));
    said
}

/// The same for machines: USD, tokens, per minute of the busiest one.
pub fn json(planned: &Planned<'_>) -> Value {
    let load = &planned.load;
    let target = |outlook: &Outlook| {
        json!({
            "route": outlook.route,
            "standing": outlook.standing,
            "policy": outlook.policy,
            "region": outlook.region,
            "model": outlook.model,
            "processed_in": outlook.processed_in,
            "every_request": outlook.alone,
            "requests_per_minute": load.busiest.requests,
            "tokens_per_minute": load.tokens_per_minute(outlook.burndown),
            "known_requests_per_minute": outlook.known.requests,
            "known_tokens_per_minute": outlook.known.tokens,
            "usd_expected": outlook.price.as_ref().ok().map(|price| load.expected_usd(price)),
            "usd_at_most": outlook.price.as_ref().ok().map(|price| load.most_usd(price)),
        })
    };
    json!({
        "headline": planned.headline,
        "requests": load.requests,
        "input_tokens": load.input_tokens,
        "output_tokens_at_most": load.most_output,
        "free": planned.free,
        "residency": planned.residency,
        "targets": planned.outlooks.iter().map(target).collect::<Vec<_>>(),
        "warnings": said(planned),
    })
}

/// Dollars to three digits; next to nothing is not nothing.
fn money(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { "< 0.01".into() } else { significant(usd) }
}
