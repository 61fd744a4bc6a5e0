#!/usr/bin/env bash
# Runs the commands of docs/operate/install.md, from a bare system to a phone, on each release of Debian in it. Builds the packages of
# Asterisk that are missing. It takes some 4 minutes a release, and a quarter of an hour for a build. scripts/test.sh runs only Debian 13,
# with the package of forky.
#
#   try-systems.sh                       all
#   try-systems.sh bookworm|trixie|forky …
. "$(dirname "$0")/lib.sh"
need_dotnet
[ $# -gt 0 ] || set -- bookworm trixie forky
[ -x "$repository/artifacts/pjsip-sync-worker" ] || "$repository/scripts/build.sh"
need_asterisk_tree
dotnet build "$repository/tests/PjsipSyncWorker.SystemTests" -v quiet --nologo
result=0
for release; do
  export PJSIP_SYNC_TEST_RELEASE=$release
  unset PJSIP_SYNC_TEST_ASTERISK
  if [ "$release" != forky ]; then
    export PJSIP_SYNC_TEST_ASTERISK=$repository/artifacts/asterisk/$release
    ls "$PJSIP_SYNC_TEST_ASTERISK"/*.deb >/dev/null 2>&1 || "$repository/scripts/asterisk-deb.sh" "$release"
  fi
  say "== $release"
  "$repository/tests/PjsipSyncWorker.SystemTests/bin/Debug/net10.0/PjsipSyncWorker.SystemTests" -noColor -class '*.ServerDocumentTests' || result=1
done
exit "$result"
