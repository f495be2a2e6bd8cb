// bedbench's mock as the AWS SDK for JavaScript sees it: over HTTP/2, which it speaks to Bedrock.
//
//   npm install && node check.mjs http://127.0.0.1:7080

import assert from "node:assert/strict";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";

const CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0";
const client = new BedrockRuntimeClient({
  region: "ap-southeast-2",
  endpoint: process.argv[2],
  credentials: { accessKeyId: "mock", secretAccessKey: "mock" },
  maxAttempts: 1,
});
const messages = [{ role: "user", content: [{ text: "Hello from Sydney" }] }];
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

async function collect(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

async function invokeModel() {
  const body = JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 20,
    messages: [{ role: "user", content: "Hello from Sydney" }],
  });
  const whole = await client.send(new InvokeModelCommand({ modelId: CLAUDE, body }));
  assert.equal(whole.contentType, "application/json");
  const message = decode(whole.body);
  const stream = await client.send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body }));
  assert.equal(stream.contentType, "application/json");
  const events = (await collect(stream.body)).map((event) => decode(event.chunk.bytes));
  const text = events.map((event) => event.delta?.text ?? "").join("");
  assert.equal(text, message.content[0].text);
  const metrics = events.at(-1)["amazon-bedrock-invocationMetrics"];
  assert.equal(metrics.outputTokenCount, message.usage.output_tokens);
}

async function converse() {
  const request = { modelId: CLAUDE, messages, inferenceConfig: { maxTokens: 20 } };
  const whole = await client.send(new ConverseCommand(request));
  const events = await collect((await client.send(new ConverseStreamCommand(request))).stream);
  const text = events.map((event) => event.contentBlockDelta?.delta.text ?? "").join("");
  assert.equal(text, whole.output.message.content[0].text);
  assert.deepEqual(events.at(-1).metadata.usage, whole.usage);
  assert.equal(events.at(-2).messageStop.stopReason, whole.stopReason);
}

async function converseWithTools() {
  const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tools = [{ toolSpec: { name: "weather", inputSchema: { json: schema } } }];
  const request = { modelId: CLAUDE, messages, toolConfig: { tools, toolChoice: { any: {} } } };
  const whole = await client.send(new ConverseCommand(request));
  const { toolUse } = whole.output.message.content[0];
  assert.equal(whole.stopReason, "tool_use");
  assert.equal(typeof toolUse.input.city, "string");
  const events = await collect((await client.send(new ConverseStreamCommand(request))).stream);
  const input = events.map((event) => event.contentBlockDelta?.delta.toolUse.input ?? "").join("");
  assert.deepEqual(JSON.parse(input), toolUse.input);
}

async function countTokens() {
  const counted = await client.send(new CountTokensCommand({ modelId: CLAUDE, input: { converse: { messages } } }));
  const request = { modelId: CLAUDE, messages, inferenceConfig: { maxTokens: 1 } };
  const answered = await client.send(new ConverseCommand(request));
  assert.equal(counted.inputTokens, answered.usage.inputTokens);
}

async function refusals() {
  await assert.rejects(client.send(new ConverseCommand({ modelId: "none.such", messages })), {
    name: "ValidationException",
    message: "The provided model identifier is invalid.",
  });
}

for (const check of [invokeModel, converse, converseWithTools, countTokens, refusals]) {
  await check();
  console.log("ok", check.name);
}
client.destroy();
