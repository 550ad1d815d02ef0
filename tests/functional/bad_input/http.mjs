// What comes in at the API's port and is not a good HTTP request, byte by byte. `expect` is the
// status that must come back, or "closed": no answer, but the end of the connection, within the
// bound.
const body = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';
const post = (headers, content = body) =>
    `POST / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n${content}`;
const json = "Content-Type: application/json\r\n";
const upgrade = (headers) =>
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
    "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
    `${headers}\r\n`;

/** One WebSocket frame of a client, masked with zeros unless told otherwise. */
export function frame(opcode, payload, { masked = true, last = true, length } = {}) {
    const bytes = Buffer.from(payload);
    const size = length ?? bytes.length;
    const header = [(last ? 0x80 : 0) | opcode];
    const mask = masked ? 0x80 : 0;
    if (size < 126) header.push(mask | size);
    else if (size < 65_536) header.push(mask | 126, size >> 8, size & 255);
    else {
        const wide = Buffer.alloc(8);
        wide.writeBigUInt64BE(BigInt(size));
        header.push(mask | 127, ...wide);
    }
    return Buffer.concat([Buffer.from(header), Buffer.alloc(masked ? 4 : 0), bytes]);
}

export const http_cases = [
    { name: "bytes that are no HTTP", bytes: Buffer.alloc(4096, 0xa5), expect: /400|closed/ },
    {
        name: "a TLS hello",
        bytes: Buffer.from("16030100c8010000c40303", "hex"),
        expect: /400|closed/,
    },
    { name: "HTTP/0.9", bytes: "GET /\r\n\r\n", expect: /400|505|closed/ },
    {
        name: "HTTP/9.9",
        bytes: "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        expect: /400|505|closed/,
    },
    {
        name: "an unknown verb",
        bytes: "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        expect: /40[05]|501/,
    },
    {
        name: "PUT",
        bytes: `PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`,
        expect: 405,
    },
    {
        name: "a path that is not there",
        bytes: "GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        expect: 404,
    },
    {
        name: "a path that climbs",
        bytes: "GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        expect: /400|404/,
    },
    {
        name: "no Host",
        bytes: `POST / HTTP/1.1\r\n${json}Content-Length: 2\r\n\r\n{}`,
        expect: /400|403/,
    },
    {
        name: "another's Host (DNS rebinding)",
        bytes:
            `POST / HTTP/1.1\r\nHost: evil.example\r\n${json}` +
            `Content-Length: ${body.length}\r\n\r\n${body}`,
        expect: 403,
    },
    {
        name: "a foreign page's Origin",
        expect: 403,
        bytes: post(`${json}Origin: https://evil.example\r\nContent-Length: ${body.length}\r\n`),
    },
    {
        name: "a form's content type (needs no preflight)",
        expect: /415|403|400/,
        bytes: post(
            "Origin: https://evil.example\r\nContent-Type: text/plain\r\n" +
                `Content-Length: ${body.length}\r\n`,
        ),
    },
    {
        name: "a content length that is negative",
        bytes: post(`${json}Content-Length: -5\r\n`),
        expect: /400|closed/,
    },
    {
        name: "a content length that is a word",
        bytes: post(`${json}Content-Length: many\r\n`),
        expect: /400|closed/,
    },
    {
        name: "a content length of 2^64",
        bytes: post(`${json}Content-Length: 18446744073709551616\r\n`),
        expect: /400|413|closed/,
    },
    {
        name: "a body announced as 1 GB",
        bytes: post(`${json}Content-Length: 1073741824\r\n`),
        expect: /413|200: .*-32600/,
    },
    {
        name: "two content lengths that differ",
        expect: /400|closed/,
        bytes: post(`${json}Content-Length: ${body.length}\r\nContent-Length: 5\r\n`),
    },
    {
        name: "length and chunks together (smuggling)",
        expect: /400|closed/,
        bytes: post(`${json}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, "0\r\n\r\n"),
    },
    {
        name: "a chunk with a size that is no number",
        bytes: post(`${json}Transfer-Encoding: chunked\r\n`, "zz\r\nhello\r\n"),
        expect: /400|closed/,
    },
    {
        name: "chunks of 3 MB together",
        expect: /413|200: .*-32600/,
        bytes: post(
            `${json}Transfer-Encoding: chunked\r\n`,
            `${(3 << 20).toString(16)}\r\n${"x".repeat(3 << 20)}\r\n0\r\n\r\n`,
        ),
    },
    {
        name: "a header of 1 MB",
        bytes: `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(1 << 20)}\r\n\r\n`,
        expect: /400|431|closed/,
    },
    {
        name: "20,000 headers",
        expect: /400|431|closed/,
        bytes: `GET / HTTP/1.1\r\nHost: localhost\r\n${"A: b\r\n".repeat(20_000)}\r\n`,
    },
    {
        name: "a header line without a colon",
        bytes: "GET / HTTP/1.1\r\nHost: localhost\r\nbad\r\n\r\n",
        expect: /400|closed/,
    },
    {
        name: "a carriage return inside a header",
        bytes: "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        expect: /400|closed/,
    },
    {
        name: "headers that never end (slow loris)",
        bytes: "GET / HTTP/1.1\r\nHost: loc",
        keep: true,
        expect: /408|closed/,
        within: 70_000,
        slow: true,
    },
    {
        name: "WebSocket from a foreign page",
        bytes: upgrade("Origin: https://evil.example\r\n" + "Sec-WebSocket-Version: 13\r\n"),
        expect: 403,
    },
    {
        name: "WebSocket of another version",
        bytes: upgrade("Sec-WebSocket-Version: 7\r\n"),
        expect: /400|426|closed/,
    },
];

/** After a good handshake: what is sent, and that the connection ends or an error comes. */
export const websocket_cases = [
    { name: "a frame without a mask", bytes: frame(1, body, { masked: false }) },
    { name: "a frame of 2^62 bytes", bytes: frame(1, "x", { length: 2 ** 53 }) },
    { name: "a message of 3 MB", bytes: frame(1, "x".repeat(3 << 20)) },
    {
        name: "a message of 3 MB in pieces",
        bytes: Buffer.concat([
            frame(1, "x".repeat(1 << 20), { last: false }),
            frame(0, "x".repeat(1 << 20), { last: false }),
            frame(0, "x".repeat(1 << 20)),
        ]),
    },
    { name: "a continuation of nothing", bytes: frame(0, "x") },
    { name: "an opcode nobody knows", bytes: frame(5, "x") },
    { name: "a ping of 200 bytes", bytes: frame(9, "x".repeat(200)) },
    { name: "a ping in pieces", bytes: frame(9, "x", { last: false }) },
    { name: "text that is not UTF-8", bytes: frame(1, Buffer.from([0xff, 0xfe, 0xfd])) },
    { name: "a close frame of one byte", bytes: frame(8, "x") },
];
