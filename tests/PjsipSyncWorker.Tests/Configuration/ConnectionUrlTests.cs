using Microsoft.Extensions.Configuration;
using Npgsql;
using PjsipSyncWorker.Configuration;

namespace PjsipSyncWorker.Tests.Configuration;

public sealed class ConnectionUrlTests
{
    [Theory]
    [InlineData("postgres://app:sesame@db.example/pbx", "Host=db.example;Database=pbx;Username=app;Password=sesame")]
    [InlineData("postgresql://app@db.example:5433/pbx?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "Host=db.example;Port=5433;Database=pbx;Username=app;SSL Mode=VerifyFull;Root Certificate=/etc/ca.pem")]
    [InlineData("pgsql://app:sesame@127.0.0.1:5432/pbx?charset=utf8",
        "Host=127.0.0.1;Port=5432;Database=pbx;Username=app;Password=sesame")]
    [InlineData("postgresql://app:sesame@localhost:5432/pbx?schema=public&connection_limit=5&pgbouncer=true",
        "Host=localhost;Port=5432;Database=pbx;Username=app;Password=sesame")]
    [InlineData("postgres:///pbx?host=/run/postgresql&user=pjsip_sync", "Host=/run/postgresql;Database=pbx;Username=pjsip_sync")]
    [InlineData("postgres://pjsip_sync@%2Frun%2Fpostgresql/pbx", "Host=/run/postgresql;Database=pbx;Username=pjsip_sync")]
    [InlineData("postgres:///pbx", "Host=/run/postgresql;Database=pbx")]
    [InlineData("postgres://a%40b:p%2Fw%3A%25%20%3B@db/p%20bx", "Host=db;Database=p bx;Username=a@b;Password=\"p/w:% ;\"")]
    [InlineData("postgres://app:p@w#@db/pbx", "Host=db;Database=pbx;Username=app;Password=p@w#")]
    [InlineData("postgres://app@[::1]:5433/pbx", "Host=::1;Port=5433;Database=pbx;Username=app")]
    [InlineData("postgres://app@db1:5432,db2:5433/pbx?target_session_attrs=read-write",
        "Host=db1:5432,db2:5433;Database=pbx;Username=app")]
    [InlineData("postgres://app@db/pbx?application_name=mine&connect_timeout=7",
        "Host=db;Database=pbx;Username=app;Application Name=mine;Timeout=7")]
    public void A_url_is_read_as_the_connection_string_that_means_the_same(string url, string expected) =>
        Assert.Equal(Keys(expected), Keys(Read(url)));

    [Theory]
    [InlineData("mysql://app:sesame@db/pbx", "mysql://: the worker needs PostgreSQL")]
    [InlineData("postgres://app:sesame/5ecret@db/pbx", "/ is %2F")]
    [InlineData("postgres://app:sesame?5ecret@db/pbx", "? is %3F")]
    [InlineData("postgres://app:sesame%5ecret%@db/pbx", "a % itself is written %25")]
    [InlineData("postgres://app:sesame@db:5ecret/pbx", "wrong port")]
    [InlineData("postgres://app:sesame@db1:1,db2:5ecret/pbx", "wrong port")]
    [InlineData("postgres://app:sesame@db/pbx?sslmod=require", "sslmod, which is not known; the parameters are: host")]
    [InlineData("postgres://app:sesame@db/pbx?sslmode=5ecret", "wrong sslmode")]
    [InlineData("postgres://app:sesame@db/pbx?connect_timeout=5ecret", "a value of connect_timeout")]
    [InlineData("postgres://app:sesame@db/pbx?5ecret=1", "(unreadable)")]
    [InlineData("Host=db;Pasword=sesame", "is not a connection string such as Host=")]
    [InlineData("Username=app;Password=sesame", "is without a Host")]
    [InlineData("host=db user=app password=sesame dbname=pbx", "its Host is no host name")]
    [InlineData("Host=postgres://app:sesame@db/pbx", "its Host is no host name")]
    public void What_cannot_be_read_is_named_without_the_password(string text, string said)
    {
        var error = Assert.Throws<SettingsException>(() => Read(text));

        Assert.Contains("ConnectionStrings:Postgres is", error.Message, StringComparison.Ordinal);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("5ecret", error.ToString(), StringComparison.Ordinal);
    }

    private static IEnumerable<string> Keys(string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        return connection.Keys.Where(connection.ShouldSerialize).Order(StringComparer.Ordinal).Select(key => $"{key}={connection[key]}");
    }

    private static string Read(string text) => SettingsReader.Read(new ConfigurationBuilder()
        .AddInMemoryCollection([new("ConnectionStrings:Postgres", text)]).Build()).ConnectionString;
}
