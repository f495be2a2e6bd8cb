"""bedbench's mock as boto3 and the anthropic package see it.

    pip install -r requirements.txt
    python check.py http://127.0.0.1:7080

Every field that an application could rely on is asserted after the client has parsed it.
"""

import json
import sys

import anthropic
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

ENDPOINT = sys.argv[1]
REGION = "ap-southeast-2"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
CLAUDE_PROFILE = "au.anthropic.claude-sonnet-4-6"
NOVA = "amazon.nova-lite-v1:0"
BODIES = {
    CLAUDE: {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 20,
        "messages": [{"role": "user", "content": "Hello from Sydney"}],
    },
    NOVA: {
        "messages": [{"role": "user", "content": [{"text": "Hello from Sydney"}]}],
        "inferenceConfig": {"max_new_tokens": 20},
    },
    "amazon.titan-text-express-v1": {"inputText": "Hello from Sydney", "textGenerationConfig": {"maxTokenCount": 20}},
    "meta.llama3-8b-instruct-v1:0": {"prompt": "Hello from Sydney", "max_gen_len": 20},
    "mistral.mistral-7b-instruct-v0:2": {"prompt": "<s>[INST] Hello from Sydney [/INST]", "max_tokens": 20},
}
MESSAGES = [{"role": "user", "content": [{"text": "Hello from Sydney"}]}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
}
TOOLS = {
    "tools": [{"toolSpec": {"name": "weather", "description": "Tells the weather", "inputSchema": {"json": SCHEMA}}}],
    "toolChoice": {"tool": {"name": "weather"}},
}
KEYS = {"aws_access_key_id": "mock", "aws_secret_access_key": "mock"}

bedrock = boto3.client(
    "bedrock-runtime", REGION, endpoint_url=ENDPOINT, config=Config(retries={"total_max_attempts": 1}), **KEYS
)
claude = anthropic.AnthropicBedrock(
    aws_region=REGION, aws_access_key="mock", aws_secret_key="mock", base_url=ENDPOINT, max_retries=0
)


def weather(arguments):
    """Whether a tool's input fits SCHEMA."""
    assert isinstance(arguments["city"], str) and 1 <= arguments["days"] <= 7, arguments


def invoke_model():
    for model, body in BODIES.items():
        # Without a content type, as boto3 sends it when none is given.
        response = bedrock.invoke_model(modelId=model, body=json.dumps(body))
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        assert int(headers["x-amzn-bedrock-input-token-count"]) > 0, model
        assert 1 <= int(headers["x-amzn-bedrock-output-token-count"]) <= 20, model
        assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 0, model
        assert response["contentType"] == "application/json"
        whole = json.loads(response["body"].read())

        stream = bedrock.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
        assert stream["contentType"] == "application/json", stream
        events = [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]
        metrics = events[-1]["amazon-bedrock-invocationMetrics"]
        assert str(metrics["inputTokenCount"]) == headers["x-amzn-bedrock-input-token-count"], model
        assert str(metrics["outputTokenCount"]) == headers["x-amzn-bedrock-output-token-count"], model
        assert metrics["firstByteLatency"] <= metrics["invocationLatency"], metrics
        assert told(events) == said(whole) != "", model


def said(whole):
    """The text of a whole answer, whatever the family."""
    for path in (
        ("content", 0, "text"),
        ("output", "message", "content", 0, "text"),
        ("results", 0, "outputText"),
        ("generation",),
        ("outputs", 0, "text"),
    ):
        value = whole
        try:
            for step in path:
                value = value[step]
            return value
        except (KeyError, IndexError):
            continue
    raise AssertionError(f"no text in {whole}")


def told(events):
    """The text of a stream, whatever the family."""
    text = ""
    for event in events:
        text += event.get("delta", {}).get("text", "")
        text += event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
        text += event.get("outputText", "") + event.get("generation", "")
        text += "".join(output["text"] for output in event.get("outputs", []))
    return text


