//! A mock Bedrock on real sockets: right on the wire, right in time, wrong on request.
//!
//! It asks the same Region model as the simulator, and knows nothing of who is calling: not of
//! plans, not of routes, not of what is measured.

mod access_log;
mod asked;
mod books;
mod collect;
mod connection;
mod control;
mod converse;
mod count;
mod credentials;
mod delay;
mod door;
mod family;
mod fault;
mod fingerprint;
mod held;
mod leg;
mod listen;
mod live_world;
mod model_id;
mod reply;
mod request_id;
mod reset;
mod respond;
mod route;
mod shape;
mod stream;
mod tls;
mod tool_input;
mod wire;
mod written;

pub use access_log::{AccessLog, Line};
pub use asked::MODEL_MAXIMUM;
pub use credentials::Callers;
pub use listen::{ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
pub use tls::Tls;
