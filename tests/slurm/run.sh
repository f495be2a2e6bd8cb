#!/usr/bin/env bash
# A plan in four shards on a real Slurm: installs Debian's packages, sets up a cluster of this one machine, fires an array
# at a mock, merges what it left, and ends everything again. Needs root and Debian; not in CI. About a minute.
#   tests/slurm/run.sh [RATE [SECONDS]]
set -euo pipefail
cd "$(dirname "$0")/../.."

rate=${1:-40}
seconds=${2:-20}
shards=4
home=$PWD/target/slurm
bedbench=$PWD/target/debug/bedbench
[ "$(id -u)" = 0 ] || { echo "error: tests/slurm/run.sh sets up daemons: run it as root" >&2; exit 1; }
[ -x "$bedbench" ] || { echo "error: $bedbench is not there; \`cargo test --no-run\` builds it" >&2; exit 1; }
if ! command -v slurmctld slurmd sbatch munged > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurm-wlm munge > /dev/null
fi

rm -rf "$home"
mkdir -p "$home/state" "$home/spool" "$home/run"
host=$(hostname -s)
cores=$(nproc)

# Started here, ended here, by the number of their process.
daemons=()
end() {
    for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
        kill "${daemons[i]}" 2> /dev/null || true
        wait "${daemons[i]}" 2> /dev/null || true
    done
}
trap end EXIT

until_true() {
    for _ in $(seq 150); do
        "${@:2}" > /dev/null 2>&1 && return
        sleep 0.2
    done
    echo "error: $1 did not come up; its log is in $home" >&2
    exit 1
}

# munged refuses a key that others can read, and a socket below folders that they can write to.
dd if=/dev/urandom of="$home/munge.key" bs=1024 count=1 status=none
chmod 400 "$home/munge.key"
socket=/run/bedbench-munge.$$
mkdir -m 755 "$socket"
trap 'end; rm -rf "$socket"' EXIT
munged --foreground --force --key-file="$home/munge.key" --socket="$socket/socket" --log-file="$home/munged.log" \
    --pid-file="$socket/pid" --seed-file="$home/munge.seed" > "$home/munged.out" 2>&1 &
daemons+=($!)
until_true munged munge --socket="$socket/socket" --no-input

cat > "$home/slurm.conf" << CONF
ClusterName=bedbench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$socket/socket
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/run/slurmctld.pid
SlurmdPidFile=$home/run/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
# As many slots as shards want, however few the cores.
NodeName=$host NodeAddr=127.0.0.1 CPUs=$((shards * 2)) State=UNKNOWN
PartitionName=load Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
SlurmdParameters=config_overrides
CONF
export SLURM_CONF=$home/slurm.conf
slurmctld -D -i > "$home/slurmctld.out" 2>&1 &
daemons+=($!)
until_true slurmctld scontrol ping
slurmd -D > "$home/slurmd.out" 2>&1 &
daemons+=($!)
until_true slurmd sh -c 'sinfo --noheader --format=%T | grep -q idle'
echo "Slurm $(sbatch --version | cut -d' ' -f2), one node of $cores cores: $(sinfo --noheader)"

"$bedbench" mock --profile au --port 0 --scenario calm --format json > "$home/mock.json" 2> "$home/mock.log" &
daemons+=($!)
until_true "the mock" test -s "$home/mock.json"
endpoints=$(python3 -c 'import json, sys
for region in json.load(sys.stdin)["regions"]: print("--endpoint", region["region"] + "=" + region["url"])' < "$home/mock.json")

start=$(date -u -d "+20 seconds" +%Y-%m-%dT%H:%M:%SZ)
# shellcheck disable=SC2086
PATH=$(dirname "$bedbench"):$PATH "$bedbench" export slurm --shards $shards --results "$home/results" --out "$home/job.sh" -- \
    --rps "$rate" -d "${seconds}s" --warmup 2s --profile au --route sydney $endpoints --start-at "$start"
job=$(PATH=$(dirname "$bedbench"):$PATH sbatch --parsable --chdir="$home" "$home/job.sh")
echo "Array $job of $shards tasks, starting at $start"
for _ in $(seq $((seconds + 120))); do
    [ -z "$(squeue --noheader --jobs="$job" 2> /dev/null)" ] && break
    sleep 1
done

# What the shards measured on one busy machine may be INVALID (5): what is shown here is that nothing is lost.
"$bedbench" merge "$home"/results/bedbench/* -o "$home/merged" --quiet || [ $? = 5 ]
python3 tests/slurm/summary.py "$home/merged" "$home"/results/bedbench/*
