using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// A second connection to one Asterisk, for commands that take long. Asterisk carries out one action after the other on each connection and
/// sends events in between, so nobody else must wait behind such a command. It is opened when it is needed, and closed when it is not:
/// Asterisk wakes each connection for each event, wanted or not. Not thread-safe.
/// </summary>
internal sealed class CommandConnection(NodeSettings node, NodeMetrics metrics, TimeProvider time) : IAmiEventHandler, IAsyncDisposable
{
    /// <summary>A reload of a hundred thousand endpoints takes minutes. That Asterisk lives is asked on the other connection.</summary>
    private static readonly TimeSpan LongestCommand = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    /// <summary>How long it stays open without being used.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(20);

    private AmiConnection? _connection;
    private long _used;

    /// <summary>Whether it is open.</summary>
    public bool IsOpen => _connection is not null;

    /// <summary>The list of AORs, asked over this connection.</summary>
    /// <exception cref="AmiException">There is no connection.</exception>
    public async Task<QualifyList> QualifyListAsync(CancellationToken cancellation)
    {
        _connection ??= await NodeAccess.ConnectAsync(node, LongestCommand, PingInterval, time, cancellation, handler: this);
        _used = time.GetTimestamp();
        return new QualifyList(_connection);
    }

    /// <summary>Closes it when nobody has used it for <see cref="IdleTime"/>.</summary>
    public async Task CloseIfIdleAsync()
    {
        if (_connection is { } connection && time.GetElapsedTime(_used) >= IdleTime)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
    }

    void IAmiEventHandler.OnEvent(in AmiMessage message)
    {
        // Events are followed on the other connection.
    }

    void IAmiEventHandler.OnActionEnded(string action, string result, TimeSpan took) => metrics.Action(action, result, took);
}
