//! What every plot promises, held against a full run and against the poorest ones.

use std::sync::LazyLock;

use roxmltree::Document;

use super::canvas::{Type, WIDTH};
use super::fixture::{Kind, Run, SEED, full, heads, run};
use super::style::{INK, TITLE};
use super::{PLOTS, Plot};
use crate::core::run::RouteHead;
use crate::core::slo::Slo;
use crate::core::units::{Span, percent};
use crate::core::{Metric, Outcome};

fn six() -> Vec<(RouteHead, Kind)> {
    let mut routes = heads();
    for (name, label, (mut head, kind)) in [
        ("global.some-profile-with-a-long-name", "global. from Sydney: any commercial Region", heads().remove(0)),
        ("hedged <sydney&\"tokyo\">", "Sydney, hedged by Tokyo", heads().remove(1)),
    ] {
        (head.name, head.label) = (name.into(), label.into());
        routes.push((head, kind));
    }
    routes
}

fn one(kind: Kind) -> Run {
    run(vec![(heads().remove(0).0, kind)], 60.0, f64::INFINITY)
}

/// Runs that a plot must survive, the poorest last.
static RUNS: LazyLock<Vec<(&str, Run)>> = LazyLock::new(|| {
    vec![
        ("full", full()),
        ("six routes", run(six(), 60.0, f64::INFINITY)),
        ("one route", one(Kind::Home)),
        ("interrupted after one second", run(heads(), 60.0, 6.0)),
        ("one request", run(heads(), 60.0, 5.01)),
        ("every request failed", one(Kind::Dead)),
        ("nothing fired", run(heads(), 60.0, 0.0)),
        ("no route", run(vec![], 60.0, f64::INFINITY)),
    ]
});

fn named(name: &str) -> &'static Run {
    RUNS.iter().find_map(|(known, run)| (*known == name).then_some(run)).unwrap()
}

/// Every text with its place, as a reader would find it.
pub struct Label {
    pub text: String,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub upright: bool,
}

pub fn labels(svg: &str) -> Vec<Label> {
    let document = Document::parse(svg).unwrap();
    let view: Vec<f64> =
        document.root_element().attribute("viewBox").unwrap().split(' ').map(|v| v.parse().unwrap()).collect();
    let pixels = WIDTH / view[2];
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts
        .map(|node| {
            let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap() * pixels;
            let text = node.text().unwrap().trim().to_owned();
            let mut kind = Type::new(number("font-size"), INK);
            kind.bold = node.attribute("font-weight") == Some("bold");
            let (x, y, wide) = (number("x"), number("y"), kind.width(&text));
            let left = x - wide
                * match node.attribute("text-anchor").unwrap() {
                    "start" => 0.0,
                    "middle" => 0.5,
                    _ => 1.0,
                };
            let half = kind.size * 0.36;
            let upright = node.has_attribute("transform");
            Label { text, left, right: left + wide, top: y - half, bottom: y + half, upright }
        })
        .collect()
}

/// The given attributes of every shape of a kind and a colour.
pub fn shapes<const N: usize>(svg: &str, tag: &str, color: &str, names: [&str; N]) -> Vec<[String; N]> {
    let document = Document::parse(svg).unwrap();
    let of_color = |node: &roxmltree::Node<'_, '_>| {
        node.has_tag_name(tag) && ["fill", "stroke"].iter().any(|name| node.attribute(*name) == Some(color))
    };
    let shapes = document.descendants().filter(of_color);
    shapes.map(|node| names.map(|name| node.attribute(name).unwrap().to_owned())).collect()
}

/// Corners of a line, in the units of the drawing.
pub fn points(text: &str) -> Vec<(f64, f64)> {
    let pairs = text.split_whitespace().map(|pair| pair.split_once(',').unwrap());
    pairs.map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).collect()
}

