use super::*;

fn run() -> Vec<String> {
    ["--rps", "400", "--slo", "ttft:p95<900ms", "--set", "region.sydney.name=\"it's $(HOME)\""]
        .map(str::to_owned)
        .into()
}

fn job(run: &[String]) -> Job<'_> {
    Job { name: "spring", shards: 4, run }
}

#[test]
fn an_indexed_job() {
    let run = run();
    let cluster =
        k8s::Cluster { image: "example.org/bedbench:0.1.0", claim: "results", service_account: Some("bedrock") };
    insta::assert_snapshot!(k8s::render(&job(&run), &cluster));
}

#[test]
fn an_array_job() {
    let run = run();
    let account = batch::Account {
        image: "example.org/bedbench:0.1.0",
        queue: "load",
        efs: "fs-0123456789abcdef0",
        role: Some("arn:aws:iam::123456789012:role/bedbench"),
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&batch::render(&job(&run), &account)).unwrap());
}

#[test]
fn a_slurm_array() {
    let run = run();
    insta::assert_snapshot!(slurm::render(&job(&run), "/shared/results"));
}
