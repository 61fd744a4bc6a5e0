<?php
require_once 'Illuminate/autoload.php';

spl_autoload_register(function (string $class): void {
    foreach (['App\\' => 'app/', 'Database\\Seeders\\' => 'database/seeders/', 'Tests\\' => 'tests/'] as $prefix => $folder) {
        $file = __DIR__.'/../'.$folder.str_replace('\\', '/', substr($class, strlen($prefix))).'.php';
        if (str_starts_with($class, $prefix) && is_file($file)) {
            require $file;
        }
    }
});
