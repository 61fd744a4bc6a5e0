namespace PjsipSyncWorker.Import;

/// <summary>The PJSIP objects of a source, and what was found out about them.</summary>
/// <param name="source">The source as a person named it, for messages.</param>
internal sealed class PjsipInventory(string source)
{
    /// <summary>The source as a person named it.</summary>
    public string Source => source;

    /// <summary>The endpoints by their id, in the order of the source.</summary>
    public OrderedDictionary<string, PjsipObject> Endpoints { get; } = new(StringComparer.Ordinal);

    /// <summary>The auths by their id.</summary>
    public Dictionary<string, PjsipObject> Auths { get; } = new(StringComparer.Ordinal);

    /// <summary>The AORs by their id.</summary>
    public Dictionary<string, PjsipObject> Aors { get; } = new(StringComparer.Ordinal);

    /// <summary>The sections that tell endpoints by address or header.</summary>
    public List<PjsipObject> Identifies { get; } = [];

    /// <summary>The registrations at carriers.</summary>
    public List<PjsipObject> Registrations { get; } = [];

    /// <summary>The names of endpoints, for people. A source without a separate name has none.</summary>
    public Dictionary<string, string> DisplayNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Why nothing can be imported, because the source is not understood as a whole.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>What concerns the source as a whole, and keeps nothing out.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Objects of the source that cannot come over, each with the reason.</summary>
    public List<Finding> Refused { get; } = [];

    /// <summary>Objects that are no phones, such as carriers, and stay where they are, each with the reason.</summary>
    public List<Finding> Staying { get; } = [];

    /// <summary>Adds an object. Objects of other types are ignored.</summary>
    public void Add(PjsipObject added)
    {
        var isNew = added.Type switch
        {
            "endpoint" => Endpoints.TryAdd(added.Id, added),
            "auth" => Auths.TryAdd(added.Id, added),
            "aor" => Aors.TryAdd(added.Id, added),
            _ => true,
        };
        if (!isNew)
            Problems.Add($"{added.Origin}: there is another {added.Type} {added.Id}, and Asterisk reads none of this type from the file");
        if (added.Type == "identify")
            Identifies.Add(added);
        else if (added.Type == "registration")
            Registrations.Add(added);
    }
}

/// <summary>An object of a source, and what is to be said of it.</summary>
/// <param name="Name">The object's id.</param>
/// <param name="Text">A reason or a remark; never a secret.</param>
internal readonly record struct Finding(string Name, string Text);
