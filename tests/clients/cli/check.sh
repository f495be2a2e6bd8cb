#!/usr/bin/env bash
# bedbench's mock as the AWS CLI sees it.
#
#   check.sh http://127.0.0.1:7080 [aws]
set -euo pipefail

export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=$1
shift
aws=("${@:-aws}")
export AWS_REGION=ap-southeast-2 AWS_DEFAULT_REGION=ap-southeast-2 AWS_ACCESS_KEY_ID=mock AWS_SECRET_ACCESS_KEY=mock
export AWS_PAGER='' AWS_MAX_ATTEMPTS=2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
claude=anthropic.claude-3-haiku-20240307-v1:0
messages='[{"role":"user","content":[{"text":"Hello from Sydney"}]}]'

bedrock() {
    "${aws[@]}" bedrock-runtime "$@"
}

# is WHAT EXPECTED FOUND
is() {
    [ "$2" = "$3" ] || { printf 'error: %s: expected %s, found %s\n' "$1" "$2" "$3" >&2; exit 1; }
}

has() {
    grep -qF -- "$2" <<< "$3" || { printf 'error: %s: expected %s in:\n%s\n' "$1" "$2" "$3" >&2; exit 1; }
}

converse() {
    local options=(--model-id "$claude" --messages "$messages" --inference-config maxTokens=1 --output text)
    is 'stop reason' max_tokens "$(bedrock converse "${options[@]}" --query stopReason)"
    is 'output tokens' 1 "$(bedrock converse "${options[@]}" --query usage.outputTokens)"
    is 'role' assistant "$(bedrock converse "${options[@]}" --query output.message.role)"
}

invoke_model() {
    local body='{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"Hello"}]}'
    local said
    printf '%s' "$body" > "$folder/question.json"
    # Versions 1 and 2 of the CLI agree on files only.
    said=$(bedrock invoke-model --model-id "$claude" --body "fileb://$folder/question.json" \
        --query contentType --output text "$folder/answer.json")
    is 'content type' application/json "$said"
    has 'body' '"type":"message"' "$(cat "$folder/answer.json")"
    has 'body' '"stop_reason":"max_tokens"' "$(cat "$folder/answer.json")"
}

errors() {
    local said
    if said=$(bedrock converse --model-id none.such --messages "$messages" 2>&1); then
        echo "error: a model that does not exist was answered" >&2
        exit 1
    fi
    has 'refusal' '(ValidationException) when calling the Converse operation' "$said"
    has 'refusal' 'The provided model identifier is invalid.' "$said"
}

retries() {
    local said
    if said=$(bedrock converse --model-id bedbench.fault.ThrottlingException --messages "$messages" --debug 2>&1); then
        echo "error: a throttled call was answered" >&2
        exit 1
    fi
    has 'throttling' '(ThrottlingException) when calling the Converse operation' "$said"
    has 'retry' 'attempt=2' "$said"
}

for check in converse invoke_model errors retries; do
    "$check"
    echo "ok $check"
done
