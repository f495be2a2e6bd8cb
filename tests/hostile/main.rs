//! A server that means harm cannot hurt the client: what it sends is bounded in memory and in time, ends in the
//! outcome that it deserves, and harms no other route.

#[path = "../common/attempt.rs"]
mod attempt;
mod audit;
mod body;
mod certificate;
#[path = "../common/mod.rs"]
mod common;
mod echo;
mod frames;
mod headers;
mod http2;
mod pace;
mod redirects;
mod routes;
mod server;
