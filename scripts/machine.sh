#!/usr/bin/env bash
# A Debian tree booted as a machine of its own. Whatever is written inside stays in memory and is gone with the machine.
#
#   machine.sh boot TREE FOLDER         boots TREE with FOLDER as its /mnt, prints leader=PID and "ready", and halts the machine when
#                                       standard input ends; the line "keep" ends the script alone.
#                                       TREE is bare (this machine's release, systemd and PostgreSQL, no network) or the name of a
#                                       release of Debian (systemd alone, a network to reach the mirror)
#   machine.sh run LEADER COMMAND …     runs a command inside
#   machine.sh beside LEADER COMMAND …  runs a command of this machine in the network of the other
#   machine.sh halt LEADER              halts a machine that was kept
. "$(dirname "$0")/lib.sh"

# Prints the machine's first process, which is some levels below systemd-nspawn.
first_process() {
  local pid=$nspawn
  while pid=$(pgrep -P "$pid" | head -n 1) && [ -n "$pid" ]; do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != systemd ] || { echo "$pid"; return; }
  done
  return 1
}

run() { as_root nsenter --target "$leader" --mount --uts --ipc --net --pid --root --wd env LC_ALL=C.UTF-8 "$@"; }

boot() { # FOLDER_OF_TREE FOLDER [network]
  local deadline=$((SECONDS + 60)) line
  leader='' console=$(mktemp -t pjsip-sync-console.XXXXXX)
  trap halt_own EXIT
  as_root env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --directory="$1" --volatile=overlay --boot --register=no \
    --keep-unit --link-journal=no --private-network --machine="pjsip-sync-$$" --bind-ro="$2:/mnt" >"$console" 2>&1 </dev/null &
  nspawn=$!
  until leader=$(first_process) && run systemctl is-active --quiet multi-user.target 2>/dev/null; do
    [ $SECONDS -lt $deadline ] || { tail -n 30 "$console" >&2; die "The machine did not boot within 60 s"; }
    sleep 0.2
  done
  [ -z "${3:-}" ] || connect
  printf 'leader=%s\nready\n' "$leader"
  while read -r line; do
    [ "$line" != keep ] || { trap - EXIT; exit 0; }
  done
}

# The way out, for apt, without a rule or an address on this machine.
connect() {
  local deadline=$((SECONDS + 10))
  as_root slirp4netns --configure --mtu=65520 --disable-host-loopback "$leader" tap0 >>"$console" 2>&1 </dev/null &
  until run test -d /sys/class/net/tap0; do
    [ $SECONDS -lt $deadline ] || { tail -n 5 "$console" >&2; die "slirp4netns gave the machine no network within 10 s"; }
    sleep 0.1
  done
}

# systemd takes this signal for "halt"; everything inside ends with the first process, but not what connects it.
halt() {
  as_root kill -s RTMIN+4 "$leader" 2>/dev/null
  as_root pkill -f "^slirp4netns .* $leader tap0\$" || true
}

halt_own() {
  set +e
  [ -z "$leader" ] || halt
  for _ in $(seq 100); do as_root kill -0 "$nspawn" 2>/dev/null || break; sleep 0.1; done
  as_root kill -KILL "$nspawn" 2>/dev/null
  wait "$nspawn" 2>/dev/null
  rm -f "$console"
}

action=${1:-} leader=${2:-}
case $action in
  boot)
    need_packages systemd-container util-linux procps
    case $2 in
      bare) need_systemd_tree; boot "$systemd_tree" "$3" ;;
      bookworm | trixie | forky) need_packages slirp4netns; need_release_tree "$2"; boot "$(release_tree "$2")" "$3" network ;;
      *) die "machine.sh boot: $2 is not a tree; must be bare, bookworm, trixie or forky" ;;
    esac ;;
  run) run "${@:3}" ;;
  beside) as_root nsenter --target "$leader" --net "${@:3}" ;;
  halt) halt ;;
  *) die "machine.sh: the action must be boot, run, beside or halt" ;;
esac
