// One PostgreSQL serves the whole run.
[assembly: AssemblyFixture(typeof(PostgresServer))]
