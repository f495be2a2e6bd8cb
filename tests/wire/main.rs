//! The mock as clients see it: through the AWS SDK, byte by byte, and when clients misbehave; and
//! bedbench's own client against servers that do.

mod abuse;
#[path = "../common/attempt.rs"]
mod attempt;
mod bad_servers;
mod bytes_on_the_wire;
mod connections;
mod credentials;
mod faults;
mod fuzz;
mod invoke;
mod outside;
mod raw;
mod sdk;
mod setup;
mod tls;
