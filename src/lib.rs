//! Open-loop load testing and latency benchmarks for Amazon Bedrock, as seen from Sydney.
//!
//! # The map of the house
//!
//! One set of rules, carried out in more than one world. The rules are pure: they take `now`, draw
//! from named seeded streams, and never wait, read a clock, open a file or print.
//!
//! | folder | what it knows |
//! |---|---|
//! | `core` | the vocabulary: time, Regions, residency, requests, outcomes, records, seeds |
//! | `plan` | *what* is fired and *when*: arrivals, token lengths, prompts |
//! | `routing` | *where* an attempt goes next; one file per policy |
//! | `region` | *what a Region does with it*: quota, slots, queue, service |
//! | `stats` | intervals and comparisons |
//! | `measure` | records → histograms → percentiles → the run's verdict |
//! | `profile` | TOML files, built in or the user's own, and their checks |
//! | `govern` | what a call costs, what a plan needs, what keeps a run within a budget; how residency is enforced, watched and shown |
//! | `clock` | the only clocks and sleeps |
//! | `bedrock` | the client: one attempt through the AWS SDK, stamped |
//! | `account` | CloudWatch and Service Quotas: what AWS knows of the account, read and never changed |
//! | `mock` | the server: sockets, the delay line, the wire, around the Region model |
//! | `sweep` | many loads, routes and seeds → knees and crossovers |
//! | `store` | the results folder |
//! | `report` | terminal, page, Markdown, plots |
//! | `drive` | plan in, records out: the pacer and the live driver in real time, the simulator in virtual time |
//! | `cli` | one file per command |
//!
//! Dependencies point down: `cli` → `drive`, `mock`, `report` → `bedrock`, `sweep` → `govern` → `store` →
//! `measure`; `drive` → `govern` → `profile` → `routing`, `region`, `plan`, `stats` → `core`. `routing` may not see `region`, nor
//! `mock` see what measures it; `tests/layering` holds this.
//!
//! # What is public
//!
//! [`embed`], and nothing else: it is documented in full and follows semantic versioning. The folders above are public for
//! the command, the tests and the benches of this package only; they are hidden here and change without notice.

#![deny(missing_docs)]
// Whatever comes from outside can be wrong, and is answered; `expect` says why something cannot be.
#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod embed;

#[macro_use]
mod say;

#[doc(hidden)]
pub mod account;

#[doc(hidden)]
pub mod bedrock;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod core;
#[doc(hidden)]
pub mod drive;
#[doc(hidden)]
pub mod govern;
#[doc(hidden)]
pub mod measure;
#[doc(hidden)]
pub mod mock;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod profile;
#[doc(hidden)]
pub mod region;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod routing;
#[doc(hidden)]
pub mod stats;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod sweep;
