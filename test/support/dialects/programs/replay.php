<?php
// Sends what comes in on standard input (a JSON list) and says what was answered.

function sent(array $item): array
{
    if (isset($item['code'])) {
        eval($item['code']);
        return ['status' => curl_getinfo($ch, CURLINFO_RESPONSE_CODE), 'headers' => (object) [], 'body' => $response];
    }
    $given = [];
    foreach ($item['headers'] as $name => $value) {
        $given[] = "$name: $value";
    }
    $handle = curl_init($item['url']);
    curl_setopt($handle, CURLOPT_CUSTOMREQUEST, $item['method']);
    curl_setopt($handle, CURLOPT_HTTPHEADER, $given);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    if (isset($item['body'])) {
        curl_setopt($handle, CURLOPT_POSTFIELDS, $item['body']);
    }
    $body = curl_exec($handle);
    return ['status' => curl_getinfo($handle, CURLINFO_RESPONSE_CODE), 'headers' => (object) [], 'body' => $body];
}

echo json_encode(array_map('sent', json_decode(stream_get_contents(STDIN), true)));
