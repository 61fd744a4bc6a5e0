using System.Text;

namespace PjsipSyncWorker.Ami;

/// <summary>The answer to an action, copied out of the reader's buffer.</summary>
public sealed class AmiResponse
{
    private readonly KeyValuePair<string, string>[] _headers;

    internal AmiResponse(in AmiMessage message)
    {
        _headers = new KeyValuePair<string, string>[message.Count];
        var next = 0;
        foreach (var header in message)
        {
            _headers[next++] = new(Encoding.UTF8.GetString(header.Key), Encoding.UTF8.GetString(header.Value));
        }
    }

    private AmiResponse(AmiResponse response, int items, int? declaredItems)
    {
        _headers = response._headers;
        Items = items;
        DeclaredItems = declaredItems;
    }

    /// <summary>
    /// False when Asterisk answered <c>Response: Error</c>. Other values are Success, Goodbye, and before release 14 Follows.
    /// </summary>
    public bool Success => !"Error".Equals(Get("Response"), StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The header <c>Message</c>; empty when there is none. For example the reason of an error (<c>No Contacts found</c>).
    /// </summary>
    public string Message => Get("Message")?.Trim() ?? "";

    /// <summary>All headers in the order of the message, with repeated keys.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers => _headers;

    /// <summary>The lines that a Command printed, in order.</summary>
    public IEnumerable<string> Output => GetAll("Output");

    /// <summary>The number of events of a list; 0 for other actions.</summary>
    public int Items { get; }

    /// <summary>The number of items that the end of the list declared (<c>ListItems</c>); null when it declared none.</summary>
    public int? DeclaredItems { get; }

    /// <summary>Returns the first value of a key, in upper or lower case; null when the key is absent.</summary>
    public string? Get(string key) => GetAll(key).FirstOrDefault();

    /// <summary>Returns all values of a key, in upper or lower case.</summary>
    public IEnumerable<string> GetAll(string key) =>
        _headers.Where(header => header.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    internal AmiResponse WithItems(int items, int? declaredItems) => new(this, items, declaredItems);
}
