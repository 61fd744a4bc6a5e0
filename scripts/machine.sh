# A Debian tree booted as a machine of its own, without a network, for the tests of a script. Sourced, never run.
# $folder/packages is its /mnt; --keep, the script's argument, leaves it running at the first failure.
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
keep=${1:-}
leader='' nspawn=''
folder=$(mktemp -d -t pjsip-sync-machine.XXXXXX)
mkdir "$folder/packages"

# What is written inside stays in memory and is gone with the machine.
boot_machine() { # TREE
  as_root env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$1" --volatile=overlay --boot --register=no --keep-unit --link-journal=no \
    --private-network --machine="pjsip-sync-$$" --bind-ro="$folder/packages:/mnt" >"$folder/console" 2>&1 </dev/null &
  nspawn=$!
  local deadline=$((SECONDS + 60))
  until leader=$(first_process) && inside systemctl is-active --quiet multi-user.target 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || { tail -n 30 "$folder/console" >&2; die "The machine did not boot"; }
    sleep 0.2
  done
}

# The machine's first process, some levels below what was started here.
first_process() {
  local pid=$nspawn
  while pid=$(pgrep -P "$pid" | head -n 1) && [ -n "$pid" ]; do
    [ "$(cat "/proc/$pid/comm")" != systemd ] || { echo "$pid"; return; }
  done
  return 1
}

clean_up() {
  # Its first process is told to halt; with it goes everything inside.
  [ -n "$leader" ] && as_root kill -s RTMIN+4 "$leader" 2>/dev/null
  if [ -n "$nspawn" ]; then
    for _ in $(seq 100); do kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
    as_root kill -KILL "$nspawn" 2>/dev/null
    wait "$nspawn" 2>/dev/null
  fi
  as_root rm -rf "$folder"
}
trap clean_up EXIT

inside() { as_root nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wd env LC_ALL=C.UTF-8 "$@"; }
shell() { inside bash -euo pipefail -c "$1"; }
sql() { inside runuser -u postgres -- psql -X -q -A -t -d pbx -c "$1"; }
unit() { inside systemctl show --value -p "$1" pjsip-sync-worker.service; }
# Where --keep was given the machine stays at the first failure.
on_failure() {
  inside journalctl -u pjsip-sync-worker --no-pager -n 15 -o cat || true
  [ -n "$keep" ] || return 0
  trap - EXIT
  echo "Left running: nsenter --target $leader --mount --uts --ipc --net --pid --root bash; kill -s RTMIN+4 $leader ends it"
  exit 1
}
