#!/usr/bin/env bash
# The way of docs/operate/containers.md, each of its commands as it stands there, in a Docker engine of its own; a phone registers;
# then what goes wrong: secrets that are missing or wrong, a database that is away, a worker that is killed or stuck.
# And the integration tests' own PostgreSQL in a container.
# The last line is "N passed, N failed, N skipped". --keep leaves the engine running at the first failure.
. "$(dirname "$0")/checks.sh"
# The engine needs root for everything.
[ "$(id -u)" = 0 ] || exec sudo env PATH="$PATH" HOME="$HOME" PJSIP_SYNC_CACHE="$cache" "$0" "$@"
keep=${1:-}
need_dotnet
need_asterisk_tree
need_packages curl util-linux git
folder=$(mktemp -d -t pjsip-sync-docker.XXXXXX)
phones=$asterisk_tree/srv/$(basename "$folder")
clean_up() {
  set +e
  stop_engine
  rm -rf "$folder" "$phones"
}
trap clean_up EXIT
. "$repository/scripts/engine.sh"
. "$repository/scripts/base-images.sh"
start_engine "$cache/docker-1"
make_base_images >/dev/null

# A checkout of what is here now, in which a stuck worker is noticed within seconds, and a phone that registered and went is
# not asked whether it is still there.
checkout=$folder/pjsip-sync-worker
mkdir "$checkout" "$folder/steps"
git -C "$repository" ls-files -z --cached --others --exclude-standard | (cd "$repository" && xargs -0 tar --ignore-failed-read -c 2>/dev/null) | tar -x -C "$checkout"
git -C "$checkout" init -q
# Always the same commit, so that what was built from the same files is built once.
GIT_AUTHOR_DATE=2000-01-01T00:00:00Z GIT_COMMITTER_DATE=2000-01-01T00:00:00Z \
  git -C "$checkout" -c user.name=test -c user.email=test@example.invalid commit -q --allow-empty -m test
cat >"$checkout/compose.override.yaml" <<'YAML'
services:
  worker:
    healthcheck: { interval: 1s, timeout: 2s, retries: 2 }
    environment: { Realtime__Defaults__QualifyFrequency: "0" }
YAML
cp -r "$repository/tests/sip" "$phones"

steps_of docs/operate/containers.md "$folder/steps" "In containers"
secrets=$folder/steps/01 up=$folder/steps/02 look=$folder/steps/03

step() { (cd "$checkout" && bash -euo pipefail "$1" </dev/null); }
compose() { (cd "$checkout" && docker compose "$@" </dev/null); }
container() { compose ps -q "$1"; }
state() { docker inspect -f "{{.State.$2}}" "$(container "$1")"; }
healthy() { equals healthy state "$1" Health.Status; }
worker() { compose exec worker pjsip-sync-worker "$@"; }
sql() { compose exec postgres psql -X -q -A -t -U postgres pbx -c "$1"; }
is_true() { equals t sql "$1"; }
get() { beside_engine curl -s --max-time 5 "http://localhost:9464$1"; }
phone() { # PASSWORD
  beside_engine chroot "$asterisk_tree" sh -c "cd /srv/$(basename "$phones") && exec sipp \"\$@\"" - 127.0.0.1:5060 -i 127.0.0.1 -p 5999 -sf register.xml \
    -s 1001 -au 1001 -ap "$1" -key expires 300 -m 1 -nostdin -timeout 15s -timeout_error
}
password() { sql "select password from extensions where number = '1001'"; }
on_failure() {
  docker ps -a --format '{{.Names}}: {{.Status}}' || true
  compose logs --tail 20 postgres init worker || true
  [ -n "$keep" ] || return 0
  trap - EXIT
  echo "Left running: DOCKER_HOST=$DOCKER_HOST; kill -KILL $engine_leader $network ends it"
  exit 1
}

