//! The alarms, and the metric filters that two of them read.

use serde_json::{Map, Value, json};

use super::{Called, NAMESPACE, Watched, logical, own_namespace};
use crate::core::RegionId;

/// Share of attempts, in percent.
const THROTTLED: f64 = 5.0;
/// Share of requests served by another Region than the one called, in percent.
const MOVED_WARNING: f64 = 20.0;
const MOVED_CRITICAL: f64 = 25.0;

pub fn resources(of: &Watched) -> Map<String, Value> {
    let mut resources = Map::new();
    for (number, call) in of.calls.iter().enumerate() {
        let name = format!("{}Model{}", logical(call.region.code()), number + 1);
        resources.insert(format!("Throttled{name}"), throttled(call));
        resources.insert(format!("Latency{name}"), latency(call));
    }
    for region in of.regions() {
        let name = logical(region.code());
        let through_profile = of.calls.iter().any(|call| call.region == region && call.through_profile);
        resources.insert(format!("FilterOutside{name}"), filter(of, region, "ServedOutside", &served_outside(of)));
        resources.insert(format!("Outside{name}"), outside(of, region));
        if through_profile {
            let elsewhere = format!("{{ ($.inferenceRegion = \"*\") && ($.inferenceRegion != \"{region}\") }}");
            resources.insert(format!("FilterMoved{name}"), filter(of, region, "ServedElsewhere", &elsewhere));
            resources.insert(
                format!("FilterAll{name}"),
                filter(of, region, "Served", "{ $.schemaType = \"ModelInvocationLog\" }"),
            );
            for (level, limit) in [("Warning", MOVED_WARNING), ("Critical", MOVED_CRITICAL)] {
                resources.insert(format!("Moved{level}{name}"), moved(of, region, level, limit));
            }
        }
    }
    if of.falls_back() {
        for (level, limit) in [("Warning", MOVED_WARNING), ("Critical", MOVED_CRITICAL)] {
            resources.insert(format!("FellBack{level}"), fell_back(of, level, limit));
        }
    }
    resources
}

/// In percent. Throttled calls are not among the Invocations, so attempts are their sum; and where all are throttled
/// there is no Invocations at all, hence FILL.
pub fn throttled_share(inv: &str, thr: &str) -> String {
    let attempts = format!("(FILL({inv},0)+FILL({thr},0))");
    format!("IF({attempts}>0,100*FILL({thr},0)/{attempts},0)")
}

/// In percent, of counts that may be missing.
pub fn share_of(all: &str, part: &str) -> String {
    format!("IF(FILL({all},0)>0,100*FILL({part},0)/{all},0)")
}

fn throttled(call: &Called) -> Value {
    alarm(
        &format!("In{}", logical(call.region.code())),
        &format!("throttled share of {} in {}", call.model, call.region),
        &format!("More than {THROTTLED} % of the attempts of 5 minutes were throttled: the quota is used up."),
        json!({
            "Metrics": [
                expression("share", &throttled_share("inv", "thr"), "throttled, % of attempts"),
                metric("inv", NAMESPACE, "Invocations", Some(&call.model)),
                metric("thr", NAMESPACE, "InvocationThrottles", Some(&call.model)),
            ],
            "EvaluationPeriods": 1,
            "Threshold": THROTTLED,
        }),
    )
}

fn latency(call: &Called) -> Value {
    alarm(
        &format!("In{}", logical(call.region.code())),
        &format!("latency of {} in {}", call.model, call.region),
        "p95 of InvocationLatency (request to last token, in the service) above the limit for 5 minutes in a row.",
        json!({
            "Namespace": NAMESPACE,
            "MetricName": "InvocationLatency",
            "Dimensions": [{"Name": "ModelId", "Value": call.model}],
            "ExtendedStatistic": "p95",
            "Period": 60,
            "EvaluationPeriods": 5,
            "DatapointsToAlarm": 5,
            "Threshold": {"Ref": "LatencyP95Milliseconds"},
        }),
    )
}

