<?php
// Writes json_encode.tsv: php tests/unit/php/json_encode.php > tests/unit/php/json_encode.tsv
// Each line is a code point in hexadecimal and what json_encode makes of its character. Needs no extension of PHP.
$points = array_merge(
    range(0x0, 0xff),            // ASCII and Latin-1
    range(0x2000, 0x206f),       // separators and marks of direction
    range(0x100, 0xd7ff, 17),    // a sample of the rest up to the surrogates
    [0xd7ff],
    range(0xe000, 0xffff, 17),   // private use, and what follows
    [0xfeff, 0xfffd, 0xfffe, 0xffff],
    range(0x10000, 0x10ffff, 997),
    [0x1f600, 0x10ffff],
);
$points = array_unique($points);
sort($points);
echo "# PHP ", PHP_VERSION, ": php tests/unit/php/json_encode.php > tests/unit/php/json_encode.tsv\n";
foreach ($points as $point) {
    $units = $point < 0x10000
        ? [$point]
        : [0xd800 + (($point - 0x10000) >> 10), 0xdc00 + (($point - 0x10000) & 0x3ff)];
    $escaped = implode("", array_map(fn ($unit) => sprintf('\u%04x', $unit), $units));
    printf("%x\t%s\n", $point, json_encode(json_decode("\"$escaped\"", flags: JSON_THROW_ON_ERROR), JSON_THROW_ON_ERROR));
}
