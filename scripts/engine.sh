#!/usr/bin/env bash
# A Docker engine of the caller's own, with networks, processes and mounts of its own. Nothing of this machine's is touched, and
# everything goes when the engine's first process is killed. Images are kept in the cache. Needs root for everything.
#
#   engine.sh start FOLDER              starts an engine whose socket and log are in FOLDER; prints leader=PID, network=PID, the
#                                       environment of its clients, and "ready"; stops it when standard input ends; the line
#                                       "keep" ends the script alone
#   engine.sh beside LEADER COMMAND …   runs a command of this machine where the engine's published ports are
#   engine.sh within LEADER COMMAND …   runs a command of this machine among the engine's processes and mounts
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || exec sudo env PATH="$PATH" HOME="$HOME" PJSIP_SYNC_CACHE="$cache" "$0" "$@"

# Puts Debian's own programs first, and makes "docker compose" also where Debian has the old docker-compose.
make_clients() {
  mkdir -p "$engine/bin"
  export DOCKER_HOST=unix://$engine/docker.sock PATH=$engine/bin:/usr/sbin:/usr/bin:$PATH DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
  cat >"$engine/bin/docker" <<'SH'
#!/bin/bash
if [ "$1" = compose ] && ! /usr/bin/docker compose version >/dev/null 2>&1; then
  shift
  [ "$1" != exec ] || set -- exec -T "${@:2}"
  exec docker-compose "$@"
fi
exec /usr/bin/docker "$@"
SH
  chmod 755 "$engine/bin/docker"
}

start() { # FOLDER of its images
  local deadline=$((SECONDS + 60)) line
  mkdir -p "$1"
  exec 8>"$1.lock"
  flock 8
  cat >"$engine/first" <<SH
ip link set lo up
dockerd --data-root $1 --exec-root $engine/exec --pidfile $engine/pid --host $DOCKER_HOST \\
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent pjsip-sync-$$ &
wait
SH
  trap stop EXIT
  unshare --net --mount --pid --fork --mount-proc bash "$engine/first" >"$engine/log" 2>&1 </dev/null 8>&- &
  until leader=$(pgrep -o -f "^bash $engine/first"); do sleep 0.1; done
  # The way out, for apt and NuGet, without a rule or an address on this machine.
  slirp4netns --configure --mtu=65520 --disable-host-loopback "$leader" tap0 >"$engine/network" 2>&1 </dev/null 8>&- &
  network=$!
  until docker info >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { tail -n 30 "$engine/log" "$engine/network" >&2; die "The engine did not start within 60 s"; }
    sleep 0.2
  done
  empty
  printf '%s\n' "leader=$leader" "network=$network" "PATH=$PATH" "DOCKER_HOST=$DOCKER_HOST" DOCKER_BUILDKIT=1 \
    COMPOSE_DOCKER_CLI_BUILD=1 ready
  while read -r line; do
    [ "$line" != keep ] || { trap - EXIT; exit 0; }
  done
}

# Removes all but images and the cache of builds.
empty() {
  docker ps -a -q | xargs -r docker rm -f -v >/dev/null
  docker volume ls -q | xargs -r docker volume rm >/dev/null
  docker network prune -f >/dev/null
}

stop() {
  local cgroup
  set +e
  if [ -n "$leader" ]; then
    empty
    docker image prune -f >/dev/null
    docker builder prune -f --keep-storage 5GB >/dev/null
    kill -TERM "$(pgrep -P "$leader" -x dockerd)"
    for _ in $(seq 100); do pgrep -P "$leader" >/dev/null || break; sleep 0.1; done
    kill -KILL "$leader"
  fi 2>/dev/null
  [ -z "$network" ] || kill "$network" 2>/dev/null
  wait
  for cgroup in /sys/fs/cgroup/pjsip-sync-$$ /sys/fs/cgroup/*/pjsip-sync-$$; do
    [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} +
  done
}

action=${1:-} leader=${2:-} network=''
case $action in
  start)
    engine=$2 leader=''
    need_packages docker.io docker-compose slirp4netns iptables iproute2 util-linux procps
    # Newer releases of Debian have these two apart.
    for package in docker-cli docker-buildx; do
      [ -z "$(apt-cache search --names-only "^$package\$")" ] || need_packages "$package"
    done
    make_clients
    start "$cache/docker-1" ;;
  beside) exec nsenter --net="/proc/$leader/ns/net" "${@:3}" ;;
  within) exec nsenter --target "$leader" --pid --mount "${@:3}" ;;
  *) die "engine.sh: the action must be start, beside or within" ;;
esac
