//! The dashboard: all Regions of the routes side by side, which a widget can show and an alarm cannot.

use serde_json::{Value, json};

use super::alarms::{share_of, throttled_share};
use super::{Called, NAMESPACE, Watched, own_namespace};

/// Of the grid that widgets are laid out on.
pub const COLUMNS: u64 = 24;
const HALF: u64 = COLUMNS / 2;
const HEIGHT: u64 = 6;

/// What stands in one widget.
struct Plot {
    title: &'static str,
    unit: &'static str,
    metrics: Vec<Value>,
    /// A horizontal line and what it means.
    line: Option<(f64, &'static str)>,
}

pub fn body(of: &Watched) -> Value {
    let calls = || of.calls.iter().enumerate();
    let stat = |name: &str, stat: &str| calls().map(|(_, call)| line(call, name, stat)).collect::<Vec<_>>();
    let mut plots = vec![
        Plot {
            title: "Throttled, % of attempts",
            unit: "%",
            metrics: calls().flat_map(|(number, call)| throttled(number, call)).collect(),
            line: Some((5.0, "alarm")),
        },
        Plot {
            title: "Latency to the last token, p95",
            unit: "ms",
            metrics: stat("InvocationLatency", "p95"),
            line: None,
        },
        Plot {
            title: "Time to first token, p95 (streams only)",
            unit: "ms",
            metrics: stat("TimeToFirstToken", "p95"),
            line: None,
        },
        Plot { title: "Calls taken in, per minute", unit: "calls", metrics: stat("Invocations", "Sum"), line: None },
        Plot {
            title: "Tokens per minute as the quota counts them (estimate)",
            unit: "tokens",
            metrics: stat("EstimatedTPMQuotaUsage", "Sum"),
            line: None,
        },
        Plot {
            title: "Errors per minute: client and server",
            unit: "calls",
            metrics: [stat("InvocationClientErrors", "Sum"), stat("InvocationServerErrors", "Sum")].concat(),
            line: None,
        },
    ];
    if of.falls_back() {
        plots.push(Plot {
            title: "Taken in by other Regions than the first, % of calls",
            unit: "%",
            metrics: away(of),
            line: Some((20.0, "warning")),
        });
    }
    if of.calls.iter().any(|call| call.through_profile) {
        plots.push(Plot {
            title: "Served in another Region through an inference profile, % of calls",
            unit: "%",
            metrics: served_elsewhere(of),
            line: Some((20.0, "warning")),
        });
    }
    let mut widgets = vec![json!({
        "type": "text", "x": 0, "y": 0, "width": COLUMNS, "height": 2,
        "properties": {"markdown": header(of)},
    })];
    for (number, plot) in (0..).zip(&plots) {
        let (x, y) = (number % 2 * HALF, 2 + number / 2 * HEIGHT);
        widgets.push(widget(of, plot, (x, y)));
    }
    json!({"start": "-PT6H", "widgets": widgets})
}

fn header(of: &Watched) -> String {
    let regions: Vec<_> = of.processed_in.iter().map(|region| format!("{} ({region})", region.name())).collect();
    format!(
        "## Amazon Bedrock, profile {}\nMay be processed in {}. Latency runs from the request to the last token, in the \
         service; it knows no network and no retries.",
        of.profile,
        regions.join(", ")
    )
}

fn widget(of: &Watched, plot: &Plot, (x, y): (u64, u64)) -> Value {
    let mut properties = json!({
        "region": of.home().code(),
        "title": plot.title,
        "view": "timeSeries",
        "period": 60,
        "metrics": plot.metrics,
        "yAxis": {"left": {"min": 0, "label": plot.unit, "showUnits": false}},
    });
    if let Some((value, label)) = plot.line {
        properties["annotations"] = json!({"horizontal": [{"value": value, "label": label}]});
    }
    json!({"type": "metric", "x": x, "y": y, "width": HALF, "height": HEIGHT, "properties": properties})
}

/// A metric of one call, labelled by its Region and model.
fn line(call: &Called, name: &str, stat: &str) -> Value {
    let what = match name {
        "InvocationClientErrors" => "client, ",
        "InvocationServerErrors" => "server, ",
        _ => "",
    };
    json!([NAMESPACE, name, "ModelId", call.model,
        {"stat": stat, "region": call.region.code(), "label": format!("{what}{}, {}", call.region.name(), call.model)}])
}

fn hidden(id: &str, call: &Called, name: &str) -> Value {
    json!([NAMESPACE, name, "ModelId", call.model,
        {"id": id, "stat": "Sum", "region": call.region.code(), "visible": false}])
}

fn share(id: &str, expression: &str, label: &str, region: &str) -> Value {
    json!([{"id": id, "expression": expression, "label": label, "region": region}])
}

fn throttled(number: usize, call: &Called) -> [Value; 3] {
    let (inv, thr) = (format!("inv{number}"), format!("thr{number}"));
    [
        share(
            &format!("share{number}"),
            &throttled_share(&inv, &thr),
            &format!("{}, {}", call.region.name(), call.model),
            call.region.code(),
        ),
        hidden(&inv, call, "Invocations"),
        hidden(&thr, call, "InvocationThrottles"),
    ]
}

fn away(of: &Watched) -> Vec<Value> {
    let terms = |keep: &dyn Fn(&Called) -> bool| -> String {
        let ids = of.calls.iter().enumerate().filter(|(_, call)| keep(call)).map(|(i, _)| format!("FILL(inv{i},0)"));
        ids.collect::<Vec<_>>().join("+")
    };
    let (all, away) = (terms(&|_| true), terms(&|call| call.region != of.home()));
    let mut metrics = vec![share("away", &format!("100*({away})/({all})"), "all models", of.home().code())];
    metrics.extend(of.calls.iter().enumerate().map(|(i, call)| hidden(&format!("inv{i}"), call, "Invocations")));
    metrics
}

fn served_elsewhere(of: &Watched) -> Vec<Value> {
    let through =
        of.regions().into_iter().filter(|region| of.calls.iter().any(|c| c.region == *region && c.through_profile));
    through
        .enumerate()
        .flat_map(|(i, region)| {
            let (all, re) = (format!("all{i}"), format!("re{i}"));
            let own = |id: &str, name: &str| {
                json!([own_namespace(of), name, {"id": id, "stat": "Sum", "region": region.code(), "visible": false}])
            };
            [
                share(
                    &format!("share{i}"),
                    &share_of(&all, &re),
                    &format!("called in {}", region.name()),
                    region.code(),
                ),
                own(&all, "Served"),
                own(&re, "ServedElsewhere"),
            ]
        })
        .collect()
}
