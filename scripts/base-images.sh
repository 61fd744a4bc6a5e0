#!/usr/bin/env bash
# Makes the base images of the Dockerfile and of compose.yaml under their own names, from Debian's packages and this machine's .NET
# SDK, because there is no registry to have them from. DOCKER_HOST names the engine.
. "$(dirname "$0")/lib.sh"
need_dotnet
need_systemd_tree
forky_tree=$cache/forky-1
make_tree "$forky_tree" usr/bin/apt-get "a bare Debian forky" forky ca-certificates /usr/share/debootstrap/scripts/sid

# What the Dockerfile or compose.yaml calls it.
argument() { sed -n "s/^ARG $1=//p" "$repository/Dockerfile"; }
postgres_image=$(sed -n 's/^ *image: \(postgres:.*\)/\1/p' "$repository/compose.yaml")

import_tree() { # TREE NAME
  docker image inspect "$2" >/dev/null 2>&1 || tar -C "$1" -c . | docker import - "$2" >/dev/null
}

make_base_images() { # FOLDER for what is built from
  local base=$1 debian forky stamp
  debian=pjsip-sync-tree:$(basename "$systemd_tree") forky=pjsip-sync-tree:$(basename "$forky_tree")
  import_tree "$systemd_tree" "$debian"
  import_tree "$forky_tree" "$forky"

  # How this machine reaches its registries.
  cp /etc/ssl/certs/ca-certificates.crt "$base/"
  cp "$HOME/.nuget/NuGet/NuGet.Config" "$base/" 2>/dev/null || echo '<configuration />' >"$base/NuGet.Config"
  apt-config dump | grep -E '^Acquire::(http|https|Check)' >"$base/apt.conf" || true
  cat >"$base/postgres.sh" <<'SH'
#!/bin/bash
# As the image postgres: a new volume gets a cluster, the superuser's password, the database and what is in /docker-entrypoint-initdb.d.
set -euo pipefail
export PATH=$(ls -d /usr/lib/postgresql/*/bin):$PATH PGDATA=/var/lib/postgresql/data
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -D "$PGDATA" -U "$user" -A scram-sha-256 --auth-local=trust --pwfile=<(echo "${POSTGRES_PASSWORD:?}") -E UTF8 --no-locale --no-sync
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=''" start
  [ "$database" = postgres ] || createdb -U "$user" "$database"
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ ! -e "$file" ] || psql -X -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$file"
  done
  pg_ctl -D "$PGDATA" -w -m fast stop
fi
[ "${1:-}" != postgres ] || shift
exec postgres -D "$PGDATA" -c "listen_addresses=*" "$@"
SH
  chmod 755 "$base/postgres.sh"
  cat >"$base/Dockerfile" <<DOCKERFILE
FROM $debian AS postgres
RUN mkdir -p /run/postgresql /var/lib/postgresql/data && chown postgres: /run/postgresql /var/lib/postgresql/data
COPY postgres.sh /usr/local/bin/
USER postgres
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/postgres.sh"]
CMD ["postgres"]

FROM $debian AS sdk
COPY apt.conf /etc/apt/apt.conf.d/99machine
COPY ca-certificates.crt /etc/ssl/certs/
COPY NuGet.Config /root/.nuget/NuGet/
COPY dotnet /usr/share/dotnet
RUN ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_NOLOGO=1 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt $(env | grep -E '^(NUGET_[A-Z_]+|[a-z]+_proxy)=' | paste -sd ' ')

FROM $forky AS forky
COPY apt.conf /etc/apt/apt.conf.d/99machine

# No more than a chiselled base has: the C library, OpenSSL, the authorities, a user. No shell.
FROM $debian AS files
RUN mkdir -p /base/etc/ssl/certs /base/usr/lib64 /base/home/app && mkdir -m 1777 /base/tmp && ln -s usr/lib /base/lib && ln -s usr/lib64 /base/lib64 \\
 && for file in \$(dpkg -L libc6 libgcc-s1 \$(dpkg-query -W -f '\${Package} ' 'libssl3*') | grep -E '/(lib|lib64)/.*\\.so'); do \\
      folder=\$(realpath "\$(dirname "\$file")") && mkdir -p "/base\$folder" && cp -P "\$file" "/base\$folder/"; done \\
 && echo 'app:x:1654:1654::/home/app:/bin/false' >/base/etc/passwd && echo 'app:x:1654:' >/base/etc/group
FROM scratch AS runtime
COPY --from=files /base /
COPY ca-certificates.crt /etc/ssl/certs/
DOCKERFILE
  # Once for what they are made of.
  stamp=$(cat "$base"/* <(dotnet --version) | sha256sum | cut -c -64)
  [ "$(docker image inspect -f '{{.Config.Labels.stamp}}' "$(argument RUNTIME_IMAGE)" 2>/dev/null)" != "$stamp" ] || return 0
  cp -a "$(dirname "$(readlink -f "$(command -v dotnet)")")" "$base/dotnet"
  docker build -q --target postgres -t "$postgres_image" "$base"
  docker build -q --target sdk -t "$(argument BUILD_IMAGE)" "$base"
  docker build -q --target forky -t "$(argument ASTERISK_IMAGE)" "$base"
  docker build -q --target runtime --label stamp="$stamp" -t "$(argument RUNTIME_IMAGE)" "$base"
}

folder=$(mktemp -d -t pjsip-sync-images.XXXXXX)
trap 'rm -rf "$folder"' EXIT
make_base_images "$folder" >/dev/null
