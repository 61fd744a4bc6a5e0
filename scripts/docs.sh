#!/usr/bin/env bash
# Writes what is generated in docs/: the reference of docs/reference/configuration.md, of the settings' classes.
. "$(dirname "$0")/lib.sh"
need_dotnet
dotnet build "$repository/tests/PjsipSyncWorker.Tests" -c Debug -v quiet --nologo
PJSIP_SYNC_WRITE_DOCS=1 "$repository/tests/PjsipSyncWorker.Tests/bin/Debug/net10.0/PjsipSyncWorker.Tests" -noColor -class '*.ConfigurationReferenceTests'
git -C "$repository" --no-pager diff --stat -- docs
