//! CountTokens: a prompt's length, without a model.

use aws_smithy_types::base64;
use serde::Deserialize;

use super::converse;
use super::model_id::Called;
use super::wire::Exception;

#[derive(Deserialize)]
struct Request {
    input: Input,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Input {
    Converse(converse::Request),
    InvokeModel { body: String },
}

/// # Errors
/// The exception that the operation itself would be answered with.
pub fn input_tokens(body: &[u8], called: &Called) -> Result<u32, Exception> {
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        Exception::validation(format!("The request body could not be read as a CountTokens request: {error}"))
    })?;
    let asked = match request.input {
        Input::Converse(request) => request.asked()?,
        Input::InvokeModel { body } => {
            let body = base64::decode(body)
                .map_err(|error| Exception::validation(format!("input.invokeModel.body is not base64: {error}")))?;
            (called.invoke()?.read)(&body, &called.model)?
        }
    };
    Ok(asked.input_tokens)
}
