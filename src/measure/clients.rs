//! A run that several independent clients made together, merged from their records.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verdict::{Doubt, Grade, Reason};
use crate::core::phase::Phases;
use crate::core::units::length;
use crate::core::{RunTime, Shard};

/// Shards that a reason names one by one; of more, the first stands for all.
const NAMED: usize = 3;
/// Above it the load of some moment was that of two.
const SUSPECT_SPREAD: Duration = Duration::from_secs(1);
/// The same, as a share of the measured time.
const INVALID_SPREAD: f64 = 0.1;

/// What is known of the clients of a merged run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clients {
    /// That the plan was made for.
    pub planned: u32,
    /// Numbers of the shards that were not there to be merged.
    pub missing: Vec<u32>,
    /// Those that were, by number.
    pub merged: Vec<Client>,
    /// Between the first start and the last, each by its own clock.
    pub starts_apart_ns: u64,
}

/// One client, as it judged itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// Number of its shard.
    pub shard: u32,
    /// Whether its end is recorded.
    pub ended: bool,
    /// When it stopped before the end of the plan, in its own run time.
    pub stopped: Option<RunTime>,
    pub reasons: Vec<Reason>,
}

impl Clients {
    /// Whether every shard is there and fired its part to the end.
    pub fn complete(&self) -> bool {
        self.missing.is_empty() && self.merged.iter().all(|client| client.ended && client.stopped.is_none())
    }

    /// `4 independent clients`, or `3 of 4 independent clients`.
    pub fn label(&self) -> String {
        let noun = if self.planned == 1 { "client" } else { "clients" };
        match self.merged.len() as u32 {
            all if all == self.planned => format!("{all} independent {noun}"),
            some => format!("{some} of {} independent {noun}", self.planned),
        }
    }
}

/// Everything that casts doubt on some client casts it on the run, but that it had few requests of its own.
pub(super) fn judge(clients: &Clients, phases: &Phases) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let of = |shard: u32| format!("shard {}", Shard { index: shard, count: clients.planned });
    if !clients.missing.is_empty() {
        let names: Vec<_> = clients.missing.iter().take(NAMED).map(|shard| of(*shard)).collect();
        let more = clients.missing.len() - names.len();
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verb = if clients.missing.len() == 1 { "is" } else { "are" };
        let text = format!(
            "INCOMPLETE: {}{others} {verb} missing, and their requests are in no number. Merge again with every folder",
            names.join(", ")
        );
        reasons.push(Reason { grade: Grade::Invalid, doubt: Doubt::MissingShards, text });
    }
    let cut = clients.merged.iter().filter(|client| !client.ended || client.stopped.is_some()).map(|client| {
        let when = client.stopped.map(|at| format!("at {at}")).unwrap_or_else(|| "when, nobody knows".to_owned());
        let text = format!(
            "INCOMPLETE: stopped before the end of the plan ({when}), and from then on the load was not that of the plan. Run it \
             again"
        );
        (client.shard, Reason { grade: Grade::Invalid, doubt: Doubt::CutShards, text })
    });
    reasons.extend(by_shard(cut, clients.planned));
    let (apart, (from, to)) = (Duration::from_nanos(clients.starts_apart_ns), phases.measured());
    if apart > SUSPECT_SPREAD {
        let far = apart.as_secs_f64() > INVALID_SPREAD * to.since(from).as_secs_f64();
        let grade = if far { Grade::Invalid } else { Grade::Suspect };
        let text = format!(
            "the shards started {} apart by their own clocks, so the load was not that of the plan. Give all of them one \
             --start-at",
            length(Duration::from_millis(apart.as_millis() as u64))
        );
        reasons.push(Reason { grade, doubt: Doubt::StartsApart, text });
    }
    let own = clients.merged.iter().flat_map(|client| {
        let others = client.reasons.iter().filter(|reason| reason.doubt != Doubt::TooFewSamples);
        others.map(|reason| (client.shard, reason.clone()))
    });
    reasons.extend(by_shard(own, clients.planned));
    reasons
}

