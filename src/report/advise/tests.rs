use super::*;
use crate::govern::decision::Grade;
use crate::report::text::Style;
use crate::sweep::fixture::candidate;

const PLAIN: Style = Style { colour: false, width: 100 };

fn advice(candidates: Vec<Candidate>) -> Advice {
    let setting = Setting {
        profile: "candidates".into(),
        workload: "chat".into(),
        scenario: "congested".into(),
        set: vec![],
        inputs: Inputs { latency: Grade::High, data: Grade::Medium, throughput: Some(Grade::High) },
        taken: vec!["latency high as in row 2".into()],
        rps: Rate(20.0),
        rps_from: "as asked".into(),
        seeds: 3,
        seed: 42,
        duration: Span(std::time::Duration::from_secs(1_800)),
        warmup: Span(std::time::Duration::from_secs(120)),
        allowed: vec![Jurisdiction::Australia, Jurisdiction::Singapore],
    };
    Advice::new(setting, vec!["ttft:p95<1500ms".parse().unwrap()], candidates, vec!["a warning".into()])
}

fn refused(mut candidate: Candidate) -> Candidate {
    candidate.refused = Some("residency refuses it".into());
    candidate
}

fn changes(candidates: Vec<Candidate>) -> String {
    advice(candidates).what_would_change_it.join("\n")
}

#[test]
fn an_advice_reads_like_this() {
    let advice = advice(vec![
        candidate("sydney", 900, 2.0),
        candidate("sydney→oregon", 700, 2.1),
        candidate("cheap", 1_800, 1.5),
        refused(candidate("oregon", 600, 1.9)),
    ]);
    insta::assert_snapshot!(render(&advice, PLAIN));
}

#[test]
fn the_caption_names_no_column_that_there_is_no_room_for() {
    let advice = advice(vec![candidate("sydney", 900, 2.0), candidate("sydney→oregon", 1_700, 2.1)]);
    for (width, worst) in [(80, None), (140, Some("; good and throttled under the worst seed"))] {
        let text = render(&advice, Style { width, ..PLAIN });
        let caption = text.lines().find(|line| line.starts_with("Numbers")).unwrap();
        assert_eq!(caption.contains("worst seed"), worst.is_some(), "{text}");
        assert!(caption.contains(worst.unwrap_or_default()), "{text}");
        assert_eq!(text.contains(" throttled  "), worst.is_some(), "{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let advice = advice(vec![candidate("sydney", 900, 2.0), candidate("sydney→oregon", 1_700, 2.1)]);
    for text in [render(&advice, Style { width: 80, ..PLAIN }), matrix(Style { width: 80, ..PLAIN })] {
        let titles = ["The published matrix", "Numbers"];
        for line in text.lines().filter(|line| titles.iter().all(|title| !line.starts_with(title))) {
            assert!(console::measure_text_width(line) <= 80, "{line}");
        }
    }
}

#[test]
fn what_is_refused_is_never_recommended_however_good_it_is() {
    let advice = advice(vec![candidate("sydney", 1_200, 3.0), refused(candidate("oregon", 500, 0.1))]);
    assert_eq!((advice.recommended.as_deref(), advice.runner_up.as_deref()), (Some("sydney"), None));
    let said = advice.what_would_change_it.join("\n");
    assert!(said.contains("residency: oregon would rank first if it were allowed"), "{said}");
    assert_eq!(super::sentence::runner_up(&advice).unwrap(), "none: there is no other allowed route");
}

#[test]
fn what_would_change_it_names_the_load_the_cheaper_miss_and_the_price() {
    let said =
        changes(vec![candidate("sydney", 900, 2.0), candidate("second", 700, 2.1), candidate("cheap", 1_800, 1.5)]);
    assert!(
        said.contains("load: at 40 requests/s sydney no longer holds, which misses ttft:p95<1.5s by 27 %"),
        "{said}"
    );
    assert!(said.contains("27 %; no allowed route meets every objective there"), "{said}");
    assert!(said.contains("objectives: cheap costs 25.0 % less"), "{said}");
    assert!(said.contains("which misses ttft:p95<1.5s by 20 %"), "{said}");
    assert!(said.contains("come level when 1,000 good answers of sydney cost 5.0 % more"), "{said}");
}

#[test]
fn a_route_that_holds_at_twice_the_load_is_not_said_to_hold_beyond() {
    let said = changes(vec![candidate("sydney", 400, 2.0)]);
    assert!(said.contains("sydney is still recommended; no higher load was tried"), "{said}");
}

#[test]
fn where_nothing_meets_the_objectives_the_nearest_says_what_it_has() {
    let advice = advice(vec![candidate("sydney", 1_520, 2.0), candidate("far", 4_000, 2.0)]);
    let said = format!("{}\n{}", super::sentence::recommendation(&advice), advice.what_would_change_it.join("\n"));
    assert!(said.contains("nearest is sydney, which misses ttft:p95<1.5s by 1 % under 2 of 3 seeds"), "{said}");
    assert!(said.contains("sydney has 1.52 s instead of ttft:p95<1.5s"), "{said}");
    assert!(super::sentence::article(&advice).ends_with("in the simulation nothing meets the objectives"));
}

/// The matrix says Sydney, then Singapore.
#[test]
fn the_article_is_agreed_with_only_where_the_routes_are_the_same() {
    let said = |route| super::sentence::article(&advice(vec![candidate(route, 600, 2.0)]));
    assert!(said("sydney").ends_with("in the simulation sydney is enough at this load"));
    assert!(said("sydney→oregon").ends_with("the simulation differs: sydney→oregon"));
    assert!(said("oregon").ends_with("the simulation differs: oregon"));
}
