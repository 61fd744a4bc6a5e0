#!/usr/bin/env bash
# Every test: those that need no server, those with a real PostgreSQL, a real Asterisk and real SIP, the package and the commands of the
# README and of docs/ in booted machines, and both images in a Docker engine.
# The last line is "N passed, N failed, N skipped".
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
need_packages pgbouncer prometheus
need_asterisk_tree
"$repository/scripts/build.sh"
export PJSIP_SYNC_TEST_WORKER=$repository/artifacts/pjsip-sync-worker
dotnet build "$repository/PjsipSyncWorker.sln" -c Debug -v quiet --nologo

passed=0 failed=0 skipped=0
run() {
  local suite=$1 output summary
  output=$(mktemp)
  "$repository/tests/$suite/bin/Debug/net10.0/$suite" -noColor "${@:2}" >"$output" 2>&1 || true
  grep -v -E '^(xUnit|  Disc|  Start|  Finish|===)' "$output" || true
  summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$output" || echo 'Total: 1, Errors: 0, Failed: 1, Skipped: 0')
  rm -f "$output"
  read -r total errors bad left <<<"$(tr -dc '0-9,' <<<"$summary" | tr , ' ')"
  passed=$((passed + total - bad - left)) failed=$((failed + bad + errors)) skipped=$((skipped + left))
}

run PjsipSyncWorker.Tests
run PjsipSyncWorker.IntegrationTests

# In machines, one after the other for they share a tree of control groups, and in containers beside them: a line for each test, the
# numbers in the last one.
outputs=$(mktemp -d -t pjsip-sync-tests.XXXXXX)
"$repository/scripts/test-docker.sh" >"$outputs/docker" &
"$repository/scripts/test-package.sh" >"$outputs/package" || true
"$repository/scripts/test-readme.sh" >"$outputs/readme" || true
wait
for output in "$outputs"/*; do
  grep -v '^ok: ' "$output" | sed '$d'
  good='' bad='' left=''
  read -r good bad left <<<"$(tail -n 1 "$output" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p')" || true
  passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1})) skipped=$((skipped + ${left:-0}))
done
rm -rf "$outputs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
