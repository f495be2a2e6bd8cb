use super::super::conditions::{Condition, Conditions};
use super::super::law::Law;
use super::super::quota::QuotaSpec;
use super::*;
use crate::core::RequestKey;
use crate::core::residency::Pool;
use crate::region::quota::Window;

fn ms(value: u64) -> RunTime {
    RunTime::from_nanos(value * 1_000_000)
}

fn melbourne() -> RegionId {
    "ap-southeast-4".parse().unwrap()
}

fn workload() -> Workload {
    Workload::fixed(1, 10)
}

/// 100 ms to the first of ten tokens, 10 ms between them: 190 ms in a slot.
fn place(region: RegionId, slots: usize, queue: usize) -> PlaceSpec {
    PlaceSpec {
        region,
        rtt: Duration::from_millis(12),
        jitter: Duration::ZERO,
        slots,
        queue,
        ttft: Law::Fixed(Duration::from_millis(100)),
        per_input_token: Duration::ZERO,
        tpot: Law::Fixed(Duration::from_millis(10)),
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    }
}

fn service(destinations: &[RegionId]) -> Service {
    Service {
        endpoint: RegionId::SYDNEY,
        pool: Pool::Geographic,
        model: "model".into(),
        destinations: destinations.to_vec(),
    }
}

struct Bench(World);

impl Bench {
    fn new(places: Vec<PlaceSpec>) -> Self {
        Self(World::new(Seed(1), places, &workload()))
    }

    fn on(&mut self, now: RunTime, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        self.0.on(now, input, &mut out);
        out
    }

    fn call(&mut self, number: u64, destinations: &[RegionId]) -> Call {
        Call {
            ticket: Ticket(number),
            path: self.0.path(RunTime::ZERO, &service(destinations)),
            key: RequestKey(number),
            attempt: 0,
            input_tokens: 100,
            max_tokens: 10,
            output_tokens: 10,
            burndown: 1.0,
            fault: None,
        }
    }

    fn arrive(&mut self, now: RunTime, number: u64) -> Vec<Effect> {
        self.arrive_at(now, number, &[RegionId::SYDNEY])
    }

    fn arrive_at(&mut self, now: RunTime, number: u64, destinations: &[RegionId]) -> Vec<Effect> {
        let call = self.call(number, destinations);
        self.on(now, Input::Arrive(call))
    }
}

fn begun(effects: &[Effect]) -> Vec<(u64, RunTime)> {
    let begin = |effect: &Effect| match effect {
        Effect::Begin(ticket, timeline) => Some((ticket.0, timeline.started)),
        Effect::Refuse(..) => None,
    };
    effects.iter().filter_map(begin).collect()
}

#[test]
fn a_free_slot_serves_at_once_and_the_timeline_follows_the_laws() {
    let mut bench = Bench::new(vec![place(RegionId::SYDNEY, 1, 0)]);
    let effects = bench.arrive(ms(5), 1);
    let [Effect::Begin(Ticket(1), timeline)] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(timeline.first_token, ms(105));
    assert_eq!(timeline.token(1), ms(115));
    assert_eq!(timeline.last_token(), ms(195));
    assert_eq!(timeline.place, RegionId::SYDNEY);
}

#[test]
fn the_queue_is_first_in_first_out_and_bounded() {
    let mut bench = Bench::new(vec![place(RegionId::SYDNEY, 1, 2)]);
    assert_eq!(begun(&bench.arrive(ms(0), 1)).len(), 1);
    assert!(bench.arrive(ms(1), 2).is_empty());
    assert!(bench.arrive(ms(2), 3).is_empty());
    assert_eq!(bench.arrive(ms(3), 4), [Effect::Refuse(Ticket(4), Refusal::Overloaded)]);
    assert_eq!(bench.0.next_wake(), Some(ms(190)));
    // Woken late: the services still begin when the slot fell free.
    assert_eq!(begun(&bench.on(ms(1_000), Input::Wake)), [(2, ms(190)), (3, ms(380))]);
}

