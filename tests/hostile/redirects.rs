//! A prompt and its signature go where they were sent, and nowhere else.

use bedbench::bedrock::Api;
use bedbench::core::Outcome;

use crate::attempt::Caller;
use crate::server::{Server, in_time, patient};

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = Server::answering(|peer| peer.wait_until_gone());
    for status in [301, 302, 303, 307, 308] {
        for api in [Api::ConverseStream, Api::Converse] {
            let to = elsewhere.url.clone();
            let server = Server::answering(move |peer| {
                loop {
                    peer.write(format!(
                        "HTTP/1.1 {status} Found\r\nlocation: {to}/model\r\ncontent-length: 0\r\n\r\n"
                    ))?;
                    peer.read_request()?;
                }
            });
            let answer = in_time("the attempt", Caller::new(&server.url, api, patient()).ask("Hello")).await;
            assert_eq!(answer.outcome, Outcome::ServerError, "{status}: {:?}", answer.error);
            assert_eq!((answer.http_status, server.requests()), (Some(status), 1));
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}
