//! A Kubernetes Indexed Job: each pod knows its index, and the file tells it of how many.

use super::{CORES, Job, MEMORY_MIB, RESULTS};

/// What only Kubernetes asks for.
#[derive(Clone, Copy, Debug)]
pub struct Cluster<'a> {
    pub image: &'a str,
    /// PersistentVolumeClaim that all pods can write to.
    pub claim: &'a str,
    /// That gives the pods their AWS credentials.
    pub service_account: Option<&'a str>,
}

pub fn render(job: &Job<'_>, cluster: &Cluster<'_>) -> String {
    let Job { name, shards, .. } = job;
    let Cluster { image, claim, service_account } = cluster;
    let (name, image, claim) = (quoted(name), quoted(image), quoted(claim));
    let account =
        service_account.map(|name| format!("      serviceAccountName: {}\n", quoted(name))).unwrap_or_default();
    // $(NAME) would be replaced by a variable.
    let command: Vec<_> = job.command(RESULTS).iter().map(|word| quoted(&word.replace("$(", "$$("))).collect();
    let command: String = command.iter().map(|word| format!("            - {word}\n")).collect();
    format!(
        r#"{}apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
spec:
  completionMode: Indexed
  completions: {shards}
  # All at once: a shard that waits for another to end is no part of the same load.
  parallelism: {shards}
  # A shard that ends with another code than 0 neither stops the others nor fires its part again (Kubernetes 1.29).
  backoffLimitPerIndex: 0
  template:
    spec:
      restartPolicy: Never
{account}      # Each on a machine of its own, as far as there are enough.
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              batch.kubernetes.io/job-name: {name}
      containers:
        - name: bedbench
          image: {image}
          command:
{command}          env:
            # The index is in the environment of every pod, the number of pods is not.
            - name: BEDBENCH_SHARDS
              value: "{shards}"
          resources:
            requests:
              cpu: "{CORES}"
              memory: {MEMORY_MIB}Mi
          volumeMounts:
            - name: results
              mountPath: {RESULTS}
      volumes:
        - name: results
          persistentVolumeClaim:
            claimName: {claim}
"#,
        job.comment(RESULTS)
    )
}

/// A string of JSON is one of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
