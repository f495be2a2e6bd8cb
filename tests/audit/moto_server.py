"""moto's CloudWatch on a free port, filled by PutMetricData, behind what it lacks.

moto has no Smithy RPC v2 CBOR, which the AWS SDK for Rust speaks with CloudWatch, no percentiles and no quotas of
Bedrock. Requests are therefore translated to and from moto's JSON, percentiles are added to its statistics, and quotas
are answered from the file. What is kept, filtered by model and added up by period is moto's own.

Prints its URL; ends with its stdin.
"""

import datetime
import io
import json
import logging
import math
import sys
import threading

import boto3
import cbor2
from moto.cloudwatch import models
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

RPC = "/service/GraniteServiceVersion20100801/operation/"

plain = models.Statistics.get_statistics_for_type


def with_percentiles(self, stat):
    if not stat.startswith("p"):
        return plain(self, stat)
    values = sorted(self.metric_single_values_list)
    return values[math.ceil(float(stat[1:]) / 100 * len(values)) - 1]


models.Statistics.get_statistics_for_type = with_percentiles


def seconds(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(value)


def stamped(value, key=None):
    """JSON's numbers as CBOR's instants."""
    if isinstance(value, dict):
        return {name: stamped(of, name) for name, of in value.items()}
    if isinstance(value, list):
        return [stamped(of, key) for of in value]
    if key == "Timestamps":
        return cbor2.CBORTag(1, value)
    return float(value) if key == "Values" else value


class Front:
    def __init__(self, moto, quotas):
        self.moto = moto
        self.quotas = quotas

    def __call__(self, environ, start):
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith("ServiceQuotas"):
            quotas = [
                {"ServiceCode": "bedrock", "QuotaName": name, "QuotaCode": "L-0000", "Value": value}
                for name, value in self.quotas[target.split(".")[1]]
            ]
            start("200 OK", [("content-type", "application/x-amz-json-1.1")])
            return [json.dumps({"Quotas": quotas}).encode()]
        path = environ["PATH_INFO"]
        if not path.startswith(RPC):
            return self.moto(environ, start)
        asked = cbor2.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        body = json.dumps(asked, default=seconds).encode()
        environ.update(
            {
                "PATH_INFO": "/",
                "REQUEST_URI": "/",
                "RAW_URI": "/",
                "CONTENT_TYPE": "application/x-amz-json-1.0",
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_X_AMZ_TARGET": "GraniteServiceVersion20100801." + path.removeprefix(RPC),
                "wsgi.input": io.BytesIO(body),
            }
        )
        said = {}
        answer = b"".join(self.moto(environ, lambda status, headers, exc=None: said.update(status=status)))
        start(said["status"], [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")])
        return [cbor2.dumps(stamped(json.loads(answer)))]


def main():
    with open(sys.argv[1]) as file:
        recorded = json.load(file)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    front = Front(DomainDispatcherApplication(create_backend_app), recorded["quotas"])
    server = make_server("127.0.0.1", 0, front, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    cloudwatch = boto3.client(
        "cloudwatch",
        region_name="ap-southeast-2",
        endpoint_url=url,
        aws_access_key_id="BEDBENCHMOCK",
        aws_secret_access_key="not-a-secret",
    )
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "ModelId", "Value": model}],
            "Timestamp": datetime.datetime.fromtimestamp(at, datetime.timezone.utc),
            "Value": value,
        }
        for model, metric, at, value in recorded["values"]
    ]
    for first in range(0, len(data), 1000):
        cloudwatch.put_metric_data(Namespace="AWS/Bedrock", MetricData=data[first : first + 1000])
    print(url, flush=True)
    sys.stdin.read()


main()
