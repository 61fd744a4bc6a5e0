using PjsipSyncWorker.Registrations.Asterisk;

namespace PjsipSyncWorker.Tests.Registrations.Asterisk;

public sealed class AmiFieldsTests
{
    [Theory]
    [InlineData(null, true)]
    [InlineData("All", true)]
    [InlineData("res_pjsip.so", true)]
    [InlineData("res_pjsip", true)]
    [InlineData("res_pjsip_mwi.so", false)]
    [InlineData("app_queue.so", false)]
    public void Only_a_reload_of_pjsip_itself_reads_aors_again(string? module, bool reads) =>
        Assert.Equal(reads, AmiFields.ReloadsPjsip(module));
}
