//! What a mock says of itself when it is ready.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::core::RegionId;
use crate::core::residency::Destination;
use crate::core::units::grouped;
use crate::mock::MODEL_MAXIMUM;
use crate::profile::Route;

pub struct Ready<'a> {
    pub served: Vec<(RegionId, SocketAddr)>,
    /// Where the certificate is that clients have to trust; absent over plain HTTP.
    pub ca: Option<&'a Path>,
    /// Not everybody may call.
    pub guarded: bool,
    /// All Regions behind one address.
    pub single: bool,
    pub routes: &'a [Route],
    pub profile: &'a str,
    pub scenario: &'a str,
}

impl Ready<'_> {
    fn url(&self, address: SocketAddr) -> String {
        format!("{}://{address}", if self.ca.is_some() { "https" } else { "http" })
    }

    /// In one line.
    pub fn json(&self) -> String {
        let region = |(region, address): &(RegionId, SocketAddr)| json!({ "region": region, "name": region.name(), "url": self.url(*address) });
        let regions: Vec<_> = self.served.iter().map(region).collect();
        let mut ready = json!({ "ready": true, "regions": regions });
        if let Some(ca) = self.ca {
            ready["tls_ca"] = Value::from(ca.display().to_string());
        }
        ready.to_string() + "\n"
    }

    pub fn text(&self) -> String {
        let model =
            |region| self.routes.iter().flat_map(|route| &route.targets).find(|target| target.endpoint() == region);
        let model = |region| model(region).map_or("", Destination::model);
        let Self { profile, scenario, .. } = self;
        let mut text =
            format!("MOCK Bedrock: profile {profile}, scenario {scenario} (repeating). Ctrl-C stops it.\n\n");
        for (region, address) in &self.served {
            text += &format!("  {:10} {region:15} {}  {}\n", region.name(), self.url(*address), model(*region));
        }
        let Some((region, address)) = self.served.first() else { return text };
        if self.single {
            text +=
                &format!("\nA request is for the Region that it is signed for; without a signature for {region}.\n");
        }
        let keys = if self.guarded { "those that this mock was given" } else { "dummies" };
        let access = match self.guarded {
            true => "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…   # or AWS_BEARER_TOKEN_BEDROCK=…",
            false => "AWS_ACCESS_KEY_ID=mock AWS_SECRET_ACCESS_KEY=mock",
        };
        let trust = self.ca.map(|ca| format!("\n  export AWS_CA_BUNDLE={}", ca.display())).unwrap_or_default();
        text += &format!(
            r#"
For boto3, the AWS CLI or any AWS SDK, in another shell (the keys are {keys}):

  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}{trust}
  export AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export {access}

  aws bedrock-runtime converse --model-id {} \
    --messages '[{{"role":"user","content":[{{"text":"Hello"}}]}}]' --inference-config maxTokens=100

It serves InvokeModel, Converse, both with streams, and CountTokens, for the ids of Claude, Nova,
Titan Text, Llama and Mistral; Converse for other vendors as well. The same request always gets the
same answer after the same service time: vary the prompt to see it spread.
Without maxTokens a call reserves {} tokens of the quota until it ends.
"#,
            self.url(*address),
            model(*region),
            grouped(u64::from(MODEL_MAXIMUM))
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_to_point_a_client_at_it_are_those_of_the_docs() {
        let served = vec![(RegionId::SYDNEY, SocketAddr::from(([127, 0, 0, 1], 7_080)))];
        let ready =
            Ready { served, ca: None, guarded: false, single: false, routes: &[], profile: "apac", scenario: "calm" };
        let text = ready.text();
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| line.starts_with("export ")).collect();
        let docs = include_str!("../../docs/mock.md");
        assert!(docs.contains(&format!("```sh\n{}\n```\n\nWith these three lines", lines.join("\n"))), "{lines:#?}");
    }
}
