#!/usr/bin/env bash
# Nonsense in every option of ps_endpoints, ps_auths and ps_aors, ten values each, beside extensions that are good, on a real Asterisk.
# Prints what became of each: refused with its reason, named because Asterisk cannot load it, or works (the phone registers).
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
need_asterisk_tree
"$repository/scripts/build.sh"
export PJSIP_SYNC_TEST_WORKER=$repository/artifacts/pjsip-sync-worker PJSIP_SYNC_TEST_SWEEP=10
PJSIP_SYNC_TEST_MEASURED=$(mktemp)
export PJSIP_SYNC_TEST_MEASURED
dotnet build "$repository/tests/PjsipSyncWorker.IntegrationTests" -c Debug -v quiet --nologo
result=0
"$repository/tests/PjsipSyncWorker.IntegrationTests/bin/Debug/net10.0/PjsipSyncWorker.IntegrationTests" -noColor -class '*.OptionSweepTests' || result=$?
cat "$PJSIP_SYNC_TEST_MEASURED"
rm -f "$PJSIP_SYNC_TEST_MEASURED"
exit "$result"
