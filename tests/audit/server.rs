//! CloudWatch (Smithy RPC v2 CBOR) and Service Quotas (AWS JSON 1.1) on loopback, as far as an audit asks them. The
//! data points are added up here from single calls, as CloudWatch does it: by period from the start that was asked for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use aws_smithy_cbor::data::Type;
use aws_smithy_cbor::{Decoder, Encoder};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::calls::{APPLIED, DEFAULTS, HAIKU, MODEL, Recorded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    Answers,
    /// A page for every data point of a series, and one for each model of a list.
    InPages,
    RefusesLongPeriods,
    /// This operation.
    Denies(&'static str),
}

pub struct Server {
    pub url: String,
    port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    recorded: Recorded,
    behaviour: Behaviour,
    shortest_period: AtomicU64,
    ended: AtomicBool,
    /// What is still to be told, by token.
    pages: Mutex<Vec<Vec<u8>>>,
}

impl Server {
    pub fn start(recorded: Recorded, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            recorded,
            behaviour,
            shortest_period: AtomicU64::new(u64::MAX),
            ended: AtomicBool::new(false),
            pages: Mutex::default(),
        });
        let served = state.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if served.ended.load(Ordering::SeqCst) {
                    break;
                }
                // A client that went away in the middle of it has its own error.
                let _ = served.serve(stream.unwrap());
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), port, state, thread: Some(thread) }
    }

    /// In seconds, of all that were asked for.
    pub fn shortest_period(&self) -> u64 {
        self.state.shortest_period.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes it from waiting.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.thread.take().expect("it runs until it is dropped").join();
    }
}

impl State {
    /// One request for each connection.
    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut line, mut head) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            head += &line;
            line.clear();
        }
        let header = |name: &str| {
            let of = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
            head.lines().find(of).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body)?;
        assert!(header("authorization").is_some_and(|by| by.contains("BEDBENCHMOCK")), "placeholders only: {head}");
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        let (operation, kind) = match header("x-amz-target") {
            Some(target) => (target.rsplit('.').next().unwrap_or_default().to_owned(), "application/x-amz-json-1.1"),
            None => (path.rsplit('/').next().unwrap_or_default().to_owned(), "application/cbor"),
        };
        let (status, answer) = self.answer(&operation, &body);
        write!(
            stream,
            "HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        )?;
        stream.write_all(&answer)
    }

    fn answer(&self, operation: &str, body: &[u8]) -> (u16, Vec<u8>) {
        if matches!(self.behaviour, Behaviour::Denies(denied) if denied == operation) {
            let said = json!({ "__type": "AccessDeniedException", "message": "User: x is not authorized" });
            let json = operation.contains("ServiceQuotas");
            return (
                400,
                if json {
                    said.to_string().into()
                } else {
                    map(&[("__type", "AccessDenied"), ("message", "User: x is not authorized")])
                },
            );
        }
        match operation {
            "ListServiceQuotas" => (200, quotas(APPLIED)),
            "ListAWSDefaultServiceQuotas" => (200, quotas(DEFAULTS)),
            "ListMetrics" => (200, self.metrics()),
            "GetMetricData" => self.data(&decoded(&mut Decoder::new(body))),
            _ => (404, Vec::new()),
        }
    }

    /// With metrics of more dimensions, which are parts of the same calls.
    fn metrics(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        let models = if self.recorded.calls.is_empty() { &[][..] } else { &[MODEL, HAIKU] };
        out.map(1).str("Metrics").array(models.len() * 2);
        for model in models {
            for parts in [1, 2] {
                out.map(3).str("Namespace").str("AWS/Bedrock").str("MetricName").str("Invocations");
                out.str("Dimensions").array(parts);
                out.map(2).str("Name").str("ModelId").str("Value").str(if parts == 1 { model } else { "part" });
                if parts == 2 {
                    out.map(2).str("Name").str("ServiceTier").str("Value").str("default");
                }
            }
        }
        out.into_writer()
    }

    fn data(&self, asked: &Value) -> (u16, Vec<u8>) {
        if let Some(token) = asked["NextToken"].as_str() {
            let page: usize = token.parse().unwrap();
            return (200, self.pages.lock().unwrap()[page].clone());
        }
        let (start, end) = (asked["StartTime"].as_u64().unwrap(), asked["EndTime"].as_u64().unwrap());
        let mut results = Vec::new();
        for query in asked["MetricDataQueries"].as_array().unwrap() {
            let stat = &query["MetricStat"];
            let period = stat["Period"].as_u64().unwrap();
            if self.behaviour == Behaviour::RefusesLongPeriods && period > 3_600 {
                let said = [("__type", "InvalidParameterValueException"), ("message", "Period is too long")];
                return (400, map(&said));
            }
            self.shortest_period.fetch_min(period, Ordering::SeqCst);
            let points = self.points(stat, start, end, period);
            results.push((query["Id"].as_str().unwrap().to_owned(), points));
        }
        if self.behaviour != Behaviour::InPages {
            return (200, page(&results, None));
        }
        // Every series is cut in two.
        let half = |(id, points): &(String, Points), first: bool| {
            let (one, other) = points.split_at(points.len() / 2);
            (id.clone(), if first { one.to_vec() } else { other.to_vec() })
        };
        let mut pages = self.pages.lock().unwrap();
        let next = pages.len();
        pages.push(page(&results.iter().map(|of| half(of, false)).collect::<Vec<_>>(), None));
        (200, page(&results.iter().map(|of| half(of, true)).collect::<Vec<_>>(), Some(next)))
    }

    fn points(&self, stat: &Value, start: u64, end: u64, period: u64) -> Points {
        let metric = stat["Metric"]["MetricName"].as_str().unwrap();
        let dimension = &stat["Metric"]["Dimensions"][0];
        assert_eq!((&dimension["Name"], &stat["Metric"]["Namespace"]), (&json!("ModelId"), &json!("AWS/Bedrock")));
        let model = dimension["Value"].as_str().unwrap();
        let mut by_period = std::collections::BTreeMap::<u64, Vec<f64>>::new();
        for (of, named, at, value) in self.recorded.values() {
            if of == model && named == metric && (start..end).contains(&at) {
                by_period.entry(start + (at - start) / period * period).or_default().push(value);
            }
        }
        by_period.into_iter().map(|(at, values)| (at, statistic(stat["Stat"].as_str().unwrap(), values))).collect()
    }
}