/// Names the shard of each reason; where many doubt the same, the first of them stands for all.
fn by_shard(reasons: impl Iterator<Item = (u32, Reason)>, planned: u32) -> Vec<Reason> {
    let mut alike: Vec<Vec<(u32, Reason)>> = Vec::new();
    for (shard, reason) in reasons {
        let same = |other: &Reason| (other.grade, other.doubt) == (reason.grade, reason.doubt);
        match alike.iter_mut().find(|group| group.first().is_some_and(|(_, first)| same(first))) {
            Some(group) => group.push((shard, reason)),
            None => alike.push(vec![(shard, reason)]),
        }
    }
    let named = |of: &str, (shard, reason): &(u32, Reason)| {
        let name = Shard { index: *shard, count: planned };
        Reason { text: format!("{of}shard {name}: {}", reason.text), ..reason.clone() }
    };
    let shown = |group: Vec<(u32, Reason)>| match group.len() {
        0..=NAMED => group.iter().map(|one| named("", one)).collect::<Vec<_>>(),
        many => vec![named(&format!("{many} of {planned} shards, first "), &group[0])],
    };
    alike.into_iter().flat_map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(shard: u32) -> Client {
        Client { shard, ended: true, stopped: None, reasons: vec![] }
    }

    fn judged(clients: &Clients) -> Vec<(Grade, Doubt)> {
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
        judge(clients, &phases).into_iter().map(|reason| (reason.grade, reason.doubt)).collect()
    }

    fn good() -> Clients {
        Clients { planned: 2, missing: vec![], merged: vec![client(0), client(1)], starts_apart_ns: 3_000_000 }
    }

    #[test]
    fn clients_that_did_well_cast_no_doubt() {
        assert_eq!(judged(&good()), []);
        assert!(good().complete());
        assert_eq!(good().label(), "2 independent clients");
    }

    #[test]
    fn a_missing_shard_or_one_that_stopped_makes_the_run_invalid() {
        let missing = Clients { missing: vec![1], merged: vec![client(0)], ..good() };
        assert_eq!(judged(&missing), [(Grade::Invalid, Doubt::MissingShards)]);
        assert_eq!(missing.label(), "1 of 2 independent clients");
        let mut cut = good();
        cut.merged[1].stopped = Some(RunTime::from_secs_f64(12.0));
        assert_eq!(judged(&cut), [(Grade::Invalid, Doubt::CutShards)]);
        let mut killed = good();
        killed.merged[0].ended = false;
        assert_eq!(judged(&killed), [(Grade::Invalid, Doubt::CutShards)]);
        assert!(![missing, cut, killed].iter().any(Clients::complete));
    }

    #[test]
    fn shards_that_start_apart_cast_doubt_and_then_invalidate() {
        for (ms, expected) in [
            (900, vec![]),
            (1_500, vec![(Grade::Suspect, Doubt::StartsApart)]),
            (7_000, vec![(Grade::Invalid, Doubt::StartsApart)]),
        ] {
            assert_eq!(judged(&Clients { starts_apart_ns: ms * 1_000_000, ..good() }), expected, "{ms} ms");
        }
    }

    #[test]
    fn what_many_clients_doubt_is_said_once() {
        let late = Reason { grade: Grade::Suspect, doubt: Doubt::DispatchLag, text: "late".into() };
        let merged = (0..40).map(|shard| Client { reasons: vec![late.clone()], ..client(shard) }).collect();
        let many = Clients { planned: 45, missing: (40..45).collect(), merged, starts_apart_ns: 0 };
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
        let texts: Vec<_> = judge(&many, &phases).into_iter().map(|reason| reason.text).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(
            texts[0].starts_with("INCOMPLETE: shard 40/45, shard 41/45, shard 42/45 and 2 more are missing"),
            "{}",
            texts[0]
        );
        assert_eq!(texts[1], "40 of 45 shards, first shard 0/45: late");
    }

    #[test]
    fn what_a_client_doubts_is_doubted_by_its_name_but_not_the_size_of_its_part() {
        let mut doubtful = good();
        let reason = |grade, doubt| Reason { grade, doubt, text: "as it says".into() };
        doubtful.merged[1].reasons =
            vec![reason(Grade::Suspect, Doubt::TooFewSamples), reason(Grade::Invalid, Doubt::DispatchLag)];
        assert_eq!(judged(&doubtful), [(Grade::Invalid, Doubt::DispatchLag)]);
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
        assert_eq!(judge(&doubtful, &phases)[0].text, "shard 1/2: as it says");
    }
}
