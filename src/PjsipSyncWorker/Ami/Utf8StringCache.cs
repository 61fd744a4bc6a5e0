using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>Makes the string of repeated UTF-8 bytes only once. Not thread-safe.</summary>
/// <param name="maxCount">
/// Upper bound on kept strings. One more clears the cache, so that a peer that never repeats a value cannot fill the memory.
/// </param>
internal sealed class Utf8StringCache(int maxCount)
{
    private readonly Dictionary<string, string> _strings = new(new Comparer());

    /// <summary>Returns the string of these bytes. Bytes that are not UTF-8 become U+FFFD.</summary>
    public string GetOrAdd(ReadOnlySpan<byte> utf8)
    {
        var known = _strings.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (known.TryGetValue(utf8, out var text))
            return text;
        if (_strings.Count == maxCount)
            _strings.Clear();
        text = Encoding.UTF8.GetString(utf8);
        _strings.TryAdd(text, text);
        return text;
    }

    private sealed class Comparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string text) => GetHashCode(Encoding.UTF8.GetBytes(text));

        public bool Equals(ReadOnlySpan<byte> utf8, string text) =>
            Ascii.Equals(utf8, text) || !Ascii.IsValid(utf8) && Encoding.UTF8.GetString(utf8) == text;

        public int GetHashCode(ReadOnlySpan<byte> utf8)
        {
            var hash = new HashCode();
            hash.AddBytes(utf8);
            return hash.ToHashCode();
        }

        public string Create(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
    }
}
