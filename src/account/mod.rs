//! What AWS knows of the account: CloudWatch's metrics and Service Quotas, read and never changed.

mod heard;
mod metrics;
mod pages;
mod quotas;

use std::error::Error;
use std::time::Duration;

use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::bedrock::{NoCredentials, chain, live_credentials, placeholder_credentials};
use crate::core::RegionId;
use heard::{Heard, Told};

/// A call that brings no answer in this time is tried again, as the SDK does it.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(3);

/// How to reach the account.
#[derive(Clone, Debug)]
pub struct AccountSpec {
    pub region: RegionId,
    /// In place of both services' own.
    pub endpoint: Option<String>,
    /// A certificate in PEM that `endpoint` may be vouched for by, besides those that the machine trusts.
    pub endpoint_ca: Option<String>,
    /// `endpoint` gets the user's own credentials.
    pub endpoint_credentials: bool,
}

/// Clients of both services, with the credentials of the user or placeholders.
pub struct Account {
    cloudwatch: aws_sdk_cloudwatch::Client,
    quotas: aws_sdk_servicequotas::Client,
    urls: [String; 2],
    told: Told,
}

/// What is asked, of whom.
#[derive(Clone, Copy, Debug)]
struct Operation {
    /// As IAM calls it.
    action: &'static str,
    service: Service,
}

/// In the order of their URLs.
#[derive(Clone, Copy, Debug)]
enum Service {
    CloudWatch,
    Quotas,
}

/// Why AWS did not tell.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("no AWS credentials: {}. {}", .0.why(), NoCredentials::HELP)]
    NoCredentials(#[from] NoCredentials),
    /// With the IAM action that would allow it.
    #[error("these credentials may not read it: allow {action} ({said})")]
    Denied { action: &'static str, said: String },
    #[error("AWS does not take these credentials: {0}. Sign in again, or set others")]
    Credentials(String),
    #[error("{url} was not reached: {why}")]
    Unreachable { url: String, why: String },
    #[error("{url} gave an answer that is none of AWS's: {why}")]
    Unreadable { url: String, why: String },
    #[error(
        "{action} does not come to an end: {pages} pages with {entries} entries are more than AWS could have. Ask for \
         less by --days or --model, or leave quotas out with --no-quotas"
    )]
    Endless { action: &'static str, pages: usize, entries: usize },
    #[error("{action} was refused: {said}")]
    Refused { action: &'static str, said: String },
}

impl AccountError {
    /// Something that the user can set right.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoCredentials(_) | Self::Denied { .. } | Self::Credentials(_))
    }
}

impl Account {
    /// # Errors
    /// When there are no credentials, or TLS refuses the certificate.
    pub async fn open(spec: &AccountSpec) -> Result<Self, AccountError> {
        let credentials = if spec.endpoint.is_some() && !spec.endpoint_credentials {
            placeholder_credentials()
        } else {
            live_credentials(spec.region).await?
        };
        let http = http(spec.endpoint_ca.as_deref())
            .map_err(|said| AccountError::Refused { action: "the certificate of --endpoint-ca", said })?;
        let told = Told::default();
        let http = Heard { http, told: told.clone() };
        let url = |service| {
            spec.endpoint.clone().unwrap_or_else(|| format!("https://{service}.{}.amazonaws.com", spec.region))
        };
        let urls = ["monitoring", "servicequotas"].map(url);
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(PATIENCE).build();
        // By hand and not from the shell's settings: no ambient endpoint may be asked in AWS's place.
        let cloudwatch = aws_sdk_cloudwatch::Config::builder()
            .behavior_version(aws_sdk_cloudwatch::config::BehaviorVersion::latest())
            .region(aws_sdk_cloudwatch::config::Region::new(spec.region.code()))
            .endpoint_url(&urls[0])
            .credentials_provider(credentials.clone())
            .http_client(http.clone())
            .timeout_config(timeouts.clone())
            .build();
        let quotas = aws_sdk_servicequotas::Config::builder()
            .behavior_version(aws_sdk_servicequotas::config::BehaviorVersion::latest())
            .region(aws_sdk_servicequotas::config::Region::new(spec.region.code()))
            .endpoint_url(&urls[1])
            .credentials_provider(credentials)
            .http_client(http)
            .timeout_config(timeouts)
            .build();
        Ok(Self {
            cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            quotas: aws_sdk_servicequotas::Client::from_conf(quotas),
            urls,
            told,
        })
    }

    /// What went wrong, with the way out.
    fn error<E>(&self, operation: Operation, error: &SdkError<E, HttpResponse>) -> AccountError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (action, url) = (operation.action, self.urls[operation.service as usize].clone());
        let refusal = match error {
            SdkError::ServiceError(refusal) => refusal,
            SdkError::ResponseError(_) => {
                return AccountError::Unreadable { url, why: self.told.clean(&chain(error)) };
            }
            _ => return AccountError::Unreachable { url, why: self.told.clean(&chain(error)) },
        };
        let (status, refusal) = (refusal.raw().status(), refusal.err());
        let code = refusal.code().map_or_else(|| format!("HTTP {status} without an error code"), str::to_owned);
        let said = refusal.message().map_or_else(|| code.clone(), |message| format!("{code}: {message}"));
        let said = self.told.clean(&said);
        match code.as_str() {
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => {
                AccountError::Denied { action, said }
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "MissingAuthenticationToken"
            | "IncompleteSignature"
            | "InvalidAccessKeyId" => AccountError::Credentials(said),
            _ => AccountError::Refused { action, said },
        }
    }
}

fn http(ca: Option<&str>) -> Result<SharedHttpClient, String> {
    let trusted = ca.into_iter().fold(TrustStore::default(), |store, ca| store.with_pem_certificate(ca));
    let tls = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| error.to_string())?;
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    Ok(builder.tls_context(tls).build_https())
}
