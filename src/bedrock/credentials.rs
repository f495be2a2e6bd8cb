//! Who is asking. Real credentials go to amazonaws.com only, unless the user says otherwise.

use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_bedrockruntime::config::{SharedCredentialsProvider, Token};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::region::Region;

use crate::core::RegionId;

/// AWS's own name for a Bedrock API key.
const BEARER_TOKEN: &str = "AWS_BEARER_TOKEN_BEDROCK";

/// Somebody without credentials should not wait for a metadata service that is not there.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// How calls are signed.
#[derive(Clone)]
pub enum Access {
    SigV4(SharedCredentialsProvider),
    Bearer(Token),
}

#[derive(Debug, thiserror::Error)]
#[error(
    "no AWS credentials: {why}. {}, or set {BEARER_TOKEN}. To try bedbench without an account, add --mock",
    Self::HELP
)]
pub struct NoCredentials {
    why: String,
}

impl NoCredentials {
    /// Where credentials come from.
    pub const HELP: &str = "Run `aws configure` or `aws sso login`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

    pub fn why(&self) -> &str {
        &self.why
    }
}

/// Signs like the real thing and opens nothing: for the mock, and for endpoints that have not been
/// trusted with real credentials.
pub fn placeholder_access() -> Access {
    Access::SigV4(placeholder_credentials())
}

pub fn placeholder_credentials() -> SharedCredentialsProvider {
    let credentials = Credentials::new("BEDBENCHMOCK", "not-a-secret", None, None, "bedbench-placeholder");
    SharedCredentialsProvider::new(credentials)
}

/// The user's own: a Bedrock API key if there is one, else whatever the AWS provider chain finds.
///
/// # Errors
/// Within two seconds, when there are none.
pub async fn live_access(region: RegionId) -> Result<Access, NoCredentials> {
    if let Some(token) = std::env::var(BEARER_TOKEN).ok().filter(|token| !token.is_empty()) {
        return Ok(Access::Bearer(Token::new(token, None)));
    }
    live_credentials(region).await.map(Access::SigV4)
}

/// Whatever the AWS provider chain finds: a Bedrock API key opens Bedrock alone.
///
/// # Errors
/// Within two seconds, when there are none.
pub async fn live_credentials(region: RegionId) -> Result<SharedCredentialsProvider, NoCredentials> {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let loading =
        aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region.code())).http_client(http).load();
    let found = tokio::time::timeout(PATIENCE, async {
        let config = loading.await;
        let provider = config.credentials_provider().ok_or_else(|| "no provider is configured".to_owned())?;
        // Asked once here: better one clear line now than thousands of failed requests later.
        provider.provide_credentials().await.map_err(|error| why(&error))?;
        Ok(provider)
    });
    let mut why = match found.await {
        Ok(Ok(provider)) => return Ok(provider),
        Ok(Err(why)) => why,
        Err(_) => "no provider answered within 2 s".to_owned(),
    };
    if let Ok(profile) = std::env::var("AWS_PROFILE") {
        why += &format!(" (AWS_PROFILE is `{profile}`)");
    }
    Err(NoCredentials { why })
}

/// In one line: what failed at the bottom of the chain, for its top says only that something did.
fn why(error: &CredentialsError) -> String {
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return "none are configured".to_owned();
    }
    let chain = std::iter::successors(error.source(), |&error| error.source());
    let reasons: Vec<_> = chain.map(|error| error.to_string().trim().replace('\n', " ")).collect();
    // The last place that is asked. What it says of a machine that is no EC2 instance helps nobody.
    if reasons.iter().any(|reason| reason.contains("IMDS")) {
        return "none are configured, nor does an instance's metadata give any".to_owned();
    }
    if reasons.is_empty() { error.to_string() } else { reasons.join(": ").trim_end_matches('.').to_owned() }
}
