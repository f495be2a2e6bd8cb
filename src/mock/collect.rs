//! Bodies of requests, which take their time and may be too large.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use serde_json::Value;
use tokio::time::timeout;

use super::fault;
use super::held::{Held, Holding};
use super::wire::Exception;
use crate::region::fault::Exception::ServiceUnavailableException;

/// What a client is told for whom there is no memory, or no place in a queue.
pub fn no_room() -> Exception {
    fault::exception(ServiceUnavailableException).with(Value::Null)
}

/// Reads a body to its end even when it is too large: a client that is still sending would find the
/// connection reset, and not the answer that tells it why.
pub async fn collect(
    mut body: impl Body<Data = Bytes> + Unpin,
    largest: usize,
    patience: Duration,
    held: &Arc<Held>,
) -> Result<(Bytes, Holding), Exception> {
    let mut bytes = BytesMut::new();
    let mut length = 0;
    let mut holding = held.none();
    let late = |_| Exception::validation(format!("The request body did not end within {patience:?}."));
    let whole = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Exception::validation("The request body was cut off."))?;
            let Ok(data) = frame.into_data() else { continue };
            length += data.len();
            if length > largest {
                (bytes, holding) = (BytesMut::new(), held.none());
            } else if holding.more(data.len()) {
                bytes.extend_from_slice(&data);
            } else {
                return Err(no_room());
            }
        }
        Ok(())
    };
    timeout(patience, whole).await.map_err(late)??;
    if length > largest {
        return Err(Exception::validation(format!(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than or equal to {largest}"
        )));
    }
    Ok((bytes.freeze(), holding))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::channel::Channel;

    use super::*;

    const LARGEST: usize = 1 << 20;

    #[tokio::test]
    async fn a_body_that_never_ends_is_refused() {
        let (_sender, body) = Channel::<Bytes, Infallible>::new(1);
        let refused =
            collect(body, LARGEST, Duration::from_millis(1), &Held::new(100)).await.expect_err("it does not end");
        assert_eq!(refused.name, "ValidationException");
        assert!(refused.message.contains("within 1ms"), "{}", refused.message);
    }

    /// Nor one that always has a little more.
    #[tokio::test]
    async fn a_body_that_comes_drop_by_drop_is_refused_in_the_end() {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move { while sender.send_data(Bytes::from_static(b" ")).await.is_ok() {} });
        let held = Held::new(LARGEST);
        let refused = collect(body, LARGEST, Duration::from_millis(20), &held).await.expect_err("it does not end");
        assert_eq!(refused.name, "ValidationException");
    }

    #[tokio::test]
    async fn more_bodies_than_there_is_room_for_are_turned_away_until_there_is() {
        let held = Held::new(10);
        let body = |length: usize| http_body_util::Full::new(Bytes::from(vec![b' '; length]));
        let patience = Duration::from_secs(30);
        let first = collect(body(6), LARGEST, patience, &held).await.expect("there is room");
        let refused = collect(body(6), LARGEST, patience, &held).await.expect_err("there is none");
        assert_eq!((refused.status.as_u16(), refused.name), (503, "ServiceUnavailableException"));
        drop(first);
        assert!(collect(body(6), LARGEST, patience, &held).await.is_ok());
    }
}
