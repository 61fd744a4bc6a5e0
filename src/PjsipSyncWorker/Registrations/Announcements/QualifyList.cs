using System.Globalization;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>The result of an announcement.</summary>
internal enum Announced
{
    /// <summary>The endpoint's AOR is on the list.</summary>
    Done,

    /// <summary>
    /// Asterisk cannot read the endpoint or its AOR: it was deleted, the database link is down, or Asterisk rejects one of its options.
    /// </summary>
    Unreadable,
}

/// <summary>
/// The private list of AORs inside one Asterisk (res_pjsip/pjsip_options.c). ContactStatus events, OPTIONS and device states exist only for
/// AORs on it. Asterisk fills the list at its boot and at a reload; a later AOR gets onto the list by a command for its endpoint.
/// </summary>
internal sealed class QualifyList(AmiConnection asterisk)
{
    /// <summary>The number of queries in flight at the same time.</summary>
    private const int Concurrency = 64;

    private readonly AsteriskConsole _console = new(asterisk);

    /// <summary>
    /// Puts the AORs of an endpoint on the list, or makes Asterisk read their options again. For an AOR that is new on the list Asterisk
    /// reads all endpoints that it is shown.
    /// </summary>
    public async Task<Announced> AnnounceAsync(string endpoint, CancellationToken cancellation)
    {
        var answer = await _console.RunAsync($"pjsip reload qualify endpoint {endpoint}", cancellation);
        // Asterisk prints nothing for an AOR that it cannot read.
        return answer.Says("Synchronizing AOR") ? Announced.Done : Announced.Unreadable;
    }

    /// <summary>
    /// Returns the entries that Asterisk has loaded: the AOR is on the list with the qualify_frequency that ps_aors has now, and Asterisk
    /// can load the endpoint. After a boot the device states show the loaded endpoints, which costs Asterisk little and no database query.
    /// After a reload they do not, so Asterisk must read all endpoints once more.
    /// </summary>
    public async Task<List<AnnouncementLedger.Entry>> LoadedAsync(
        IReadOnlyList<AnnouncementLedger.Entry> entries, bool afterBoot, CancellationToken cancellation)
    {
        var loaded = new List<AnnouncementLedger.Entry>();
        var endpoints = await LoadedEndpointsAsync(afterBoot, cancellation);
        foreach (var some in entries.Chunk(Concurrency))
        {
            var frequencies = await Task.WhenAll(some.Select(entry => FrequencyAsync(entry.Id, cancellation)));
            loaded.AddRange(some.Where((entry, i) =>
                frequencies[i] == entry.QualifyFrequency && endpoints?.Contains(entry.Id) is not false));
        }
        return loaded;
    }

    /// <returns>The ids of the loaded endpoints; null when Asterisk does not list them.</returns>
    private async Task<HashSet<string>?> LoadedEndpointsAsync(bool afterBoot, CancellationToken cancellation)
    {
        var loaded = new HashSet<string>(StringComparer.Ordinal);
        var answer = await asterisk.SendListAsync(new AmiAction(afterBoot ? "DeviceStateList" : "PJSIPShowEndpoints"), (in item) =>
        {
            var endpoint = afterBoot ? AmiFields.EndpointOf(AmiFields.Text(item, "Device"u8)) : AmiFields.Text(item, "ObjectName"u8);
            if (endpoint is not null)
                loaded.Add(endpoint);
        }, cancellation);
        return answer.Success ? loaded : null;
    }

    /// <summary>
    /// Whether Asterisk can load an endpoint. Proves that the database can be read only if the caches do not have the endpoint.
    /// </summary>
    public async Task<bool> CanReadAsync(string endpoint, CancellationToken cancellation) =>
        (await asterisk.SendListAsync(
            new AmiAction("PJSIPShowEndpoint") { { "Endpoint", endpoint } }, (in _) => { }, cancellation)).Success;

    /// <summary>
    /// Whether Asterisk reads the row of an endpoint by extconfig.conf and ODBC, without PJSIP and its caches (module res_realtime).
    /// </summary>
    public async Task<bool> IsRowReadableAsync(string endpoint, CancellationToken cancellation) =>
        (await _console.RunAsync($"realtime load ps_endpoints id {endpoint}", cancellation)).Says("Column Name");

    /// <summary>Reloads PJSIP, so that Asterisk reads all AORs and endpoints. REGISTERs of new contacts wait meanwhile.</summary>
    /// <returns>Why Asterisk did not reload; null when it did.</returns>
    public async Task<string?> ReloadAsync(CancellationToken cancellation)
    {
        var answer = await asterisk.SendAsync(new AmiAction("Reload") { { "Module", "res_pjsip.so" } }, cancellation);
        return answer.Success ? null : answer.Message;
    }

    /// <returns>
    /// The seconds between two OPTIONS to the contacts of an AOR, as the list has them; null when the AOR is not on the list.
    /// </returns>
    private async Task<int?> FrequencyAsync(string aor, CancellationToken cancellation)
    {
        var answer = await _console.RunAsync($"pjsip show qualify aor {aor}", cancellation);
        foreach (var line in answer.Output)
            if (line.Split(':', 2) is [var name, var value] && name.Trim() == "Qualify frequency"
                && int.TryParse(
                    value.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(), NumberStyles.None,
                    CultureInfo.InvariantCulture, out var seconds))
                return seconds;
        return null;
    }
}
