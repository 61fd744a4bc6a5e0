using PjsipSyncWorker.AsteriskConfig;

namespace PjsipSyncWorker.Import;

/// <summary>One PJSIP object of a source: an endpoint, auth, aor, identify or registration.</summary>
/// <param name="Id">The name of the section or the id of the row.</param>
/// <param name="Type">In lower case, as in <c>type = endpoint</c>.</param>
/// <param name="Options">In their order, with the inherited ones. A name may occur several times.</param>
/// <param name="Origin">Where a person finds it, such as <c>pjsip.conf line 12</c>.</param>
internal sealed record PjsipObject(string Id, string Type, IReadOnlyList<ConfEntry> Options, string Origin)
{
    /// <summary>The templates from which the object inherits, in their order.</summary>
    public IReadOnlyList<string> Templates { get; init; } = [];

    /// <summary>What was lost when the object was translated from another system, in words; never a secret.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Returns the value of an option, the last one where there are several; null when it is not given.</summary>
    public string? Last(string name) => Options.LastOrDefault(option => option.Is(name)).Value;

    /// <summary>Returns the items of all values of an option, which are lists with commas between.</summary>
    public List<string> Items(string name) =>
        [.. Options.Where(option => option.Is(name))
            .SelectMany(option => option.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>Returns whether Asterisk takes an option for true.</summary>
    public bool IsTrue(string name) => Last(name)?.ToLowerInvariant() is "yes" or "true" or "y" or "t" or "1" or "on";
}
