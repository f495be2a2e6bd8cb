//! What is asked of the mock itself and not of Bedrock: everything below `/_bedbench/`, from this
//! machine only.

use std::net::SocketAddr;

use hyper::{Method, Request, Response, StatusCode};

use super::books::Books;
use super::wire::{self, Body, Exception};

const PREFIX: &str = "/_bedbench/";

/// The answer to a request for the mock itself; absent where Bedrock is meant.
pub fn respond<B>(books: &Books, peer: SocketAddr, request: &Request<B>, request_id: &str) -> Option<Response<Body>> {
    let name = request.uri().path().strip_prefix(PREFIX)?;
    let answer = if peer.ip().to_canonical().is_loopback() {
        serve(books, request.method(), name)
    } else {
        let message = "bedbench's mock is controlled from its own machine only";
        Err(Exception::new(StatusCode::FORBIDDEN, "AccessDeniedException", message))
    };
    Some(answer.map_or_else(|exception| exception.response(request_id), |json| wire::answer(json, request_id)))
}

fn serve(books: &Books, method: &Method, name: &str) -> Result<String, Exception> {
    match (method, name) {
        (&Method::GET, "stats") => Ok(books.stats().to_string()),
        _ => Err(Exception::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            format!("bedbench's mock is asked by GET {PREFIX}stats"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_told() {
        let books = Books::new(vec![], None);
        let status = |peer: &str, method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            respond(&books, peer.parse().unwrap(), &request, "id").map(|response| response.status().as_u16())
        };
        for (peer, expected) in [
            ("127.0.0.1:9", 200),
            ("[::1]:9", 200),
            ("[::ffff:127.0.0.1]:9", 200),
            ("10.0.0.7:9", 403),
            ("[2001:db8::1]:9", 403),
        ] {
            assert_eq!(status(peer, "GET", "/_bedbench/stats"), Some(expected), "{peer}");
        }
        assert_eq!(status("10.0.0.7:9", "GET", "/_bedbench/nothing"), Some(403));
        assert_eq!(status("127.0.0.1:9", "GET", "/_bedbench/nothing"), Some(404));
        assert_eq!(status("127.0.0.1:9", "POST", "/_bedbench/stats"), Some(404));
        assert_eq!(status("10.0.0.7:9", "GET", "/_bedbenchstats"), None);
    }
}