#[test]
fn a_cancelled_call_frees_its_slot_for_the_next() {
    let mut bench = Bench::new(vec![place(RegionId::SYDNEY, 1, 5)]);
    bench.arrive(ms(0), 1);
    bench.arrive(ms(1), 2);
    bench.arrive(ms(2), 3);
    bench.on(ms(3), Input::Cancel(Ticket(2)));
    assert_eq!(begun(&bench.on(ms(50), Input::Cancel(Ticket(1)))), [(3, ms(50))]);
    // The end that had been scheduled for the cancelled call must not free a slot again.
    bench.arrive(ms(60), 4);
    assert!(bench.on(ms(200), Input::Wake).is_empty());
    assert_eq!(begun(&bench.on(ms(240), Input::Wake)), [(4, ms(240))]);
}

#[test]
fn a_profile_spills_to_its_destination_and_pays_the_backbone() {
    let mut bench = Bench::new(vec![place(RegionId::SYDNEY, 1, 5), place(melbourne(), 1, 5)]);
    let au = [RegionId::SYDNEY, melbourne()];
    bench.arrive_at(ms(0), 1, &au);
    let effects = bench.arrive_at(ms(0), 2, &au);
    let [Effect::Begin(_, timeline)] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(timeline.place, melbourne());
    assert_eq!(timeline.first_token, ms(112));
    // Both busy: it waits at the source.
    assert!(bench.arrive_at(ms(1), 3, &au).is_empty());
    assert_eq!(begun(&bench.on(ms(190), Input::Wake)), [(3, ms(190))]);
}

#[test]
fn a_plain_model_id_never_spills() {
    let mut bench = Bench::new(vec![place(RegionId::SYDNEY, 1, 0), place(melbourne(), 1, 5)]);
    bench.arrive(ms(0), 1);
    assert_eq!(bench.arrive(ms(0), 2), [Effect::Refuse(Ticket(2), Refusal::Overloaded)]);
}

#[test]
fn quota_comes_before_capacity_and_settles_at_the_end() {
    let mut spec = place(RegionId::SYDNEY, 10, 0);
    let quota = QuotaSpec {
        requests_per_minute: None,
        tokens_per_minute: Some(720.0),
        window: Window::Bucket { burst: Duration::from_secs(10) },
    };
    spec.quotas = vec![(Pool::Geographic, quota)];
    let mut bench = Bench::new(vec![spec]);
    // 120 tokens saved up; each call reserves 110 and uses 110: 12 per second come back.
    assert_eq!(begun(&bench.arrive(ms(0), 1)).len(), 1);
    assert_eq!(bench.arrive(ms(1), 2), [Effect::Refuse(Ticket(2), Refusal::TooManyTokens)]);
    assert_eq!(begun(&bench.arrive(ms(9_000), 3)).len(), 1);
}

#[test]
fn background_load_fills_the_slots_it_is_said_to_fill() {
    let mut spec = place(RegionId::SYDNEY, 100, 1_000);
    spec.conditions = Conditions::constant(Condition { background: 0.6, ..Condition::default() });
    let mut bench = Bench::new(vec![spec]);
    let mut busy = 0;
    for second in 10..110 {
        bench.on(RunTime::from_secs_f64(f64::from(second)), Input::Wake);
        busy += bench.0.places[0].busy;
    }
    let mean = busy as f64 / 100.0;
    // 60 slots on average; the standard error of 100 nearly independent looks is under 0.8.
    assert!((mean - 60.0).abs() < 3.0, "{mean} of 100 slots busy");
}

#[test]
fn background_follows_the_conditions() {
    let mut spec = place(RegionId::SYDNEY, 10, 1_000);
    let busy = Condition { background: 2.0, ..Condition::default() };
    spec.conditions = Conditions::new(vec![(ms(0), Condition::default()), (ms(10_000), busy)], None);
    let mut bench = Bench::new(vec![spec]);
    bench.on(ms(9_999), Input::Wake);
    assert_eq!(bench.0.places[0].busy, 0);
    bench.on(ms(20_000), Input::Wake);
    assert!(bench.0.places[0].queue.len() > 100, "{} waiting", bench.0.places[0].queue.len());
}

