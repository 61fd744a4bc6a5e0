# A Docker engine of the caller's own, with networks, processes and mounts of its own: nothing of this machine's is touched, and
# when its first process is killed everything goes with it. Sourced, never run. Images are kept in the cache.
need_packages docker.io docker-compose slirp4netns iptables iproute2
# Newer releases have these apart.
for package in docker-cli docker-buildx; do
  [ -z "$(apt-cache search --names-only "^$package\$")" ] || need_packages "$package"
done
engine=$folder/engine engine_leader='' network=''
export DOCKER_HOST=unix://$engine/docker.sock

# Debian's own programs first, and "docker compose" also where Debian has the old docker-compose.
mkdir -p "$engine/bin"
export PATH=$engine/bin:/usr/sbin:/usr/bin:$PATH DOCKER_BUILDKIT=1 COMPOSE_DOCKER_CLI_BUILD=1
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

start_engine() { # FOLDER, where its images are kept
  mkdir -p "$1"
  exec 8>"$1.lock"
  flock 8
  cat >"$engine/first" <<SH
ip link set lo up
dockerd --data-root $1 --exec-root $engine/exec --pidfile $engine/pid --host $DOCKER_HOST \\
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent pjsip-sync-$$ &
wait
SH
  unshare --net --mount --pid --fork --mount-proc bash "$engine/first" >"$engine/log" 2>&1 </dev/null 8>&- &
  local deadline=$((SECONDS + 60))
  until engine_leader=$(pgrep -o -f "^bash $engine/first"); do sleep 0.1; done
  # The way out, for apt and NuGet, without a rule or an address on this machine.
  slirp4netns --configure --mtu=65520 --disable-host-loopback "$engine_leader" tap0 >"$engine/network" 2>&1 </dev/null 8>&- &
  network=$!
  until docker info >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { tail -n 30 "$engine/log" "$engine/network" >&2; die "The engine did not start"; }
    sleep 0.2
  done
  empty_engine
}

# What a run leaves: images and what builds keep.
empty_engine() {
  docker ps -a -q | xargs -r docker rm -f -v >/dev/null
  docker volume ls -q | xargs -r docker volume rm >/dev/null
  docker network prune -f >/dev/null
}

stop_engine() {
  local cgroup
  if [ -n "$engine_leader" ]; then
    empty_engine
    docker image prune -f >/dev/null
    docker builder prune -f --keep-storage 5GB >/dev/null
    kill -TERM "$(pgrep -P "$engine_leader" -x dockerd)"
    for _ in $(seq 100); do pgrep -P "$engine_leader" >/dev/null || break; sleep 0.1; done
    kill -KILL "$engine_leader"
  fi 2>/dev/null
  [ -z "$network" ] || kill "$network" 2>/dev/null
  wait
  for cgroup in /sys/fs/cgroup/pjsip-sync-$$ /sys/fs/cgroup/*/pjsip-sync-$$; do
    [ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} +
  done
}

# Where the engine's published ports are.
beside_engine() { nsenter --net="/proc/$engine_leader/ns/net" "$@"; }
