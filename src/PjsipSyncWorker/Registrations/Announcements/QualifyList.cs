using System.Globalization;
using PjsipSyncWorker.Ami;
using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Registrations.Announcements;

/// <summary>How Asterisk took the announcement of an endpoint.</summary>
internal enum Announced
{
    /// <summary>Its AOR is on the list.</summary>
    Done,

    /// <summary>Asterisk cannot read the endpoint or its AOR: it is gone, the database link is down, or it has an option that Asterisk does not take.</summary>
    Unreadable,
}

/// <summary>
/// The private list of AORs (res_pjsip/pjsip_options.c) on which ContactStatus events, OPTIONS and device states of one Asterisk hang.
/// It is filled at boot and by a reload; what is made later gets there by a command of its own.
/// </summary>
internal sealed class QualifyList(AmiConnection asterisk)
{
    private const int AtOnce = 64;

    private readonly AsteriskConsole _console = new(asterisk);

    /// <summary>Puts an endpoint's AORs on the list, or reads their options anew. Asterisk looks for their endpoints if they were not on it.</summary>
    public async Task<Announced> AnnounceAsync(string endpoint, CancellationToken cancellation)
    {
        var answer = await _console.RunAsync($"pjsip reload qualify endpoint {endpoint}", cancellation);
        // Asterisk prints nothing for an AOR that it cannot read.
        return answer.Says("Synchronizing AOR") ? Announced.Done : Announced.Unreadable;
    }

    /// <summary>
    /// Which of these have been loaded: their AOR is on the list with the qualify_frequency that ps_aors has now, and Asterisk can load the
    /// endpoint. After a boot it shows a device state of every such endpoint, which costs it next to nothing and no look at the database;
    /// after a reload it must read all endpoints once more.
    /// </summary>
    public async Task<List<AnnouncementLedger.Entry>> KnownAsync(IReadOnlyList<AnnouncementLedger.Entry> entries, bool booted, CancellationToken cancellation)
    {
        var known = new List<AnnouncementLedger.Entry>();
        var loaded = await LoadedAsync(booted, cancellation);
        foreach (var some in entries.Chunk(AtOnce))
        {
            var frequencies = await Task.WhenAll(some.Select(entry => FrequencyAsync(entry.Id, cancellation)));
            known.AddRange(some.Where((entry, i) => frequencies[i] == entry.QualifyFrequency && loaded?.Contains(entry.Id) is not false));
        }
        return known;
    }

    /// <returns>Null when Asterisk does not say.</returns>
    private async Task<HashSet<string>?> LoadedAsync(bool booted, CancellationToken cancellation)
    {
        var loaded = new HashSet<string>(StringComparer.Ordinal);
        var answer = await asterisk.SendListAsync(new AmiAction(booted ? "DeviceStateList" : "PJSIPShowEndpoints"), (in item) =>
        {
            if ((booted ? AsteriskSession.DeviceOf(AsteriskSession.Text(item, "Device"u8)) : AsteriskSession.Text(item, "ObjectName"u8)) is { } endpoint)
                loaded.Add(endpoint);
        }, cancellation);
        return answer.Success ? loaded : null;
    }

    /// <summary>Whether Asterisk can read an endpoint. The caches must have forgotten it, or it is no proof.</summary>
    public async Task<bool> CanReadAsync(string endpoint, CancellationToken cancellation) =>
        (await asterisk.SendListAsync(new AmiAction("PJSIPShowEndpoint") { { "Endpoint", endpoint } }, (in _) => { }, cancellation)).Success;

    /// <summary>Whether the row of an endpoint comes through extconfig.conf and ODBC, past PJSIP and its caches (module res_realtime).</summary>
    public async Task<bool> IsRowReadableAsync(string endpoint, CancellationToken cancellation) =>
        (await _console.RunAsync($"realtime load ps_endpoints id {endpoint}", cancellation)).Says("Column Name");

    /// <summary>Reads all AORs and endpoints. REGISTERs of new contacts wait meanwhile.</summary>
    /// <returns>Null when it was done, else why not.</returns>
    public async Task<string?> ReloadAsync(CancellationToken cancellation)
    {
        var answer = await asterisk.SendAsync(new AmiAction("Reload") { { "Module", "res_pjsip.so" } }, cancellation);
        return answer.Success ? null : answer.Message;
    }

    /// <summary>Seconds between two OPTIONS to the contacts of an AOR as the list has it; null when the AOR is not on it.</summary>
    private async Task<int?> FrequencyAsync(string aor, CancellationToken cancellation)
    {
        var answer = await _console.RunAsync($"pjsip show qualify aor {aor}", cancellation);
        foreach (var line in answer.Output)
            if (line.Split(':', 2) is [var name, var value] && name.Trim() == "Qualify frequency"
                && int.TryParse(value.Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                return seconds;
        return null;
    }
}
