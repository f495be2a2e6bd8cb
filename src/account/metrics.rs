//! CloudWatch: which models were called, and their data points.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MessageData, Metric, MetricDataQuery, MetricStat, StatusCode};

use super::pages::Pages;
use super::{Account, AccountError, Operation, Service};
use crate::govern::baseline::{Grain, HOUR, Question, Readings, Window, questions};

const NAMESPACE: &str = "AWS/Bedrock";
const BY_MODEL: &str = "ModelId";
const LIST: Operation = Operation { action: "cloudwatch:ListMetrics", service: Service::CloudWatch };
const GET: Operation = Operation { action: "cloudwatch:GetMetricData", service: Service::CloudWatch };
/// How the codes begin that say that a question cannot be asked.
const INVALID: [&str; 2] = ["InvalidParameter", "Validation"];
/// Remarks on one page: more of them tell no more.
const MOST_REMARKS: usize = 10;

impl Account {
    /// Models that have metrics of their own. CloudWatch lists those with data in the last two weeks.
    ///
    /// # Errors
    /// When CloudWatch does not tell.
    pub async fn models(&self) -> Result<BTreeSet<String>, AccountError> {
        let mut models = BTreeSet::new();
        let pages = self.cloudwatch.list_metrics().namespace(NAMESPACE).into_paginator().send();
        let mut pages = Pages::new(self, LIST, pages, |page| page.metrics().len());
        while let Some(page) = pages.next().await? {
            for metric in page.metrics() {
                // With more dimensions it is a part of the same calls.
                if let [dimension] = metric.dimensions()
                    && dimension.name() == Some(BY_MODEL)
                {
                    // What would have to be cleaned is the name of nothing.
                    let name = dimension.value().filter(|name| self.told.clean(name) == *name);
                    models.extend(name.map(str::to_owned));
                }
            }
        }
        Ok(models)
    }

    /// Everything that is asked about `model`, and what CloudWatch remarked.
    ///
    /// # Errors
    /// When CloudWatch does not tell. That it gives nothing over the whole window at once is a remark.
    pub async fn readings(&self, model: &str, window: &Window) -> Result<(Readings, Vec<String>), AccountError> {
        let (whole, parts): (Vec<_>, Vec<_>) = questions().into_iter().partition(|(.., grain)| *grain == Grain::Whole);
        let (mut readings, mut remarks) = (Readings::new(model), Vec::new());
        self.ask(&mut readings, &mut remarks, &parts, window).await?;
        match self.ask(&mut readings, &mut remarks, &whole, window).await {
            Err(AccountError::Refused { said, .. }) if INVALID.iter().any(|code| said.starts_with(code)) => {
                remarks.push(format!("no percentiles over the whole window: CloudWatch refused that period ({said})"));
            }
            asked => asked?,
        }
        Ok((readings, remarks))
    }

    async fn ask(
        &self,
        readings: &mut Readings,
        remarks: &mut Vec<String>,
        questions: &[Question],
        window: &Window,
    ) -> Result<(), AccountError> {
        let ids: BTreeMap<String, Question> =
            questions.iter().enumerate().map(|(i, question)| (format!("q{i}"), *question)).collect();
        let queries = ids.iter().map(|(id, question)| query(id, *question, &readings.model, window)).collect();
        let pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(window.start as i64))
            .end_time(DateTime::from_secs(window.end as i64))
            .into_paginator()
            .send();
        let mut pages = Pages::new(self, GET, pages, |page| {
            page.metric_data_results().iter().map(|found| found.values().len().max(1)).sum()
        });
        while let Some(page) = pages.next().await? {
            let said = |messages: &[MessageData]| -> Vec<String> {
                let said = messages.iter().take(MOST_REMARKS).filter_map(MessageData::value);
                said.map(|said| self.told.clean(said)).collect()
            };
            remarks.extend(said(page.messages()));
            for found in page.metric_data_results() {
                let refused = |code| self.told.clean(&format!("{code} {}", said(found.messages()).join("; ")));
                let action = GET.action;
                match found.status_code() {
                    Some(StatusCode::Forbidden) => {
                        return Err(AccountError::Denied { action, said: refused("Forbidden") });
                    }
                    Some(StatusCode::InternalError) => {
                        return Err(AccountError::Refused { action, said: refused("InternalError") });
                    }
                    _ => {}
                }
                let Some(question) = found.id().and_then(|id| ids.get(id)) else { continue };
                let points = found.timestamps().iter().zip(found.values());
                readings.add(*question, points.map(|(at, value)| (at.secs().max(0) as u64, *value)));
            }
        }
        Ok(())
    }
}

fn query(id: &str, (metric, stat, grain): Question, model: &str, window: &Window) -> MetricDataQuery {
    let period = match grain {
        Grain::Finest => u64::from(window.period),
        Grain::Hour => HOUR,
        Grain::Whole => window.seconds(),
    };
    let dimension = Dimension::builder().name(BY_MODEL).value(model).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(metric.name()).dimensions(dimension).build();
    // Without a unit: two editions of the metrics' documentation name different ones.
    let stat = MetricStat::builder().metric(metric).period(period as i32).stat(stat.name()).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}