#[test]
fn a_slowdown_scales_every_part_of_the_service_alike() {
    let mut spec = place(RegionId::SYDNEY, 10, 0);
    spec.per_input_token = Duration::from_millis(1);
    let slow = Condition { slowdown: 3.0, ..Condition::default() };
    spec.conditions = Conditions::new(vec![(ms(0), Condition::default()), (ms(1_000), slow)], None);
    let mut bench = Bench::new(vec![spec]);
    // 100 ms, 100 tokens in, and 10 ms per token out.
    for (arrived, number, first_token, gap) in [(0, 1, 200, 10), (1_000, 2, 600, 30)] {
        let effects = bench.arrive(ms(arrived), number);
        let [Effect::Begin(_, timeline)] = effects[..] else { panic!("{effects:?}") };
        assert_eq!(timeline.first_token, ms(arrived + first_token));
        assert_eq!(timeline.gap, Duration::from_millis(gap));
    }
}

#[test]
fn luck_belongs_to_the_request_not_to_the_order() {
    let mut spec = place(RegionId::SYDNEY, 10, 0);
    spec.ttft = Law::log_normal(Duration::from_millis(100), Duration::from_millis(300));
    let first_token = |order: [u64; 2]| {
        let mut bench = Bench::new(vec![spec.clone()]);
        let mut times: Vec<_> = order
            .iter()
            .flat_map(|number| bench.arrive(ms(0), *number))
            .map(|effect| match effect {
                Effect::Begin(ticket, timeline) => (ticket.0, timeline.first_token),
                Effect::Refuse(..) => panic!("refused"),
            })
            .collect();
        times.sort_unstable();
        times
    };
    assert_eq!(first_token([1, 2]), first_token([2, 1]));
}

#[test]
fn a_service_that_takes_no_time_cannot_be_loaded() {
    let mut spec = place(RegionId::SYDNEY, 1, 0);
    (spec.ttft, spec.tpot) = (Law::Fixed(Duration::ZERO), Law::Fixed(Duration::ZERO));
    spec.conditions = Conditions::constant(Condition { background: 0.5, ..Condition::default() });
    let mut bench = Bench::new(vec![spec]);
    // Would never come back, with arrivals without end at time zero.
    assert_eq!(begun(&bench.arrive(ms(1), 1)), [(1, ms(1))]);
}

#[test]
fn next_to_no_load_comes_next_to_never() {
    let mut spec = place(RegionId::SYDNEY, 1, 0);
    spec.conditions = Conditions::constant(Condition { background: 1e-300, ..Condition::default() });
    let mut bench = Bench::new(vec![spec]);
    assert_eq!(begun(&bench.arrive(ms(1_000), 1)), [(1, ms(1_000))]);
}

/// What is left in a bucket of 1,000 tokens that does not fill up within the test.
fn tokens_left_after(cancel: impl Fn(&mut Bench)) -> u32 {
    let mut spec = place(RegionId::SYDNEY, 1, 5);
    let quota = QuotaSpec {
        requests_per_minute: None,
        tokens_per_minute: Some(0.001),
        window: Window::Bucket { burst: Duration::from_secs(60_000 * 1_000) },
    };
    spec.quotas = vec![(Pool::Geographic, quota)];
    let mut bench = Bench::new(vec![spec]);
    cancel(&mut bench);
    let fits = |bench: &mut Bench, tokens: u32| {
        let mut asking = bench.call(99, &[RegionId::SYDNEY]);
        (asking.ticket, asking.input_tokens, asking.max_tokens) = (Ticket(1_000 + u64::from(tokens)), tokens, 0);
        asking
    };
    (1..=1_000)
        .rev()
        .find(|tokens| {
            let refused = Effect::Refuse(Ticket(1_000 + u64::from(*tokens)), Refusal::TooManyTokens);
            let call = fits(&mut bench, *tokens);
            !bench.on(ms(5_000), Input::Arrive(call)).contains(&refused)
        })
        .unwrap_or(0)
}

