using System.Text;
using BenchmarkDotNet.Attributes;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Bench.Micro;

/// <summary>10,000 ContactStatus events from bytes to messages.</summary>
[MemoryDiagnoser]
public class AmiReading
{
    private const int Events = 10_000;
    private byte[] _bytes = [];

    [GlobalSetup]
    public void Setup() => _bytes = Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Range(100_000, Events).Select(number => BenchAsterisk.ContactStatus(number, "Reachable"))));

    [Benchmark(OperationsPerInvoke = Events)]
    public int Read()
    {
        var reader = new AmiReader();
        var (count, sent) = (0, 0);
        while (sent < _bytes.Length)
        {
            var room = reader.GetMemory();
            var some = Math.Min(room.Length, _bytes.Length - sent);
            _bytes.AsMemory(sent, some).CopyTo(room);
            sent += some;
            reader.Advance(some);
            while (reader.TryRead(out var message))
                count += message.Get("URI"u8).Length > 0 ? 1 : 0;
        }
        return count;
    }
}
