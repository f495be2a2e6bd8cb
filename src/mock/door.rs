//! One address: which Region a request there is for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::{HeaderMap, Request, Response};

use super::control;
use super::credentials::{scope_region, wrong_region};
use super::delay::Distance;
use super::respond::Endpoint;
use super::wire::{Body, Exception};
use crate::clock::monotonic;
use crate::core::RequestKey;
use crate::core::seed::Purpose;

/// A Region behind a door, and how far away it is.
pub struct Room {
    pub endpoint: Arc<Endpoint>,
    pub distance: Distance,
}

/// The Regions behind one address, at least one.
///
/// With several, the Region is known only when a request has been read: its round trip is then
/// waited out there, before the Region hears of the request, and not on the way of the bytes. So
/// answers come at the same time as from far away, but a new connection costs no handshakes.
pub struct Door {
    rooms: Vec<Room>,
    requests: AtomicU64,
}

impl Door {
    pub fn new(rooms: Vec<Room>) -> Self {
        Self { rooms, requests: AtomicU64::new(0) }
    }

    pub fn first(&self) -> &Endpoint {
        &self.rooms[0].endpoint
    }

    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.rooms.iter().map(|room| &*room.endpoint)
    }

    /// How far the bytes of its connections have to go.
    pub fn distance(&self) -> Distance {
        match self.rooms.as_slice() {
            [only] => only.distance,
            _ => Distance::default(),
        }
    }

    pub async fn respond(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let request_id = self.first().shared.request_ids.next();
        if control::is_meant(&request) {
            return control::respond(self, peer, request, &request_id).await;
        }
        match self.room(request.headers()) {
            Ok(room) => {
                if self.rooms.len() > 1 {
                    self.travel(room).await;
                }
                room.endpoint.respond(request, &request_id).await
            }
            Err(exception) => exception.response(&request_id),
        }
    }

    /// The Region that the request was signed for; the first for those that are not signed.
    fn room(&self, headers: &HeaderMap) -> Result<&Room, Exception> {
        let asked = scope_region(headers).filter(|_| self.rooms.len() > 1);
        let Some(asked) = asked else { return Ok(&self.rooms[0]) };
        let room = self.rooms.iter().find(|room| room.endpoint.region.code() == asked);
        room.ok_or_else(|| wrong_region(asked))
    }

    async fn travel(&self, room: &Room) {
        let shared = &room.endpoint.shared;
        let number = RequestKey(self.requests.fetch_add(1, Ordering::Relaxed));
        let mut draws = shared.seed.stem(Purpose::NetworkJitter, room.endpoint.region).draws(number, 0);
        let there_and_back = room.distance.one_way(&mut draws) + room.distance.one_way(&mut draws);
        shared.timer.sleep_until(monotonic() + there_and_back).await;
    }
}
