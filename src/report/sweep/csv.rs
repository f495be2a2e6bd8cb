//! `sweep.csv`: one line per point. An empty cell means that there is no such number.

use std::collections::BTreeSet;

use super::SweepFormat;
use crate::core::Outcome;
use crate::measure::series::Level;
use crate::report::cell::FAILED;
use crate::sweep::{Point, Sweep, Watched};

pub const FORMAT: SweepFormat = SweepFormat { file: "sweep.csv", render };

fn render(sweep: &Sweep) -> String {
    let points = || sweep.routes.iter().flat_map(|route| route.points.iter().map(move |point| (route, point)));
    let countries: BTreeSet<_> = points().flat_map(|(_, point)| point.processed_tokens.keys().copied()).collect();
    let watched = Watched::for_slos(&sweep.slos);
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut write = |row: Vec<String>| table.write_record(row).expect("a vector takes whatever is written to it");

    let mut head: Vec<_> = ["route", "rps", "seed", "planned"].map(str::to_owned).into();
    head.extend(Outcome::ALL.map(|outcome| outcome.name().replace(' ', "_")));
    head.push("good".into());
    head.extend(watched.iter().map(|of| format!("{}_ms", of.key().replace(':', "_"))));
    head.extend(["attempts", "throttled_attempts"].map(str::to_owned));
    head.extend(countries.iter().map(|country| format!("tokens_{}", country.to_string().replace(' ', "_"))));
    head.extend(["cost_usd", "cost_per_thousand_good_usd"].map(str::to_owned));
    write(head);

    for (route, point) in points() {
        let outcome = |outcome| point.outcomes.get(&outcome).copied().unwrap_or(0).to_string();
        let mut row = vec![route.head.name.clone(), point.rps.to_string(), point.seed.to_string()];
        row.push(point.planned.to_string());
        row.extend(Outcome::ALL.map(outcome));
        row.push(point.good.to_string());
        row.extend(watched.iter().map(|of| level(point, *of)));
        row.extend([point.attempts, point.throttled_attempts].map(|count| count.to_string()));
        row.extend(countries.iter().map(|c| point.processed_tokens.get(c).copied().unwrap_or(0).to_string()));
        row.push(format!("{:.6}", point.cost_usd));
        row.push(point.cost_per_thousand_good().map_or_else(String::new, |cost| format!("{cost:.6}")));
        write(row);
    }
    let bytes = table.into_inner().expect("a vector takes whatever is written to it");
    String::from_utf8(bytes).expect("what was written is text")
}

fn level(point: &Point, of: Watched) -> String {
    match point.level(of) {
        None => String::new(),
        Some(Level::Failed) => FAILED.into(),
        Some(Level::At(time)) => format!("{:.3}", time.as_secs_f64() * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::swept;

    #[test]
    fn every_point_has_its_line_and_failures_are_words() {
        let sweep = swept();
        let text = render(sweep);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), sweep.routes.iter().map(|route| route.points.len()).sum::<usize>());
        let column = |name: &str| head.iter().position(|known| known == name).unwrap();
        let saturated = rows.iter().find(|row| &row[0] == "sydney" && &row[1] == "120").unwrap();
        assert_eq!(&saturated[column("ttft_p95_ms")], "failed");
        assert!(saturated[column("throttled")].parse::<u64>().unwrap() > 0);
        let spilled = rows.iter().find(|row| &row[0] == "sydney→oregon" && &row[1] == "120").unwrap();
        assert!(spilled[column("tokens_United_States")].parse::<u64>().unwrap() > 0);
    }
}
