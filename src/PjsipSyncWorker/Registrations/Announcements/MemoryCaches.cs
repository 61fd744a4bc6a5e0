using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>The result of a request to expire objects in a cache.</summary>
internal enum CacheAnswer
{
    /// <summary>The objects are not in the cache.</summary>
    Expired,

    /// <summary>The cache has the option <c>full_backend_cache</c> and refuses to expire single objects.</summary>
    HoldsWholeBackend,
}

/// <summary>The memory caches between one Asterisk and its realtime tables (res_sorcery_memory_cache), by AMI and CLI.</summary>
internal static class MemoryCaches
{
    /// <summary>The number of requests in flight at the same time.</summary>
    private const int Concurrency = 64;

    /// <summary>The names that <c>render-config</c> writes; used when the AMI user may not run commands.</summary>
    private static readonly string[] RenderedNames = ["endpoint_cache", "auth_cache", "aor_cache"];

    /// <summary>Returns the names of all caches, which are the completions that Asterisk's console offers for a command.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public static async Task<IReadOnlyList<string>> NamesAsync(AmiConnection asterisk, CancellationToken cancellation)
    {
        try
        {
            return await CompletionsAsync(asterisk, cancellation);
        }
        catch (AsteriskRefusalException)
        {
            return RenderedNames;
        }
    }

    private static async Task<IReadOnlyList<string>> CompletionsAsync(AmiConnection asterisk, CancellationToken cancellation)
    {
        var answer = await new AsteriskConsole(asterisk).RunAsync(
            "_command matchesarray \"sorcery memory cache show \" \"\"", cancellation);
        return [.. answer.Output
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(name => name is not ("_EOF_" or "NULL"))];
    }

    /// <summary>Makes a cache forget objects, so that Asterisk reads them from the database again.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public static async Task<CacheAnswer> ExpireAsync(
        AmiConnection asterisk, string cache, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        foreach (var some in ids.Chunk(Concurrency))
        {
            var answers = await Task.WhenAll(some.Select(id =>
                asterisk.SendAsync(
                    new AmiAction("SorceryMemoryCacheExpireObject") { { "Cache", cache }, { "Object", id } }, cancellation)));
            // Asterisk also answers with an error when the object is not in the cache, so only this text counts.
            if (answers.Any(answer => !answer.Success && answer.Message.Contains("full backend", StringComparison.OrdinalIgnoreCase)))
                return CacheAnswer.HoldsWholeBackend;
        }
        return CacheAnswer.Expired;
    }

    /// <summary>Makes a cache forget all objects.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public static Task EmptyAsync(AmiConnection asterisk, string cache, CancellationToken cancellation) =>
        asterisk.SendAsync(new AmiAction("SorceryMemoryCacheExpire") { { "Cache", cache } }, cancellation);
}
