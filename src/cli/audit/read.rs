//! What AWS is asked, and what is made of its answers.

use std::collections::BTreeSet;

use super::AuditArgs;
use crate::account::{Account, AccountError, AccountSpec};
use crate::cli::exit::{Code, Failure};
use crate::govern::baseline::{AccountQuota, Baseline, Known, Window, headroom, instant, of_model};
use crate::profile::Models;
use crate::report::audit::{Audit, Audited};
use crate::store::folder::rfc3339;

/// Together with what files are made from.
pub struct Read {
    pub audit: Audit,
    pub models: Models,
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        let message = error.to_string();
        Self::new(if error.is_usage() { Code::Credentials } else { Code::Unreachable }, message)
    }
}

/// # Errors
/// When AWS does not tell, or there is nothing to tell of.
pub fn read(args: &AuditArgs, spec: &AccountSpec, window: Window, now: u64) -> Result<Read, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    // The timer is the runtime's: it is made inside.
    let asked = runtime.block_on(async { tokio::time::timeout(args.timeout.0, ask(args, spec, window, now)).await });
    // A provider may still be waiting for a metadata service that is not there.
    runtime.shutdown_background();
    asked.unwrap_or_else(|_| {
        let late = format!(
            "not everything was told within {}: ask for less by --model or --days, or allow more by --timeout",
            args.timeout
        );
        Err(Failure::new(Code::Unreachable, late))
    })
}

async fn ask(args: &AuditArgs, spec: &AccountSpec, window: Window, now: u64) -> Result<Read, Failure> {
    let models = Models::built_in().map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
    let account = Account::open(spec).await?;
    let ids: BTreeSet<_> =
        if args.model.is_empty() { account.models().await? } else { args.model.iter().cloned().collect() };
    let (mut found, mut remarks) = (Vec::new(), BTreeSet::new());
    for id in &ids {
        let (readings, said) = account.readings(id, &window).await?;
        remarks.extend(said);
        match Baseline::of(&readings, &window, models.burndown(id)) {
            Some(baseline) => found.push(baseline),
            None if args.model.is_empty() => {}
            None => {
                remarks.insert(format!("{id}: no data in the window"));
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::new(Code::NoData, nothing(args, &window)));
    }
    found.sort_by_key(|baseline| std::cmp::Reverse(baseline.calls()));
    let known = quotas(args, &account, &models, &found, &mut remarks).await?;
    let audited = found.into_iter().zip(known).map(|(baseline, quota)| Audited {
        throttled_share: baseline.throttled_share(),
        burndown: models.burndown(&baseline.model),
        headroom: headroom(&baseline, &quota, args.max_tokens),
        quota,
        baseline,
    });
    let audit = Audit {
        schema: 1,
        date: rfc3339(now),
        region: args.region,
        window,
        models: audited.collect(),
        remarks: remarks.into_iter().collect(),
    };
    Ok(Read { audit, models })
}

fn nothing(args: &AuditArgs, window: &Window) -> String {
    let of = if args.model.is_empty() { String::new() } else { format!(" of {}", args.model.join(", ")) };
    let way_out = if args.model.is_empty() {
        "name the --region that is called; models not called in the last two weeks by --model; or take more --days"
    } else {
        "name the ModelId as it is called, with its profile prefix; or take more --days"
    };
    format!(
        "CloudWatch has no Bedrock calls{of} in {} from {} to {}: {way_out}",
        args.region,
        instant(window.start),
        instant(window.end)
    )
}

/// By model. AWS's defaults are asked for only where the account has none of its own.
async fn quotas(
    args: &AuditArgs,
    account: &Account,
    models: &Models,
    found: &[Baseline],
    remarks: &mut BTreeSet<String>,
) -> Result<Vec<Known>, Failure> {
    if args.no_quotas {
        return Ok(vec![Known::default(); found.len()]);
    }
    let hint = |error: AccountError| match error {
        AccountError::Denied { .. } => {
            Failure::new(Code::Credentials, format!("{error}; or leave quotas out with --no-quotas"))
        }
        error => error.into(),
    };
    let mut quotas: Vec<AccountQuota> = account.applied_quotas().await.map_err(hint)?;
    let known = |quotas: &[AccountQuota]| -> Vec<Known> {
        found.iter().map(|baseline| of_model(quotas, models, args.region, &baseline.model)).collect()
    };
    if known(&quotas).iter().any(|known| known.requests.is_none() || known.tokens.is_none()) {
        quotas.extend(account.default_quotas().await.map_err(hint)?);
    }
    let known = known(&quotas);
    for (baseline, _) in found.iter().zip(&known).filter(|(_, known)| **known == Known::default()) {
        remarks.insert(format!(
            "{}: none of the {} quotas of Bedrock has the words of this model in its name",
            baseline.model,
            quotas.len()
        ));
    }
    Ok(known)
}
