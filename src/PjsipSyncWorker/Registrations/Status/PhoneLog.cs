using Microsoft.Extensions.Logging;
using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Registrations.Status;

/// <summary>
/// Logs which phones went online and offline: the first changes after <see cref="Grouping"/>, and further ones together in one line every
/// <see cref="Interval"/>. A phone that changes several times in between is in the line with its last status. Not thread-safe.
/// </summary>
internal sealed partial class PhoneLog(TimeProvider time, ILogger logger)
{
    /// <summary>Shortest time between two lines, so that ten thousand phones which register in a minute are twelve lines.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Time in which changes that come together get into one line.</summary>
    public static readonly TimeSpan Grouping = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, bool> _isOnline = new(StringComparer.Ordinal);
    private long _firstAdded;
    private long? _lastLine;

    /// <summary>Whether something was added that is not written yet.</summary>
    public bool IsWaiting => _isOnline.Count > 0;

    /// <summary>Adds a number whose status was written.</summary>
    public void Add(string number, bool isOnline)
    {
        if (_isOnline.Count == 0)
            _firstAdded = time.GetTimestamp();
        _isOnline[number] = isOnline;
    }

    /// <summary>Writes the line of what was added, if one is due.</summary>
    public void WriteIfDue()
    {
        if (time.GetElapsedTime(_firstAdded) >= Grouping && (_lastLine is not { } last || time.GetElapsedTime(last) >= Interval))
            Write();
    }

    /// <summary>Writes the line of what was added; nothing when nothing was.</summary>
    public void Write()
    {
        if (_isOnline.Count == 0)
            return;
        var online = _isOnline.Where(phone => phone.Value).Select(phone => phone.Key).ToList();
        var offline = _isOnline.Where(phone => !phone.Value).Select(phone => phone.Key).ToList();
        _isOnline.Clear();
        _lastLine = time.GetTimestamp();
        if (offline.Count == 0)
            Log.Online(logger, online.Count, Plural.S(online.Count), NumberList.Text(online));
        else if (online.Count == 0)
            Log.Offline(logger, offline.Count, Plural.S(offline.Count), NumberList.Text(offline));
        else
            Log.Both(logger, online.Count, Plural.S(online.Count), NumberList.Text(online), offline.Count, NumberList.Text(offline));
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.PhonesOnline, LogLevel.Information, "{Online} phone{S} online ({OnlineNumbers})")]
        public static partial void Online(ILogger logger, int online, string s, string onlineNumbers);

        [LoggerMessage(EventIds.PhonesOffline, LogLevel.Information, "{Offline} phone{S} offline ({OfflineNumbers})")]
        public static partial void Offline(ILogger logger, int offline, string s, string offlineNumbers);

        [LoggerMessage(EventIds.PhonesOnlineAndOffline, LogLevel.Information,
            "{Online} phone{S} online ({OnlineNumbers}), {Offline} offline ({OfflineNumbers})")]
        public static partial void Both(
            ILogger logger, int online, string s, string onlineNumbers, int offline, string offlineNumbers);
    }
}
