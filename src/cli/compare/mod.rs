//! `bedbench compare`: two runs or two routes, from their records.

mod args;
mod sides;

pub use args::CompareArgs;

use std::path::Path;

use super::exit::{Code, Exit, Failure};
use super::{guard, print, style};
use crate::core::Metric;
use crate::core::fail_if::FailIf;
use crate::measure::versus::{Judgement, Pairing, Versus};
use crate::report::compare::{Compared, Curve, Head, Pair, SCHEMA, gate, markdown, text};
use crate::report::plots::compare as plot;
use crate::store::Manifest;
use crate::store::folder::replace;
use args::Output;
use sides::{Opened, split, unlike};

pub fn run(args: CompareArgs) -> Result<Exit, Failure> {
    let compared = compared(&args)?;
    let plot_name = args.plot.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &args.plot {
        let written = replace(path, plot::draw(&compared));
        written.map_err(|error| Failure::new(Code::Unreadable, format!("{}: {error}", path.display())))?;
    }
    print(&match args.format {
        Output::Text => text::render(&compared, style()),
        Output::Json => compared.json(),
        Output::Markdown => markdown::render(&compared, plot_name.as_deref()),
    })?;
    Ok(judge(&compared))
}

/// Whether a run can be compared with `planned`, before that is fired.
///
/// # Errors
/// When it is no results folder with records, or was asked for something else.
pub fn check_baseline(baseline: &Path, planned: &Manifest) -> Result<(), Failure> {
    let earlier = Opened::open(baseline)?;
    let planned = planned.read_back();
    let routes = &planned.config.routes;
    let named = |(i, name): (usize, &str)| Some((i, routes.iter().position(|route| route.name == name)?));
    let pairs: Vec<_> = earlier.routes().into_iter().enumerate().filter_map(named).collect();
    if pairs.is_empty() {
        let (here, there) = (earlier.routes().join(", "), routes.iter().map(|route| route.name.as_str()));
        return Err(Failure::new(
            Code::NothingToCompare,
            format!(
                "--baseline {}: no route is in both: it has {here}, and this run {}; name another --route",
                baseline.display(),
                there.collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    let found = unlike(&earlier.run.manifest, &planned, &pairs);
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(
            Code::UnlikeRuns,
            format!(
                "--baseline {} and this run are not alike ({}), so their difference would not be that of the service; ask \
                 the same again, or name another --baseline",
                baseline.display(),
                found.join("; ")
            ),
        )),
    }
}

/// Holds a run that has just ended against an earlier one. `show` prints the comparison too.
///
/// # Errors
/// As `bedbench compare`.
pub fn against(baseline: &Path, run: &Path, fail_if: &[FailIf], show: bool) -> Result<Exit, Failure> {
    let compared = compared(&CompareArgs {
        a: baseline.display().to_string(),
        b: Some(run.display().to_string()),
        fail_if: fail_if.to_vec(),
        anyway: false,
        format: Output::Text,
        plot: None,
    })?;
    if show {
        print(&format!("\n{}", text::render(&compared, style())))?;
    }
    Ok(judge(&compared))
}

fn compared(args: &CompareArgs) -> Result<Compared, Failure> {
    let (a_path, a_route) = split(&args.a);
    let (b_path, b_route) = args.b.as_deref().map_or_else(|| (a_path.clone(), None), split);
    let a = Opened::open(&a_path)?;
    let same = std::fs::canonicalize(&a_path).ok() == std::fs::canonicalize(&b_path).ok();
    let other = if same { None } else { Some(Opened::open(&b_path)?) };
    let b = other.as_ref().unwrap_or(&a);
    let pairs = positions((&a, a_route), (b, b_route), same)?;
    let found = if same { Vec::new() } else { unlike(&a.run.manifest, &b.run.manifest, &pairs) };
    if !found.is_empty() && !args.anyway {
        let what = found.join("; ");
        return Err(Failure::new(
            Code::UnlikeRuns,
            format!(
                "{} and {} are not alike ({what}), so their difference is not that of the service; --anyway compares them",
                a_path.display(),
                b_path.display()
            ),
        ));
    }
    let pairs = pairs.into_iter().map(|(i, j)| pair((&a, i), (b, j), same, args)).collect::<Result<_, _>>()?;
    Ok(Compared { schema: SCHEMA, unlike: found, pairs })
}

/// Which routes are compared, by position in A and B.
fn positions(
    (a, a_route): (&Opened, Option<&str>),
    (b, b_route): (&Opened, Option<&str>),
    same: bool,
) -> Result<Vec<(usize, usize)>, Failure> {
    let (i, j) = (a_route.map(|name| a.route(name)).transpose()?, b_route.map(|name| b.route(name)).transpose()?);
    let pairs: Vec<_> = match (i, j) {
        (Some(i), Some(j)) => vec![(i, j)],
        // Its name on both sides, or in one folder all others with it.
        (Some(i), None) if !same => vec![(i, b.route(a.routes()[i])?)],
        (None, Some(j)) if !same => vec![(a.route(b.routes()[j])?, j)],
        (Some(i), None) => (0..b.sides.len()).filter(|j| *j != i).map(|j| (i, j)).collect(),
        (None, Some(j)) => vec![(0, j)],
        (None, None) if same => (1..a.sides.len()).map(|j| (0, j)).collect(),
        (None, None) => {
            let there = b.routes();
            let named = |(i, name): (usize, &&str)| Some((i, there.iter().position(|other| other == name)?));
            a.routes().iter().enumerate().filter_map(named).collect()
        }
    };
    if same && pairs.iter().any(|(i, j)| i == j) {
        return Err(Failure::new(Code::NothingToCompare, "A and B are the same route of the same run"));
    }
    if pairs.is_empty() {
        let (here, there) = (a.routes().join(", "), b.routes().join(", "));
        return Err(Failure::new(
            Code::NothingToCompare,
            match same {
                true => format!("{} has one route only, {here}; name a second folder", a.run.path().display()),
                false => format!(
                    "no route is in both: A has {here}, B has {there}; name one on each side, as {}:{}",
                    a.run.path().display(),
                    a.routes()[0]
                ),
            },
        ));
    }
    Ok(pairs)
}

fn pair((a, i): (&Opened, usize), (b, j): (&Opened, usize), same: bool, args: &CompareArgs) -> Result<Pair, Failure> {
    let (left, right) = (&a.sides[i], &b.sides[j]);
    for fail_if in &args.fail_if {
        for (opened, side, position) in [(a, left, i), (b, right, j)] {
            if side.n() > 0 && !side.has(fail_if.metric) {
                return Err(Failure::new(
                    Code::NothingToCompare,
                    format!(
                        "--fail-if {fail_if}: {} of {} has no {}",
                        opened.routes()[position],
                        opened.run.path().display(),
                        fail_if.metric.name()
                    ),
                ));
            }
        }
    }
    let config = &a.run.manifest.config;
    let pairing = match same {
        true if config.blocks > 1 => Pairing::Rounds,
        true if left.asked_as(right) => Pairing::Requests,
        true => Pairing::Time,
        false => {
            let modelled = a.run.manifest.world.is_modelled() && b.run.manifest.world.is_modelled();
            let alike = config.phases == b.run.manifest.config.phases && left.asked_as(right);
            if modelled && alike { Pairing::Requests } else { Pairing::None }
        }
    };
    let asked: Vec<_> = args.fail_if.iter().map(|fail_if| (fail_if.metric, fail_if.quantile)).collect();
    let versus = Versus::new((left, right), pairing, &asked, config.seed);
    let gates = args.fail_if.iter().filter_map(|of| Some(gate(*of, versus.row(of.metric, of.quantile)?))).collect();
    let head = |opened: &Opened, position: usize| {
        let summary = &opened.rebuilt.summary;
        Head::new(opened.run.path().display().to_string(), &opened.run.manifest, summary, &summary.routes[position])
    };
    let curves = [Metric::Response, Metric::Ttft].map(|metric| {
        let curve = |side: &crate::measure::versus::Side| {
            let (times, failures) = side.sorted(metric);
            Curve { times, failures }
        };
        (metric, [curve(left), curve(right)])
    });
    Ok(Pair { a: head(a, i), b: head(b, j), versus, curves: curves.into(), gates })
}

/// Says which gates are broken or could not be judged; a run cut short is not judged.
fn judge(compared: &Compared) -> Exit {
    let mut exit = Exit::Ok;
    for pair in &compared.pairs {
        let cut = pair.a.interrupted || pair.b.interrupted;
        if cut && !pair.gates.is_empty() {
            guard::warn("a run was interrupted: its gates are not judged");
            continue;
        }
        for gate in &pair.gates {
            match gate.judgement {
                Judgement::Held => {}
                Judgement::TooLittleData => guard::warn(&format!("{}: {}", pair.b.route, gate.text)),
                Judgement::Broken => {
                    let word = console::style("regression:").red().bold().for_stderr();
                    say!("{word} {}: {}", pair.b.route, gate.text);
                    exit = Exit::Regression;
                }
            }
        }
    }
    exit
}
