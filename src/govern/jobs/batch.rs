//! An AWS Batch array job: what `register-job-definition` and `submit-job` take as `--cli-input-json`.

use serde_json::{Value, json};

use super::{CORES, Job, MEMORY_MIB, RESULTS};

/// What only AWS Batch asks for.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    pub image: &'a str,
    pub queue: &'a str,
    /// EFS file system that all containers can write to.
    pub efs: &'a str,
    /// ARN of the role that may call Bedrock.
    pub role: Option<&'a str>,
}

/// Both requests, by the name of their operation.
pub fn render(job: &Job<'_>, account: &Account<'_>) -> Value {
    let mut container = json!({
        "image": account.image,
        "command": job.command(RESULTS),
        // Older agents do not tell a child how many there are.
        "environment": [{ "name": "BEDBENCH_SHARDS", "value": job.shards.to_string() }],
        "resourceRequirements": [
            { "type": "VCPU", "value": CORES.to_string() },
            { "type": "MEMORY", "value": MEMORY_MIB.to_string() },
        ],
        "volumes": [{
            "name": "results",
            "efsVolumeConfiguration": { "fileSystemId": account.efs, "transitEncryption": "ENABLED" },
        }],
        "mountPoints": [{ "sourceVolume": "results", "containerPath": RESULTS, "readOnly": false }],
    });
    if let Some(role) = account.role {
        container["jobRoleArn"] = role.into();
    }
    json!({
        "RegisterJobDefinition": {
            "jobDefinitionName": job.name,
            "type": "container",
            "containerProperties": container,
            // A shard that was late or failed must not fire its part again.
            "retryStrategy": { "attempts": 1 },
        },
        "SubmitJob": {
            "jobName": job.name,
            "jobQueue": account.queue,
            "jobDefinition": job.name,
            "arrayProperties": { "size": job.shards },
        },
    })
}
