#!/usr/bin/env bash
# tools/slurm_test.sh PARTITION JOB_NAME CONFIG [arguments of tools/test.py]
# GPUS, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS come from the environment.
# With --resume among the arguments a preempted job goes on where it stood.
set -euo pipefail
PARTITION=${1:?which partition?}
JOB_NAME=${2:?which job name?}
CONFIG=${3:?which config?}
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
# shellcheck disable=SC2086
exec srun -p "$PARTITION" --job-name="$JOB_NAME" \
    --gres="gpu:$GPUS_PER_NODE" --ntasks="$GPUS" \
    --ntasks-per-node="$GPUS_PER_NODE" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    python -u "$(dirname "$0")/test.py" "$CONFIG" --launcher slurm "${@:4}"
