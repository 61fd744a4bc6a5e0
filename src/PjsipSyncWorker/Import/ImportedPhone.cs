using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Import;

/// <summary>A phone of a source, with its options as a person would write them for the ps_* tables.</summary>
/// <param name="Number">What it registers as.</param>
/// <param name="Password">In clear text; null when an option has a digest in its place. Never to be shown.</param>
/// <param name="Options">
/// The value of each option that the source gives. <c>allow</c> is the list of codecs in its order, without <c>disallow</c>. Several values
/// of <c>set_var</c> are lines.
/// </param>
/// <param name="Origin">Where a person finds it.</param>
internal sealed record ImportedPhone(
    string Number, string? Password, IReadOnlyDictionary<(RealtimeTable Table, string Name), string> Options, string Origin)
{
    /// <summary>Its name for people, where the source has one beside the caller id.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The templates from which its endpoint inherits.</summary>
    public IReadOnlyList<string> Templates { get; init; } = [];

    /// <summary>What does not come over with it, or is different afterwards. Never a secret.</summary>
    public List<string> Remarks { get; init; } = [];
}
