//! The service's exceptions as it puts them.
//!
//! Messages: what users have reported, where any
//! is known; the others are in the style of the service.

use hyper::StatusCode;
use serde_json::json;

use crate::mock::wire;
use crate::region::fault::Exception;

/// The exception with its usual message.
pub fn exception(exception: Exception) -> wire::Exception {
    use Exception as E;
    let message = match exception {
        E::ThrottlingException => "Too many requests, please wait before trying again.",
        E::ModelNotReadyException => "Model is not ready for inference. Wait and try your request again.",
        E::InternalServerException => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
        E::ServiceUnavailableException => "Bedrock is unable to process your request.",
        E::ModelTimeoutException => "Model has timed out in processing the request. Try your request again.",
        E::ModelErrorException => "The model returned the following errors: the request could not be completed.",
        E::ModelStreamErrorException => "The model has produced an error while streaming.",
        E::ServiceQuotaExceededException => "Your request exceeds the service quota for your account.",
        E::ValidationException => "The provided request is not valid.",
        E::AccessDeniedException => "You don't have access to the model with the specified model ID.",
        E::ResourceNotFoundException => "The requested resource could not be found.",
        E::ConflictException => "The request conflicts with the current state of the resource.",
        E::Overloaded => "Overloaded",
    };
    let status = StatusCode::from_u16(exception.status()).expect("statuses of three digits");
    let name = if exception == E::Overloaded { "overloaded_error" } else { exception.name() };
    let known = wire::Exception::new(status, name, message);
    match exception {
        // Seen beside the message on real 503s; clients must not stumble over it.
        E::ServiceUnavailableException => known.with(json!({ "exceptionMetadata": {
            "qosTier": "default",
            "rudiMetadata": { "queueDwellTimeInMs": 0, "expectedQueueDelayInMs": 0, "variantIdentifier": "mock" },
        } })),
        E::ModelErrorException => known.with(json!({ "originalStatusCode": 500, "resourceName": "mock" })),
        E::ModelStreamErrorException => {
            known.with(json!({ "originalStatusCode": 500, "originalMessage": "the mock was told to" }))
        }
        _ => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_the_status_of_the_service_model() {
        for (name, status) in [
            ("ThrottlingException", 429),
            ("ModelNotReadyException", 429),
            ("InternalServerException", 500),
            ("ServiceUnavailableException", 503),
            ("ModelTimeoutException", 408),
            ("ModelErrorException", 424),
            ("ModelStreamErrorException", 424),
            ("ServiceQuotaExceededException", 400),
            ("ValidationException", 400),
            ("AccessDeniedException", 403),
            ("ResourceNotFoundException", 404),
            ("ConflictException", 400),
            ("Overloaded", 529),
        ] {
            let known = exception(name.parse().unwrap());
            assert_eq!(known.status.as_u16(), status, "{name}");
            assert!(!known.message.is_empty());
        }
    }
}
