using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Cli;

/// <summary>Which extensions <c>status</c> shows.</summary>
/// <param name="Number">One extension; null for all.</param>
/// <param name="Prefix">The beginning of the numbers; null for all.</param>
/// <param name="Kinds">What an extension must be: it is shown when it is one of these. Empty: all are shown.</param>
internal sealed record StatusSelection(string? Number, string? Prefix, IReadOnlyList<StatusKind> Kinds)
{
    /// <summary>The kinds for which there is an option.</summary>
    public static IReadOnlyList<StatusKind> AllKinds { get; } =
    [
        new("--online", "Only extensions of which a phone is registered", status => status.Status is "online"),
        new("--offline", "Only extensions of which no phone is registered", status => status.Status is "offline"),
        new("--rejected", "Only extensions that cannot be phones", status => status.Status is "rejected"),
        new("--disabled", "Only extensions that are not active (Source:Active)", status => status.Status is "disabled"),
        new("--problems", "Only extensions that do not work, or not fully", status => status.NeedsAttention),
        new("--busy", "Only extensions that ring or are in a call", status => status.IsBusy),
    ];

    /// <summary>The numbers to read; null for all.</summary>
    public string[]? Numbers => Number is null ? null : [Number];

    /// <summary>Whether the extension counts for the summary: the number or the beginning of the number fits.</summary>
    public bool Counts(ExtensionStatus status) =>
        (Number is null || status.Number == Number) && (Prefix is null || status.Number.StartsWith(Prefix, StringComparison.Ordinal));

    /// <summary>Whether the extension is shown.</summary>
    public bool Shows(ExtensionStatus status) => Counts(status) && (Kinds.Count == 0 || Kinds.Any(kind => kind.Fits(status)));

    /// <summary>The options of this selection, such as <c>--online --prefix 30</c>; empty for all extensions.</summary>
    public override string ToString() => UntrustedText.Escape(string.Join(' ',
        Kinds.Select(kind => kind.Option).Concat(Prefix is null ? [] : [$"--prefix {Prefix}"])));
}

/// <summary>A kind of extensions that an option selects.</summary>
/// <param name="Option">The option, such as <c>--online</c>.</param>
/// <param name="Description">The option's help.</param>
/// <param name="Fits">Returns whether an extension is of this kind.</param>
internal sealed record StatusKind(string Option, string Description, Func<ExtensionStatus, bool> Fits);
