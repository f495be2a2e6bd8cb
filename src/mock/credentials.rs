//! Who may call the mock: anybody, or those who sign as AWS asks for.
//!
//! Signatures are checked by signing again with the AWS SDK's own signer, over the headers that the
//! client says it signed. Names and statuses: Amazon Bedrock Runtime API Reference, common errors.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Identity;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_types::date_time::{DateTime, Format};
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};

use super::wire::Exception;
use crate::core::RegionId;

const SERVICE: &str = "bedrock";
const MOST_SKEW: Duration = Duration::from_secs(300);

/// What the mock knows of its callers. With nothing to know it takes everybody.
#[derive(Clone, Default)]
pub struct Callers {
    /// Access key ids with their secrets.
    pub keys: Vec<(String, String)>,
    /// Bearer API keys.
    pub api_keys: Vec<String>,
    /// Callers on other machines may read counters and set faults too.
    pub remote_control: bool,
}

/// Secrets are not for logs.
impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(|(id, _)| id).collect();
        f.debug_struct("Callers").field("keys", &keys).field("api_keys", &self.api_keys.len()).finish()
    }
}

/// The parts of an `Authorization: AWS4-HMAC-SHA256 …` header.
struct Signed<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl Callers {
    /// Whether the request may pass, at `now`.
    ///
    /// # Errors
    /// The exception that AWS answers with.
    pub fn admit(&self, region: RegionId, parts: &Parts, body: &[u8], now: SystemTime) -> Result<(), Exception> {
        if self.keys.is_empty() && self.api_keys.is_empty() {
            return Ok(());
        }
        let authorization =
            text(&parts.headers, "authorization").ok_or_else(|| incomplete("Missing Authentication Token"))?;
        if let Some(key) = authorization.strip_prefix("Bearer ") {
            return match self.api_keys.iter().any(|known| known == key.trim()) {
                true => Ok(()),
                false => Err(forbidden(
                    "AccessDeniedException",
                    "Authentication failed: Please make sure your API Key is valid.",
                )),
            };
        }
        let signed = Signed::read(authorization)?;
        let secret = self.keys.iter().find(|(id, _)| id == signed.access_key).map(|(_, secret)| secret);
        let secret = secret.ok_or_else(|| {
            forbidden("UnrecognizedClientException", "The security token included in the request is invalid.")
        })?;
        if signed.region != region.code() {
            return Err(wrong_region(signed.region));
        }
        if signed.service != SERVICE {
            return Err(invalid_signature(format!("Credential should be scoped to correct service: '{SERVICE}'.")));
        }
        let time = signing_time(&parts.headers)?;
        let skew = now.duration_since(time).unwrap_or_else(|early| early.duration());
        if skew > MOST_SKEW {
            return Err(invalid_signature(
                "Signature expired: the time of x-amz-date is more than 5 minutes away.".into(),
            ));
        }
        let expected = signed.sign_again(secret, parts, body, time)?;
        if expected != signed.signature {
            return Err(invalid_signature(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.".into(),
            ));
        }
        Ok(())
    }
}

impl<'a> Signed<'a> {
    fn read(authorization: &'a str) -> Result<Self, Exception> {
        let wrong =
            || incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.");
        let fields = authorization.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(wrong)?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).ok_or_else(wrong)
        };
        let mut scope = field("Credential")?.split('/');
        let (Some(access_key), Some(_date), Some(region), Some(service), Some("aws4_request"), None) =
            (scope.next(), scope.next(), scope.next(), scope.next(), scope.next(), scope.next())
        else {
            return Err(wrong());
        };
        let headers = field("SignedHeaders")?.split(';').collect();
        Ok(Self { access_key, region, service, headers, signature: field("Signature")? })
    }

    /// The signature that the holder of `secret` would have made. A session token is a header like any other.
    fn sign_again(&self, secret: &str, parts: &Parts, body: &[u8], time: SystemTime) -> Result<String, Exception> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
        settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
        settings.excluded_headers = None;
        let identity = Identity::new(self.access_key, secret, None, None, "mock").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|error| incomplete(&error.to_string()))?
            .into();
        let host =
            text(&parts.headers, "host").or(parts.uri.authority().map(|host| host.as_str())).unwrap_or("localhost");
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = Vec::new();
        for name in &self.headers {
            // HTTP/2 names the host in the address instead of a header.
            let value = text(&parts.headers, name).or((*name == "host").then_some(host));
            let value = value.ok_or_else(|| incomplete(&format!("The signed header '{name}' is missing.")))?;
            headers.push((*name, value));
        }
        let url = format!("http://{host}{path}");
        let request = SignableRequest::new(parts.method.as_str(), url, headers.into_iter(), SignableBody::Bytes(body));
        let request = request.map_err(|error| incomplete(&error.to_string()))?;
        let signed = sign(request, &params).map_err(|error| incomplete(&error.to_string()))?;
        Ok(signed.signature().to_owned())
    }
}

/// `20261123T010203Z`
fn signing_time(headers: &HeaderMap) -> Result<SystemTime, Exception> {
    let missing = || incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    let stamp = text(headers, "x-amz-date").ok_or_else(missing)?;
    let part = |from, to| stamp.get(from..to).ok_or_else(missing);
    let rfc3339 = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    let time = DateTime::from_str(&rfc3339, Format::DateTime).map_err(|_| missing())?;
    SystemTime::try_from(time).map_err(|_| missing())
}

/// The Region that a request was signed for; absent where nothing is signed, as with a bearer key.
pub fn scope_region(headers: &HeaderMap) -> Option<&str> {
    Signed::read(text(headers, "authorization")?).ok().map(|signed| signed.region)
}

/// The answer to a request that was signed for another Region than it came to.
pub fn wrong_region(signed: &str) -> Exception {
    invalid_signature(format!("Credential should be scoped to a valid region, not '{signed}'."))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn incomplete(message: &str) -> Exception {
    Exception::new(StatusCode::BAD_REQUEST, "IncompleteSignatureException", message)
}

fn invalid_signature(message: String) -> Exception {
    Exception::new(StatusCode::FORBIDDEN, "InvalidSignatureException", message)
}

fn forbidden(name: &'static str, message: &str) -> Exception {
    Exception::new(StatusCode::FORBIDDEN, name, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let callers = Callers {
            keys: vec![("AKID".into(), "geheim".into())],
            api_keys: vec!["geheim".into()],
            ..Callers::default()
        };
        assert_eq!(format!("{callers:?}"), r#"Callers { keys: ["AKID"], api_keys: 1 }"#);
    }
}
