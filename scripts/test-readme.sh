#!/usr/bin/env bash
# The way of docs/operate/install.md from a bare server to a phone, each of its commands as it stands there, on a Debian with PostgreSQL and
# Asterisk as they were installed, booted as a machine of its own; then a phone that registers; then the commands of
# docs/operate/troubleshooting.md, docs/operate/operations.md and docs/operate/security.md on the same machine.
# The last line is "N passed, N failed, N skipped". --keep leaves the machine running at the first failure.
. "$(dirname "$0")/machine.sh"
need_asterisk_tree
need_packages systemd-container
package=$("$repository/scripts/package.sh" --built 2>/dev/null)
cp "$package" "$folder/packages/"
cp "$repository"/tests/sip/*.xml "$folder/packages/"

steps_of docs/operate/install.md "$folder/steps" "From a bare server to a phone"
boot_machine "$asterisk_tree"
inside bash -c 'cp /mnt/*.deb /root/'

step() { inside env --chdir=/root DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$(cat "$1")" </dev/null; }
check() { inside pjsip-sync-worker render-config --check /etc/asterisk; }
# As Debian installs it: everything that is needed is named, and nothing breaks.
names_what_debian_lacks() {
  local found code=0
  found=$(check) || code=$?
  echo "$found"
  [ $code = 1 ]
  grep -Fx 'odbc.ini [asterisk]: the section is missing' <<<"$found"
  grep -Fx 'extconfig.conf [settings]: ps_endpoints = odbc,asterisk,ps_endpoints_for_server is missing' <<<"$found"
  grep -Fx 'modules.conf [modules]: noload = res_config_odbc.so keeps out what is needed' <<<"$found"
  grep -Fx 'pjsip.conf [transport-udp]: the section is missing' <<<"$found"
  grep -Fx 'manager.conf [pjsip-sync]: the section is missing' <<<"$found"
}
worker() { inside runuser -u pjsip_sync -- pjsip-sync-worker "$@"; }
phone() { # PASSWORD
  inside bash -c "cd /tmp && sipp 127.0.0.1:5060 -i 127.0.0.1 -p 5999 -sf /mnt/register.xml -s 1001 -au 1001 -ap '$1' -key expires 300 -m 1 -nostdin -timeout 15s -timeout_error"
}
registers() {
  local password
  password=$(sql "select password from extensions where number = '1001'")
  fails phone not-this-one
  phone "$password"
  eventually 10 online
  online
}
online() { step "${steps[-1]}" | grep online; }
passes() {
  local found
  found=$(worker verify-config)
  echo "$found"
  grep -F 'as role pjsip_sync on /run/postgresql' <<<"$found"
  grep -F 'pass asterisk.proof [pbx1]: Asterisk reads 1001 as they were written' <<<"$found"
  grep -F '1 of 1 extensions online' <<<"$found"
  grep -F ' 0 to look at, 0 failed, 0 skipped' <<<"$found"
}
no_password() {
  fails inside grep -riE '^[^;]*password' /etc/pjsip-sync-worker /etc/odbc.ini
  fails inside grep -E '^password *= *[^ ]' /etc/asterisk/res_odbc.conf
  equals '|' sql "select string_agg(coalesce(rolpassword, ''), '|') from pg_authid where rolname in ('pjsip_sync', 'asterisk')"
}
secrets_are_kept() {
  equals '640 root asterisk' inside stat -c '%a %U %G' /etc/asterisk/manager.conf
  equals '640 root asterisk' inside stat -c '%a %U %G' /etc/asterisk/res_odbc.conf
  equals '640 root pjsip_sync' inside stat -c '%a %U %G' /etc/pjsip-sync-worker/appsettings.json
}
goes_on() {
  inside systemctl restart postgresql asterisk pjsip-sync-worker
  eventually 30 worker health --ready
  sql "insert into extensions (number, password) values ('1002', 'another')"
  eventually 10 equals 2 sql "select count(*) from ps_endpoints"
}

# What a document says in the middle of a sentence: `asterisk -rx '…'`, `verify-config --fix`.
documented() { grep -rohE "$1" "$repository"/README.md "$repository"/docs | tr -d '`' | sort -u; }
asterisk_knows_them() {
  local command output count=0
  while read -r command; do
    output=$(inside bash -c "$command" </dev/null)
    echo "$command: $output"
    fails grep -E 'No such command|^Usage:' <<<"$output"
    count=$((count + 1))
  done < <(documented "\`asterisk -rx '[^']+'\`")
  [ $count -gt 3 ]
}
worker_knows_them() {
  local said name option count=0
  while read -r said; do
    name=${said#pjsip-sync-worker } name=${name%% *}
    inside pjsip-sync-worker "$name" --help </dev/null >"$folder/help"
    for option in $(grep -oE -- '--[a-z-]+' <<<"$said"); do
      echo "$name $option"
      grep -qE -- "^ +(-., )?$option( |$)" "$folder/help"
    done
    count=$((count + 1))
  done < <(documented "\`(pjsip-sync-worker )?($(inside pjsip-sync-worker --help | sed -n '/^Commands:/,$ s/^  \([a-z-]*\).*/\1/p' | paste -sd '|'))( [^\`]*)?\`")
  [ $count -gt 20 ]
}
# The backup is older than what follows it: 1003 came since, and 1001 went.
changes_after_the_backup() {
  sql "insert into extensions (number, password) values ('1003', 'third'); delete from extensions where number = '1001'"
  eventually 10 equals '1002,1003' sql "select string_agg(id, ',' order by id) from ps_endpoints"
}
is_as_the_backup() {
  eventually 20 equals '1001,1002' sql "select string_agg(id, ',' order by id) from ps_endpoints"
  eventually 20 worker health --ready
  registers
  eventually 10 passes
}

steps=("$folder"/steps/*)
test_that "README: $(head -n 1 "${steps[0]}")" step "${steps[0]}"
test_that "What Debian's own /etc/asterisk lacks is named" names_what_debian_lacks
for file in "${steps[@]:1:${#steps[@]}-2}"; do test_that "README: $(head -n 1 "$file")" step "$file"; done
test_that "A phone registers with its password and no other, and README: $(head -n 1 "${steps[-1]}")" registers
test_that "Every check passes, as the service's own user" passes
test_that "No database password was needed anywhere" no_password
test_that "What is secret is not for all to read" secrets_are_kept
test_that "Restarted all at once, everything goes on" goes_on

test_that "Asterisk knows every command of its own that the documents name" asterisk_knows_them
test_that "The worker knows every command and option of its own that the documents name" worker_knows_them
sql "insert into pjsip_sync.node (name, last_seen_at) values ('pbx9', now() - interval '1 hour')"
for document in docs/operate/troubleshooting.md docs/operate/operations.md docs/operate/security.md; do
  steps_of "$document" "$folder/$document"
  for file in "$folder/$document"/*; do
    first=$(head -n 1 "$file")
    test_that "$document: $first" step "$file"
    case $first in
      *pg_dumpall*) test_that "Extensions come and go after the backup" changes_after_the_backup ;;
      'systemctl stop'*) test_that "The restored database has what the backup had, and a phone registers" is_as_the_backup ;;
    esac
  done
done
test_that "With new secrets everything works as before" eventually 20 passes
summary
