<?php
// Trim the video at URL to its first second and print where the piece is. PHP 8 without extensions.
//
//   RENDERIO_URL=https://box.example.org RENDERIO_KEY=ffsk_... php poll.php URL

declare(strict_types=1);

function call(string $method, string $path, ?array $body = null): array
{
    $options = [
        'method' => $method,
        'header' => ['Content-Type: application/json', 'X-API-KEY: ' . getenv('RENDERIO_KEY')],
        'ignore_errors' => true,
        'timeout' => 30,
    ];
    if ($body !== null) {
        $options['content'] = json_encode($body, JSON_THROW_ON_ERROR);
    }
    $context = stream_context_create(['http' => $options]);
    $answer = file_get_contents(getenv('RENDERIO_URL') . '/api/v1' . $path, false, $context);
    return json_decode($answer, true, 512, JSON_THROW_ON_ERROR);
}

function fail(string $message): never
{
    fwrite(STDERR, $message . PHP_EOL);
    exit(1);
}

$submitted = call('POST', '/run-ffmpeg-command', [
    'ffmpeg_command' => 'ffmpeg -y -i {{in_video}} -t 1 -c:v libx264 -preset veryfast -c:a aac {{out_piece}}',
    'input_files' => ['in_video' => $argv[1]],
    'output_files' => ['out_piece' => 'piece.mp4'],
]);
if (!isset($submitted['command_id'])) {
    fail($submitted['message']);
}

$pause = 0.25;
do {
    usleep((int) ($pause * 1_000_000));
    $pause = min($pause * 1.5, 10.0);
    $command = call('GET', '/commands/' . $submitted['command_id']);
} while (!in_array($command['status'], ['SUCCESS', 'FAILED'], true));

if ($command['error_message']) {
    fail($command['error_message']);
}
echo $command['output_files']['out_piece']['storage_url'], PHP_EOL;
