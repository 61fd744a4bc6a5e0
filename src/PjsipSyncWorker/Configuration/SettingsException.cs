using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Configuration;

/// <summary>The configuration cannot be used. Each problem names a key and says what to do.</summary>
public sealed class SettingsException(IReadOnlyList<string> problems) : Exception
{
    /// <summary>One line each, without control characters.</summary>
    public IReadOnlyList<string> Problems { get; } = [.. problems.Select(UntrustedText.Escape)];

    public override string Message => string.Join('\n', Problems);
}