asks_for_secrets() {
  local name said
  : >"$checkout/.env"
  for name in POSTGRES_PASSWORD WORKER_PASSWORD ASTERISK_PASSWORD AMI_SECRET; do
    fails compose up -d 2>"$folder/said"
    said=$(cat "$folder/said")
    echo "$said"
    grep -F "$name in .env is " <<<"$said"
    echo "$name=x" >>"$checkout/.env"
  done
  rm "$checkout/.env"
}
makes_secrets() {
  step "$secrets"
  equals 4 grep -cE '^[A-Z_]+=[0-9a-f]{48}$' "$checkout/.env"
  equals 600 stat -c %a "$checkout/.env"
}
becomes_healthy() {
  eventually 60 healthy worker
  eventually 60 healthy asterisk
  equals 0 docker inspect -f '{{.State.ExitCode}}' "$(compose ps -a -q init 2>/dev/null || container init)"
}
knows_its_commit() {
  equals "$(sed -n 's/.*<VersionPrefix>\(.*\)<.*/\1/p' "$repository/Directory.Build.props")+$(git -C "$checkout" log -1 --abbrev=12 --format=%h.%cs)" worker --version
}
is_confined() {
  local status
  status=$(beside_engine nsenter --target "$engine_leader" --pid --mount cat "/proc/$(state worker Pid)/status")
  grep -E '^(Uid|Cap|NoNew)' <<<"$status"
  grep -E $'^Uid:\t1654\t1654\t1654\t1654$' <<<"$status"
  grep -E $'^CapPrm:\t0+$' <<<"$status"
  grep -E $'^CapBnd:\t0+$' <<<"$status"
  grep -E $'^NoNewPrivs:\t1$' <<<"$status"
  fails worker render-config --output /tmp/files 2>"$folder/said"
  cat "$folder/said"
  grep -F 'Read-only file system' "$folder/said"
  fails compose exec worker sh -c true
  equals '' docker diff "$(container worker)"
  # Asterisk neither.
  fails equals 0 compose exec asterisk id -u
  fails compose exec asterisk touch /usr/touched
}
keeps_secrets() {
  local name image
  for name in POSTGRES_PASSWORD WORKER_PASSWORD ASTERISK_PASSWORD AMI_SECRET; do
    compose logs >"$folder/logs" 2>&1
    fails grep -F "$(sed -n "s/^$name=//p" "$checkout/.env")" "$folder/logs"
  done
  for image in pjsip-sync-worker pjsip-sync-asterisk; do
    fails sh -c "docker history --no-trunc $image | grep -E '_(PASSWORD|SECRET)=[0-9a-f]'"
  done
}
works() {
  step "$look"
  eventually 10 is_true "select count(*) = 1 from ps_endpoints join ps_auths using (id) join ps_aors using (id) where id = '1001'"
}
registers() {
  local password
  password=$(password)
  fails phone not-this-one
  phone "$password"
  eventually 10 is_true "select status = 'online' from extensions where number = '1001'"
  worker status 1001 | grep online
}
verifies() {
  local found
  found=$(worker verify-config)
  echo "$found"
  grep -F 'pass asterisk.proof [pbx1]: Asterisk reads 1001 as they were written' <<<"$found"
  grep -F 'as role pjsip_sync' <<<"$found"
  grep -F '1 of 1 extensions online' <<<"$found"
  grep -F ' 0 to look at, 0 failed, 0 skipped' <<<"$found"
}
measures() { eventually 10 measured; }
measured() {
  get /metrics | grep -E '^pjsip_sync_changes_total\{.*operation="create".*\} 1( |$)'
  get /metrics | grep -E '^pjsip_sync_ami_connected\{.*node="pbx1".*\} 1( |$)'
}
waits_for_the_database() {
  compose stop postgres
  eventually 20 fails worker health --ready
  healthy worker
  compose start postgres
  eventually 30 worker health --ready
  sql "insert into extensions (number, password) values ('1002', 'sesame')"
  eventually 10 is_true "select count(*) = 2 from ps_endpoints"
}
# A signal as the kernel or an operator of the machine sends it, not by Docker, which would take it for its own wish.
signal() { nsenter --target "$engine_leader" --pid --mount kill -s "$1" "$(state worker Pid)"; }
survives_kill() {
  local pid
  pid=$(state worker Pid)
  signal KILL
  eventually 30 fails equals "$pid" state worker Pid
  sql "insert into extensions (number, password) values ('1003', 'sesame')"
  eventually 20 is_true "select count(*) = 3 from ps_endpoints"
  eventually 20 healthy worker
}
notices_stuck() {
  signal STOP
  eventually 30 equals unhealthy state worker Health.Status
  signal CONT
  eventually 30 healthy worker
}
refuses_wrong_password() {
  local code=0
  compose run --rm -T -e PGPASSWORD=wrong worker 2>"$folder/said" || code=$?
  cat "$folder/said"
  [ $code = 2 ]
  grep -F 'Database: the password for this database role is wrong' "$folder/said"
}
takes_secret_files() {
  echo "Host=postgres;Database=pbx;Username=pjsip_sync;Password=$(sed -n 's/^WORKER_PASSWORD=//p' "$checkout/.env")" >"$folder/secret"
  chmod 644 "$folder/secret"
  compose run --rm -T -e PGPASSWORD=wrong -e CREDENTIALS_DIRECTORY=/run/secrets -v "$folder/secret:/run/secrets/ConnectionStrings__Postgres:ro" \
    worker sync-extensions --dry-run
}
stops() {
  local start=$SECONDS
  compose stop -t 10 worker
  [ $((SECONDS - start)) -lt 5 ]
  equals 0 state worker ExitCode
}
comes_back() {
  compose down
  step "$up"
  eventually 60 healthy worker
  equals 3 sql "select count(*) from ps_endpoints"
  eventually 60 healthy asterisk
  phone "$(password)"
  eventually 10 is_true "select status = 'online' from extensions where number = '1001'"
}