#[test]
fn a_cancelled_call_pays_for_what_was_done_until_then() {
    // 100 tokens in; the first token after 100 ms, then one every 10 ms.
    let cancelled_at = |at: RunTime| {
        tokens_left_after(|bench| {
            bench.arrive(ms(0), 1);
            bench.on(at, Input::Cancel(Ticket(1)));
        })
    };
    assert_eq!(cancelled_at(ms(50)), 900, "read, nothing written");
    assert_eq!(cancelled_at(ms(100)), 899);
    assert_eq!(cancelled_at(ms(125)), 897);
    let waiting = tokens_left_after(|bench| {
        bench.arrive(ms(0), 1);
        bench.arrive(ms(0), 2);
        bench.on(ms(10), Input::Cancel(Ticket(2)));
        bench.on(ms(4_000), Input::Wake);
    });
    assert_eq!(waiting, 890, "the one that only waited pays nothing");
}

#[test]
fn background_comes_back_with_the_next_period() {
    let mut spec = place(RegionId::SYDNEY, 10, 1_000);
    let busy = Condition { background: 5.0, ..Condition::default() };
    let steps = vec![(ms(0), Condition::default()), (ms(9_000), busy)];
    spec.conditions = Conditions::new(steps, Some(Duration::from_secs(10)));
    let mut bench = Bench::new(vec![spec]);
    for period in [0, 1, 2, 100] {
        bench.on(ms(period * 10_000 + 8_999), Input::Wake);
        assert_eq!(bench.0.places[0].busy, 0, "at rest in period {period}");
        bench.on(ms(period * 10_000 + 9_900), Input::Wake);
        assert_eq!(bench.0.places[0].busy, 10, "busy in period {period}");
    }
}

#[test]
fn paths_that_nobody_is_on_are_forgotten_and_the_others_keep_their_quota() {
    let once = QuotaSpec {
        requests_per_minute: Some(1.0),
        tokens_per_minute: None,
        window: Window::Bucket { burst: Duration::from_secs(60) },
    };
    let quotas = vec![(Pool::Geographic, once)];
    let mut bench = Bench::new(vec![PlaceSpec { quotas, ..place(RegionId::SYDNEY, 1, 1) }]);
    let named = |name: &str| Service { model: name.into(), ..service(&[RegionId::SYDNEY]) };
    let ask = |bench: &mut Bench, number: u64, name: &str| {
        let path = bench.0.path(ms(0), &named(name));
        let call = bench.call(number, &[]);
        (path, bench.on(ms(0), Input::Arrive(Call { path, ..call })))
    };
    let others = |bench: &mut Bench| {
        let paths = (0..1_000).map(|i| {
            bench.0.forget_paths(10);
            bench.0.path(ms(0), &named(&i.to_string()))
        });
        assert!(paths.collect::<HashSet<_>>().len() < 20, "places of those forgotten are taken again");
    };
    let (served, begun) = ask(&mut bench, 1, "served");
    assert!(matches!(begun[..], [Effect::Begin(..)]));
    let (queued, nothing_yet) = ask(&mut bench, 2, "queued");
    assert_eq!(nothing_yet, []);
    others(&mut bench);
    for (number, name, path) in [(3, "served", served), (4, "queued", queued)] {
        let refused = vec![Effect::Refuse(Ticket(number), Refusal::TooManyRequests)];
        assert_eq!(ask(&mut bench, number, name), (path, refused), "{name}: its quota is used up");
    }
    bench.on(ms(0), Input::Cancel(Ticket(1)));
    bench.on(ms(0), Input::Cancel(Ticket(2)));
    others(&mut bench);
    let (_, anew) = ask(&mut bench, 5, "served");
    assert!(matches!(anew[..], [Effect::Begin(..)]), "a new path with a new quota: {anew:?}");
}
