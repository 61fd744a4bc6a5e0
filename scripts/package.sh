#!/usr/bin/env bash
# Makes artifacts/pjsip-sync-worker_VERSION_ARCHITECTURE.deb from this checkout.
#
#   package.sh            builds the worker first
#   package.sh --built    packs the worker that is in artifacts already
. "$(dirname "$0")/lib.sh"
worker=$repository/artifacts/pjsip-sync-worker
[ "${1:-}" = --built ] && [ -x "$worker" ] || "$repository/scripts/build.sh"
need_packages dpkg-dev gzip

version=$("$worker" --version | cut -d + -f 1)
architecture=$(dpkg --print-architecture)
tree=$(mktemp -d)
chmod 755 "$tree"
trap 'rm -rf "$tree"' EXIT
# The day of the commit, so that the same commit makes the same package.
day=$(git -C "$repository" log -1 --format=%ct 2>/dev/null || stat -c %Y "$repository/Directory.Build.props")
export SOURCE_DATE_EPOCH=$day

put() { install -D -m "$1" "$2" "$tree/$3"; }
fill() { # FILE Key=Value …; a value may have several lines
  local text setting
  text=$(cat "$1")
  for setting in "${@:2}"; do text=${text//"{{${setting%%=*}}}"/"${setting#*=}"}; done
  printf '%s\n' "$text"
}

put 755 "$worker" usr/bin/pjsip-sync-worker
put 644 "$repository/systemd/pjsip-sync-worker.service" usr/lib/systemd/system/pjsip-sync-worker.service
put 644 "$repository/systemd/pjsip-sync-worker.sysusers" usr/lib/sysusers.d/pjsip-sync-worker.conf
put 640 "$repository/packaging/appsettings.json" etc/pjsip-sync-worker/appsettings.json
for file in "$repository"/sql/*.sql "$repository"/sql/templates/*.sql; do put 644 "$file" "usr/share/pjsip-sync-worker/${file#"$repository"/}"; done
for file in "$repository"/asterisk/*; do put 644 "$file" "usr/share/pjsip-sync-worker/asterisk/$(basename "$file")"; done
documents=usr/share/doc/pjsip-sync-worker
put 644 "$repository/packaging/copyright" "$documents/copyright"
put 644 "$repository/README.md" "$documents/README.md"
put 644 "$repository/CHANGELOG.md" "$documents/CHANGELOG.md"
put 644 "$repository/CONTRIBUTING.md" "$documents/CONTRIBUTING.md"
(cd "$repository" && find docs -name '*.md') | while read -r file; do put 644 "$repository/$file" "$documents/$file"; done
for file in alerts.yml grafana-dashboard.json; do put 644 "$repository/monitoring/$file" "usr/share/pjsip-sync-worker/monitoring/$file"; done
# Debian's own variables say who maintains a package; without them nobody is made up.
maintainer="${DEBFULLNAME:-Maintainer not chosen yet} <${DEBEMAIL:-pjsip-sync-worker@packages.invalid}>"
gzip -9n >"$tree/$documents/changelog.gz" <<TEXT
pjsip-sync-worker ($version) unstable; urgency=medium

  * $("$worker" --version)

 -- $maintainer  $(date -u -R -d "@$day")
TEXT
completions=$repository/packaging/completions/pjsip-sync-worker
put 644 "$completions.bash" usr/share/bash-completion/completions/pjsip-sync-worker
put 644 "$completions.zsh" usr/share/zsh/vendor-completions/_pjsip-sync-worker
put 644 "$completions.fish" usr/share/fish/vendor_completions.d/pjsip-sync-worker.fish
install -d "$tree/usr/share/man/man8"
sed "1s/^[.]TH .*/.TH PJSIP-SYNC-WORKER 8 \"$(date -u -d "@$day" +%F)\" \"pjsip-sync-worker $version\" \"System Administration\"/" \
  "$repository/packaging/pjsip-sync-worker.8" | gzip -9n >"$tree/usr/share/man/man8/pjsip-sync-worker.8.gz"

install -d "$tree/DEBIAN" "$tree/debian"
touch "$tree/debian/control"
libraries=$(cd "$tree" && dpkg-shlibdeps -O -e usr/bin/pjsip-sync-worker 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -r "$tree/debian"
fill "$repository/packaging/control" "Version=$version" "Architecture=$architecture" "Maintainer=$maintainer" \
  "Size=$(du -k -s "$tree" | cut -f 1)" "Libraries=${libraries:?}" >"$tree/DEBIAN/control"
echo /etc/pjsip-sync-worker/appsettings.json >"$tree/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 "$repository/packaging/$script" "$tree/DEBIAN/$script"; done
(cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
chmod 644 "$tree"/DEBIAN/{control,conffiles,md5sums}

package=$repository/artifacts/pjsip-sync-worker_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package.$$" >/dev/null
mv "$package.$$" "$package"
say "$package: $(stat -c %s "$package") bytes"
echo "$package"
