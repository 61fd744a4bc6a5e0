#!/usr/bin/env bash
# The benchmarks: the published worker on a private PostgreSQL, each scenario beside its baseline in the same run.
#
#   bench.sh [SCENARIO …]   all when left out; the table goes to standard output, the same as JSON to artifacts/bench.json
#   bench.sh micro [ARGUMENT …]   BenchmarkDotNet: the AMI reader, the mapper, the encoding
#
# PJSIP_SYNC_BENCH_RUNS=5 runs of each; PJSIP_SYNC_BENCH_MILLION=1 also compares a million extensions.
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
project=$repository/bench/PjsipSyncWorker.Bench
dotnet build "$project" -c Release -v quiet --nologo >&2
bench=$project/bin/Release/net10.0/PjsipSyncWorker.Bench
if [ "${1:-}" = micro ]; then exec "$bench" "$@" --artifacts "$repository/artifacts/micro"; fi
"$repository/scripts/build.sh"

folder=$(mktemp -d -t pjsip-sync-bench.XXXXXX)
port=$(free_port)
trap 'stop_postgres "$folder"; rm -rf "$folder"' EXIT
# As an operator runs it: with fsync.
start_postgres "$folder" "$port" -c shared_buffers=512MB -c max_wal_size=4GB -c checkpoint_timeout=30min
export PJSIP_SYNC_BENCH_POSTGRES="Host=127.0.0.1;Port=$port;Database=postgres;Username=postgres"
export PJSIP_SYNC_BENCH_WORKER=$repository/artifacts/pjsip-sync-worker
export PJSIP_SYNC_BENCH_PG_BIN PJSIP_SYNC_BENCH_JSON=$repository/artifacts/bench.json
PJSIP_SYNC_BENCH_PG_BIN=$(postgres_bin)
"$bench" "$@"
