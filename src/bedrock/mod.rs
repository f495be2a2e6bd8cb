//! The client side of Bedrock: one attempt in, stamped facts out. It decides nothing: no retry, no
//! fallback, no hidden wait. The same client serves live, mock and any other endpoint.

mod bounded;
mod classify;
mod client;
mod connections;
mod credentials;
mod gate;
mod probe;
mod round_trip;
mod secrets;
mod stream;
mod transmit;

pub use bounded::{Limit, bounded};
pub use classify::chain;
pub use client::{Answer, Api, Attempt, ClientSpec, RegionClient, endpoint_url};
pub use connections::check_ca;
pub use credentials::{
    Access, NoCredentials, live_access, live_credentials, placeholder_access, placeholder_credentials,
};
pub use gate::{Gate, Opener};
pub use round_trip::{Handshake, Line, Tried, trust};
pub use secrets::Secrets;
