#!/usr/bin/env bash
# What must not grow and must not wait, measured: memory and tables over very many changes and events, the application
# beside a storm of status, a row that is held.
#
#   bounds.sh [CHANGES AND EVENTS] [SECONDS A ROW IS HELD]   a million and a minute when left out
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
"$repository/scripts/build.sh"
export PJSIP_SYNC_TEST_WORKER=$repository/artifacts/pjsip-sync-worker
export PJSIP_SYNC_TEST_BOUNDS=${1:-1000000} PJSIP_SYNC_TEST_HOLD=${2:-60}
PJSIP_SYNC_TEST_MEASURED=$(mktemp)
export PJSIP_SYNC_TEST_MEASURED
dotnet build "$repository/tests/PjsipSyncWorker.IntegrationTests" -c Debug -v quiet --nologo
result=0
# one after the other, so that none disturbs what another measures
"$repository/tests/PjsipSyncWorker.IntegrationTests/bin/Debug/net10.0/PjsipSyncWorker.IntegrationTests" -noColor -maxThreads 1 -class '*.BoundsTests' || result=$?
cat "$PJSIP_SYNC_TEST_MEASURED"
rm -f "$PJSIP_SYNC_TEST_MEASURED"
exit "$result"
