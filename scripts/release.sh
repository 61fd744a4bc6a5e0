#!/usr/bin/env bash
# Makes artifacts/release/VERSION: all files of a release of this commit, for whoever publishes them.
#
#   pjsip-sync-worker_VERSION_ARCHITECTURE.deb        the package
#   pjsip-sync-worker-VERSION-linux-ARCHITECTURE.tar.gz   the files of the package, to be unpacked at / of another system
#   pjsip-sync-worker-VERSION.tar.gz                  the source
#   pjsip-sync-worker-VERSION-images.tar.gz           both images, for docker load; only where a Docker engine answers
#   asterisk-RELEASE.tar                              what scripts/asterisk-deb.sh has built
#   CHANGES.md, SHA256SUMS
#
#   release.sh            builds the worker first
#   release.sh --built    takes the worker that is in artifacts already
. "$(dirname "$0")/lib.sh"
need_packages git gzip
commit=$(git -C "$repository" log -1 --abbrev=12 --format=%h.%cs)
[ -z "$(git -C "$repository" status --porcelain)" ] || die "release.sh: this checkout has changes that are not committed"
package=$("$repository/scripts/package.sh" "$@" | tail -n 1)
version=$(dpkg-deb -f "$package" Version)
"$repository/artifacts/pjsip-sync-worker" --version | grep -qF "+$commit" || die "release.sh: artifacts/pjsip-sync-worker is not built from $commit"

folder=$repository/artifacts/release/$version name=pjsip-sync-worker-$version
rm -rf "$folder"
mkdir -p "$folder"
cp "$package" "$folder/"
dpkg-deb --fsys-tarfile "$package" | gzip -9n >"$folder/$name-linux-$(dpkg --print-architecture).tar.gz"
git -C "$repository" archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$folder/$name.tar.gz"
for packages in "$repository"/artifacts/asterisk/*/; do
  [ ! -d "$packages" ] || tar -C "$packages" --sort=name --owner=0 --group=0 --numeric-owner -cf "$folder/asterisk-$(basename "$packages").tar" .
done
if docker info >/dev/null 2>&1; then
  (cd "$repository" && for image in worker asterisk; do docker build -q --build-arg COMMIT="$commit" --target "$image" -t "pjsip-sync-$image:$version" . >/dev/null; done)
  docker save "pjsip-sync-worker:$version" "pjsip-sync-asterisk:$version" | gzip -9n >"$folder/$name-images.tar.gz"
else
  say "No Docker engine answers: there are no images"
fi
sed -n "/^## $version/,/^## / { /^## $version/p; /^## /!p }" "$repository/CHANGELOG.md" >"$folder/CHANGES.md"
(cd "$folder" && sha256sum -- * >"$folder.sums" && mv "$folder.sums" SHA256SUMS)

# What a person must decide before anybody may install it.
[ -f "$repository/LICENSE" ] || say "NOT READY: there is no LICENSE, so nobody is allowed to use this"
! dpkg-deb -f "$package" Maintainer | grep -q 'packages.invalid' || say "NOT READY: no maintainer; set DEBFULLNAME and DEBEMAIL"
! grep -q "^## $version.*not released" "$folder/CHANGES.md" || say "NOT READY: CHANGELOG.md says \"not released yet\" of $version"
say "$folder:"
(cd "$folder" && ls -l)
