#!/usr/bin/env bash
# Publishes the worker as one native file: artifacts/pjsip-sync-worker
. "$(dirname "$0")/lib.sh"
need_dotnet
command -v clang >/dev/null || command -v gcc >/dev/null || need_packages gcc
need_packages libc6-dev zlib1g-dev binutils

# Warnings are errors, those of trimming and AOT included.
dotnet publish "$repository/src/PjsipSyncWorker" -c Release --use-current-runtime -o "$repository/artifacts/publish" -v quiet --nologo
mv "$repository/artifacts/publish/pjsip-sync-worker" "$repository/artifacts/pjsip-sync-worker"
rm -rf "$repository/artifacts/publish"
say "artifacts/pjsip-sync-worker: $(stat -c %s "$repository/artifacts/pjsip-sync-worker") bytes"
