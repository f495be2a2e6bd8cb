"""Job files against what their engines publish: check.py k8s|batch FILE..."""

import copy
import json
import sys
from pathlib import Path

# The first with a stable `backoffLimitPerIndex`, the one before it that has it at all, and a new one.
KUBERNETES = ["1.29.1", "1.33.0", "1.36.0"]


def k8s(text):
    import yaml

    return [("Job", yaml.safe_load(text))]


def k8s_problems(_, job):
    from kubernetes_validate import utils

    problems = []
    for version in KUBERNETES:
        try:
            utils.validate(job, version, strict=True)
        except utils.ValidationError as wrong:
            problems.append(f"Kubernetes {version}: {wrong.message}")
    return problems


def batch(text):
    return list(json.loads(text).items())


def batch_problems(operation, parameters):
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    model = ServiceModel(Loader().load_service_model("batch", "service-2"))
    shape = model.operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    return [report.generate_report()] if report.has_errors() else []


def breaks(value, problems_of, name):
    """Whether a file that is wrong is found: a checker that finds nothing proves nothing."""
    wrong = copy.deepcopy(value)
    inside = wrong.get("spec") or wrong.get("containerProperties") or wrong["arrayProperties"]
    inside["shards"] = 4
    inside[next(iter(inside))] = {"no": "such value"}
    return bool(problems_of(name, wrong))


def main():
    kind, files = sys.argv[1], sys.argv[2:]
    read, problems_of = {"k8s": (k8s, k8s_problems), "batch": (batch, batch_problems)}[kind]
    failed = False
    for file in files:
        for name, value in read(Path(file).read_text()):
            for problem in problems_of(name, value):
                print(f"{file}: {name}: {problem}", file=sys.stderr)
                failed = True
            if not breaks(value, problems_of, name):
                print(f"{file}: {name}: a wrong file would pass", file=sys.stderr)
                failed = True
    if failed:
        sys.exit(1)
    print(f"{kind}: {len(files)} files pass")


main()
