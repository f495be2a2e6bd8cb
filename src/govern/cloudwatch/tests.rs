use serde_json::{Value, json};

use super::check::problems;
use super::{Watched, template};
use crate::profile::Loader;
use crate::profile::builtin::PROFILES;

fn made(profile: &str) -> Value {
    template(&Watched::new(&Loader::built_in().unwrap().profile(profile).unwrap()).unwrap())
}

fn properties<'a>(template: &'a Value, resource: &str) -> &'a Value {
    let found = &template["Resources"][resource]["Properties"];
    assert!(found.is_object(), "no {resource} in {:?}", template["Resources"].as_object().unwrap().keys());
    found
}

fn dashboard(template: &Value) -> Value {
    serde_json::from_str(properties(template, "Dashboard")["DashboardBody"].as_str().unwrap()).unwrap()
}

#[test]
fn every_built_in_profile_passes_our_own_checks() {
    for builtin in PROFILES {
        assert_eq!(problems(&made(builtin.name)), Vec::<String>::new(), "{}", builtin.name);
    }
}

#[test]
fn throttles_are_a_share_of_attempts_and_latency_is_late_five_minutes_in_a_row() {
    let template = made("apac");
    let throttled = properties(&template, "ThrottledApSoutheast2Model1");
    let metrics = throttled["Metrics"].as_array().unwrap();
    let names: Vec<_> = metrics.iter().filter_map(|m| m["MetricStat"]["Metric"]["MetricName"].as_str()).collect();
    assert_eq!(names, ["Invocations", "InvocationThrottles"]);
    assert_eq!(metrics[0]["Expression"], "IF((FILL(inv,0)+FILL(thr,0))>0,100*FILL(thr,0)/(FILL(inv,0)+FILL(thr,0)),0)");
    assert_eq!(
        (&throttled["Threshold"], &throttled["ComparisonOperator"]),
        (&json!(5.0), &json!("GreaterThanThreshold"))
    );
    let model = json!([{"Name": "ModelId", "Value": "au.anthropic.claude-sonnet-5"}]);
    assert_eq!(metrics[1]["MetricStat"]["Metric"]["Dimensions"], model);
    let latency = properties(&template, "LatencyApSoutheast2Model1");
    assert_eq!(latency["ExtendedStatistic"], "p95");
    assert_eq!([&latency["Period"], &latency["EvaluationPeriods"], &latency["DatapointsToAlarm"]], [60, 5, 5]);
    assert_eq!(template["Parameters"]["LatencyP95Milliseconds"]["Default"], 600);
}

#[test]
fn an_alarm_is_made_in_the_region_whose_metrics_it_reads() {
    let template = made("apac");
    for (resource, condition) in [
        ("ThrottledApSoutheast2Model1", "InApSoutheast2"),
        ("ThrottledApSoutheast1Model2", "InApSoutheast1"),
        ("MovedWarningApSoutheast2", "LogsApSoutheast2"),
        ("Dashboard", "InApSoutheast2"),
        ("FellBackCritical", "ClientHome"),
    ] {
        assert_eq!(template["Resources"][resource]["Condition"], condition, "{resource}");
    }
    let text = template.to_string();
    assert!(!text.contains("us-west-2"), "the reference route is not watched");
}

#[test]
fn what_moves_by_itself_and_what_the_client_moves_are_watched_where_they_can_happen() {
    let resources = |profile| {
        let template = made(profile);
        template["Resources"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    for (profile, moved, fell_back) in [("sydney", false, false), ("au", true, false), ("apac", true, true)] {
        let found = resources(profile);
        assert_eq!(found.contains("MovedWarningApSoutheast2"), moved, "{profile}: {found}");
        assert_eq!(found.contains("FellBackWarning"), fell_back, "{profile}: {found}");
        assert!(found.contains("OutsideApSoutheast2"), "{profile}: {found}");
    }
    let template = made("au");
    let filter = properties(&template, "FilterOutsideApSoutheast2");
    assert_eq!(
        filter["FilterPattern"],
        "{ ($.inferenceRegion = \"*\") && ($.inferenceRegion != \"ap-southeast-2\") && ($.inferenceRegion != \"ap-southeast-4\") }"
    );
    for (alarm, limit) in [("MovedWarningApSoutheast2", 20.0), ("MovedCriticalApSoutheast2", 25.0)] {
        assert_eq!(properties(&template, alarm)["Threshold"], limit);
    }
}

#[test]
fn the_dashboard_shows_all_regions_side_by_side() {
    let body = dashboard(&made("candidates"));
    let latency = body["widgets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|widget| widget["properties"]["title"].as_str().is_some_and(|title| title.starts_with("Latency")));
    let metrics = latency.unwrap()["properties"]["metrics"].as_array().unwrap();
    let regions: Vec<_> = metrics.iter().map(|metric| metric[4]["region"].as_str().unwrap()).collect();
    assert_eq!(regions, ["ap-southeast-2", "ap-southeast-1", "us-west-2"]);
}

/// A checker that finds nothing proves nothing.
#[test]
fn what_a_linter_overlooks_is_found() {
    let broken_body = |from: &str, to: &str| {
        let mut template = made("au");
        let body = &mut template["Resources"]["Dashboard"]["Properties"]["DashboardBody"];
        let text = body.as_str().unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        *body = json!(text.replacen(from, to, 1));
        template
    };
    let broken = |pointer: &str, value: Value| {
        let mut template = made("au");
        *template.pointer_mut(&format!("/Resources/{pointer}")).unwrap_or_else(|| panic!("no {pointer}")) = value;
        template
    };
    for (template, said) in [
        (broken_body("{", ""), "its body is no JSON"),
        (broken_body("\"stat\":\"p95\"", "\"stat\":\"95th\""), "`95th` is no statistic"),
        (broken_body("\"InvocationLatency\"", "\"InvokeModel.Latency\""), "no metric `InvokeModel.Latency`"),
        (broken_body("FILL(inv0,0)", "FILL(nothing,0)"), "names `nothing`"),
        (broken_body("\"x\":12", "\"x\":20"), "reaches over column 24"),
        (broken_body("\"width\":12", "\"width\":20"), "stands on another"),
        (broken_body("\"period\":60", "\"period\":45"), "a period of 45 is none"),
        (broken("LatencyApSoutheast2Model1/Properties/ExtendedStatistic", json!("pp95")), "`pp95` is no percentile"),
        (broken("LatencyApSoutheast2Model1/Properties/MetricName", json!("Latency")), "no metric `Latency`"),
        (
            broken("ThrottledApSoutheast2Model1/Properties/Metrics/0/Expression", json!("100*FILL(thr,0)/(inv")),
            "does not close",
        ),
        (broken("ThrottledApSoutheast2Model1/Properties/Metrics/0/ReturnData", json!(false)), "must return data"),
        (broken("FilterMovedApSoutheast2/Properties/FilterPattern", json!("{ ($.a = \"b }")), "is no JSON filter"),
        (
            broken("FilterMovedApSoutheast2/Properties/MetricTransformations/0/MetricName", json!("Moved")),
            "no alarm reads Moved",
        ),
    ] {
        let found = problems(&template);
        assert!(found.iter().any(|problem| problem.contains(said)), "{said}: {found:?}");
    }
}

#[test]
fn a_template_reads_like_this() {
    let template = serde_json::to_string_pretty(&made("au")).unwrap();
    insta::assert_snapshot!(template);
}
