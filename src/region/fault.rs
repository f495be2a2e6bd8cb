//! What is wrong on purpose: from a scenario, at run time, or by a model id.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::core::time::DAY;
use crate::core::units::Span;

/// One thing that goes wrong, and for which share of the attempts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub kind: FaultKind,
    /// Of the attempts that reach the Region, from 0 to 1; which ones is drawn by their keys.
    #[serde(default = "all")]
    pub share: f64,
    /// Which exception: for `exception` and `mid-stream`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// Output tokens that are still sent before a stream goes wrong.
    #[serde(default = "a_few")]
    pub after_tokens: u32,
    /// How long a `stall` takes (for ever without it), or a `dribble` per byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
}

fn all() -> f64 {
    1.0
}

fn a_few() -> u32 {
    5
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// An exception in place of an answer.
    Exception,
    /// The head of the answer never comes.
    Hang,
    /// The connection is reset in place of an answer.
    Reset,
    /// Nobody listens: new connections are refused.
    RefuseConnections,
    /// An exception frame in the middle of a stream.
    MidStream,
    /// A frame whose checksum does not fit.
    WrongCrc,
    /// The stream ends inside a frame.
    CutInFrame,
    /// The stream ends behind a frame, as if all had been said.
    CutClean,
    /// Nothing comes for a while, or ever.
    Stall,
    /// Every byte comes by itself.
    Dribble,
    /// The connection is reset in the middle of a stream.
    Disconnect,
}

/// Every kind, with what a client sees: the docs and the tests over all kinds follow from the list.
pub static FAULTS: &[(FaultKind, &str)] = &[
    (FaultKind::Exception, "an exception in place of an answer"),
    (FaultKind::Hang, "a request that is never answered"),
    (FaultKind::Reset, "a connection reset in place of an answer"),
    (FaultKind::RefuseConnections, "new connections refused; share has no meaning"),
    (FaultKind::MidStream, "an exception frame after some tokens; the stream ends behind it"),
    (FaultKind::WrongCrc, "a frame whose message checksum is wrong"),
    (FaultKind::CutInFrame, "a stream that ends inside a frame"),
    (FaultKind::CutClean, "a stream that ends behind a frame, without its last events"),
    (FaultKind::Stall, "a stream that stops for `time`, or for good without it"),
    (FaultKind::Dribble, "a stream whose bytes come one by one, `time` apart"),
    (FaultKind::Disconnect, "a connection reset in mid-stream"),
];

impl FaultKind {
    /// Wrong only in a stream: a unary answer is left as it is.
    pub fn in_stream(self) -> bool {
        use FaultKind as K;
        matches!(self, K::MidStream | K::WrongCrc | K::CutInFrame | K::CutClean | K::Stall | K::Dribble | K::Disconnect)
    }
}

impl Fault {
    /// For every attempt.
    pub fn always(kind: FaultKind) -> Self {
        Self { kind, share: all(), exception: None, after_tokens: a_few(), time: None }
    }

    /// # Errors
    /// When its parts make no sense together.
    pub fn check(&self) -> Result<(), String> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(format!("share must be above 0 and at most 1, not {}", self.share));
        }
        if let Some(time) = self.time.filter(|time| time.0 > DAY) {
            return Err(format!("time must be at most a day, not {time}"));
        }
        match (self.kind, self.exception) {
            (FaultKind::Exception | FaultKind::MidStream, None) => {
                Err("it needs `exception`, such as \"ThrottlingException\"".into())
            }
            (FaultKind::MidStream, Some(exception)) if !exception.in_stream() => {
                Err(format!("{} does not come in mid-stream", exception.name()))
            }
            (FaultKind::Exception | FaultKind::MidStream, Some(_)) | (_, None) => Ok(()),
            (_, Some(_)) => Err("only kinds `exception` and `mid-stream` know an exception".into()),
        }
    }

    /// What a model id asks for behind `bedbench.fault.`: an exception by its name, one in mid-stream
    /// behind `stream.`, or the name of a kind.
    pub fn named(name: &str) -> Option<Self> {
        if let Ok(exception) = name.parse() {
            return Some(Self { exception: Some(exception), ..Self::always(FaultKind::Exception) });
        }
        if let Some(exception) = name.strip_prefix("stream.") {
            let exception = exception.parse::<Exception>().ok().filter(|exception| exception.in_stream())?;
            return Some(Self { exception: Some(exception), ..Self::always(FaultKind::MidStream) });
        }
        let kind =
            FaultKind::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name)).ok()?;
        Some(Self::always(kind)).filter(|fault| fault.check().is_ok() && kind != FaultKind::RefuseConnections)
    }
}

