using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

internal sealed partial class SyncReporter
{
    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Information, "Sync is ready: full comparison in {Milliseconds} ms: {Created} created, {Updated} updated, {Unchanged} unchanged, {Removed} removed, {Rejected} rejected")]
        public static partial void Ready(ILogger logger, long milliseconds, int created, int updated, int unchanged, int removed, int rejected);

        [LoggerMessage(1001, LogLevel.Warning, "Drift repaired: {Created} created, {Updated} updated, {Removed} removed, {Rejected} rejected")]
        public static partial void Drift(ILogger logger, int created, int updated, int removed, int rejected);

        [LoggerMessage(1002, LogLevel.Warning, "Sync interrupted, the next attempt follows: {Reason}")]
        public static partial void Interrupted(ILogger logger, string reason);

        [LoggerMessage(1003, LogLevel.Error, "Removals are held back: {Reason}")]
        public static partial void HeldBack(ILogger logger, string reason);

        [LoggerMessage(1004, LogLevel.Warning, "Left out: {What}")]
        public static partial void LeftOut(ILogger logger, string what);

        [LoggerMessage(1005, LogLevel.Warning, "Standing by: {Reason}")]
        public static partial void StandingBy(ILogger logger, string reason);

        [LoggerMessage(1006, LogLevel.Debug, "Another session holds the writers' lock or a table: trying again")]
        public static partial void LockBusy(ILogger logger);

        [LoggerMessage(1007, LogLevel.Debug, "Found a change without a notification")]
        public static partial void UnnotifiedChange(ILogger logger);

        [LoggerMessage(1008, LogLevel.Information, "Applied {Changes} changes in {Milliseconds} ms: {Created} created, {Updated} updated, {Removed} removed, {Rejected} newly rejected")]
        public static partial void Applied(ILogger logger, long changes, long milliseconds, int created, int updated, int removed, int rejected);

        [LoggerMessage(1009, LogLevel.Debug, "{Kind} {Number}")]
        public static partial void Changed(ILogger logger, ChangeKind kind, string number);

        [LoggerMessage(1010, LogLevel.Debug, "Rejected {Number}: {Reason}")]
        public static partial void Rejected(ILogger logger, string number, string reason);

        [LoggerMessage(1011, LogLevel.Warning, "Sync waits for a lock: {Holder}")]
        public static partial void Waiting(ILogger logger, string holder);
    }
}
