//! A workload, a daily pattern and a profile with what the account did and what it may do.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{AccountQuota, Baseline, HourOfDay, Known, Lengths, Window};
use crate::core::RegionId;
use crate::core::residency::{Pool, Processing};
use crate::core::units::{grouped, readable};
use crate::plan::workload::TokenLengths;
use crate::profile::Models;
use crate::store::folder::rfc3339;

/// Where numbers are from.
#[derive(Clone, Debug)]
pub struct Source {
    pub region: RegionId,
    pub window: Window,
    /// YYYY-MM-DD.
    pub date: String,
}

impl Source {
    fn of(&self, what: &str) -> String {
        format!("{what}, {}, {} to {}", self.region, instant(self.window.start), instant(self.window.end))
    }
}

/// RFC 3339 of seconds since 1970.
pub fn instant(seconds: u64) -> String {
    rfc3339(seconds * 1_000_000_000)
}

/// A model id as part of a file's name.
pub fn slug(model: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let slug: String = model.chars().map(letter).collect();
    let parts: Vec<_> = slug.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-")
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// What requests of this model ask for.
///
/// # Errors
/// When CloudWatch knows no lengths.
pub fn workload(baseline: &Baseline, source: &Source, max_tokens: Option<u32>) -> Result<String, String> {
    let (input, output) = (law("input", &baseline.input)?, law("output", &baseline.output)?);
    let most = max_tokens.unwrap_or(output.max);
    let mut text = format!("# What was asked of {}, from CloudWatch.\n#\n", baseline.model);
    for (what, lengths, law) in [("input", &baseline.input, input), ("output", &baseline.output, output)] {
        text += &remark(what, lengths, law);
    }
    text += if max_tokens.is_some() {
        "# max_tokens   as --max-tokens said; CloudWatch does not know it\n"
    } else {
        "# max_tokens   NOT MEASURED: the longest answer seen. CloudWatch does not know what was asked for, and the quota\n\
         #              reserves it: write what your application sends\n"
    };
    let summary = format!(
        "{}: some {} tokens in, some {} out",
        baseline.model,
        grouped(u64::from(input.p50)),
        grouped(u64::from(output.p50))
    );
    let lengths = |law: TokenLengths| format!("{{ p50 = {}, p95 = {}, max = {} }}", law.p50, law.p95, law.max);
    let _ = write!(
        text,
        "schema = 1\nname = {}\nsummary = {}\ninput = {}\noutput = {}\nmax_tokens = {most}\nslo = []\nsource = {}\ndate = {}\n",
        quoted(&format!("audit-{}", slug(&baseline.model))),
        quoted(&summary),
        lengths(input),
        lengths(output),
        quoted(&source.of("bedbench audit: CloudWatch, InputTokenCount and OutputTokenCount")),
        quoted(&source.date),
    );
    Ok(text)
}

fn law(what: &str, lengths: &Lengths) -> Result<TokenLengths, String> {
    let Some(mean) = lengths.mean.filter(|mean| *mean >= 0.5) else {
        return Err(format!("CloudWatch has no {what} tokens"));
    };
    let whole = |tokens: f64| (tokens.round() as u32).max(1);
    // Without percentiles every request is as long as the mean: a spread would be made up.
    let (p50, p95) = match (lengths.p50, lengths.p95) {
        (Some(p50), Some(p95)) => (whole(p50), whole(p95).max(whole(p50))),
        _ => (whole(mean), whole(mean)),
    };
    Ok(TokenLengths { p50, p95, max: lengths.max.map_or(p95, whole).max(p95) })
}

/// Beyond this the law of the workload is not the one that was seen.
const TOLERANCE: f64 = 0.1;

fn remark(what: &str, seen: &Lengths, law: TokenLengths) -> String {
    let mean = seen.mean.unwrap_or_default();
    let mut text = format!("# {what:<12} {} calls, mean {}", grouped(seen.n), readable(mean));
    if seen.p50.is_none() || seen.p95.is_none() {
        return text + "; CloudWatch gave no percentiles: every request gets the mean\n";
    }
    if (law.mean() / mean - 1.0).abs() > TOLERANCE {
        let _ = write!(text, "; log-normal by p50 and p95 has {}: it is another shape", readable(law.mean()));
    }
    text + "\n"
}

/// How its calls come and go over a day, in UTC.
pub fn pattern(baseline: &Baseline, source: &Source) -> String {
    let mut text = format!(
        "# How {} was called over the day, throttled calls included.\n\
         # Times are UTC: --start takes them so.\n\
         # A point stands in the middle of its hour: requests per second, over all days of the window.\n\
         # The mean over the day: --rps {:.6}\nschema = 1\nname = {}\nsummary = {}\ncurve = [\n",
        baseline.model,
        baseline.per_second,
        quoted(&format!("audit-{}", slug(&baseline.model))),
        quoted(&format!("the day of {}, in UTC", baseline.model)),
    );
    for HourOfDay { hour, per_second, .. } in &baseline.hours_of_day {
        let _ = writeln!(text, "  {{ at = \"{hour:02}:30\", load = {per_second:.6} }},");
    }
    let source_line = quoted(&source.of("bedbench audit: CloudWatch, Invocations + InvocationThrottles"));
    let _ = write!(text, "]\nsource = {source_line}\ndate = {}\n", quoted(&source.date));
    text
}

/// A profile with one route, which calls the model as it was called, under the account's own quota.
///
/// # Errors
/// When nobody can say where its calls are processed, or the account may not call it.
pub fn profile(baseline: &Baseline, known: &Known, models: &Models, source: &Source) -> Result<String, String> {
    let (region, model) = (source.region, &baseline.model);
    let (pool, processing) = models
        .inference_profiles()
        .resolve(region, model)
        .map_err(|_| "where it is processed is not known".to_owned())?;
    let (countries, reference): (BTreeSet<_>, bool) = match &processing {
        Processing::Within(regions) => (regions.iter().map(|region| region.jurisdiction()).collect(), false),
        // Anywhere is in no list of countries.
        Processing::Anywhere(_) => ([region.jurisdiction()].into(), true),
    };
    let countries: Vec<_> = countries.iter().map(|country| quoted(&country.to_string())).collect();
    let mut text = format!(
        "# {model} as it was called in {} ({region}), under this account's quota.\n\
         # Round trip, times, slots and queue stay those of profiles/regions.toml: `bedbench profile calibrate` fits them to a run.\n",
        region.name()
    );
    text += if reference {
        "# It may be processed in any commercial Region: no residency holds, so the route is a reference.\n"
    } else {
        "# `residency` is where it may be processed now; whether it should be is yours to say.\n"
    };
    let _ = write!(
        text,
        "schema = 1\nname = {}\nsummary = {}\nresidency = [{}]\nsource = {}\ndate = {}\n\n[[route]]\nname = {}\npolicy = \
         \"pinned\"\n{}targets = [{{ region = \"{region}\", model = {} }}]\n",
        quoted(&format!("audit-{}", slug(model))),
        quoted(&format!("{model} in {}, under the account's quota", region.name())),
        countries.join(", "),
        quoted(&source.of("bedbench audit")),
        quoted(&source.date),
        quoted(&region.name().to_lowercase().replace(' ', "-")),
        if reference { "reference = true\n" } else { "" },
        quoted(model),
    );
    let quotas = [("requests_per_minute", &known.requests), ("tokens_per_minute", &known.tokens)];
    let quotas = quotas.map(|(key, quota)| quota.as_ref().map(|quota| (key, quota)));
    let quotas: Vec<_> = quotas.into_iter().flatten().collect();
    if let Some((_, none)) = quotas.iter().find(|(_, quota)| quota.value <= 0.0) {
        return Err(format!("its quota is 0: {} ({})", none.name, none.code));
    }
    if quotas.is_empty() {
        text += "\n# NO QUOTA of this model was found in Service Quotas: what follows from the built-in one is an assumption.\n";
        return Ok(text);
    }
    text += &quota_lines(&quotas, region, pool, &source.date);
    Ok(text)
}

fn quota_lines(quotas: &[(&str, &AccountQuota)], region: RegionId, pool: Pool, date: &str) -> String {
    let limits: Vec<_> = quotas.iter().map(|(key, quota)| format!("{key} = {:?}", quota.value)).collect();
    let names = quotas.iter().map(|(_, quota)| {
        let whose = if quota.applied { "applied to this account" } else { "AWS's default, not this account's" };
        format!("{} ({}, {whose})", quota.name, quota.code)
    });
    let source = format!("Service Quotas: {}; burst: assumption", names.collect::<Vec<_>>().join("; "));
    let pool = serde_json::to_string(&pool).expect("a pool is a word");
    format!(
        "\n# How AWS keeps its minute is not published: a bucket that saves up `burst` is an assumption.\n[[region]]\ncode = \
         \"{region}\"\nquota = [\n  {{ pools = [{pool}], {}, burst = \"5s\", source = {}, date = {} }},\n]\n",
        limits.join(", "),
        quoted(&source),
        quoted(date),
    )
}
