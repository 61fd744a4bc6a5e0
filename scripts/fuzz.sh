#!/usr/bin/env bash
# Ten million inputs (or as many as asked for) for everything that reads what others wrote: AMI, contact URIs, settings.
#
#   fuzz.sh [INPUTS] [SEED]
. "$(dirname "$0")/lib.sh"
need_dotnet
export PJSIP_SYNC_TEST_FUZZ=${1:-10000000} PJSIP_SYNC_TEST_SEED=${2:-$RANDOM}
say "seed $PJSIP_SYNC_TEST_SEED"
dotnet build "$repository/tests/PjsipSyncWorker.Tests" -c Release -v quiet --nologo
exec "$repository/tests/PjsipSyncWorker.Tests/bin/Release/net10.0/PjsipSyncWorker.Tests" -noColor -class '*.FuzzTests'
