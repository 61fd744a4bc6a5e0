#!/usr/bin/env bash
# Makes all files of a release of this commit in a folder, for whoever publishes them.
#
#   pjsip-sync-worker_VERSION_ARCHITECTURE.deb              the package
#   pjsip-sync-worker-VERSION-linux-ARCHITECTURE.tar.gz     the files of the package, to be unpacked at / of another system
#   pjsip-sync-worker-VERSION.tar.gz                        the source
#   pjsip-sync-worker-VERSION-images.tar.gz                 both images, for docker load; only where a Docker engine answers
#   asterisk-RELEASE.tar                                    what scripts/asterisk-deb.sh has built
#   CHANGES.md, SHA256SUMS
#
#   release.sh [--built] [FOLDER]     --built takes the worker that is in artifacts already; FOLDER is artifacts/release/VERSION
#
# Ends with 1, and says why, while something is missing that a release needs; the files are there all the same, to try.
. "$(dirname "$0")/lib.sh"
need_packages git gzip
built='' folder=''
for argument; do
  case $argument in
    --built) built=--built ;;
    -*) die "usage: release.sh [--built] [FOLDER]" ;;
    *) folder=$(realpath -m "$argument") ;;
  esac
done

package=$("$repository/scripts/package.sh" $built | tail -n 1)
version=$(dpkg-deb -f "$package" Version)
name=pjsip-sync-worker-$version
commit=$(git -C "$repository" log -1 --abbrev=12 --format=%h.%cs)
folder=${folder:-$repository/artifacts/release/$version}
rm -rf "$folder"
mkdir -p "$folder"
# The day of the commit, so that the same commit makes the same files.
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git -C "$repository" log -1 --format=%ct)" "$@"; }
cp "$package" "$folder/"
dpkg-deb --fsys-tarfile "$package" | gzip -9n >"$folder/$name-linux-$(dpkg --print-architecture).tar.gz"
git -C "$repository" archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$folder/$name.tar.gz"
for packages in "$repository"/artifacts/asterisk/*/; do
  ! ls "$packages"*.deb >/dev/null 2>&1 || pack -C "$packages" -cf "$folder/asterisk-$(basename "$packages").tar" .
done
if docker info >/dev/null 2>&1; then
  for image in worker asterisk; do
    docker build -q --build-arg COMMIT="$commit" --target "$image" -t "pjsip-sync-$image:$version" "$repository" >/dev/null
  done
  docker save "pjsip-sync-worker:$version" "pjsip-sync-asterisk:$version" | gzip -9n >"$folder/$name-images.tar.gz"
else
  say "No Docker engine answers: there are no images"
fi
sed -n "/^## $version/,/^## / { /^## $version/p; /^## /!p }" "$repository/CHANGELOG.md" >"$folder/CHANGES.md"
(cd "$folder" && sha256sum -- * >"$folder.sums" && mv "$folder.sums" SHA256SUMS)
say "$folder:"
(cd "$folder" && ls -l >&2)

result=0
missing() { say "NOT READY: $*"; result=1; }
[ -f "$repository/LICENSE" ] || missing "there is no LICENSE, so nobody is allowed to use the program"
[ -n "${DEBEMAIL:-}" ] || missing "the package has no maintainer; set DEBFULLNAME and DEBEMAIL"
! grep -q "^## $version.*not released" "$folder/CHANGES.md" || missing "CHANGELOG.md says of $version: not released yet"
[ -z "$(git -C "$repository" status --porcelain)" ] || missing "this checkout has changes that are not committed"
"$repository/artifacts/pjsip-sync-worker" --version | grep -qF "+$commit" || missing "artifacts/pjsip-sync-worker is not built from $commit"
exit "$result"
