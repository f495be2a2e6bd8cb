//! The service's exceptions as it puts them.
//!
//! Statuses: the model of bedrock-runtime 2023-09-30. Messages: what users have reported, where any
//! is known; the others are in the style of the service.

use hyper::StatusCode;
use serde_json::json;

use crate::mock::wire;
use crate::region::fault::Exception;

/// The exception with its usual message.
pub fn exception(exception: Exception) -> wire::Exception {
    use Exception as E;
    let (status, message) = match exception {
        E::ThrottlingException => (429, "Too many requests, please wait before trying again."),
        E::ModelNotReadyException => (429, "Model is not ready for inference. Wait and try your request again."),
        E::InternalServerException => {
            (500, "The system encountered an unexpected error during processing. Try your request again.")
        }
        E::ServiceUnavailableException => (503, "Bedrock is unable to process your request."),
        E::ModelTimeoutException => (408, "Model has timed out in processing the request. Try your request again."),
        E::ModelErrorException => (424, "The model returned the following errors: the request could not be completed."),
        E::ModelStreamErrorException => (424, "The model has produced an error while streaming."),
        E::ServiceQuotaExceededException => (400, "Your request exceeds the service quota for your account."),
        E::ValidationException => (400, "The provided request is not valid."),
        E::AccessDeniedException => (403, "You don't have access to the model with the specified model ID."),
        E::ResourceNotFoundException => (404, "The requested resource could not be found."),
        E::ConflictException => (400, "The request conflicts with the current state of the resource."),
        E::Overloaded => (529, "Overloaded"),
    };
    let status = StatusCode::from_u16(status).expect("statuses of three digits");
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
