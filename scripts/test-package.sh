#!/usr/bin/env bash
# The package on a bare Debian with systemd and PostgreSQL, booted as a container without a network: installed, refused its
# start while unconfigured, configured in three lines, killed, stalled, restarted under load, upgraded, purged.
# The last line is "N passed, N failed, N skipped". --keep leaves the machine running at the first failure.
. "$(dirname "$0")/machine.sh"
need_systemd_tree
need_packages curl util-linux lintian
newer=$("$repository/scripts/package.sh" --built 2>/dev/null)
cp "$newer" "$folder/packages/newer.deb"
# The same under an older version: there is none yet to upgrade from.
dpkg-deb --raw-extract "$newer" "$folder/older"
sed -i 's/^Version: .*/Version: 0.0.9/' "$folder/older/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$folder/older" "$folder/packages/older.deb" >/dev/null
boot_machine "$systemd_tree"

configuration=/etc/pjsip-sync-worker/appsettings.json
connection='Host=localhost;Database=pbx;Username=pjsip_sync;Password=a-password'
get() { as_root nsenter --target "$leader" --net curl -s --max-time 5 "http://localhost:9464$1"; }
active() { equals active unit ActiveState; }
restarted() { active && [ "$(unit MainPID)" != "$1" ] && [ "$(unit MainPID)" != 0 ]; }
is_true() { equals t sql "$1"; }
same='select not exists (
  select from (select number, password from extensions where enabled) e
  full join (select id, password from ps_auths) a on a.id = e.number and a.password = e.password
  where e.number is null or a.id is null) and (select count(*) = (select count(*) from ps_endpoints) from extensions where enabled)'

