<?php
namespace Tests;

abstract class TestCase extends \Illuminate\Foundation\Testing\TestCase
{
    public $mockConsoleOutput = false;

    public function createApplication()
    {
        $app = require __DIR__.'/../bootstrap/app.php';
        $app->make(\Illuminate\Contracts\Console\Kernel::class)->bootstrap();

        return $app;
    }
}
