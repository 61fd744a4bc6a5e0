using Npgsql;
using PjsipSyncWorker.Hosting;
using PjsipSyncWorker.Postgres;

namespace PjsipSyncWorker.Cli;

/// <summary>Whether <c>status</c> found what it was asked for, and with which exit code it ends. Not thread-safe.</summary>
internal sealed class StatusFinding(StatusSelection selection)
{
    private PostgresException? _unreadable;
    private bool _hasAny;
    private bool _hasPhone;

    /// <summary>The counts of the extensions that were read.</summary>
    public StatusSummary Summary { get; } = new();

    /// <summary>Takes note of an expression of the mapping that fails on a row.</summary>
    public void OnUnreadable(PostgresException error) => _unreadable = error;

    /// <summary>Counts an extension that was read.</summary>
    /// <returns>Whether it is to be shown.</returns>
    public bool Take(ExtensionStatus status)
    {
        if (!selection.Counts(status))
            return false;
        Summary.Add(status);
        _hasAny = true;
        _hasPhone |= status.IsPhone;
        return selection.Shows(status);
    }

    /// <summary>
    /// Says on standard error what is missing in the output. Of one extension the exit code says whether it is a phone; of several it is
    /// <see cref="ExitCode.Good"/>.
    /// </summary>
    public async Task<int> ExitCodeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (_unreadable is not null)
        {
            await Console.Error.WriteLineAsync($"The table of extensions cannot be read: {DatabaseErrors.Describe(_unreadable)}. "
                + "Names, disabled and new extensions are not shown.");
        }
        if (selection.Number is null || _hasPhone)
            return ExitCode.Good;
        if (!_hasAny)
            await Console.Error.WriteLineAsync(await StatusSuggestions.MessageAsync(connection, selection.Number, cancellation));
        return ExitCode.Problems;
    }
}
