//! What a template linter does not look at: what stands inside strings, and what metrics there are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dashboard::COLUMNS;
use super::{NAMESPACE, OWN_NAMESPACE};

/// Metrics of `AWS/Bedrock` for calls of a model, by `ModelId`.
///
/// Source: Amazon Bedrock User Guide, monitoring of bedrock-runtime; the last two: AWS ML blog, 12 March 2026.
pub const METRICS: [&str; 9] = [
    "Invocations",
    "InvocationLatency",
    "InvocationClientErrors",
    "InvocationServerErrors",
    "InvocationThrottles",
    "InputTokenCount",
    "OutputTokenCount",
    "TimeToFirstToken",
    "EstimatedTPMQuotaUsage",
];

/// Functions of metric math that the templates use.
const FUNCTIONS: [&str; 2] = ["FILL", "IF"];

/// Everything wrong with `template`, each with its place.
pub fn problems(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let empty = serde_json::Map::new();
    for (name, resource) in template["Resources"].as_object().unwrap_or(&empty) {
        let properties = &resource["Properties"];
        let said = match resource["Type"].as_str() {
            Some("AWS::CloudWatch::Alarm") => alarm(properties),
            Some("AWS::CloudWatch::Dashboard") => dashboard(properties),
            Some("AWS::Logs::MetricFilter") => filter(properties, template),
            other => vec![format!("{} is none of ours", other.unwrap_or("a resource without a type"))],
        };
        found.extend(said.into_iter().map(|what| format!("{name}: {what}")));
    }
    found
}

fn alarm(of: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let ways = ["Statistic", "ExtendedStatistic", "Metrics"];
    if ways.iter().filter(|way| !of[**way].is_null()).count() != 1 {
        found.push(format!("needs exactly one of {}", ways.join(", ")));
    }
    if let Some(statistic) = of["ExtendedStatistic"].as_str().filter(|statistic| !is_percentile(statistic)) {
        found.push(format!("`{statistic}` is no percentile"));
    }
    if of["Metrics"].is_null() {
        found.extend(metric(&of["Namespace"], &of["MetricName"]));
        found.extend(period(&of["Period"]));
    }
    let metrics = of["Metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<_> = metrics.iter().filter_map(|metric| metric["Id"].as_str()).collect();
    if !metrics.is_empty() && metrics.iter().filter(|metric| metric["ReturnData"] == true).count() != 1 {
        found.push("exactly one of its metrics must return data".to_owned());
    }
    for entry in metrics {
        if let Some(text) = entry["Expression"].as_str() {
            found.extend(expression(text, &ids));
        } else {
            let stat = &entry["MetricStat"];
            found.extend(metric(&stat["Metric"]["Namespace"], &stat["Metric"]["MetricName"]));
            found.extend(period(&stat["Period"]));
            found.extend(statistic(&stat["Stat"]));
        }
    }
    found
}

fn dashboard(of: &Value) -> Vec<String> {
    let Some(text) = of["DashboardBody"].as_str() else { return vec!["has no body".to_owned()] };
    let body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        Err(error) => return vec![format!("its body is no JSON: {error}")],
    };
    let Some(widgets) = body["widgets"].as_array() else { return vec!["has no widgets".to_owned()] };
    let mut found = Vec::new();
    let mut taken = BTreeSet::new();
    for (number, widget) in widgets.iter().enumerate() {
        let mut say = |what: String| found.push(format!("widget {number}: {what}"));
        let side = |key: &str| widget[key].as_u64();
        let (Some(x), Some(y), Some(width), Some(height)) = (side("x"), side("y"), side("width"), side("height"))
        else {
            say("has no place".to_owned());
            continue;
        };
        if x + width > COLUMNS {
            say(format!("reaches over column {COLUMNS}"));
        }
        let cells = (x..x + width).flat_map(|column| (y..y + height).map(move |row| (column, row)));
        if cells.filter(|cell| !taken.insert(*cell)).count() > 0 {
            say("stands on another".to_owned());
        }
        match widget["type"].as_str() {
            Some("text") if widget["properties"]["markdown"].is_string() => {}
            Some("metric") => plot(&widget["properties"]).into_iter().for_each(say),
            _ => say("is neither text nor metric".to_owned()),
        }
    }
    found
}

