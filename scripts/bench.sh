#!/usr/bin/env bash
# The benchmarks: the published worker on a private PostgreSQL, each scenario beside its baseline in the same run.
#
#   bench.sh [SCENARIO …]            all when left out; the table goes to standard output, the same as JSON to artifacts/bench.json
#   bench.sh asterisk [SCENARIO …]   a real Asterisk and real SIP beside static files; JSON to artifacts/bench-asterisk.json
#   bench.sh micro [ARGUMENT …]      BenchmarkDotNet: the AMI reader, the mapper, the encoding
#
# PJSIP_SYNC_BENCH_RUNS=5 runs of each; PJSIP_SYNC_BENCH_MILLION=1 also compares a million extensions.
#
# Scenarios of asterisk, and their sizes:
#   RegisterRefresh   PJSIP_SYNC_BENCH_PHONES=2000 phones; each measurement has PJSIP_SYNC_BENCH_REGISTERS=4000 registrations or more
#   CallSetup         among PJSIP_SYNC_BENCH_PHONES; each measurement has PJSIP_SYNC_BENCH_CALLS=1000 calls
#   OneAmongMany      PJSIP_SYNC_BENCH_AMONG=100,1000,10000 extensions that are there; the first is the baseline of the others
#   ManyAtOnce        PJSIP_SYNC_BENCH_AT_ONCE=500/2000,10000/10000 pairs of new extensions and of those that are there
#   BootAndRestart    PJSIP_SYNC_BENCH_BOOT=10000 phones
# PJSIP_SYNC_BENCH_LIMIT=600 seconds are waited for what should take less; what then has not come is reported as given up.
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
project=$repository/bench/PjsipSyncWorker.Bench
dotnet build "$project" -c Release -v quiet --nologo >&2
bench=$project/bin/Release/net10.0/PjsipSyncWorker.Bench
if [ "${1:-}" = micro ]; then exec "$bench" "$@" --artifacts "$repository/artifacts/micro"; fi
"$repository/scripts/build.sh"

export PJSIP_SYNC_BENCH_JSON=$repository/artifacts/bench.json
if [ "${1:-}" = asterisk ]; then
  need_asterisk_tree
  PJSIP_SYNC_BENCH_JSON=$repository/artifacts/bench-asterisk.json
  export PJSIP_SYNC_BENCH_ASTERISK=$repository/scripts/asterisk.sh PJSIP_SYNC_BENCH_NAMES=bench-$$
fi

# A benchmark that was interrupted leaves its servers running.
remove_asterisks() {
  local server
  for server in "$asterisk_tree/srv/bench-$$"-*; do
    [ ! -d "$server" ] || "$repository/scripts/asterisk.sh" remove "$(basename "$server")" || true
  done
}

folder=$(mktemp -d -t pjsip-sync-bench.XXXXXX)
port=$(free_port)
trap 'remove_asterisks; stop_postgres "$folder"; rm -rf "$folder"' EXIT
# As an operator runs it: with fsync.
start_postgres "$folder" "$port" -c shared_buffers=512MB -c max_wal_size=4GB -c checkpoint_timeout=30min
export PJSIP_SYNC_BENCH_POSTGRES="Host=127.0.0.1;Port=$port;Database=postgres;Username=postgres"
export PJSIP_SYNC_BENCH_WORKER=$repository/artifacts/pjsip-sync-worker
export PJSIP_SYNC_BENCH_FILES=$folder/files PJSIP_SYNC_BENCH_PG_BIN
PJSIP_SYNC_BENCH_PG_BIN=$(postgres_bin)
"$bench" "$@"
if [ $# = 0 ]; then say "Not run: scripts/bench.sh asterisk, the same on a real Asterisk"; fi