def converse():
    for model in [*BODIES, CLAUDE_PROFILE, "qwen.qwen3-32b-v1:0"]:
        request = {"modelId": model, "messages": MESSAGES, "inferenceConfig": {"maxTokens": 20}}
        whole = bedrock.converse(**request, system=[{"text": "Be brief."}])
        assert whole["output"]["message"]["role"] == "assistant"
        assert whole["stopReason"] in ("end_turn", "max_tokens")
        usage = whole["usage"]
        assert usage["inputTokens"] + usage["outputTokens"] == usage["totalTokens"], usage
        assert whole["metrics"]["latencyMs"] >= 0

        events = list(bedrock.converse_stream(**request, system=[{"text": "Be brief."}])["stream"])
        assert events[0] == {"messageStart": {"role": "assistant"}}, events[0]
        assert not any("contentBlockStart" in event for event in events), "sent for tools only"
        assert events[-2] == {"messageStop": {"stopReason": whole["stopReason"]}}
        assert events[-1]["metadata"]["usage"] == usage
        assert told(events) == whole["output"]["message"]["content"][0]["text"] != ""


def converse_with_tools():
    request = {"modelId": CLAUDE_PROFILE, "messages": MESSAGES, "toolConfig": TOOLS}
    whole = bedrock.converse(**request)
    assert whole["stopReason"] == "tool_use"
    use = whole["output"]["message"]["content"][0]["toolUse"]
    assert use["name"] == "weather" and use["toolUseId"].startswith("tooluse_"), use
    weather(use["input"])

    events = list(bedrock.converse_stream(**request)["stream"])
    starts = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert starts == [{"toolUseId": use["toolUseId"], "name": "weather"}], starts
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert json.loads("".join(delta["toolUse"]["input"] for delta in deltas)) == use["input"]

    result = {"toolUseId": use["toolUseId"], "content": [{"text": "Fine."}]}
    history = [
        *MESSAGES,
        whole["output"]["message"],
        {"role": "user", "content": [{"toolResult": result}]},
    ]
    free = {"tools": TOOLS["tools"], "toolChoice": {"auto": {}}}
    answer = bedrock.converse(modelId=CLAUDE_PROFILE, messages=history, toolConfig=free)
    assert "text" in answer["output"]["message"]["content"][0]
    assert answer["usage"]["inputTokens"] > whole["usage"]["inputTokens"]


def stop_sequences():
    config = {"maxTokens": 20, "stopSequences": ["bedbench"]}
    whole = bedrock.converse(modelId=NOVA, messages=MESSAGES, inferenceConfig=config)
    assert whole["stopReason"] == "stop_sequence"
    assert "bedbench" not in whole["output"]["message"]["content"][0]["text"]


def count_tokens():
    converse = {"messages": MESSAGES, "system": [{"text": "Be brief."}]}
    counted = bedrock.count_tokens(modelId=CLAUDE, input={"converse": converse})["inputTokens"]
    answered = bedrock.converse(modelId=CLAUDE, inferenceConfig={"maxTokens": 1}, **converse)["usage"]["inputTokens"]
    assert counted == answered, (counted, answered)
    body = {**BODIES[CLAUDE], "system": "Be brief."}
    invoke = {"invokeModel": {"body": json.dumps(body).encode()}}
    assert bedrock.count_tokens(modelId=CLAUDE, input=invoke)["inputTokens"] == counted


def refusals():
    def refused(call, **request):
        try:
            call(**request)
        except ClientError as error:
            metadata = error.response["ResponseMetadata"]
            return error.response["Error"]["Code"], metadata["HTTPStatusCode"], error.response["Error"]["Message"]
        raise AssertionError(f"{request} was answered")

    assert refused(bedrock.converse, modelId="none.such", messages=MESSAGES) == (
        "ValidationException",
        400,
        "The provided model identifier is invalid.",
    )
    code, status, message = refused(bedrock.invoke_model, modelId=CLAUDE, body=json.dumps({"prompt": "x"}))
    assert (code, status) == ("ValidationException", 400) and "Messages API" in message, message
    code, _, message = refused(bedrock.converse_stream, modelId=NOVA, messages=[MESSAGES[0], MESSAGES[0]])
    assert code == "ValidationException" and "must alternate" in message, message


