namespace PjsipSyncWorker.Schema;

/// <summary>What of the application's table cannot be used as it is mapped, in words for an operator.</summary>
/// <param name="Problems">Mapped columns that are missing or unfit, and what else keeps the mapping from being complete.</param>
/// <param name="MissingOptional">Optional columns that the table does not have, so that the worker does not write them.</param>
internal sealed record MappingFaults(IReadOnlyList<string> Problems, IReadOnlyList<string> MissingOptional)
{
    /// <summary>Everything in <see cref="Problems"/> and <see cref="MissingOptional"/>.</summary>
    public IEnumerable<string> All => Problems.Concat(MissingOptional);
}
