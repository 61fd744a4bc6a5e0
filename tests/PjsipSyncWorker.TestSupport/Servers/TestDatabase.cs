using Npgsql;

namespace PjsipSyncWorker.TestSupport.Servers;

/// <summary>The database of one test, in which the test runs SQL as an application does.</summary>
/// <remarks>
/// The statements of a test find the ps_* tables in both layouts, in the schema asterisk and in public. The worker gets
/// <see cref="ConnectionString"/>, which has no search_path.
/// </remarks>
public sealed class TestDatabase(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _dataSource = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { SearchPath = "public,asterisk" });

    public string ConnectionString { get; } = connectionString;

    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>Returns the first column of the first row. NULL and no row give the default of the type.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        var value = await command.ExecuteScalarAsync();
        return value is null or DBNull ? default : (T)value;
    }

    /// <summary>Returns the columns of each row joined by "|"; a NULL is the text NULL.</summary>
    public async Task<List<string>> RowsAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount)
                .Select(i => reader.IsDBNull(i) ? "NULL" : Convert.ToString(reader.GetValue(i),
                System.Globalization.CultureInfo.InvariantCulture))));
        return rows;
    }

    /// <summary>Returns the same database as another role sees it.</summary>
    public TestDatabase As(string role, string? password = null) =>
        new(new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = password }.ConnectionString);

    /// <summary>Returns the same database through another port.</summary>
    public TestDatabase At(int port) =>
        new(new NpgsqlConnectionStringBuilder(ConnectionString) { Host = "127.0.0.1", Port = port }.ConnectionString);

    public async Task<NpgsqlConnection> OpenAsync() => await _dataSource.OpenConnectionAsync();

    /// <summary>Drops the pooled connections after the server was stopped.</summary>
    public void ForgetConnections() => _dataSource.Clear();

    public ValueTask DisposeAsync() => _dataSource.DisposeAsync();

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = _dataSource.CreateCommand(sql);
        foreach (var value in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
