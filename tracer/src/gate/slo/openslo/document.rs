//! A document as it is written.

use serde::{Deserialize, de::IgnoredAny};
use serde_saphyr::Spanned;

use super::Mistake;

/// What a document is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    api_version: Spanned<String>,
    kind: Spanned<String>,
}

impl Head {
    /// Whether it is an SLO of the version that is known.
    pub fn check(&self) -> Result<(), Mistake> {
        let Self { api_version, kind } = self;
        if api_version.value != "openslo/v1" {
            let what = format!("apiVersion {} is not supported, openslo/v1 is", api_version.value);
            return Err(Mistake::at(api_version, what));
        }
        if kind.value != "SLO" {
            return Err(Mistake::at(kind, format!("kind {} is not supported, SLO is", kind.value)));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    pub metadata: Metadata,
    pub spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    pub name: String,
    pub display_name: Option<String>,
    // For whoever sorts such files: they change nothing.
    #[serde(rename = "labels")]
    _labels: Option<IgnoredAny>,
    #[serde(rename = "annotations")]
    _annotations: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub description: Option<String>,
    pub service: String,
    pub indicator: Indicator,
    pub time_window: Spanned<Vec<TimeWindow>>,
    #[serde(rename = "budgetingMethod")]
    _budgeting_method: BudgetingMethod,
    pub objectives: Spanned<Vec<Spanned<RawObjective>>>,
}

#[derive(Deserialize)]
enum BudgetingMethod {
    Occurrences,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimeWindow {
    pub duration: Spanned<String>,
    pub is_rolling: Spanned<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    #[serde(rename = "metadata")]
    _metadata: Option<Metadata>,
    pub spec: Spanned<IndicatorSpec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndicatorSpec {
    #[serde(rename = "description")]
    _description: Option<String>,
    pub ratio_metric: Option<RatioMetric>,
    pub threshold_metric: Option<Metric<Latency>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioMetric {
    pub counter: Option<Spanned<bool>>,
    pub good: Metric<GoodCalls>,
    pub total: Metric<AllCalls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metric<S> {
    pub metric_source: MetricSource<S>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSource<S> {
    #[serde(rename = "type")]
    _kind: SourceKind,
    pub spec: Spanned<S>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceKind {
    Tracer,
}

/// Which calls of those that are counted are good: one of both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoodCalls {
    pub syscall: Option<String>,
    pub family: Option<String>,
    pub calls: Option<Which>,
    pub faster_than: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    NotDiskBlocked,
    NotSlow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllCalls {
    pub syscall: Option<String>,
    pub family: Option<String>,
}

/// The latency of calls, in some unit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub syscall: Option<String>,
    pub family: Option<String>,
    pub latency: Unit,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Ns,
    Us,
    Ms,
    S,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawObjective {
    pub display_name: Option<String>,
    pub op: Option<Spanned<Op>>,
    pub value: Option<Spanned<f64>>,
    pub target: Option<Spanned<f64>>,
    pub target_percent: Option<Spanned<f64>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Lte,
    Lt,
}
