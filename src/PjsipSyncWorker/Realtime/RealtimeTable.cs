namespace PjsipSyncWorker.Realtime;

/// <summary>
/// One of the three tables that make a phone known to Asterisk. An endpoint has one row in each, and all three rows have the same id.
/// There are only the instances below, so that a reference comparison is enough.
/// </summary>
public sealed class RealtimeTable
{
    public static readonly RealtimeTable Endpoint = new(0, "ps_endpoints", "endpoint");
    public static readonly RealtimeTable Auth = new(1, "ps_auths", "auth");
    public static readonly RealtimeTable Aor = new(2, "ps_aors", "aor");

    private RealtimeTable(int index, string name, string section) => (Index, Name, Section) = (index, name, section);

    /// <summary>All three, by <see cref="Index"/>. Rows are read and deleted in this order.</summary>
    public static IReadOnlyList<RealtimeTable> All { get; } = [Endpoint, Auth, Aor];

    /// <summary>All three in the order in which rows are inserted: the endpoint last, because it refers to the other two.</summary>
    public static IReadOnlyList<RealtimeTable> WriteOrder { get; } = [Aor, Auth, Endpoint];

    /// <summary>Position in <see cref="All"/>, from 0 to 2.</summary>
    public int Index { get; }

    /// <summary>The table's name without its schema, such as <c>ps_endpoints</c>.</summary>
    public string Name { get; }

    /// <summary>
    /// The table's key in the JSON of the column <c>settings</c>, such as <c>endpoint</c>. Asterisk names the object type so as well.
    /// </summary>
    public string Section { get; }

    /// <summary>Returns the table that is called <paramref name="name"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">None of the three is called so.</exception>
    public static RealtimeTable FromName(string name) =>
        All.FirstOrDefault(table => table.Name == name)
        ?? throw new ArgumentOutOfRangeException(nameof(name), name, "not a ps_* table of an endpoint");

    public override string ToString() => Name;
}