passes_lintian() { lintian --fail-on error "$newer"; }
installs() {
  inside apt-get install -y -qq --no-install-recommends /mnt/older.deb
  equals '640 root pjsip_sync' inside stat -c '%a %U %G' "$configuration"
  equals inactive unit ActiveState
  inside pjsip-sync-worker --version
}
refuses() {
  fails inside systemctl start pjsip-sync-worker
  equals 2 unit ExecMainStatus
  equals 0 unit NRestarts
  equals failed unit ActiveState
  inside journalctl -u pjsip-sync-worker --no-pager -o cat | grep -E '^Database: .*(pbx|pjsip_sync)'
}
configures() {
  shell "runuser -u postgres -- psql -q -c \"create role pjsip_sync login password 'a-password'\" -c 'create database pbx owner pjsip_sync'"
  printf '{\n  "ConnectionStrings": { "Postgres": "%s" }\n}\n' "$connection" | inside tee "$configuration" >/dev/null
  inside pjsip-sync-worker init --create-extensions
  inside systemctl enable --now pjsip-sync-worker
  active
  inside systemctl is-enabled pjsip-sync-worker
}
works() {
  sql "insert into extensions (number, password) values ('1001', 'sesame')"
  eventually 10 is_true "select count(*) = 1 from ps_endpoints join ps_auths using (id) join ps_aors using (id) where id = '1001' and ps_auths.password = 'sesame'"
}
measures() { eventually 10 measured; }
measured() { get /metrics | grep -E '^pjsip_sync_changes_total\{.*operation="create".*\} 1( |$)'; }
shows_status() { eventually 15 status_shown; }
status_shown() { inside systemctl status --no-pager pjsip-sync-worker | grep -F 'Status: "1 endpoints, 0 online, 0 rejected; no change waits"'; }
is_healthy() {
  equals $'sync: ok\nregistrations: ok' inside pjsip-sync-worker health --ready
  equals $'sync: ok\nregistrations: ok' get /readyz
}
is_hardened() {
  local exposure
  exposure=$(inside systemd-analyze security --no-pager pjsip-sync-worker | grep -oE 'Overall exposure level.*: [0-9.]+' | grep -oE '[0-9.]+$')
  echo "exposure $exposure"
  [ "${exposure/./}" -le 15 ]
}
waits_for_the_database() {
  inside systemctl stop postgresql
  inside systemctl restart pjsip-sync-worker
  active
  fails inside pjsip-sync-worker health --ready
  inside pjsip-sync-worker health
  eventually 10 shell 'systemctl status --no-pager pjsip-sync-worker | grep -F "Status: \"sync: Connection refused"'
  inside journalctl -u pjsip-sync-worker --no-pager -o cat -p warning..warning | grep 'Sync interrupted'
  inside systemctl start postgresql
  eventually 20 inside pjsip-sync-worker health --ready
  equals 0 unit NRestarts
}
survives_kill() {
  local pid
  pid=$(unit MainPID)
  inside systemctl kill -s KILL pjsip-sync-worker
  eventually 20 restarted "$pid"
  sql "insert into extensions (number, password) values ('1002', 'sesame')"
  eventually 10 is_true "select count(*) = 2 from ps_endpoints"
}
is_watched() {
  local pid
  shell 'mkdir -p /etc/systemd/system/pjsip-sync-worker.service.d && printf "[Service]\nWatchdogSec=2s\n" >/etc/systemd/system/pjsip-sync-worker.service.d/watchdog.conf'
  inside systemctl daemon-reload
  inside systemctl restart pjsip-sync-worker
  pid=$(unit MainPID)
  # Well for three times as long as systemd waits, then stopped dead.
  sleep 6
  equals "$pid" unit MainPID
  inside systemctl kill -s STOP pjsip-sync-worker
  eventually 30 restarted "$pid"
  inside journalctl -u pjsip-sync-worker --no-pager -o cat | grep -i 'watchdog timeout'
}
takes_credentials() {
  inside install -D -m 600 /dev/null /etc/credstore/pjsip-sync-worker.postgres
  printf %s "$connection" | inside tee /etc/credstore/pjsip-sync-worker.postgres >/dev/null
  printf '{\n  "Source": { "Table": "public.extensions" }\n}\n' | inside tee "$configuration" >/dev/null
  inside systemctl restart pjsip-sync-worker
  active
  sql "insert into extensions (number, password) values ('1003', 'sesame')"
  eventually 10 is_true "select count(*) = 3 from ps_endpoints"
}
# shellcheck disable=SC2016
writing='for i in $(seq 400); do echo "insert into extensions (number, password) select g::text, '"'\$i'"' from generate_series($((2000 + i % 50 * 10)), $((2000 + i % 50 * 10 + 30))) g on conflict (number) do update set password = excluded.password; delete from extensions where number::int between $((2100 + i % 40 * 7)) and $((2105 + i % 40 * 7));"; sleep 0.02; done | runuser -u postgres -- psql -X -q -d pbx'
survives_restarts() {
  shell "$writing" &
  local writer=$! i
  for i in 1 2 3 4; do
    inside systemctl restart pjsip-sync-worker
    equals success unit Result
    sleep "0.$((RANDOM % 9))"
  done
  wait "$writer"
  eventually 20 is_true "select count(*) = 0 from pjsip_sync.change"
  is_true "$same"
  is_true "select count(*) > 100 from ps_endpoints"
}
upgrades() {
  local pid before
  pid=$(unit MainPID) before=$(inside md5sum "$configuration")
  inside apt-get install -y -qq /mnt/newer.deb
  [ "$(inside dpkg-query -W -f '${Version}' pjsip-sync-worker)" != 0.0.9 ]
  equals "$before" inside md5sum "$configuration"
  equals '640 root pjsip_sync' inside stat -c '%a %U %G' "$configuration"
  eventually 20 restarted "$pid"
  is_true "$same"
}
comes_back() {
  inside apt-get remove -y -qq pjsip-sync-worker
  fails inside systemctl is-active pjsip-sync-worker
  inside test -e "$configuration"
  inside apt-get install -y -qq /mnt/newer.deb
  inside systemctl start pjsip-sync-worker
  active
  inside pjsip-sync-worker health --ready
}
refuses_nonsense() {
  printf '{ "Sync": { "BatchSize": 0 } }\n' | inside tee "$configuration" >/dev/null
  fails inside systemctl restart pjsip-sync-worker
  equals 2 unit ExecMainStatus
  equals failed unit ActiveState
  inside journalctl -u pjsip-sync-worker --no-pager -o cat | grep 'Configuration: Sync:BatchSize'
}
purges() {
  printf '{\n  "Source": { "Table": "public.extensions" }\n}\n' | inside tee "$configuration" >/dev/null
  inside systemctl restart pjsip-sync-worker
  inside apt-get purge -y -qq pjsip-sync-worker
  equals not-found unit LoadState
  fails inside getent passwd pjsip_sync
  fails inside getent group pjsip_sync
  fails inside pgrep -f pjsip-sync-worker
  local left
  left=$(inside find / -xdev \( -path /proc -o -path /mnt -o -path /var/log -o -path /var/cache/apt \) -prune -o -name '*pjsip[-_]sync*' -print)
  echo "left: $left"
  [ -z "$left" ]
}

test_that "lintian finds no error in it" passes_lintian
test_that "It installs on a bare Debian and does not start by itself" installs
test_that "Unconfigured it says what is missing and is not restarted in vain" refuses
test_that "Three lines of configuration, init, enable --now, and it is ready" configures
test_that "A change in SQL is a row in ps_endpoints" works
test_that "The metric moved" measures
test_that "systemctl status shows its numbers" shows_status
test_that "The command and /readyz say that it is well" is_healthy
test_that "systemd-analyze security rates it 1.5 or better" is_hardened
test_that "A database that is away is waited for, shown and warned of" waits_for_the_database
test_that "Killed it comes back and goes on" survives_kill
test_that "Stopped dead it is restarted by the watchdog" is_watched
test_that "A secret comes from the credential store" takes_credentials
test_that "Restarts under load lose nothing" survives_restarts
test_that "An upgrade keeps the configuration and runs the new one" upgrades
test_that "Removed and installed again it goes on as before" comes_back
test_that "A wrong configuration is said and not tried again" refuses_nonsense
test_that "A purge leaves nothing" purges
summary
