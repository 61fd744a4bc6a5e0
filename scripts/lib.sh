# What the scripts share. Sourced, never run.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${PJSIP_SYNC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pjsip-sync-worker}
asterisk_tree=$cache/asterisk-forky-2
systemd_tree=$cache/systemd-1

say() { printf '%s\n' "$*" >&2; }

die() { say "$*"; exit 1; }

# Runs a command as root.
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs Debian packages that are missing.
need_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "Installing ${missing[*]}"
  mkdir -p "$cache"
  # one script after the other: apt refuses the second
  (
    flock 7
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
  ) 7>"$cache/apt.lock"
}

need_dotnet() {
  command -v dotnet >/dev/null || die "The .NET SDK 10 is missing: install dotnet-sdk-10.0"
}

# The mirror that this machine itself uses.
debian_mirror() { apt-get indextargets --format '$(REPO_URI) $(SUITE)' | awk '$2 !~ /security|updates/ { print $1; exit }'; }

# A Debian tree, made once and kept outside the checkout: make_tree FOLDER PROGRAM WHAT SUITE PACKAGES [SCRIPT].
# PROGRAM is what tells that it is there.
make_tree() {
  local tree=$1 program=$2 what=$3 suite=$4 packages=$5 script=${6:-}
  mkdir -p "$cache"
  (
    flock 9
    [ -x "$tree/$program" ] && exit
    say "Making $what in $tree (a minute or two, once)"
    as_root rm -rf "$tree.making"
    as_root debootstrap --variant=minbase --include="$packages" "$suite" "$tree.making" "$(debian_mirror)" ${script:+"$script"} >"$tree.log" 2>&1 \
      || { tail -n 20 "$tree.log" >&2; die "The tree could not be made"; }
    as_root rm -rf "$tree.making"/var/cache/apt/archives/*.deb
    as_root mv "$tree.making" "$tree"
  ) 9>"$tree.lock"
}

# A bare Debian of this machine's own release that boots, with PostgreSQL and nothing else: never written to.
need_systemd_tree() {
  need_packages debootstrap systemd-container
  make_tree "$systemd_tree" usr/sbin/init "a bare Debian tree" "$(. /etc/os-release && echo "$VERSION_CODENAME")" systemd,systemd-sysv,dbus,postgresql
}

# Asterisk 22, its ODBC driver and SIPp.
need_asterisk_tree() {
  need_packages debootstrap util-linux
  make_tree "$asterisk_tree" usr/sbin/asterisk "a Debian tree with Asterisk 22" forky \
    asterisk,asterisk-modules,asterisk-config,odbc-postgresql,unixodbc,sip-tester /usr/share/debootstrap/scripts/sid
}

release_tree() { echo "$cache/release-$1-1"; }

# A release of Debian that boots, with systemd and nothing else, as a server that was just installed: never written to.
need_release_tree() {
  need_packages debootstrap systemd-container
  make_tree "$(release_tree "$1")" usr/sbin/init "a bare Debian $1" "$1" systemd,systemd-sysv,dbus /usr/share/debootstrap/scripts/sid
  use_network_of_machine "$(release_tree "$1")"
}

# apt in a tree reaches the mirror as this machine's own does. The name server is that of slirp4netns.
use_network_of_machine() {
  { apt-config dump | grep -E '^Acquire::(http|https|Check)' || true; echo 'Acquire::Retries "3";'; } | as_root tee "$1/etc/apt/apt.conf.d/99machine" >/dev/null
  echo 'nameserver 10.0.2.3' | as_root tee "$1/etc/resolv.conf" >/dev/null
}

# Packages of npm for the applications of docs/, installed once for each tests/frameworks/node/package-lock.json.
node_modules=$cache/npm-$(sha256sum "$repository/tests/frameworks/node/package-lock.json" | cut -c1-12)/node_modules

need_node_modules() {
  command -v npm >/dev/null || need_packages nodejs npm
  local folder
  folder=$(dirname "$node_modules")
  mkdir -p "$cache"
  (
    flock 8
    [ -d "$node_modules" ] && exit
    say "Installing packages of npm in $folder"
    rm -rf "$folder.making"
    mkdir "$folder.making"
    cp "$repository"/tests/frameworks/node/package*.json "$folder.making/"
    # Prisma's scripts would download its native engines.
    (cd "$folder.making" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    mv "$folder.making" "$folder"
  ) 8>"$cache/npm.lock"
}

# What the application of docs/frameworks/NAME.md needs, or the page of docs/use/browser-phones.md: need_framework NAME.
need_framework() {
  case $1 in
    laravel) need_packages php-cli php-pgsql php-laravel-framework phpunit ;;
    django) need_packages python3-django python3-psycopg2 python3-psycopg python3-django-channels python3-daphne ;;
    rails) need_packages ruby-railties ruby-activerecord ruby-actioncable ruby-pg ;;
    browser) need_packages chromium && need_node_modules ;;
    *) need_packages curl && need_node_modules ;;
  esac
}

# PostgreSQL's own programs, the newest on this machine.
postgres_bin() {
  ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1
}

need_postgres() {
  [ -x "$(postgres_bin)/initdb" ] || need_packages postgresql
}

# PostgreSQL refuses to run as root.
as_server() { if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --init-groups "$@"; else "$@"; fi; }

# A private server on loopback, in a folder of its own: start_postgres FOLDER PORT [OPTION …]
start_postgres() {
  local folder=$1 port=$2
  chmod 755 "$folder"
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  as_server "$(postgres_bin)/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --no-locale --no-sync >/dev/null
  as_server "$(postgres_bin)/pg_ctl" -D "$folder/data" -s -w -l "$folder/postgres.log" -o "-p $port -k $folder -c listen_addresses=127.0.0.1 ${*:3}" start
}

stop_postgres() { as_server "$(postgres_bin)/pg_ctl" -D "$1/data" -s -m immediate stop 2>/dev/null || true; }

# A TCP port that is free now.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
