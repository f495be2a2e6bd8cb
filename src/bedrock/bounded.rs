//! How much of an answer the client holds in memory, whatever a server sends.
//!
//! The SDK collects a body that is no stream to its end, and of a stream each frame to the length that the frame says
//! it has, up to 4 GiB. Both are cut here, long after anything that an answer could need.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::Error as BodyError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// An answer of 128,000 tokens is about 1 MiB of JSON.
const LARGEST_WHOLE: u64 = 4 << 20;

/// One event carries a few tokens.
const LARGEST_FRAME: u32 = 1 << 20;

/// Of what kind a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Collected to its end.
    Whole,
    /// Taken apart frame by frame; it may be as long as it likes, for time limits end it.
    Frames,
}

/// What ends a body that is beyond its limit. One line: it becomes the error of the attempt.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooLong {
    #[error("an answer of more than {LARGEST_WHOLE} bytes is none of the service's")]
    Whole,
    #[error("a frame of {0} bytes is none of the service's")]
    Frame(u32),
}

/// `body`, which ends with an error where it goes beyond `limit`.
pub fn bounded(body: SdkBody, limit: Limit) -> SdkBody {
    let meter = match limit {
        Limit::Whole => Meter::Whole { left: LARGEST_WHOLE },
        Limit::Frames => Meter::Frames { length: [0; 4], have: 0, left: 0 },
    };
    SdkBody::from_body_1_x(Bounded { body, meter, beyond: None })
}

struct Bounded {
    body: SdkBody,
    meter: Meter,
    /// Told when what came before it has been taken.
    beyond: Option<TooLong>,
}

#[derive(Debug)]
enum Meter {
    Whole {
        left: u64,
    },
    /// `have` bytes are known of the next frame's length, or `left` are still to come of the present one.
    Frames {
        length: [u8; 4],
        have: usize,
        left: u32,
    },
}

impl Meter {
    fn take(&mut self, mut data: &[u8]) -> Result<(), TooLong> {
        match self {
            Self::Whole { left } => {
                *left = left.checked_sub(data.len() as u64).ok_or(TooLong::Whole)?;
            }
            Self::Frames { length, have, left } => {
                while let Some(first) = data.first() {
                    if *left > 0 {
                        let skipped = data.len().min(*left as usize);
                        *left -= skipped as u32;
                        data = &data[skipped..];
                        continue;
                    }
                    length[*have] = *first;
                    *have += 1;
                    data = &data[1..];
                    if *have == length.len() {
                        let whole = u32::from_be_bytes(*length);
                        if whole > LARGEST_FRAME {
                            return Err(TooLong::Frame(whole));
                        }
                        // The length counts itself. One that is too short for that is the SDK's to refuse.
                        (*have, *left) = (0, whole.saturating_sub(length.len() as u32));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(beyond) = self.beyond.take() {
            // Dropped, it takes no more from the server.
            self.body = SdkBody::taken();
            return Poll::Ready(Some(Err(beyond.into())));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.beyond = self.meter.take(data).err();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.beyond.is_none() && Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Meter {
        Meter::Frames { length: [0; 4], have: 0, left: 0 }
    }

    fn frame(length: u32) -> Vec<u8> {
        let mut frame = length.to_be_bytes().to_vec();
        frame.resize(length as usize, 0xff);
        frame
    }

    /// However the bytes are cut, the same frame is too long.
    #[test]
    fn frames_are_measured_across_the_pieces_they_come_in() {
        let mut bytes = [frame(16), frame(300), frame(LARGEST_FRAME)].concat();
        bytes.extend(u32::MAX.to_be_bytes());
        for step in [1, 3, 4, 5, 17, 1_000, bytes.len()] {
            let mut meter = frames();
            let mut pieces = bytes.chunks(step).map(|piece| meter.take(piece)).collect::<Vec<_>>();
            assert_eq!(pieces.pop(), Some(Err(TooLong::Frame(u32::MAX))), "pieces of {step}");
            assert!(pieces.iter().all(Result::is_ok), "pieces of {step}");
        }
    }

    #[test]
    fn a_stream_of_small_frames_has_no_end_that_it_must_come_to() {
        let mut meter = frames();
        let hundred = frame(1_000).repeat(100);
        assert!((0..1_000).all(|_| meter.take(&hundred) == Ok(())));
    }

    #[test]
    fn a_length_too_short_for_itself_is_no_reason_to_stop() {
        let mut meter = frames();
        assert_eq!(meter.take(&[0; 100]), Ok(()));
    }

    #[test]
    fn what_is_collected_is_counted() {
        let mut meter = Meter::Whole { left: LARGEST_WHOLE };
        let piece = vec![0; 1 << 20];
        assert!((0..4).all(|_| meter.take(&piece) == Ok(())));
        assert_eq!(meter.take(&[0]), Err(TooLong::Whole));
    }
}
