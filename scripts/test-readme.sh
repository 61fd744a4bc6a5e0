#!/usr/bin/env bash
# The README's way from a bare server to a phone, each of its commands as it stands there, on a Debian with PostgreSQL and
# Asterisk as they were installed, booted as a machine of its own; then a phone that registers.
# The last line is "N passed, N failed, N skipped". --keep leaves the machine running at the first failure.
. "$(dirname "$0")/machine.sh"
need_asterisk_tree
need_packages systemd-container
package=$("$repository/scripts/package.sh" --built 2>/dev/null)
cp "$package" "$folder/packages/"
cp "$repository"/tests/sip/*.xml "$folder/packages/"

mkdir "$folder/steps"
steps "From a bare server to a phone" "$folder/steps"
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
  grep -Fx 'extconfig.conf [settings]: ps_endpoints = odbc,asterisk is missing' <<<"$found"
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

steps=("$folder"/steps/*)
test_that "README: $(head -n 1 "${steps[0]}")" step "${steps[0]}"
test_that "What Debian's own /etc/asterisk lacks is named" names_what_debian_lacks
for file in "${steps[@]:1:${#steps[@]}-2}"; do test_that "README: $(head -n 1 "$file")" step "$file"; done
test_that "A phone registers with its password and no other, and README: $(head -n 1 "${steps[-1]}")" registers
test_that "Every check passes, as the service's own user" passes
test_that "No database password was needed anywhere" no_password
test_that "What is secret is not for all to read" secrets_are_kept
test_that "Restarted all at once, everything goes on" goes_on
summary
