using PjsipSyncWorker.Schema;

namespace PjsipSyncWorker.Tests.Schema;

public sealed class SqlScriptTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["name"] = "it's \"x\"", ["back"] = "a\\b" };

    [Theory]
    [InlineData("select :'name'", "select 'it''s \"x\"'")]
    [InlineData("select :\"name\"", "select \"it's \"\"x\"\"\"")]
    [InlineData("select :'back'", "select  E'a\\\\b'")]
    [InlineData("select x::text, ':''name''', \":'name'\"", "select x::text, ':''name''', \":'name'\"")]
    [InlineData("do $$ :'name' $$; :'name'", "do $$ :'name' $$; 'it''s \"x\"'")]
    [InlineData("do $a$ $$ :'name' $a$", "do $a$ $$ :'name' $a$")]
    [InlineData("-- it's :'name'\n:'name'", "-- it's :'name'\n'it''s \"x\"'")]
    [InlineData("/* :'name' */ $1", "/* :'name' */ $1")]
    public void Variables_are_put_in_where_psql_puts_them(string script, string filled) =>
        Assert.Equal(filled, SqlScript.Fill(script, Variables));

    [Fact]
    public void A_variable_that_is_not_given_is_an_error() =>
        Assert.Throws<KeyNotFoundException>(() => SqlScript.Fill(":'nosuch'", Variables));
}