fn plot(of: &Value) -> Vec<String> {
    let mut found: Vec<String> = period(&of["period"]).into_iter().collect();
    if !of["region"].is_string() {
        found.push("names no Region".to_owned());
    }
    let metrics = of["metrics"].as_array().map(Vec::as_slice).unwrap_or_default();
    if metrics.is_empty() {
        found.push("shows nothing".to_owned());
    }
    let options = |metric: &Value| metric.as_array().and_then(|parts| parts.last().cloned()).unwrap_or_default();
    let options: Vec<_> = metrics.iter().map(options).collect();
    let ids: Vec<_> = options.iter().filter_map(|options| options["id"].as_str()).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        found.push("an id is there twice".to_owned());
    }
    for (entry, options) in metrics.iter().zip(&options) {
        match options["expression"].as_str() {
            Some(text) => found.extend(expression(text, &ids)),
            None => {
                found.extend(metric(&entry[0], &entry[1]));
                found.extend(statistic(&options["stat"]));
            }
        }
    }
    found
}

fn filter(of: &Value, template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let pattern = of["FilterPattern"].as_str().unwrap_or_default().trim();
    let open = |c| pattern.matches(c).count();
    if !(pattern.starts_with('{') && pattern.ends_with('}') && open('(') == open(')') && open('"') % 2 == 0) {
        found.push(format!("`{pattern}` is no JSON filter"));
    }
    // A filter that nobody reads costs money and hides a misspelt name.
    let transformations = of["MetricTransformations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let alarms = template["Resources"].to_string();
    for made in transformations {
        let name = made["MetricName"].as_str().unwrap_or_default();
        if alarms.matches(&format!("\"MetricName\":\"{name}\"")).count() < 2 {
            found.push(format!("no alarm reads {name}"));
        }
    }
    found
}

fn metric(namespace: &Value, name: &Value) -> Option<String> {
    let name = name.as_str().unwrap_or_default();
    let known = match namespace.as_str() {
        Some(NAMESPACE) => METRICS.contains(&name),
        Some(own) if own.starts_with(OWN_NAMESPACE) => ["Served", "ServedElsewhere", "ServedOutside"].contains(&name),
        Some(_) => false,
        // A parameter of the stack.
        None => ["Requests", "RequestsAway"].contains(&name),
    };
    (!known).then(|| format!("{namespace} has no metric `{name}`"))
}

fn period(of: &Value) -> Option<String> {
    let fits = of.as_u64().is_some_and(|seconds| [10, 20, 30].contains(&seconds) || (seconds > 0 && seconds % 60 == 0));
    (!fits).then(|| format!("a period of {of} is none"))
}

fn statistic(of: &Value) -> Option<String> {
    let name = of.as_str().unwrap_or_default();
    let fits = is_percentile(name) || ["Sum", "Average", "Minimum", "Maximum", "SampleCount"].contains(&name);
    (!fits).then(|| format!("`{name}` is no statistic"))
}

fn is_percentile(text: &str) -> bool {
    let number = text.strip_prefix('p').and_then(|number| number.parse::<f64>().ok());
    number.is_some_and(|number| number > 0.0 && number < 100.0) || text == "p100"
}

/// Parentheses match, and every word is a function or one of `ids`.
fn expression(text: &str, ids: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_i32;
    for c in text.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            break;
        }
    }
    if depth != 0 {
        found.push(format!("`{text}` does not close what it opens"));
    }
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let known = word.parse::<f64>().is_ok() || FUNCTIONS.contains(&word) || ids.contains(&word);
        if !known {
            found.push(format!("`{text}` names `{word}`, which is not there"));
        }
    }
    found
}