def retries():
    """A client as boto3 makes it, without a word about retries, tries again what was throttled."""
    patient = boto3.client("bedrock-runtime", REGION, endpoint_url=ENDPOINT, **KEYS)
    attempts = []
    patient.meta.events.register(
        "before-send.bedrock-runtime.Converse",
        lambda request, **_: attempts.append(request.headers["amz-sdk-request"]),
    )
    for name, status in (("ThrottlingException", 429), ("ServiceUnavailableException", 503)):
        attempts.clear()
        try:
            patient.converse(modelId=f"bedbench.fault.{name}", messages=MESSAGES)
        except ClientError as error:
            metadata = error.response["ResponseMetadata"]
            assert (error.response["Error"]["Code"], metadata["HTTPStatusCode"]) == (name, status), error.response
        else:
            raise AssertionError(f"{name} was answered")
        numbers = [int(attempt.decode().split("attempt=")[1].split(";")[0]) for attempt in attempts]
        assert len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)), attempts
        assert metadata["RetryAttempts"] == len(numbers) - 1, metadata
    attempts.clear()
    try:
        patient.converse(modelId="none.such", messages=MESSAGES)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException", error
    assert len(attempts) == 1, "a request that is wrong stays wrong"


def exceptions_in_mid_stream():
    for name in ("throttlingException", "modelStreamErrorException", "serviceUnavailableException"):
        model = f"bedbench.fault.stream.{name[0].upper()}{name[1:]}"
        told = []
        try:
            for event in bedrock.converse_stream(modelId=model, messages=MESSAGES)["stream"]:
                told.append(next(iter(event)))
        except EventStreamError as error:
            assert error.response["Error"]["Code"] == name, error.response
        else:
            raise AssertionError(f"{model} was told to its end: {told}")
        assert told[0] == "messageStart" and "contentBlockDelta" in told and "messageStop" not in told, told


def anthropic_package():
    request = {
        "model": CLAUDE,
        "max_tokens": 20,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello from Sydney"}],
    }
    message = claude.messages.create(**request)
    assert message.type == "message" and message.role == "assistant" and message.id.startswith("msg_bdrk_")
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.content[0].text and 1 <= message.usage.output_tokens <= 20
    with claude.messages.stream(**request) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert final.content[0].text == text != "" and final.usage.input_tokens == message.usage.input_tokens

    tools = [{"name": "weather", "description": "Tells the weather", "input_schema": SCHEMA}]
    forced = {**request, "max_tokens": 500, "tools": tools, "tool_choice": {"type": "tool", "name": "weather"}}
    message = claude.messages.create(**forced)
    assert message.stop_reason == "tool_use" and message.content[0].name == "weather"
    weather(message.content[0].input)
    with claude.messages.stream(**forced) as stream:
        final = stream.get_final_message()
    assert final.stop_reason == "tool_use" and final.content[0].input == message.content[0].input

    for change, words in (({"max_tokens": 0}, "max_tokens"), ({"model": "none.such"}, "identifier is invalid")):
        try:
            claude.messages.create(**{**request, **change})
        except anthropic.BadRequestError as error:
            assert words in str(error), error
        else:
            raise AssertionError(f"{change} was answered")


for check in (
    invoke_model,
    converse,
    converse_with_tools,
    stop_sequences,
    count_tokens,
    refusals,
    retries,
    exceptions_in_mid_stream,
    anthropic_package,
):
    check()
    print("ok", check.__name__)