fn moved(of: &Watched, region: RegionId, level: &str, limit: f64) -> Value {
    alarm(
        &format!("Logs{}", logical(region.code())),
        &format!("served elsewhere, {}, {region}", level.to_lowercase()),
        &format!(
            "{level}: an inference profile served more than {limit} % of the calls of 5 minutes in another Region than {region}."
        ),
        json!({
            "Metrics": [
                expression("share", &share_of("all", "re"), "served in another Region, % of calls"),
                metric("all", &own_namespace(of), "Served", None),
                metric("re", &own_namespace(of), "ServedElsewhere", None),
            ],
            "EvaluationPeriods": 1,
            "Threshold": limit,
        }),
    )
}

/// Of requests that the application itself sent to another Region, as it counts them.
fn fell_back(of: &Watched, level: &str, limit: f64) -> Value {
    let mut alarm = alarm(
        "ClientHome",
        &format!("fallen back, {}", level.to_lowercase()),
        &format!(
            "{level}: the application sent more than {limit} % of the requests of 5 minutes to another Region than {}.",
            of.home()
        ),
        json!({
            "Metrics": [
                expression("share", &share_of("all", "away"), "sent to another Region, % of requests"),
                metric("all", "", "Requests", None),
                metric("away", "", "RequestsAway", None),
            ],
            "EvaluationPeriods": 1,
            "Threshold": limit,
        }),
    );
    for metric in alarm["Properties"]["Metrics"].as_array_mut().expect("it was made as a list") {
        if let Some(stat) = metric.get_mut("MetricStat") {
            stat["Metric"]["Namespace"] = json!({"Ref": "ClientNamespace"});
        }
    }
    alarm
}

/// Whatever else is in place, this must never happen.
fn outside(of: &Watched, region: RegionId) -> Value {
    let regions: Vec<_> = of.processed_in.iter().map(|region| region.code()).collect();
    alarm(
        &format!("Logs{}", logical(region.code())),
        &format!("served outside the routes' Regions, {region}"),
        &format!("Critical: a call was served outside {}.", regions.join(", ")),
        json!({
            "Namespace": own_namespace(of),
            "MetricName": "ServedOutside",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 0,
        }),
    )
}

fn served_outside(of: &Watched) -> String {
    let others: String =
        of.processed_in.iter().map(|region| format!(" && ($.inferenceRegion != \"{region}\")")).collect();
    format!("{{ ($.inferenceRegion = \"*\"){others} }}")
}

fn alarm(condition: &str, name: &str, description: &str, properties: Value) -> Value {
    let mut all = json!({
        "AlarmName": {"Fn::Join": [" ", [{"Ref": "AWS::StackName"}, name]]},
        "AlarmDescription": description,
        "ComparisonOperator": "GreaterThanThreshold",
        // Nothing was asked, or nothing was throttled.
        "TreatMissingData": "notBreaching",
        "AlarmActions": {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]},
    });
    if let (Value::Object(all), Value::Object(properties)) = (&mut all, properties) {
        all.extend(properties);
    }
    json!({"Type": "AWS::CloudWatch::Alarm", "Condition": condition, "Properties": all})
}

fn expression(id: &str, expression: &str, label: &str) -> Value {
    json!({"Id": id, "Expression": expression, "Label": label, "ReturnData": true})
}

/// A sum over 5 minutes, for an expression.
fn metric(id: &str, namespace: &str, name: &str, model: Option<&str>) -> Value {
    let mut metric = json!({"Namespace": namespace, "MetricName": name});
    if let Some(model) = model {
        metric["Dimensions"] = json!([{"Name": "ModelId", "Value": model}]);
    }
    json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": false})
}

fn filter(of: &Watched, region: RegionId, metric: &str, pattern: &str) -> Value {
    json!({
        "Type": "AWS::Logs::MetricFilter",
        "Condition": format!("Logs{}", logical(region.code())),
        "Properties": {
            "LogGroupName": {"Ref": "InvocationLogGroup"},
            "FilterPattern": pattern,
            "MetricTransformations": [{
                "MetricNamespace": own_namespace(of),
                "MetricName": metric,
                "MetricValue": "1",
                "DefaultValue": 0,
            }],
        },
    })
}
