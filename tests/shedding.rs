//! The cap on requests in flight: what exceeds it is shed and counted, and the run says it is no good.

mod common;

use bedbench::core::Outcome;
use bedbench::measure::verdict::{Doubt, Grade};
use common::{bedbench, requests, summary};

#[test]
fn what_exceeds_the_cap_is_shed_counted_and_invalidates_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bedbench();
    command.args(["run", "--rps", "100", "--duration", "2s", "--warmup", "0s", "--route", "sydney", "--mock"]);
    command.args(["--scenario", "calm", "--in-flight", "5", "--quiet", "--out"]).arg(folder.path());
    assert_eq!(command.status().unwrap().code(), Some(5));

    let summary = summary(folder.path());
    let whole = summary.routes[0].whole();
    let shed = whole.count(Outcome::Shed);
    assert!(shed > 100, "answers take over a second, so five in flight can be few: {shed} shed");
    assert_eq!(Some(whole.sent + shed), whole.planned, "nothing is lost between the two");
    assert_eq!(summary.verdict.grade, Grade::Invalid);
    assert!(summary.verdict.reasons.iter().any(|reason| reason.doubt == Doubt::Shed));
    let rows = requests(folder.path());
    assert_eq!(Some(rows.len() as u64), whole.planned);
    assert!(rows.iter().all(|row| row.sent_ns.is_none() == (row.outcome == Outcome::Shed)));
    // A shed request is a failure to whoever sent it: the median of this run is no time.
    assert!(whole.quantile(bedbench::core::Metric::Response, 0.5).unwrap().value.time().is_none());
}
