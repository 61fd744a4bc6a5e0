#!/usr/bin/env bash
# Builds Debian's own Asterisk 22 as packages of a release that has none, from the source package of the release after it. The build runs
# in a clean tree of the release, so that the packages need nothing but this release. Needs root, 3 GB of disk and a few minutes, once.
#
#   asterisk-deb.sh trixie               builds from the source package of forky, which apt verifies
#   asterisk-deb.sh bookworm FILE.dsc    builds from a source package that is here
#
# The packages are in artifacts/asterisk/RELEASE. A newer source package makes a security update: run it again and install the result.
. "$(dirname "$0")/lib.sh"
release=${1:-} source=${2:-} from=forky
case $release in bookworm | trixie) ;; *) die "usage: asterisk-deb.sh bookworm|trixie [FILE.dsc]" ;; esac
[ -z "$source" ] || [ -f "$source" ] || die "asterisk-deb.sh: there is no file $source"
need_release_tree "$release"

folder=$repository/artifacts/asterisk/$release
tree=$cache/build-$release.$$
trap 'as_root rm -rf "$tree"' EXIT
as_root cp -a "$(release_tree "$release")" "$tree"
# It has the network of this machine, and starts no service.
as_root cp /etc/resolv.conf /etc/hosts "$tree/etc/"
printf '#!/bin/sh\nexit 101\n' | as_root tee "$tree/usr/sbin/policy-rc.d" >/dev/null
as_root chmod 755 "$tree/usr/sbin/policy-rc.d"
as_root mkdir -p "$tree/build/source"
if [ -n "$source" ]; then
  # A .dsc names the other files of its source package, which are beside it.
  for file in "$source" $(sed -n '/^Files:/,/^[^ ]/ s/^ [0-9a-f]* [0-9]* \(.*\)/\1/p' "$source"); do
    as_root cp "$(dirname "$source")/$(basename "$file")" "$tree/build/source/"
  done
else
  as_root tee "$tree/etc/apt/sources.list.d/source.sources" >/dev/null <<SOURCES
Types: deb-src
URIs: $(debian_mirror)
Suites: $from
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
fi

as_root tee "$tree/build/build.sh" >/dev/null <<'SH'
set -euo pipefail
cd /build/source
apt-get update -q
apt-get install -y -q --no-install-recommends build-essential debhelper fakeroot
if ls ./*.dsc >/dev/null 2>&1; then dpkg-source -x ./*.dsc; else apt-get source -q asterisk; fi
cd asterisk-*/
# What the older release has under another name or in an older version.
level=$(dpkg-query -W -f '${Version}' debhelper | cut -d . -f 1)
sed -i "s/debhelper-compat (= [0-9]*)/debhelper-compat (= $level)/" debian/control
[ -n "$(apt-cache search --names-only '^systemd-dev$')" ] || sed -i 's/^ systemd-dev,$/ systemd,/' debian/control
number=$(. /etc/os-release && echo "$VERSION_ID")
# Older than the same version of Debian, so that an upgrade of the release takes Debian's.
cat - debian/changelog >changelog <<TEXT
asterisk ($(dpkg-parsechangelog -S Version)~local$number) local; urgency=medium

  * Built on Debian $number, unchanged otherwise.

 -- Local <root@localhost>  $(date -R)

TEXT
mv changelog debian/changelog
export DEB_BUILD_OPTIONS="nodoc nocheck terse parallel=$(nproc)" DEB_BUILD_PROFILES=nodoc
apt-get build-dep -y -q --no-install-recommends -P nodoc ./
# pjproject's own make fails now and then when it builds in parallel; a second one goes on where the first stopped.
dpkg-buildpackage -b -us -uc || dpkg-buildpackage -b -us -uc -nc
SH
say "Building Asterisk for $release; the log is $folder.log"
mkdir -p "$folder"
started=$SECONDS
as_root chroot "$tree" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 bash /build/build.sh >"$folder.log" 2>&1 </dev/null ||
  { tail -n 20 "$folder.log" >&2; die "Asterisk could not be built"; }
rm -f "$folder"/*.deb
# The rest is for hardware, other databases and developers.
as_root cp "$tree"/build/source/asterisk{,-config,-modules}_*.deb "$folder/"
say "Built in $((SECONDS - started)) s. On a Debian $release: apt install ./asterisk*.deb"
ls "$folder"/*.deb
