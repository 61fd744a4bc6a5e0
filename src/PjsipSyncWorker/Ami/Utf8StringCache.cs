using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>Strings of words that come again and again: each is made once. Not for use by two threads at once.</summary>
/// <param name="most">How many are kept; one more, and all are forgotten, so that a peer that never repeats itself cannot fill memory.</param>
internal sealed class Utf8StringCache(int most)
{
    private readonly Dictionary<string, string> _words = new(new Comparer());

    /// <summary>The string; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Of(ReadOnlySpan<byte> utf8)
    {
        var known = _words.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (known.TryGetValue(utf8, out var word))
            return word;
        if (_words.Count == most)
            _words.Clear();
        word = Encoding.UTF8.GetString(utf8);
        _words.TryAdd(word, word);
        return word;
    }

    private sealed class Comparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string word) => GetHashCode(Encoding.UTF8.GetBytes(word));

        public bool Equals(ReadOnlySpan<byte> utf8, string word) => Ascii.Equals(utf8, word) || !Ascii.IsValid(utf8) && Encoding.UTF8.GetString(utf8) == word;

        public int GetHashCode(ReadOnlySpan<byte> utf8)
        {
            var hash = new HashCode();
            hash.AddBytes(utf8);
            return hash.ToHashCode();
        }

        public string Create(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
    }
}
