using System.Text;
using CsCheck;
using PjsipSyncWorker.Ami;

namespace PjsipSyncWorker.Tests.Ami;

public sealed class Utf8StringCacheTests
{
    [Fact]
    public void A_word_is_made_once()
    {
        var words = new Utf8StringCache(10);
        var first = words.GetOrAdd("sip:1001@192.0.2.1"u8);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var again = words.GetOrAdd("sip:1001@192.0.2.1"u8);

        Assert.Same(first, again);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void String_equals_its_UTF8_bytes() =>
        Gen.Byte.Array[0, 6].Array[1, 30].Sample(all =>
        {
            var words = new Utf8StringCache(7);
            foreach (var bytes in all)
                Assert.Equal(Encoding.UTF8.GetString(bytes), words.GetOrAdd(bytes));
        });
}
