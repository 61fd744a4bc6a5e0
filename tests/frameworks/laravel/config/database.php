<?php
return [
    'default' => 'pgsql',
    'migrations' => 'migrations',
    'connections' => ['pgsql' => [
        'driver' => 'pgsql', 'url' => env('DATABASE_URL'), 'charset' => 'utf8', 'prefix' => '', 'schema' => 'public', 'sslmode' => 'prefer',
    ]],
];