# The integration tests, beside the engine so that they reach its ports. A reaper of containers has no image here, and
# Debian's engine may be older than what Testcontainers speaks by itself.
tests=$repository/tests/PjsipSyncWorker.IntegrationTests/bin/Debug/net10.0/PjsipSyncWorker.IntegrationTests
integration() {
  local code=0
  beside_engine env TESTCONTAINERS_RYUK_DISABLED=true DOCKER_API_VERSION="$(docker version -f '{{.Server.APIVersion}}')" "$@" "$tests" -noColor -class PjsipSyncWorker.IntegrationTests.SourceTests >"$folder/said" 2>&1 || code=$?
  cat "$folder/said"
  return $code
}
passed_all() { grep -E 'Total: [1-9][0-9]*, Errors: 0, Failed: 0, Skipped: 0' "$folder/said"; }
containers_of() { docker events --since "$1" --until "$(date +%s)" --filter event=start --filter "image=$postgres_image" --format '{{.ID}}' | wc -l; }
serves_tests() {
  local since
  since=$(date +%s)
  integration PJSIP_SYNC_TEST_PG_IMAGE="$postgres_image"
  passed_all
  equals 1 containers_of "$since"
}
names_missing_image() {
  fails integration PJSIP_SYNC_TEST_PG_IMAGE=localhost:1/no-such-image
  grep -F 'PJSIP_SYNC_TEST_PG_IMAGE asks for a container of localhost:1/no-such-image' "$folder/said"
}
falls_back() {
  integration DOCKER_HOST=unix:///nowhere/docker.sock
  grep -F 'No PostgreSQL in a container' "$folder/said"
  passed_all
}

test_that "Without its secrets compose starts nothing and names what is missing" asks_for_secrets
test_that "README: the secrets" makes_secrets
test_that "README: docker compose up" step "$up"
test_that "The worker and Asterisk become healthy" becomes_healthy
test_that "The binary knows its version and commit" knows_its_commit
test_that "README: an extension in SQL is a row in ps_endpoints, and the commands look at it" works
test_that "A phone registers with its password and no other, and is online" registers
test_that "Every check passes, as the worker's own role" verifies
test_that "The metrics moved, and are read from outside the container" measures
test_that "No user is root, nothing is writable, no capability, no shell" is_confined
test_that "No secret is in a log or an image" keeps_secrets
test_that "A database that is away is waited for" waits_for_the_database
test_that "Killed it comes back and goes on" survives_kill
test_that "Stopped dead it is shown as unhealthy" notices_stuck
test_that "A wrong password is said, with exit code 2" refuses_wrong_password
test_that "A secret may be a file in /run/secrets" takes_secret_files
test_that "It stops within five seconds, with exit code 0" stops
test_that "Taken down and up again everything is as before" comes_back
compose down -v >/dev/null 2>&1
[ -x "$tests" ] || dotnet build "$repository/tests/PjsipSyncWorker.IntegrationTests" -c Debug -v quiet --nologo >&2
test_that "The integration tests use a container where an engine answers" serves_tests
test_that "An image that was asked for and cannot be had fails them, by name" names_missing_image
test_that "Without an engine that works they use a cluster of their own, and say so" falls_back
summary
