using Microsoft.Extensions.Configuration;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Extensions;
using PjsipSyncWorker.Realtime;

namespace PjsipSyncWorker.Tests.Realtime;

/// <summary>Maps extensions into the tables of Asterisk 22.</summary>
internal static class MapperRig
{
    /// <summary>The columns of Asterisk 22.</summary>
    public static RealtimeSchema Asterisk22 { get; } = RealtimeSchemas.Asterisk();

    /// <summary>Maps an extension that must be accepted; returns the values that are not NULL by table and column.</summary>
    public static Dictionary<string, string> Map(Extension extension)
    {
        Assert.True(new Mapper(Asterisk22, ReadRealtime()).TryMap(extension, out var mapped, out var problem), problem);
        var values = new string?[Asterisk22.Columns.Count];
        mapped.CopyTo(values);
        return Asterisk22.Columns.Where(column => values[column.Index] is not null)
            .ToDictionary(column => column.Display, column => values[column.Index]!);
    }

    /// <summary>Maps an extension that must be refused; returns the reason.</summary>
    public static string Refused(Extension extension)
    {
        Assert.False(new Mapper(Asterisk22, ReadRealtime()).TryMap(extension, out _, out var problem));
        return problem;
    }

    /// <summary>The section Realtime with these settings, written as <c>Section:Key=value</c>.</summary>
    public static RealtimeSettings ReadRealtime(params string[] settings) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string,
            string?>(setting[..setting.IndexOf('=', StringComparison.Ordinal)],
            setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..])))
        .Build()).Realtime;
}
