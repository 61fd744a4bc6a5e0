using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>
/// A second connection to one Asterisk, for commands that take long. Asterisk runs the actions of one connection one after the other and
/// sends its events in between, so a long command would delay everything else on the first connection. This one is opened when it is needed
/// and closed when it is idle, because Asterisk wakes each connection for each event, wanted or not. Not thread-safe.
/// </summary>
internal sealed class CommandConnection(NodeSettings node, NodeMetrics metrics, TimeProvider time) : IAmiEventHandler, IAsyncDisposable
{
    /// <summary>A reload of 100,000 endpoints takes minutes. Pings on the first connection notice sooner that Asterisk is dead.</summary>
    private static readonly TimeSpan LongestCommand = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(30);

    /// <summary>How long the connection stays open without being used.</summary>
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(20);

    private AmiConnection? _connection;

    /// <summary>When the connection was last used, as a timestamp.</summary>
    private long _used;

    /// <summary>Whether the connection is open.</summary>
    public bool IsOpen => _connection is not null;

    /// <summary>Returns Asterisk's list of AORs over this connection, and opens the connection if it is closed.</summary>
    /// <exception cref="AmiException">Asterisk cannot be reached, or refuses the login.</exception>
    public async Task<QualifyList> QualifyListAsync(CancellationToken cancellation)
    {
        _connection ??= await NodeAccess.ConnectAsync(node, LongestCommand, PingInterval, time, cancellation, handler: this);
        _used = time.GetTimestamp();
        return new QualifyList(_connection);
    }

    /// <summary>Closes the connection if it was not used for <see cref="IdleTime"/>.</summary>
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
        // The first connection receives the events.
    }

    void IAmiEventHandler.OnActionEnded(string action, string result, TimeSpan took) => metrics.Action(action, result, took);
}
