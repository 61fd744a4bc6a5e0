using System.Net;
using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Diagnostics;
using PjsipSyncWorker.Registrations.Contacts;
using PjsipSyncWorker.Registrations.Status;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>Writes the contacts of one node to the database as its tracker changes, and the heartbeat of the node.</summary>
internal sealed partial class ContactWriter(
    NodeSettings node, AsteriskSettings settings, ContactTracker tracker, NodeState state, StatusWriter statusWriter, TimeProvider time,
    ILogger<ContactWriter> logger)
{
    private readonly TimeSpan _heartbeatInterval =
        TimeSpan.FromTicks(Math.Min(TimeSpan.FromSeconds(5).Ticks, settings.StaleAfter.Ticks / 4));

    /// <summary>Reads what the database holds into the tracker.</summary>
    public async Task LoadAsync(NodeLease lease, CancellationToken cancellation)
    {
        if (await lease.Contacts.LoadAsync(tracker, cancellation))
            state.SnapshotWanted.Set();
    }

    /// <summary>Writes until cancelled, until the database fails, or until <paramref name="following"/> ends.</summary>
    /// <param name="following">The task that follows Asterisk. Its exception becomes that of this method.</param>
    public async Task RunAsync(NodeLease lease, Task following, HealthPart health, CancellationToken cancellation)
    {
        long? lastHeartbeat = null;
        var lastLoad = time.GetTimestamp();
        var wasConnected = false;
        while (!following.IsCompleted)
        {
            // The rows may have changed: another worker deletes a contact that is gone, and a person may change anything.
            if (time.GetElapsedTime(lastLoad) >= settings.SnapshotInterval)
            {
                await LoadAsync(lease, cancellation);
                lastLoad = time.GetTimestamp();
            }
            await WriteChangesAsync(lease, cancellation);
            var isConnected = state.Status.IsConnected;
            if (lastHeartbeat is not { } last || time.GetElapsedTime(last) >= _heartbeatInterval || wasConnected != isConnected)
            {
                wasConnected = isConnected;
                await lease.HeartbeatAsync(isConnected, state.Problem, cancellation);
                lastHeartbeat = time.GetTimestamp();
            }
            health.Report(null, _heartbeatInterval);
            await state.ContactsChanged.WaitAsync(_heartbeatInterval, time, cancellation);
        }
        await following;
    }

    private async Task WriteChangesAsync(NodeLease lease, CancellationToken cancellation)
    {
        var changes = tracker.DequeueChanges();
        if (changes.IsEmpty)
            return;
        try
        {
            foreach (var endpoint in (await lease.Contacts.WriteAsync(changes, cancellation)).Distinct())
                Log.NotHeld(logger, UntrustedText.Escape(endpoint), node.Name);
        }
        catch
        {
            tracker.Requeue(changes);
            throw;
        }
        tracker.Acknowledge(changes);
        LogPhones(changes);
        statusWriter.Enqueue(changes.EndpointsOfNewStatus);
    }

    /// <summary>Logs each phone that came, changed or went, at debug level; no refreshes.</summary>
    private void LogPhones(PendingChanges changes)
    {
        if (!logger.IsEnabled(LogLevel.Debug))
            return;
        foreach (var (key, contact, _, _) in changes.Contacts.Where(change => !change.IsRefresh))
        {
            Log.Registered(
                logger, NumberList.Short(key.Endpoint), node.Name, contact.Status, contact.Address,
                NumberList.Short(contact.UserAgent ?? ""));
        }
        foreach (var (key, _) in changes.Gone)
            Log.Unregistered(logger, NumberList.Short(key.Endpoint), node.Name, NumberList.Short(key.Uri));
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.PhoneRegistered, LogLevel.Debug,
            "{Number} is registered at {Node} ({Status}), address {Address}, agent {Agent}")]
        public static partial void Registered(
            ILogger logger, string number, string node, string status, IPAddress? address, string agent);

        [LoggerMessage(EventIds.PhoneUnregistered, LogLevel.Debug, "{Number} is no longer registered at {Node}, contact {Uri}")]
        public static partial void Unregistered(ILogger logger, string number, string node, string uri);

        [LoggerMessage(EventIds.ContactNotStorable, LogLevel.Warning,
            "The database cannot hold everything that Asterisk {Node} reports about the registrations of {Endpoint}; the rest is written")]
        public static partial void NotHeld(ILogger logger, string endpoint, string node);
    }
}
