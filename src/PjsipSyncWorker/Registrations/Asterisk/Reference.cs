namespace PjsipSyncWorker.Registrations.Asterisk;

/// <summary>A transport, context or ACL that endpoints of ours name.</summary>
/// <param name="Column">The column of ps_endpoints that has the name.</param>
/// <param name="Value">The name as Asterisk reads it.</param>
/// <param name="Count">The number of endpoints that name it.</param>
/// <param name="Example">The id of one of them.</param>
internal sealed record Reference(string Column, string Value, long Count, string Example)
{
    private static readonly string[] Contexts = ["context", "subscribe_context", "message_context", "overlap_context"];

    private static readonly string[] Acls = ["acl", "contact_acl"];

    /// <summary>The columns of ps_endpoints that name a transport, context or ACL.</summary>
    public static List<string> Columns { get; } = ["transport", .. Contexts, .. Acls];

    /// <summary>Whether it is a context of the dialplan.</summary>
    public bool IsContext => Contexts.Contains(Column);

    /// <summary>Whether it is an ACL.</summary>
    public bool IsAcl => Acls.Contains(Column);

    /// <summary>What an extension cannot do when the server lacks it.</summary>
    public string Consequence => IsAcl ? "no phone of it can register" : IsContext ? "its calls end with 404" : "its calls end with 500";
}
