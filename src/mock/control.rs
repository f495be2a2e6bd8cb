//! What is asked of the mock itself and not of Bedrock: everything below `/_bedbench/`, from this
//! machine only unless the mock was told otherwise.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body as HttpBody;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::collect::collect;
use super::connection::PATIENCE;
use super::door::Door;
use super::wire::{self, Body, Exception};
use crate::core::RegionId;
use crate::region::fault::{Fault, FaultKind};

const PREFIX: &str = "/_bedbench/";
const LARGEST_BODY: usize = 1 << 20;

/// Whether a request is for the mock itself.
pub fn is_meant<B>(request: &Request<B>) -> bool {
    request.uri().path().starts_with(PREFIX)
}

/// Answers a request for the mock itself.
pub async fn respond<B>(door: &Door, peer: SocketAddr, request: Request<B>, request_id: &str) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let answer = if peer.ip().to_canonical().is_loopback() || door.first().shared.callers.remote_control {
        serve(door, request).await
    } else {
        let message =
            "bedbench's mock is controlled from its own machine only; start it with --allow-remote to change that";
        Err(Exception::new(StatusCode::FORBIDDEN, "AccessDeniedException", message))
    };
    answer.map_or_else(|exception| exception.response(request_id), |json| wire::answer(json, request_id))
}

async fn serve<B>(door: &Door, request: Request<B>) -> Result<String, Exception>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let (parts, body) = request.into_parts();
    let name = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    match (&parts.method, name) {
        (&Method::GET, "stats") => Ok(door.first().shared.books.stats().to_string()),
        (&Method::GET, "faults") => Ok(faults(door)),
        (&Method::PUT | &Method::POST, "faults") => {
            let (body, _held) = collect(body, LARGEST_BODY, PATIENCE, &door.first().shared.held).await?;
            set(door, parts.uri.query(), &read(&body)?)
        }
        (&Method::DELETE, "faults") => set(door, parts.uri.query(), &[]),
        _ => Err(Exception::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            format!("bedbench's mock knows GET {PREFIX}stats, and GET, PUT and DELETE {PREFIX}faults"),
        )),
    }
}

/// What was set at run time, by Region.
fn faults(door: &Door) -> String {
    let by_region: BTreeMap<RegionId, Vec<Fault>> =
        door.endpoints().map(|endpoint| (endpoint.region, endpoint.world.faults(endpoint.region))).collect();
    json!(by_region).to_string()
}

/// A list of faults, or a single one.
fn read(body: &[u8]) -> Result<Vec<Fault>, Exception> {
    let wrong = |what: String| {
        let example = r#"[{"kind": "exception", "exception": "ThrottlingException", "share": 0.3}]"#;
        Exception::validation(format!("{what}; write it like {example}"))
    };
    let list = serde_json::from_slice::<Vec<Fault>>(body);
    let faults = match (list, serde_json::from_slice::<Fault>(body)) {
        (Ok(faults), _) => faults,
        (Err(_), Ok(fault)) => vec![fault],
        (Err(error), Err(_)) => return Err(wrong(error.to_string())),
    };
    faults.iter().try_for_each(Fault::check).map_err(wrong)?;
    Ok(faults)
}

/// For every Region behind the door, or for the one that `?region=` names.
fn set(door: &Door, query: Option<&str>, new: &[Fault]) -> Result<String, Exception> {
    let named = query.into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("region="));
    let meant: Vec<_> =
        door.endpoints().filter(|endpoint| named.is_none_or(|code| endpoint.region.code() == code)).collect();
    if meant.is_empty() {
        let known: Vec<_> = door.endpoints().map(|endpoint| endpoint.region.code()).collect();
        let message =
            format!("no Region `{}` is served here; there are {}", named.unwrap_or_default(), known.join(", "));
        return Err(Exception::validation(message));
    }
    let window = window(new)?;
    for endpoint in meant {
        endpoint.world.set_faults(endpoint.region, new.to_vec());
        if let Some(window) = window {
            let (world, region) = (endpoint.world.clone(), endpoint.region);
            tokio::spawn(async move {
                tokio::time::sleep(window).await;
                let left = world.faults(region).into_iter().filter(|fault| fault.kind != FaultKind::RefuseConnections);
                world.set_faults(region, left.collect());
            });
        }
    }
    Ok(faults(door))
}

/// How long connections are refused: nobody could connect to end it.
fn window(new: &[Fault]) -> Result<Option<Duration>, Exception> {
    let Some(refusal) = new.iter().find(|fault| fault.kind == FaultKind::RefuseConnections) else { return Ok(None) };
    match refusal.time {
        Some(time) => Ok(Some(time.0)),
        None => Err(Exception::validation(
            "refuse-connections needs a time, such as \"5s\": while it is on, nobody can connect to end it",
        )),
    }
}
