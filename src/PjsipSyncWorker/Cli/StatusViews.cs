using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>Where <c>status --watch</c> shows what it sees. Called by one thread at a time.</summary>
internal interface IStatusView
{
    /// <summary>Shows the extensions after these changes, of which there may be none.</summary>
    /// <exception cref="IOException">Nobody reads the output any more.</exception>
    void Show(StatusBoard board, IReadOnlyList<StatusChange> changes);

    /// <summary>Says why what is shown may be old; null when that is over.</summary>
    void Report(string? problem);
}

/// <summary>Shows a line for each extension, and then a line for each change. Each line is written at once.</summary>
internal sealed class StatusLinesView(TextWriter output, StatusSelection selection, bool json) : IStatusView
{
    private string? _problem;

    public void Show(StatusBoard board, IReadOnlyList<StatusChange> changes)
    {
        foreach (var change in changes)
        {
            // Also an extension that no longer is what was selected, so that a reader learns of it.
            if (!selection.Shows(change.Now) && !(change.Before is { } before && selection.Shows(before)))
                continue;
            output.WriteLine(json ? JsonText.Write(writer => StatusJson.Write(writer, change.Now, change.At)) : StatusLine.Of(change));
        }
        output.Flush();
    }

    public void Report(string? problem)
    {
        if (problem is not null && problem != _problem)
            Console.Error.WriteLine(UntrustedText.Escape(problem));
        _problem = problem;
    }
}
