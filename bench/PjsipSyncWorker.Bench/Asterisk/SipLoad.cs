namespace PjsipSyncWorker.Bench.Asterisk;

/// <summary>
/// Many phones behind one address and port, simulated by SIPp. The port stays the same for all that these phones do, so that
/// a second registration refreshes the contact of the first.
/// </summary>
internal sealed class SipLoad(RealAsterisk asterisk)
{
    /// <summary>Calls or registrations at a time in a closed loop.</summary>
    private const int AtATime = 20;

    /// <summary>More than any server takes: only <see cref="AtATime"/> limits.</summary>
    private const int AsFastAsAnswered = 10_000;

    private readonly int _port = Ports.Next();

    /// <summary>
    /// Registers phone after phone, so many in all, and begins again with the first after the last. Never more than 20 at a time.
    /// </summary>
    public Task<SipResult> RegisterAsync(IEnumerable<Phone> phones, int count) =>
        RunToEndAsync("register.xml", phones.Select(phone => $"{phone.Number};{phone.Password}"), count);

    /// <summary>Registers so many phones a second, whether they are answered or not, until <see cref="SipRun.StopAsync"/>.</summary>
    public Task<SipRun> KeepRegisteringAsync(IEnumerable<Phone> phones, int perSecond) =>
        BeginAsync("register.xml", phones.Select(phone => $"{phone.Number};{phone.Password}"), "-r", $"{perSecond}", "-l", "100000");

    /// <summary>
    /// Each caller calls its callee and hangs up when it is answered, so many times in all. Never more than 20 at a time.
    /// </summary>
    public Task<SipResult> CallAsync(IEnumerable<(Phone Caller, Phone Callee)> pairs, int count) =>
        RunToEndAsync("call.xml", pairs.Select(pair => $"{pair.Caller.Number};{pair.Caller.Password};{pair.Callee.Number}"), count);

    /// <summary>Answers every call until <see cref="SipRun.StopAsync"/>.</summary>
    public async Task<SipRun> AnswerAsync()
    {
        var run = await BeginAsync("answer.xml", null, "-aa");
        await run.ListensAsync();
        return run;
    }

    private async Task<SipResult> RunToEndAsync(string scenario, IEnumerable<string> lines, int count)
    {
        await using var run = await BeginAsync(scenario, lines, "-r", $"{AsFastAsAnswered}", "-l", $"{AtATime}", "-m", $"{count}");
        var result = await run.EndAsync();
        return result.Succeeded > 0 ? result : throw new InvalidOperationException($"Not one of {count} succeeded in {scenario}");
    }

    /// <summary>
    /// Puts the scenario and its data into the server's folder under a name of this run's own, which the files that SIPp writes
    /// bear too.
    /// </summary>
    /// <param name="lines">One for each call, in turn; null: the scenario needs none.</param>
    private async Task<SipRun> BeginAsync(string scenario, IEnumerable<string>? lines, params string[] arguments)
    {
        var name = $"{Path.GetFileNameWithoutExtension(scenario)}-{Guid.NewGuid():N}";
        await asterisk.WriteAsync($"sip/{name}.xml", await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Sip", scenario)));
        if (lines is not null)
            await asterisk.WriteAsync($"sip/{name}.csv", $"SEQUENTIAL\n{string.Join('\n', lines)}\n");
        return new SipRun(asterisk, name, _port, lines is null ? arguments : [.. arguments, "-inf", $"{name}.csv"]);
    }
}
