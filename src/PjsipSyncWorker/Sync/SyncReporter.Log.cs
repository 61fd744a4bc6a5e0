using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Sync.Planning;

namespace PjsipSyncWorker.Sync;

internal sealed partial class SyncReporter
{
    private static partial class Log
    {
        [LoggerMessage(EventIds.SyncReady, LogLevel.Information,
            "Sync is ready: full comparison in {Milliseconds} ms: {Created} created, {Updated} updated, {Unchanged} unchanged, "
            + "{Removed} removed, {Released} released, {Rejected} rejected, {HeldBack} held back")]
        public static partial void Ready(
            ILogger logger, long milliseconds, int created, int updated, int unchanged, int removed, int released, int rejected,
            int heldBack);

        [LoggerMessage(EventIds.EverythingCompared, LogLevel.Information,
            "Full comparison, demanded by a recorded change, in {Milliseconds} ms: {Created} created, {Updated} updated, "
            + "{Unchanged} unchanged, {Removed} removed, {Released} released, {Rejected} rejected, {HeldBack} held back")]
        public static partial void Compared(
            ILogger logger, long milliseconds, int created, int updated, int unchanged, int removed, int released, int rejected,
            int heldBack);

        [LoggerMessage(EventIds.DriftRepaired, LogLevel.Warning,
            "Drift repaired: {Created} created, {Updated} updated, {Removed} removed, {Released} released, {Rejected} rejected")]
        public static partial void Drift(ILogger logger, int created, int updated, int removed, int released, int rejected);

        [LoggerMessage(EventIds.SyncInterrupted, LogLevel.Warning, "Sync interrupted, the next attempt follows: {Reason}")]
        public static partial void Interrupted(ILogger logger, string reason);

        [LoggerMessage(EventIds.RemovalsHeldBack, LogLevel.Error, "Removals are held back: {Reason}")]
        public static partial void HeldBack(ILogger logger, string reason);

        [LoggerMessage(EventIds.ColumnLeftOut, LogLevel.Warning, "Left out: {What}")]
        public static partial void LeftOut(ILogger logger, string what);

        [LoggerMessage(EventIds.ColumnNotWritten, LogLevel.Information, "An optional column is missing: {What}")]
        public static partial void NotWritten(ILogger logger, string what);

        [LoggerMessage(EventIds.SyncStandingBy, LogLevel.Warning, "Standing by: {Reason}")]
        public static partial void StandingBy(ILogger logger, string reason);

        [LoggerMessage(EventIds.RealtimeLockBusy, LogLevel.Debug, "Another session holds the writers' lock or a table: trying again")]
        public static partial void LockBusy(ILogger logger);

        [LoggerMessage(EventIds.UnnotifiedChangeFound, LogLevel.Debug, "Found a change without a notification")]
        public static partial void UnnotifiedChange(ILogger logger);

        [LoggerMessage(EventIds.BatchApplied, LogLevel.Information,
            "Applied {Changes} change{S} in {Milliseconds} ms: {Created} created, {Updated} updated, {Unchanged} unchanged, "
            + "{Removed} removed, {Released} released, {Rejected} rejected")]
        public static partial void Applied(
            ILogger logger, long changes, string s, long milliseconds, int created, int updated, long unchanged, int removed, int released,
            int rejected);

        [LoggerMessage(EventIds.ExtensionChanged, LogLevel.Debug, "{Kind} {Number}")]
        public static partial void Changed(ILogger logger, ChangeKind kind, string number);

        [LoggerMessage(EventIds.ExtensionRejected, LogLevel.Warning, "Rejected {Number}: {Reason}")]
        public static partial void Rejected(ILogger logger, string number, string reason);

        [LoggerMessage(EventIds.MoreRejected, LogLevel.Warning,
            "Rejected {Count} more extension{S} at the same time: pjsip_sync.rejected has the reasons")]
        public static partial void MoreRejected(ILogger logger, int count, string s);

        [LoggerMessage(EventIds.RejectionsEnded, LogLevel.Information, "No longer rejected: {Numbers}")]
        public static partial void Repaired(ILogger logger, string numbers);

        [LoggerMessage(EventIds.SourceReplaced, LogLevel.Warning,
            "The table {Table} was made anew, or another table has its name now: all extensions are compared")]
        public static partial void SourceReplaced(ILogger logger, string table);

        [LoggerMessage(EventIds.SourceAltered, LogLevel.Information,
            "Columns, indexes or partitions of {Table} have changed: all extensions are compared")]
        public static partial void SourceAltered(ILogger logger, string table);

        [LoggerMessage(EventIds.SourceRepaired, LogLevel.Warning,
            "Repaired {Table}, which was not as init left it: {Faults}. All extensions are compared, because changes went unrecorded")]
        public static partial void SourceRepaired(ILogger logger, string table, string faults);

        [LoggerMessage(EventIds.SourceNotRepaired, LogLevel.Error,
            "Changes of {Table} are found only by comparing all extensions at each Sync:PollInterval: {Faults}: {Refusal}")]
        public static partial void SourceNotRepaired(ILogger logger, string table, string faults, string refusal);

        [LoggerMessage(EventIds.LockWaitReported, LogLevel.Warning, "Sync waits for a lock: {Holder}")]
        public static partial void Waiting(ILogger logger, string holder);
    }
}
