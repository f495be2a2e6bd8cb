//! hyper's pooled client without SDK, signature or parsing: what a request costs at the least.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use crate::Done;
use crate::schedule::{Schedule, prompt};

pub fn fire(address: &str, schedule: Schedule) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let url = format!("http://{address}/model/amazon.nova-lite-v1:0/converse");
    let request = || {
        let body = json!({
            "messages": [{ "role": "user", "content": [{ "text": prompt() }] }],
            "inferenceConfig": { "maxTokens": 256 },
        });
        let request = Request::post(&url).header("content-type", "application/json").body(Full::from(body.to_string()));
        let client = client.clone();
        async move {
            let answer = client.request(request?).await?;
            let ok = answer.status().is_success();
            answer.into_body().collect().await?;
            if ok { Ok(()) } else { Err("not answered well".into()) }
        }
    };
    runtime.block_on(schedule.fire(false, request))
}
