using Npgsql;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Postgres;
using PjsipSyncWorker.Realtime;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Nodes;

/// <summary>
/// Keeps <c>pjsip_sync.missing_reference</c> current for one Asterisk: the extensions that name a transport, context or ACL which this
/// server does not have.
/// </summary>
internal sealed class ReferencesLoop(NodeSettings node, string schema, NpgsqlDataSource dataSource, NodeState state, TimeProvider time)
{
    /// <summary>How often all references are checked again. Asterisk sends no event for "dialplan reload".</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>The shortest pause between two checks.</summary>
    private static readonly TimeSpan MinPause = TimeSpan.FromSeconds(5);

    /// <summary>Checks at each wake-up, until cancelled, or until the connection ends.</summary>
    /// <exception cref="AmiException">The connection ended.</exception>
    public async Task RunAsync(AmiConnection connection, CancellationToken cancellation)
    {
        var references = new MissingReferences(connection, dataSource, schema);
        var checkedRevision = 0L;
        state.ReferencesMayDiffer.Set();
        while (true)
        {
            var checkAll = !await state.ReferencesMayDiffer.WaitAsync(Interval, time, cancellation);
            checkAll |= state.ServerReloaded.TryReset();
            if (checkAll)
            {
                references.Forget();
                checkedRevision = 0;
            }
            try
            {
                var missing = await references.MissingAsync(await references.AllAsync(checkedRevision, cancellation), cancellation);
                checkedRevision = await references.RecordAsync(node.Name, missing, checkedRevision, cancellation);
            }
            catch (Exception error) when (DatabaseErrors.IsDatabase(error) || error is AsteriskRefusalException or RealtimeSchemaException)
            {
                // The other loops report the same failure of the database, the AMI user or the tables.
            }
            await Task.Delay(MinPause, time, cancellation);
        }
    }
}
