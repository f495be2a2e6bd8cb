//! JUnit XML: each objective of each route as a test, and the run's own verdict as one more.

use crate::core::gate::Gate;
use crate::measure::Summary;
use crate::measure::gate::GateResult;
use crate::measure::verdict::Grade;

/// One test as a CI system shows it.
pub struct Case {
    /// What it belongs to: the route.
    pub class: String,
    pub name: String,
    pub ended: Ended,
}

pub enum Ended {
    Passed,
    /// With the line that says how.
    Failed(String),
    /// With the reason.
    Skipped(String),
}

/// The objectives of a run. Those of one that was interrupted are skipped: half a run is no verdict.
pub fn of_run(summary: &Summary, gates: &[Gate]) -> Vec<Case> {
    let invalid = summary.verdict.grade == Grade::Invalid;
    let reasons: Vec<_> = summary.verdict.reasons.iter().map(|reason| reason.text.as_str()).collect();
    let verdict = if invalid { Ended::Failed(reasons.join("; ")) } else { Ended::Passed };
    let mut cases = vec![Case { class: "run".into(), name: "the run can be believed".into(), ended: verdict }];
    if summary.interrupted {
        let skipped = gates.iter().map(|gate| Case {
            class: gate.route.clone().unwrap_or_else(|| "every route".into()),
            name: gate.objective.to_string(),
            ended: Ended::Skipped("the run was interrupted".into()),
        });
        cases.extend(skipped);
    }
    cases.extend(summary.gates.iter().map(of_gate));
    cases
}

/// One objective of one route.
pub fn of_gate(result: &GateResult) -> Case {
    let ended = match result.met {
        Some(true) => Ended::Passed,
        Some(false) => Ended::Failed(result.line()),
        None => Ended::Skipped(result.line()),
    };
    Case { class: result.route.clone(), name: result.gate.objective.to_string(), ended }
}

pub fn render(suite: &str, cases: &[Case]) -> String {
    let count = |of: fn(&Ended) -> bool| cases.iter().filter(|case| of(&case.ended)).count();
    let failures = count(|ended| matches!(ended, Ended::Failed(_)));
    let skipped = count(|ended| matches!(ended, Ended::Skipped(_)));
    let tests = cases.len();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str(&format!("<testsuites tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">\n"));
    xml.push_str(&format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">\n",
        escape(suite)
    ));
    for case in cases {
        let head = format!("    <testcase classname=\"{}\" name=\"{}\"", escape(&case.class), escape(&case.name));
        xml.push_str(&match &case.ended {
            Ended::Passed => format!("{head}/>\n"),
            Ended::Failed(how) => format!("{head}><failure message=\"{}\"/></testcase>\n", escape(how)),
            Ended::Skipped(why) => format!("{head}><skipped message=\"{}\"/></testcase>\n", escape(why)),
        });
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

/// XML has no place for control characters, not even escaped.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_missed_objective_is_a_failed_test_whatever_its_name() {
        let mut run = fixture::alone();
        let result = |gate: &str, met| GateResult {
            gate: gate.parse().unwrap(),
            route: "<a> & \"b\"\n".into(),
            met: Some(met),
            found: "1.24 s".into(),
        };
        run.summary.gates = vec![result("ttft:p95<900ms", false), result("error<1%", true)];
        let xml = render("apac", &of_run(&run.summary, &[]));
        let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
        let suite = document.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
        assert_eq!((suite.attribute("tests"), suite.attribute("failures")), (Some("3"), Some("1")));
        let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
        assert_eq!(failure.parent().unwrap().attribute("name"), Some("ttft:p95<900ms"));
        assert_eq!(failure.attribute("message"), Some("ttft:p95<900ms by <a> & \"b\" : 1.24 s"));
    }

    #[test]
    fn an_interrupted_run_judges_nothing_and_an_invalid_one_fails() {
        let mut run = fixture::empty();
        run.summary.verdict.grade = Grade::Invalid;
        let gates = vec!["sydney/error<1%".parse().unwrap(), "goodput>5/s".parse().unwrap()];
        let xml = render("apac", &of_run(&run.summary, &gates));
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"2\""), "{xml}");
    }
}
