//! From a path to an operation and a model id.

use hyper::{Method, StatusCode};

use super::wire::Exception;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    InvokeModel,
    InvokeModelWithResponseStream,
    Converse,
    ConverseStream,
    CountTokens,
}

impl Operation {
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvokeModel => "InvokeModel",
            Self::InvokeModelWithResponseStream => "InvokeModelWithResponseStream",
            Self::Converse => "Converse",
            Self::ConverseStream => "ConverseStream",
            Self::CountTokens => "CountTokens",
        }
    }

    /// Whether the model's own body is sent to it.
    pub fn invokes(self) -> bool {
        matches!(self, Self::InvokeModel | Self::InvokeModelWithResponseStream)
    }
}

/// In characters. Source: `modelId` in the API reference of InvokeModel and Converse.
const LONGEST_MODEL_ID: usize = 2_048;

/// Below `/model/{modelId}/`.
const OPERATIONS: [(&str, Operation); 5] = [
    ("invoke", Operation::InvokeModel),
    ("invoke-with-response-stream", Operation::InvokeModelWithResponseStream),
    ("converse", Operation::Converse),
    ("converse-stream", Operation::ConverseStream),
    ("count-tokens", Operation::CountTokens),
];

/// The raw path is split before anything is decoded: a model id may carry `%2F`.
///
/// # Errors
/// When the mock does not serve what is asked for there, or the id is none.
pub fn route(method: &Method, path: &str) -> Result<(Operation, String), Exception> {
    let mut segments = path.split('/');
    let (Some(""), Some("model"), Some(model), Some(name), None) =
        (segments.next(), segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Err(unknown());
    };
    let operation = OPERATIONS.iter().find(|(known, _)| method == Method::POST && *known == name);
    let (_, operation) = operation.ok_or_else(unknown)?;
    let model = percent_decode(model).filter(|model| !model.is_empty());
    let model = model.ok_or_else(Exception::invalid_identifier)?;
    if model.chars().count() > LONGEST_MODEL_ID {
        return Err(Exception::validation(format!(
            "1 validation error detected: Value at 'modelId' failed to satisfy constraint: Member must have length less than or equal to {LONGEST_MODEL_ID}"
        )));
    }
    Ok((*operation, model))
}

fn unknown() -> Exception {
    let served = OPERATIONS.map(|(name, _)| format!("/{name}")).join(", ");
    let message = format!("bedbench's mock serves POST /model/{{modelId}} and one of {served}");
    Exception::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
            bytes.push((digit(0)? * 16 + digit(1)?) as u8);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let path = "/model/arn%3Aaws%3Abedrock%3Aap-southeast-2%3A1%3Ainference-profile%2Fau.x/converse";
        let (operation, model) = route(&Method::POST, path).unwrap();
        assert!(operation == Operation::Converse);
        assert_eq!(model, "arn:aws:bedrock:ap-southeast-2:1:inference-profile/au.x");
        for (method, path) in [
            (Method::GET, "/model/x/converse"),
            (Method::POST, "/"),
            (Method::POST, "//model/x/converse"),
            (Method::POST, "/model/x/y/converse"),
            (Method::POST, "/model/x/speak"),
            (Method::POST, "/model/x/invoke-with-bidirectional-stream"),
        ] {
            assert!(route(&method, path).is_err_and(|e| e.name == "UnknownOperationException"), "{path}");
        }
        for path in ["/model/%zz/converse", "/model/%+f/converse", "/model/%f/converse", "/model//converse"] {
            assert!(route(&Method::POST, path).is_err_and(|e| e.name == "ValidationException"), "{path}");
        }
    }

    #[test]
    fn a_model_id_longer_than_the_service_takes_is_refused() {
        let of = |length: usize| route(&Method::POST, &format!("/model/{}/converse", "%C3%A9".repeat(length)));
        assert_eq!(of(2_048).unwrap().1.chars().count(), 2_048);
        let refused = of(2_049).unwrap_err();
        assert_eq!((refused.status, refused.name), (StatusCode::BAD_REQUEST, "ValidationException"));
        assert!(refused.message.contains("'modelId'") && refused.message.ends_with("2048"), "{}", refused.message);
    }
}
