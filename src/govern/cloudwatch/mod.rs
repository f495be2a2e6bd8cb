//! Alarms and a dashboard for the routes of a profile, as one CloudFormation template.
//!
//! An alarm cannot read another Region's metrics, so the template is deployed once in every Region that a route
//! calls, and each stack makes the alarms of its own Region; the dashboard stands in the first. Metrics are those
//! of the namespace `AWS/Bedrock` (Amazon Bedrock User Guide, monitoring of bedrock-runtime); its dimension
//! `ModelId` carries the id that is called, so calls through an inference profile count apart.

mod alarms;
pub mod check;
mod dashboard;
mod watched;

#[cfg(test)]
mod tests;

pub use watched::{Called, Watched};

use serde_json::{Map, Value, json};

/// Of Bedrock's runtime metrics.
const NAMESPACE: &str = "AWS/Bedrock";

/// Where the metric filters count what the invocation log says: apart for every profile, so that two stacks in one
/// Region do not count twice.
const OWN_NAMESPACE: &str = "bedbench/";

fn own_namespace(of: &Watched) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    OWN_NAMESPACE.to_owned() + &of.profile.chars().map(allowed).collect::<String>()
}

/// The template. Two profiles, two stacks: nothing in it has a name that could be taken.
pub fn template(of: &Watched) -> Value {
    let mut conditions = Map::new();
    let mut add = |name: String, value: Value| conditions.insert(name, value);
    add("HasAlarmTopic".into(), not_empty("AlarmTopic"));
    add("HasInvocationLog".into(), not_empty("InvocationLogGroup"));
    for region in of.regions() {
        let here = format!("In{}", logical(region.code()));
        add(here.clone(), json!({"Fn::Equals": [{"Ref": "AWS::Region"}, region.code()]}));
        add(
            format!("Logs{}", logical(region.code())),
            json!({"Fn::And": [{"Condition": here}, {"Condition": "HasInvocationLog"}]}),
        );
    }
    let mut parameters = json!({
        "AlarmTopic": {"Type": "String", "Default": "",
            "Description": "ARN of an SNS topic of this Region that alarms are sent to; none when empty"},
        "InvocationLogGroup": {"Type": "String", "Default": "",
            "Description": "Log group of Bedrock's model invocation log in this Region; no alarms on where calls were served when empty"},
        "LatencyP95Milliseconds": {"Type": "Number", "Default": 600, "MinValue": 1,
            "Description": "p95 of InvocationLatency (request to last token) above which five minutes in a row raise an alarm; long answers need more"},
    });
    if of.falls_back() {
        add("HasClientMetrics".into(), not_empty("ClientNamespace"));
        add(
            "ClientHome".into(),
            json!({"Fn::And": [{"Condition": format!("In{}", logical(of.home().code()))}, {"Condition": "HasClientMetrics"}]}),
        );
        parameters["ClientNamespace"] = json!({"Type": "String", "Default": "",
            "Description": "Namespace in which the application counts Requests and RequestsAway (sent to another Region than the first); no alarms on its fallbacks when empty"});
    }
    let mut resources = alarms::resources(of);
    resources.insert(
        "Dashboard".into(),
        json!({
            "Type": "AWS::CloudWatch::Dashboard",
            "Condition": format!("In{}", logical(of.home().code())),
            "Properties": {
                "DashboardName": {"Ref": "AWS::StackName"},
                "DashboardBody": dashboard::body(of).to_string(),
            },
        }),
    );
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!(
            "Amazon Bedrock, profile {}: throttling, latency and where calls are served. Deploy it in {}.",
            of.profile,
            of.regions().iter().map(|region| region.code()).collect::<Vec<_>>().join(", "),
        ),
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": resources,
    })
}

fn not_empty(parameter: &str) -> Value {
    json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]})
}

/// `ap-southeast-2` as `ApSoutheast2`: logical ids have letters and digits only.
fn logical(text: &str) -> String {
    text.split('-')
        .map(|part| {
            let mut letters = part.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        })
        .collect()
}
