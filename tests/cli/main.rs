//! The command line as somebody meets it: what it prints, what it leaves, how it exits.

mod advise;
mod calibrate;
mod check;
mod closed;
mod compare;
mod cost;
mod desk;
mod endpoint;
mod export;
mod gates;
mod kept;
mod listing;
mod live;
mod load;
mod manual;
#[cfg(unix)]
mod mock;
mod plan;
mod probe;
mod refusals;
mod report;
mod run;
mod selftest;
mod shard;
#[cfg(unix)]
mod signals;
mod sweep;
