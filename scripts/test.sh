#!/usr/bin/env bash
# Runs every test: those without a server, those with a real PostgreSQL, a real Asterisk and real SIP, and those that boot machines and
# a Docker engine. The results of each project are also in artifacts/test-results, one JUnit file each.
# The last line is "N passed, N failed, N skipped".
. "$(dirname "$0")/lib.sh"
need_dotnet
need_postgres
need_packages pgbouncer prometheus
need_asterisk_tree
"$repository/scripts/build.sh"
export PJSIP_SYNC_TEST_WORKER=$repository/artifacts/pjsip-sync-worker
dotnet build "$repository/PjsipSyncWorker.sln" -c Debug -v quiet --nologo

results=$repository/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 skipped=0 table=''
run() { # PROJECT [OPTION …]
  local project=$1 start=$SECONDS output summary total errors bad left
  output=$results/$project.log
  "$repository/tests/$project/bin/Debug/net10.0/$project" -noColor -result-junit "$results/$project.xml" "${@:2}" >"$output" 2>&1 || true
  grep -v -E '^(xUnit|  Disc|  Start|  Finish|===)' "$output" || true
  # A project that ends without a summary has crashed, and counts as one failure.
  summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$output" ||
    echo 'Total: 1, Errors: 0, Failed: 1, Skipped: 0')
  read -r total errors bad left <<<"$(tr -dc '0-9,' <<<"$summary" | tr , ' ')"
  passed=$((passed + total - bad - left)) failed=$((failed + bad + errors)) skipped=$((skipped + left))
  table+=$(printf '%-36s %6d %6d %7d %7d s' "$project" $((total - bad - left)) $((bad + errors)) "$left" $((SECONDS - start)))$'\n'
}

run PjsipSyncWorker.Tests
run PjsipSyncWorker.IntegrationTests
# Two collections at a time: the machines, one after the other because they share a tree of control groups, and the containers.
run PjsipSyncWorker.SystemTests -maxThreads 2

printf '\n%-36s %6s %6s %7s %9s\n%s' project passed failed skipped time "$table"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
