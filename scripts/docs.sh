#!/usr/bin/env bash
# Writes what is generated: in docs/reference configuration.md (from the settings' classes), log-events.md (from the log messages) and the
# table of commands.md, and the commands of the man page (from their declaration).
. "$(dirname "$0")/lib.sh"
need_dotnet
dotnet build "$repository/tests/PjsipSyncWorker.Tests" -c Debug -v quiet --nologo
PJSIP_SYNC_WRITE_DOCS=1 "$repository/tests/PjsipSyncWorker.Tests/bin/Debug/net10.0/PjsipSyncWorker.Tests" -noColor -namespace PjsipSyncWorker.Tests.Documentation
git -C "$repository" --no-pager diff --stat -- docs packaging
