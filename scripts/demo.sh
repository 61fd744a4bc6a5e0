#!/usr/bin/env bash
# The main job, end to end, on a private PostgreSQL and a real Asterisk: an extension made in SQL becomes a phone
# that registers, is seen online, and is called. Cleans up behind itself; --keep leaves everything running.
. "$(dirname "$0")/lib.sh"
keep=${1:-}
[ -z "$keep" ] || [ "$keep" = --keep ] || die "usage: demo.sh [--keep]"
need_dotnet
need_postgres
need_asterisk_tree
[ -x "$repository/artifacts/pjsip-sync-worker" ] || "$repository/scripts/build.sh"

folder=$(mktemp -d -t pjsip-sync-demo.XXXXXX)
name=demo-$$
worker=$repository/artifacts/pjsip-sync-worker
postgres=$(postgres_bin)
port=$(free_port) sip=$(free_port) ami=$(free_port) metrics=$(free_port)
secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
clean_up() {
  [ -n "${pid:-}" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  "$repository/scripts/asterisk.sh" remove "$name"
  stop_postgres "$folder"
  rm -rf "$folder"
}
trap clean_up EXIT

# PJSIP_SYNC_DEMO_PAUSE: seconds to read in before each step, for a recording.
title() { sleep "${PJSIP_SYNC_DEMO_PAUSE:-0}"; printf '\n\033[1m== %s\033[0m\n' "$*"; }
sql() { printf 'demo=> %s\n' "$1"; psql -X -q -P footer=off -h 127.0.0.1 -p "$port" -U postgres -d demo -c "$1"; }
value() { psql -X -q -A -t -h 127.0.0.1 -p "$port" -U postgres -d demo -c "$1"; }
until_sql() { # SQL that must become true
  local deadline=$((SECONDS + 20))
  until [ "$(value "$1")" = t ]; do [ $SECONDS -lt $deadline ] || die "This did not become true: $1"; sleep 0.05; done
}
phone() { # ADDRESS PORT USER PASSWORD SCENARIO [ARGUMENT …]
  "$repository/scripts/asterisk.sh" sipp "$name" "127.0.0.1:$sip" -i "$1" -p "$2" -mp "$(($2 + 100))" -s "$3" -au "$3" -ap "$4" \
    -sf "$5" -m 1 -nostdin -timeout 15s -timeout_error "${@:6}" >"$folder/sipp.log" 2>&1
}

title "A private PostgreSQL and a real Asterisk"
start_postgres "$folder" "$port"
psql -X -q -h 127.0.0.1 -p "$port" -U postgres -c 'create database demo'
cat >"$folder/appsettings.json" <<JSON
{
  "ConnectionStrings": { "Postgres": "Host=127.0.0.1;Port=$port;Database=demo;Username=postgres" },
  "Asterisk": { "Nodes": [ { "Name": "demo", "Port": $ami, "Secret": "$secret" } ] },
  "Metrics": { "Port": $metrics }
}
JSON
"$worker" init --create-extensions --config "$folder/appsettings.json"
"$repository/scripts/asterisk.sh" start "$name" Node=demo DatabasePort="$port" DatabaseName=demo DatabaseUser=postgres SipPort="$sip" AmiPort="$ami" AmiSecret="$secret"
"$repository/scripts/asterisk.sh" cli "$name" "core show version"

title "The worker"
"$worker" run --config "$folder/appsettings.json" >"$folder/worker.log" 2>&1 &
pid=$!
until_sql "select coalesce(bool_or(connected), false) from pjsip_sync.node"
cat "$folder/worker.log"

title "The application makes two extensions"
sql "insert into extensions (number, password, display_name) values ('1001', 'secret;one', 'Anna'), ('1002', 'secret-two', 'Bert')"
until_sql "select count(*) = 2 from asterisk.ps_endpoints"
sql "select e.id, e.callerid, e.context, a.username, o.max_contacts, o.qualify_frequency from asterisk.ps_endpoints e join asterisk.ps_auths a using (id) join asterisk.ps_aors o using (id) order by 1"

title "Two phones register; nothing was reloaded"
phone 127.0.0.11 16011 1001 'secret;one' register.xml -key expires 300 || die "1001 could not register"
phone 127.0.0.12 16012 1002 'secret-two' register.xml -key expires 300 || die "1002 could not register"
until_sql "select count(*) = 2 from extensions where status = 'online'"
sql "select number, status, last_registered_at, last_registered_ip from extensions order by 1"

title "1001 calls 1002"
phone 127.0.0.12 16012 1002 'secret-two' answer.xml -aa &
answering=$!
phone 127.0.0.11 16013 1001 'secret;one' call.xml -key callee 1002 || die "The call failed"
wait "$answering" || die "1002 did not answer"
echo "1002 answered, 1001 hung up."

title "1001 unregisters; 1002 is deleted"
phone 127.0.0.11 16011 1001 'secret;one' register.xml -key expires 0
sql "delete from extensions where number = '1002'"
until_sql "select count(*) = 1 from extensions where status = 'offline'"
until_sql "select count(*) = 1 from asterisk.ps_endpoints"
sql "select number, status, last_registered_ip from extensions"
if phone 127.0.0.12 16012 1002 'secret-two' register.xml -key expires 300; then die "1002 is deleted and could register"; fi
echo "1002 can register no more."

title "What the worker said"
cat "$folder/worker.log"

if [ -n "$keep" ]; then
  trap - EXIT
  cat >"$folder/stop" <<SH
cd "$repository"
kill $pid || true
. scripts/lib.sh
scripts/asterisk.sh remove "$name"
stop_postgres "$folder"
rm -rf "$folder"
SH
  cat <<TEXT

Left running, the log of the worker in $folder/worker.log. The worker:
  artifacts/pjsip-sync-worker status --config $folder/appsettings.json
  artifacts/pjsip-sync-worker verify-config --config $folder/appsettings.json
The database, Asterisk, the metrics:
  psql -h 127.0.0.1 -p $port -U postgres demo
  scripts/asterisk.sh cli $name "pjsip show contacts"
  curl http://localhost:$metrics/metrics
A phone: server 127.0.0.1, port $sip, user 1001, password secret;one
To stop:
  bash $folder/stop
TEXT
fi
