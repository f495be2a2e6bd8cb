//! How each number is defined, in a sentence.

/// Terms and their meanings, as docs/method.md has them at length.
pub const DEFINITIONS: &[(&str, &str)] = &[
    ("response time", "finished − intended start: what the user waits, lateness of the client included"),
    ("service time", "finished − sent of the attempt that settled the request: the uncorrected view"),
    ("TTFT", "first non-empty content token, from intended start; from sent where it says so"),
    ("TPOT", "(last − first token) / (output tokens − 1), tokens as the service counts them; absent for one or none"),
    ("goodput", "requests per second of measured time that completed within every SLO"),
    ("dispatch lag", "sent − intended start of the first attempt: the client's own lateness"),
    (
        "percentile",
        "over all requests but cancelled ones, a failure ranking above every success; one that falls among \
         failures is `failed`, not a time; `–` is absent, not zero",
    ),
    (
        "interval",
        "95 %, between order statistics of the sample, for an effective sample size: n over the design effect of \
         its blocks of time, because neighbours wait in the same queue; none where the run is short against the time \
         for which requests resemble each other",
    ),
    (
        "needs 300",
        "a percentile pq needs 3 / (1 − q) samples: with fewer, the sample holds nothing beyond it in more than one of \
         twenty cases",
    ),
    (
        "where the time went",
        "means over the ok requests: client (dispatch lag), other attempts (until the one that answered was sent), \
         connection, service to first token (the service's own latency less the stream), stream (first to last token); \
         network and unattributed is the rest, so that the parts add up to the response time. A simulation knows the \
         queue in the Region from the model; a client does not",
    ),
    (
        "cost",
        "USD at list prices for the tokens of all attempts in the measured time, whatever came of them; an attempt that \
         was cancelled pays its input at least. Per 1,000 good: over the requests that met every SLO. Without a price \
         there is no cost, not 0",
    ),
    (
        "difference",
        "between two routes, 95 % interval by paired block bootstrap, phase by phase; where routes took turns, the \
         median over their blocks, paired by round, between two of the differences",
    ),
];
