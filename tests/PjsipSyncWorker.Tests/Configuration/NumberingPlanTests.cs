using PhoneNumbers;
using PjsipSyncWorker.Configuration;
using PjsipSyncWorker.Tests.AsteriskConfig;

namespace PjsipSyncWorker.Tests.Configuration;

/// <summary>The ways of dialling, with the numbers and the rules of libphonenumber as a second opinion.</summary>
public sealed class NumberingPlanTests
{
    private static readonly PhoneNumberUtil Numbers = PhoneNumberUtil.GetInstance();

    public static TheoryData<string> Countries => [.. NumberingPlan.KnownCountries];

    [Theory]
    [MemberData(nameof(Countries))]
    public void Numbers_as_a_country_dials_them_become_international(string country)
    {
        var dialplan = new Dialled(("Asterisk:Render:Country", country));
        foreach (var type in new[] { PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE })
        {
            var number = Numbers.GetExampleNumberForType(country, type);
            var national = Digits(Numbers.Format(number, PhoneNumberFormat.NATIONAL));
            if (number.CountryCode == 1)
                Assert.Equal(E164(number), dialplan.Result($"1{national}"));
            Assert.Equal(E164(number), dialplan.Result(national));
            Assert.Equal(E164(number), dialplan.Result(E164(number)));
        }
        // Whoever is abroad for this country.
        var foreign = Numbers.GetExampleNumberForType(country == "NL" ? "BE" : "NL", PhoneNumberType.FIXED_LINE);
        Assert.Equal(E164(foreign), dialplan.Result(Digits(Numbers.FormatOutOfCountryCallingNumber(foreign, country))));
    }

    [Theory]
    [MemberData(nameof(Countries))]
    public void Emergency_numbers_exist_in_their_country(string country)
    {
        var emergency = NumberingPlan.Of(new RenderSettings { Country = country }).EmergencyNumbers;

        Assert.NotEmpty(emergency);
        Assert.All(emergency, number => Assert.True(ShortNumberInfo.GetInstance().IsEmergencyNumber(number, country)
            || ShortNumberInfo.GetInstance().IsValidShortNumberForRegion(Numbers.Parse(number, country), country), number));
        Assert.True(ShortNumberInfo.GetInstance().IsEmergencyNumber(emergency[^1], country) || emergency.Contains("112"));
    }

    [Theory]
    [InlineData("DE", "30", "9876543", "+49309876543")]
    [InlineData("US", "212", "5551234", "+12125551234")]
    [InlineData("GB", "20", "79460000", "+442079460000")]
    [InlineData("AU", "2", "90001234", "+61290001234")]
    public void A_local_number_gets_its_area_code_only_when_that_is_configured(string country, string areaCode, string dialled,
        string result)
    {
        Assert.Equal(result, new Dialled(("Asterisk:Render:Country", country), ("Asterisk:Render:AreaCode", areaCode)).Result(dialled));
        Assert.Null(new Dialled(("Asterisk:Render:Country", country)).Result(dialled));
    }

    [Theory]
    [InlineData("ES")]
    [InlineData("FR")]
    public void An_area_code_is_refused_where_numbers_are_dialled_in_full(string country)
    {
        var error = Assert.Throws<SettingsException>(
            () => new Dialled(("Asterisk:Render:Country", country), ("Asterisk:Render:AreaCode", "1")));
        Assert.Equal(["Asterisk:Render:AreaCode must not be given, because national numbers are always dialled in full here"],
            error.Problems);
    }

    [Theory]
    // Hungary; a closed plan; and, as before there were countries, a country code alone and none at all.
    [InlineData("36", "06", "00", "0612345678", "+3612345678")]
    [InlineData("30", "none", "00", "2101234567", "+302101234567")]
    [InlineData("49", "", "", "030987654", "+4930987654")]
    [InlineData("", "", "", "030987654", "030987654")]
    [InlineData("81", "0", "010", "010331234567", "+331234567")]
    [InlineData("81", "0", "010", "0312345678", "+81312345678")]
    public void Another_country_is_described_by_its_prefixes(string code, string national, string international, string dialled,
        string result) =>
        Assert.Equal(result, new Dialled(("Asterisk:Render:CountryCode", code), ("Asterisk:Render:NationalPrefix", national),
            ("Asterisk:Render:InternationalPrefix", international)).Result(dialled));

    [Fact]
    public void A_key_of_its_own_wins_over_the_country()
    {
        Assert.Equal(["999"], NumberingPlan.Of(new RenderSettings { Country = "DE", EmergencyNumbers = ["999"] }).EmergencyNumbers);
        Assert.Equal(["110", "112"], NumberingPlan.Of(new RenderSettings { Country = "de" }).EmergencyNumbers);
        Assert.Equal(["112", "911"], NumberingPlan.Of(new RenderSettings()).EmergencyNumbers);
    }

    private static string E164(PhoneNumber number) => Numbers.Format(number, PhoneNumberFormat.E164);

    private static string Digits(string text) => string.Concat(text.Where(char.IsAsciiDigit));
}
