#!/usr/bin/env bash
# The soak: an application that writes, phones that come and go, and one fault after another.
#
#   soak.sh [SECONDS] [SEED]   an hour and a random seed when left out; the seed of a failure repeats its schedule
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
need_asterisk_tree
"$repository/scripts/build.sh"
export PJSIP_SYNC_TEST_WORKER=$repository/artifacts/pjsip-sync-worker
export PJSIP_SYNC_TEST_SOAK=${1:-3600} PJSIP_SYNC_TEST_SEED=${2:-$RANDOM}
say "seed $PJSIP_SYNC_TEST_SEED"
dotnet build "$repository/tests/PjsipSyncWorker.IntegrationTests" -c Debug -v quiet --nologo
exec "$repository/tests/PjsipSyncWorker.IntegrationTests/bin/Debug/net10.0/PjsipSyncWorker.IntegrationTests" -noColor -class '*.SoakTests'
