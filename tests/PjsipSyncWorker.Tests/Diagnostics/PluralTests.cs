using PjsipSyncWorker.Diagnostics;

namespace PjsipSyncWorker.Tests.Diagnostics;

public sealed class PluralTests
{
    [Theory]
    [InlineData(0, "0 endpoints")]
    [InlineData(1, "1 endpoint")]
    [InlineData(2, "2 endpoints")]
    [InlineData(100_000, "100000 endpoints")]
    public void The_singular_is_for_one_alone(long count, string expected) => Assert.Equal(expected, Plural.Of(count, "endpoint"));

    [Fact]
    public void An_irregular_plural_is_given() => Assert.Equal("2 checks were", Plural.Of(2, "check was", "checks were"));
}