fn title(plot: &Plot, run: &Run) -> String {
    // The title is the only text of its size.
    let svg = (plot.draw)(&run.report());
    let labels = labels(&svg);
    let lines = labels.iter().filter(|label| label.bottom - label.top > 14.0);
    lines.map(|label| label.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn plot(file: &str) -> &'static Plot {
    PLOTS.iter().find(|plot| plot.file == file).unwrap()
}

#[test]
fn every_plot_says_of_every_run_what_it_is() {
    for (name, run) in RUNS.iter() {
        for plot in PLOTS {
            let labels = labels(&(plot.draw)(&run.report()));
            let has = |text: &str| labels.iter().any(|label| label.text.contains(text));
            let n = run.summary.routes.first().map_or(0, |route| route.whole().counted());
            for text in ["MOCK", "apac", "congested-sydney", "50/s poisson", &format!("seed {}", SEED.0)] {
                assert!(has(text), "{}, {name}: no `{text}`", plot.file);
            }
            assert!(has(&format!("n = {}", crate::core::units::grouped(n))), "{}, {name}: no n", plot.file);
            assert_eq!(has("INTERRUPTED"), run.summary.interrupted, "{}, {name}", plot.file);
        }
    }
}

#[test]
fn no_label_is_clipped_or_covers_another() {
    for (name, run) in RUNS.iter() {
        for plot in PLOTS {
            let all = labels(&(plot.draw)(&run.report()));
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
fn a_reference_is_marked_and_no_name_breaks_the_xml() {
    let run = named("six routes");
    for plot in PLOTS {
        let labels = labels(&(plot.draw)(&run.report()));
        for text in ["oregon (reference)", "hedged <sydney&\"tokyo\">"] {
            assert!(labels.iter().any(|label| label.text == text), "{}: no `{text}`", plot.file);
        }
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    for plot in PLOTS {
        assert!((plot.draw)(&full().report()) == (plot.draw)(&named("full").report()), "{}", plot.file);
    }
}

#[test]
fn titles_state_the_numbers_of_the_summary() {
    let run = named("full");
    let routes = &run.summary.routes;
    let p95 = |route: usize| {
        let level = routes[route].whole().quantile(Metric::Response, 0.95).unwrap().value;
        Span(level.time().unwrap()).to_string()
    };
    let said = title(plot("latency-by-percentile.svg"), run);
    let failed = percent(routes[0].whole().count(Outcome::Throttled), routes[0].whole().counted());
    let finding = format!("sydney answered 95 % of requests within {} and failed {failed}", p95(0));
    assert_eq!(said, format!("{finding}; au-profile was faster: 95 % within {}", p95(2)));

    let congested = routes[0].slices.iter().find(|slice| slice.phase == "congested").unwrap();
    let share = percent(congested.count(Outcome::Throttled), congested.counted());
    let said = title(plot("timeline.svg"), run);
    assert_eq!(said, format!("In “congested”, sydney failed {share} of requests, sydney→singapore 0.0 %"));

    let singapore = routes[1].regions.iter().find(|region| region.name == "Singapore").unwrap();
    let share = percent(singapore.response.n, routes[1].whole().ok());
    let said = title(plot("histogram-by-region.svg"), run);
    assert!(said.contains(&format!("{share} from Singapore")), "{said}");
}

#[test]
fn the_first_token_has_a_plot_of_its_own_with_what_it_is_held_to() {
    let mut run = full();
    let level = run.summary.routes[0].whole().quantile(Metric::Ttft, 0.95).unwrap().value;
    let limit = level.time().unwrap();
    run.summary.slos = [Metric::Ttft, Metric::Response].map(|metric| Slo { metric, quantile: 0.95, limit }).to_vec();
    let said = title(plot("ttft-by-percentile.svg"), &run);
    assert!(said.starts_with(&format!("sydney began 95 % of its answers within {}", Span(limit))), "{said}");
    let labels = labels(&(plot("ttft-by-percentile.svg").draw)(&run.report()));
    let held: Vec<_> = labels.iter().filter(|label| label.text.starts_with("SLO ")).map(|label| &label.text).collect();
    assert_eq!(held, [&format!("SLO {}", run.summary.slos[0])]);
}

#[test]
fn a_failure_is_drawn_as_one_and_never_as_a_number() {
    let run = named("full");
    let whole = run.summary.routes[0].whole();
    let ok = 100.0 * whole.ok() as f64 / whole.counted() as f64;
    let labels = labels(&(plot("latency-by-percentile.svg").draw)(&run.report()));
    let marked = labels.iter().find_map(|label| label.text.strip_prefix("sydney: failed from p")).unwrap();
    let from: f64 = marked.parse().unwrap();
    assert!(from > ok && from - 0.1 <= ok, "failed from p{from}, but {ok} % were ok");

    let dead = named("every request failed");
    assert_eq!(title(plot("latency-by-percentile.svg"), dead), "sydney answered no request");
    assert_eq!(title(plot("histogram-by-region.svg"), dead), "No request was answered");
}

#[test]
fn a_route_is_called_faster_only_where_the_comparison_shows_it() {
    let mut run = full();
    for comparison in &mut run.summary.comparisons {
        comparison.quantiles.iter_mut().for_each(|q| q.finding = crate::measure::summary::Finding::NoDifferenceShown);
    }
    let said = title(plot("latency-by-percentile.svg"), &run);
    assert!(said.ends_with("; no other route is shown to be faster"), "{said}");
}

#[test]
fn a_marker_stands_on_its_line_and_an_interval_is_seen() {
    const BLUE: &str = "#0072B2";
    let svg = (plot("latency-by-percentile.svg").draw)(&one(Kind::Home).report());
    let lines: Vec<_> = shapes(&svg, "polyline", BLUE, ["points"]).iter().map(|[text]| points(text)).collect();
    let curve = lines.iter().max_by_key(|line| line.len()).unwrap();
    let markers = shapes(&svg, "circle", BLUE, ["cx", "cy"]);
    assert!(!markers.is_empty());
    for [x, y] in &markers {
        let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
        let off = curve.iter().map(|at| (at.0 - x).hypot(at.1 - y)).fold(f64::MAX, f64::min);
        assert!(off < 12.0, "a marker at {x}, {y} is {off} quarter pixels off its line");
    }
    // A bar shows on both sides of the marker, which hides what is behind it.
    let bars = shapes(&svg, "polygon", BLUE, ["points"]);
    let wide = |[text]: &[String; 1]| {
        let xs = || points(text).into_iter().map(|(x, _)| x);
        xs().fold(0.0, f64::max) - xs().fold(f64::MAX, f64::min)
    };
    assert!(bars.iter().any(|bar| wide(bar) > 60.0), "{bars:?}");
}

#[test]
fn no_word_of_a_title_stands_alone_on_its_last_line() {
    let title = "sydney meets ttft:p95<1.5s and response:p95<3s up to 27.3 requests/s (26.6–27.6); from 25.9 requests/s \
                 (25.6–26.7) on, oregon has the lower TTFT p95";
    let (lines, least) = (TITLE.balanced(title, 744.0), TITLE.wrap(title, 744.0));
    assert_eq!((lines.len(), lines.join(" ")), (least.len(), title.to_owned()));
    let width = |line: &String| TITLE.width(line);
    let widest = lines.iter().map(width).fold(0.0, f64::max);
    assert!(lines.last().is_some_and(|last| width(last) > widest / 2.0), "{lines:?}");
}

#[test]
fn the_notes_explain_what_is_drawn_and_no_more() {
    let notes = |run: &Run| {
        let labels = labels(&(plot("latency-by-percentile.svg").draw)(&run.report()));
        let said = |text: &str| labels.iter().any(|label| label.text.contains(text));
        (said("from sent p95"), said("from sent, the uncorrected view"))
    };
    assert_eq!(notes(&one(Kind::Far)), (false, false));
    assert_eq!(notes(named("six routes")), (true, true));
}

#[test]
fn the_timeline_begins_where_measuring_does_and_names_its_lines_in_one_order() {
    let all = labels(&(plot("timeline.svg").draw)(&named("full").report()));
    assert!(all.iter().all(|label| label.text != "warm-up"));
    let heights = |name: &str| all.iter().filter(|label| label.text == name).map(|label| label.top).collect::<Vec<_>>();
    let (offered, done) = (heights("offered"), heights("done"));
    assert_eq!((offered.len(), done.len()), (4, 4));
    assert!(offered.iter().zip(&done).all(|(offered, done)| offered < done), "{offered:?} {done:?}");
}
