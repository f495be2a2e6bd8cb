//! What every plot of a sweep promises.

use std::sync::LazyLock;

use super::SWEEP_PLOTS;
use crate::report::plots::canvas::WIDTH;
use crate::report::plots::tests::{Label, labels, points, shapes};
use crate::stats::knee::Knee;
use crate::sweep::Sweep;
use crate::sweep::fixture::{sweep_of, swept};

/// Sweeps that a plot must survive, the poorest last.
static SWEEPS: LazyLock<Vec<(&str, Sweep)>> = LazyLock::new(|| {
    let mut silent = swept().clone();
    for route in &mut silent.routes {
        route.knee = Knee::BelowSmallest { smallest: silent.loads[0] };
        for point in &mut route.points {
            point.levels.clear();
            point.processed_tokens.clear();
            (point.good, point.attempts) = (0, 0);
        }
    }
    silent.pairs.iter_mut().for_each(|pair| pair.crossovers.clear());
    let six =
        ["sydney", "oregon", "sydney→oregon", "sydney <&\"again\">", "a name that is far too long for a label", "x"];
    vec![
        ("three routes", swept().clone()),
        ("six routes", sweep_of(&six)),
        ("one route", sweep_of(&["sydney"])),
        ("nothing answered", silent),
    ]
});

fn title(labels: &[Label]) -> String {
    let lines = labels.iter().filter(|label| label.bottom - label.top > 14.0);
    lines.map(|label| label.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_plot_says_what_was_swept_and_in_which_world() {
    for (name, sweep) in SWEEPS.iter() {
        for plot in SWEEP_PLOTS {
            let labels = labels(&(plot.draw)(sweep));
            for text in ["SIMULATED", "candidates", "congested", "12 loads × 5 seeds from 42", "n = ", "requests/s"] {
                assert!(labels.iter().any(|label| label.text.contains(text)), "{}, {name}: no `{text}`", plot.file);
            }
        }
    }
}

#[test]
fn no_label_is_clipped_or_covers_another() {
    for (name, sweep) in SWEEPS.iter() {
        for plot in SWEEP_PLOTS {
            let all = labels(&(plot.draw)(sweep));
            let level: Vec<_> = all.iter().filter(|label| !label.upright).collect();
            for (i, a) in level.iter().enumerate() {
                assert!(a.left >= 0.0 && a.right <= WIDTH, "{}, {name}: `{}` is clipped", plot.file, a.text);
                for b in &level[i + 1..] {
                    let apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
                    assert!(apart, "{}, {name}: `{}` meets `{}`", plot.file, a.text, b.text);
                }
            }
        }
    }
}

#[test]
fn titles_state_what_the_sweep_found() {
    let sweep = swept();
    let said = |file: &str| {
        let plot = SWEEP_PLOTS.iter().find(|plot| plot.file == file).unwrap();
        title(&labels(&(plot.draw)(sweep)))
    };
    let latency = said("latency-by-load.svg");
    assert!(latency.starts_with("sydney meets ttft:p95<1.5s up to "), "{latency}");
    assert!(latency.contains("on, oregon (reference) has the lower TTFT p95"), "{latency}");
    assert!(said("throttling-by-load.svg").starts_with("At 120 requests/s, "));
    assert!(said("jurisdictions-by-load.svg").starts_with("sydney→oregon: United States processes 0 % of the tokens"));
    assert!(said("cost-by-load.svg").starts_with("1,000 good answers of sydney cost $"));
}

#[test]
fn the_same_sweep_gives_the_same_bytes() {
    for plot in SWEEP_PLOTS {
        assert!((plot.draw)(swept()) == (plot.draw)(swept()), "{}", plot.file);
    }
}

fn drawn(file: &str) -> String {
    (SWEEP_PLOTS.iter().find(|plot| plot.file == file).unwrap().draw)(swept())
}

#[test]
fn loads_are_labelled_by_round_numbers() {
    for plot in SWEEP_PLOTS {
        let labels = labels(&(plot.draw)(swept()));
        assert!(labels.iter().any(|label| label.text == "50"), "{}", plot.file);
        assert!(labels.iter().all(|label| label.text != "15.5" && label.text != "25.9"), "{}", plot.file);
    }
}

#[test]
fn no_line_runs_from_a_number_into_the_failures() {
    let svg = drawn("latency-by-load.svg");
    let lanes = shapes(&svg, "rect", "#FCEEE4", ["y", "height"]);
    let [top, tall] = lanes.first().expect("a route fails at the highest load");
    let bottom = top.parse::<f64>().unwrap() + tall.parse::<f64>().unwrap();
    let lines: Vec<_> = shapes(&svg, "polyline", "#0072B2", ["points", "stroke-width"]);
    // The leader to the name is thinner.
    let lines: Vec<_> = lines.iter().filter(|[_, width]| width != "4").map(|[text, _]| points(text)).collect();
    let sides: Vec<_> = lines.iter().map(|line| line.iter().filter(|(_, y)| *y < bottom).count()).collect();
    assert!(sides.iter().any(|above| *above > 0), "{sides:?}");
    assert!(lines.iter().zip(&sides).all(|(line, above)| *above == 0 || *above == line.len()), "{lines:?}");
}

#[test]
fn what_does_not_depend_on_the_load_is_said_and_not_drawn() {
    let labels = labels(&drawn("jurisdictions-by-load.svg"));
    let said = |text: &str| labels.iter().filter(|label| label.text == text).count();
    assert_eq!(said("Australia 100 % at every load from 5 to 120 requests/s"), 1);
    // One field, with its three ticks.
    assert_eq!(said("50 %"), 1);
}