macro_rules! exceptions {
    ($($name:ident)*) => {
        /// The service's exceptions. Source: the model of bedrock-runtime 2023-09-30; `Overloaded` is the
        /// `overloaded_error` with status 529 of its troubleshooting guide.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Exception { $($name),* }

        impl Exception {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

exceptions! {
    ThrottlingException
    ModelNotReadyException
    InternalServerException
    ServiceUnavailableException
    ModelTimeoutException
    ModelErrorException
    ModelStreamErrorException
    ServiceQuotaExceededException
    ValidationException
    AccessDeniedException
    ResourceNotFoundException
    ConflictException
    Overloaded
}

impl Exception {
    /// HTTP status in place of an answer. Source: the model of bedrock-runtime 2023-09-30.
    pub const fn status(self) -> u16 {
        match self {
            Self::ServiceQuotaExceededException | Self::ValidationException | Self::ConflictException => 400,
            Self::AccessDeniedException => 403,
            Self::ResourceNotFoundException => 404,
            Self::ModelTimeoutException => 408,
            Self::ModelErrorException | Self::ModelStreamErrorException => 424,
            Self::ThrottlingException | Self::ModelNotReadyException => 429,
            Self::InternalServerException => 500,
            Self::ServiceUnavailableException => 503,
            Self::Overloaded => 529,
        }
    }

    /// Whether it is a member of one of the stream unions.
    pub fn in_stream(self) -> bool {
        matches!(
            self,
            Self::InternalServerException
                | Self::ModelStreamErrorException
                | Self::ValidationException
                | Self::ThrottlingException
                | Self::ModelTimeoutException
                | Self::ServiceUnavailableException
        )
    }
}

impl FromStr for Exception {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|exception| exception.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_fault_can_be_asked_for_by_a_name() {
        for exception in Exception::ALL {
            let fault = Fault::named(exception.name()).unwrap();
            assert_eq!((fault.kind, fault.exception), (FaultKind::Exception, Some(*exception)));
            let in_stream = Fault::named(&format!("stream.{}", exception.name()));
            assert_eq!(in_stream.is_some(), exception.in_stream(), "{}", exception.name());
        }
        for name in ["hang", "reset", "wrong-crc", "cut-in-frame", "cut-clean", "stall", "dribble", "disconnect"] {
            assert!(Fault::named(name).is_some_and(|fault| fault.check().is_ok()), "{name}");
        }
        for name in ["", "exception", "mid-stream", "refuse-connections", "throttlingException", "stream.hang"] {
            assert_eq!(Fault::named(name), None, "{name}");
        }
    }

    #[test]
    fn parts_that_make_no_sense_together_are_refused() {
        let fault = Fault::always(FaultKind::Stall);
        assert_eq!(fault.check(), Ok(()));
        assert_eq!(Fault { time: Some(Span(DAY)), ..fault }.check(), Ok(()));
        for broken in [
            Fault { share: 0.0, ..fault },
            Fault { share: 1.5, ..fault },
            Fault { exception: Some(Exception::ThrottlingException), ..fault },
            Fault { time: Some(Span(DAY + Duration::from_nanos(1))), ..fault },
            Fault { kind: FaultKind::Exception, ..fault },
            Fault { kind: FaultKind::MidStream, exception: Some(Exception::AccessDeniedException), ..fault },
        ] {
            assert!(broken.check().is_err(), "{broken:?}");
        }
    }
}