type Points = Vec<(u64, f64)>;

fn statistic(stat: &str, mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match stat {
        "Sum" => values.iter().sum(),
        "SampleCount" => n as f64,
        "Maximum" => values[n - 1],
        percentile => {
            let q: f64 = percentile.strip_prefix('p').unwrap().parse::<f64>().unwrap() / 100.0;
            values[(q * n as f64).ceil() as usize - 1]
        }
    }
}

fn page(results: &[(String, Points)], next: Option<usize>) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.map(1 + usize::from(next.is_some())).str("MetricDataResults").array(results.len());
    for (id, points) in results {
        let state = if next.is_some() { "PartialData" } else { "Complete" };
        out.map(4).str("Id").str(id).str("StatusCode").str(state).str("Timestamps").array(points.len());
        for (at, _) in points {
            out.timestamp(&DateTime::from_secs(*at as i64));
        }
        out.str("Values").array(points.len());
        for (_, value) in points {
            out.double(*value);
        }
    }
    if let Some(next) = next {
        out.str("NextToken").str(&next.to_string());
    }
    out.into_writer()
}

fn map(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.map(entries.len());
    for (key, value) in entries {
        out.str(key).str(value);
    }
    out.into_writer()
}

pub fn quotas(of: &[(&str, f64)]) -> Vec<u8> {
    let one = |(name, value): &(&str, f64)| json!({ "ServiceCode": "bedrock", "QuotaName": name, "QuotaCode": "L-0000", "Value": value, "Unit": "None" });
    json!({ "Quotas": of.iter().map(one).collect::<Vec<_>>() }).to_string().into()
}

/// CBOR as JSON; instants as seconds.
fn decoded(from: &mut Decoder<'_>) -> Value {
    match from.datatype().unwrap() {
        Type::Map | Type::MapIndef => {
            let (mut found, mut left) = (serde_json::Map::new(), from.map().unwrap());
            while goes_on(from, &mut left) {
                let key = from.string().unwrap();
                found.insert(key, decoded(from));
            }
            Value::Object(found)
        }
        Type::Array | Type::ArrayIndef => {
            let (mut found, mut left) = (Vec::new(), from.list().unwrap());
            while goes_on(from, &mut left) {
                found.push(decoded(from));
            }
            Value::Array(found)
        }
        Type::String => from.string().unwrap().into(),
        Type::Tag => from.timestamp().unwrap().secs().into(),
        Type::Bool => from.boolean().unwrap().into(),
        _ => from.long().unwrap().into(),
    }
}

/// Whether another entry comes; a collection of unknown length ends with a break.
fn goes_on(from: &mut Decoder<'_>, left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None if from.datatype().unwrap() == Type::Break => {
            from.skip().unwrap();
            false
        }
        None => true,
    }
}
