//! CloudWatch Logs Insights queries over what AWS writes down of each call.
//!
//! Two logs hold it: CloudTrail, and Bedrock's model invocation log, which has to be switched on. In both, `region`
//! or `awsRegion` is always the Region called; where a call was served is `inferenceRegion`, which is there only
//! when it was another one (Amazon Bedrock User Guide, model invocation logging; AWS ML blog, August 2024).

use super::cloudwatch::Watched;

/// One query, with what it answers.
struct Query {
    title: &'static str,
    log: Log,
    text: fn(&Watched) -> String,
}

#[derive(Clone, Copy)]
enum Log {
    CloudTrail,
    Invocations,
}

impl Log {
    const fn name(self) -> &'static str {
        match self {
            Self::CloudTrail => "the log group of CloudTrail",
            Self::Invocations => "the log group of Bedrock's model invocation log",
        }
    }
}

/// Every query. A new one is a line here.
static QUERIES: &[Query] = &[
    Query {
        title: "Throttled calls, every 5 minutes",
        log: Log::CloudTrail,
        text: |_| {
            "filter eventSource = \"bedrock.amazonaws.com\" and errorCode like /Throttl/\n\
             | stats count(*) as throttled by awsRegion, eventName, bin(5m)"
                .to_owned()
        },
    },
    Query {
        title: "Throttled share of attempts, percent, every 5 minutes",
        log: Log::CloudTrail,
        text: |_| {
            "filter eventSource = \"bedrock.amazonaws.com\" and eventName in [\"InvokeModel\", \
             \"InvokeModelWithResponseStream\", \"Converse\", \"ConverseStream\"]\n\
             | fields strcontains(coalesce(errorCode, \"\"), \"Throttl\") as refused\n\
             | stats sum(refused) * 100 / count(*) as throttled_pct, count(*) as attempts by awsRegion, bin(5m)"
                .to_owned()
        },
    },
    Query {
        title: "Calls by the Region that served them",
        log: Log::CloudTrail,
        text: |_| {
            "filter eventSource = \"bedrock.amazonaws.com\" and ispresent(requestParameters.modelId)\n\
             | fields coalesce(additionalEventData.inferenceRegion, awsRegion) as served\n\
             | stats count(*) as calls by awsRegion, served, requestParameters.modelId\n\
             | sort calls desc"
                .to_owned()
        },
    },
    Query {
        title: "Share served in another Region than the one called, percent, every 5 minutes",
        log: Log::Invocations,
        text: |of| {
            format!(
                "filter region = \"{home}\"\n\
                 | fields strcontains(coalesce(inferenceRegion, region), \"{home}\") as home\n\
                 | stats (count(*) - sum(home)) * 100 / count(*) as moved_pct, count(*) as calls by bin(5m)",
                home = of.home()
            )
        },
    },
    Query {
        title: "Calls served outside the Regions of the routes: none is what you want to see",
        log: Log::Invocations,
        text: |of| {
            let regions: Vec<_> = of.processed_in.iter().map(|region| format!("\"{region}\"")).collect();
            format!(
                "fields @timestamp, requestId, identity.arn, modelId, coalesce(inferenceRegion, region) as served\n\
                 | filter served not in [{}]\n\
                 | sort @timestamp desc\n\
                 | limit 1000",
                regions.join(", ")
            )
        },
    },
    Query {
        title: "Latency of Converse calls by the Region that served them, ms",
        log: Log::Invocations,
        text: |_| {
            "filter operation = \"Converse\"\n\
             | fields coalesce(inferenceRegion, region) as served\n\
             | stats count(*) as calls, pct(output.outputBodyJson.metrics.latencyMs, 50) as p50, \
             pct(output.outputBodyJson.metrics.latencyMs, 95) as p95 by served"
                .to_owned()
        },
    },
    Query {
        title: "Tokens by model and by the Region that served them",
        log: Log::Invocations,
        text: |_| {
            "fields coalesce(inferenceRegion, region) as served\n\
             | stats count(*) as calls, sum(input.inputTokenCount) as tokens_in, sum(output.outputTokenCount) as tokens_out \
             by modelId, served"
                .to_owned()
        },
    },
];

/// All of them as text; lines that begin with `#` are comments to Logs Insights too.
pub fn render(of: &Watched) -> String {
    let regions: Vec<_> = of.regions().iter().map(|region| region.code()).collect();
    let mut text = format!(
        "# CloudWatch Logs Insights, for profile {}; run each in {}.\n\
         # Written by the documented syntax and not run against the service: look at a few results before you rely on one.\n",
        of.profile,
        regions.join(", ")
    );
    for query in QUERIES {
        text += &format!("\n# {}\n# In {}\n{}\n", query.title, query.log.name(), (query.text)(of));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Loader;

    fn text() -> String {
        render(&Watched::new(&Loader::built_in().unwrap().profile("apac").unwrap()).unwrap())
    }

    /// `region` in a log is where the call was made: a query that asks it where the call was served sees nothing.
    #[test]
    fn where_a_call_was_served_is_never_asked_of_the_region_called() {
        for query in text().split("\n\n").filter(|query| query.contains("served")) {
            assert!(query.contains("inferenceRegion"), "{query}");
        }
    }

    #[test]
    fn queries_are_made_for_the_profile() {
        let text = text();
        for part in [
            "run each in ap-southeast-2, ap-southeast-1",
            "not in [\"ap-southeast-2\", \"ap-southeast-4\", \"ap-southeast-1\"]",
            "strcontains(coalesce(inferenceRegion, region), \"ap-southeast-2\")",
        ] {
            assert!(text.contains(part), "no {part} in\n{text}");
        }
        assert!(!text.contains("us-west-2"), "{text}");
    }
}
