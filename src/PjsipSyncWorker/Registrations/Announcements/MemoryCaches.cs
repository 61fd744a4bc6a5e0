using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>How a cache took a request to expire objects.</summary>
internal enum CacheAnswer
{
    /// <summary>They are not in it (any more).</summary>
    Expired,

    /// <summary>It has <c>full_backend_cache</c> and refuses to expire single objects.</summary>
    HoldsWholeBackend,
}

/// <summary>The memory caches that one Asterisk has before its realtime tables (res_sorcery_memory_cache), by AMI and CLI.</summary>
internal static class MemoryCaches
{
    /// <summary>Requests on their way at the same time.</summary>
    private const int AtOnce = 64;

    /// <summary>The names that <c>render-config</c> writes: for a user that may not run commands.</summary>
    private static readonly string[] Rendered = ["endpoint_cache", "auth_cache", "aor_cache"];

    /// <summary>The names of all caches: the words with which Asterisk's console would complete a command.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(AmiConnection asterisk, CancellationToken cancellation)
    {
        try
        {
            return await CompletionsAsync(asterisk, cancellation);
        }
        catch (AsteriskRefusalException)
        {
            return Rendered;
        }
    }

    private static async Task<IReadOnlyList<string>> CompletionsAsync(AmiConnection asterisk, CancellationToken cancellation)
    {
        var answer = await new AsteriskConsole(asterisk).RunAsync("_command matchesarray \"sorcery memory cache show \" \"\"", cancellation);
        return [.. answer.Output.SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(name => name is not ("_EOF_" or "NULL"))];
    }

    /// <summary>Makes a cache forget objects, so that they are read again.</summary>
    public static async Task<CacheAnswer> ExpireAsync(AmiConnection asterisk, string cache, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        foreach (var some in ids.Chunk(AtOnce))
        {
            var answers = await Task.WhenAll(some.Select(id =>
                asterisk.SendAsync(new AmiAction("SorceryMemoryCacheExpireObject") { { "Cache", cache }, { "Object", id } }, cancellation)));
            // An object that is not in the cache is an error to Asterisk too.
            if (answers.Any(answer => !answer.Success && answer.Message.Contains("full backend", StringComparison.OrdinalIgnoreCase)))
                return CacheAnswer.HoldsWholeBackend;
        }
        return CacheAnswer.Expired;
    }

    /// <summary>Makes a cache forget everything.</summary>
    public static Task EmptyAsync(AmiConnection asterisk, string cache, CancellationToken cancellation) =>
        asterisk.SendAsync(new AmiAction("SorceryMemoryCacheExpire") { { "Cache", cache } }, cancellation);
}
