// What can come in at the port for peers. `stranger_cases` stop at the door (no key, a wrong one,
// no TLS); `member_cases` come from a member with its real key, after a good hello unless they
// bring one of their own, and end the connection with a named error, or are counted and dropped.
import { randomBytes } from "node:crypto";
import { acknowledgement, fragment, framed, hello, u32, u64, u8 } from "../lib/hostile_peer.mjs";

const http = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

export const stranger_cases = [
    { name: "nothing at all", bytes: "", slow: true },
    { name: "an HTTP request", bytes: http },
    { name: "64 kB of random bytes", bytes: randomBytes(65_536) },
    { name: "half a TLS hello", bytes: Buffer.from("16030100c8010000c40303", "hex"), slow: true },
    { name: "a TLS record longer than TLS allows", bytes: Buffer.from("160301ffff", "hex") },
    { name: "TLS 1.2", tls: { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } },
    { name: "TLS without a certificate", tls: { minVersion: "TLSv1.3" } },
    { name: "TLS with a key that nobody knows", tls: { minVersion: "TLSv1.3" }, own_key: true },
];

export const member_cases = [
    // ------------------------------------------------------------------------------- frames
    { name: "a frame of 4 GB", send: () => u32(0xffffffff), expect: "session.frame_too_large" },
    { name: "a frame of no bytes", send: () => u32(0), expect: "session.frame_malformed" },
    {
        name: "a kind that nobody knows",
        send: () => framed(u8(9)),
        expect: "session.frame_malformed",
    },
    {
        name: "an acknowledgement cut short",
        send: () => framed(Buffer.from([3, 1])),
        expect: "session.frame_malformed",
    },
    {
        name: "an acknowledgement of what was never sent",
        send: () => acknowledgement(10n ** 15n),
        expect: "session.unexpected",
    },
    {
        name: "sequence number zero",
        send: () => fragment(0, "x"),
        expect: "session.frame_malformed",
    },
    {
        name: "a sequence number skipped",
        send: () => fragment(2, "x"),
        expect: "session.sequence_gap",
    },
    {
        name: "a priority that is none",
        send: () => fragment(1, "x", { flags: 15 }),
        expect: "session.frame_malformed",
    },
    {
        name: "flags that nobody knows",
        send: () => fragment(1, "x", { flags: 0xf0 }),
        expect: "session.frame_malformed",
    },
    {
        name: "a short piece that is not the last",
        send: () => fragment(1, "x", { last: false }),
        expect: "session.frame_malformed",
    },
    {
        name: "the rest of a message without its beginning",
        send: () => fragment(1, "x", { first: false }),
        expect: "session.unexpected",
    },
    {
        name: "a message over the limit, in pieces",
        send: () =>
            Buffer.concat(
                Array.from({ length: 300 }, (_, index) =>
                    fragment(index + 1, Buffer.alloc(32 * 1024), {
                        first: index === 0,
                        last: false,
                        priority: 2,
                    }),
                ),
            ),
        expect: "session.frame_too_large",
    },
    { name: "a second hello", send: (context) => hello(context), expect: "session.unexpected" },

    // ---------------------------------------------------------------------------- handshake
    {
        name: "a hello of another ledger",
        opening: (context) => hello({ ...context, genesis: `0x${"77".repeat(32)}` }),
        expect: "session.wrong_genesis",
    },
    {
        name: "a hello of another version",
        opening: (context) => hello({ ...context, version: 2 }),
        expect: "session.wrong_version",
    },
    {
        name: "a hello in another's name",
        opening: (context) => hello({ ...context, self: 2 }),
        expect: "session.wrong_peer",
    },
    {
        name: "a hello in the listener's own name",
        opening: (context) => hello({ ...context, self: context.peer }),
        expect: "session.own_identity",
    },
    {
        name: "a hello to somebody else",
        opening: (context) => hello({ ...context, peer: 9 }),
        expect: "session.wrong_peer",
    },
    {
        name: "a hello cut short",
        opening: (context) => framed(hello(context).subarray(4, 30)),
        expect: "session.frame_malformed",
    },
    {
        name: "a hello with more behind it",
        opening: (context) => framed(Buffer.concat([hello(context).subarray(4), u64(1)])),
        expect: "session.frame_malformed",
    },
    {
        name: "a message before the hello",
        opening: () => fragment(1, "x"),
        expect: "session.unexpected",
    },
    {
        name: "HTTP behind TLS",
        opening: () => Buffer.from(http),
        expect: /session\.(frame_too_large|frame_malformed)/,
    },

    // ----------------------------------------------------- messages: dropped, the link stays
    { name: "an empty message", send: () => fragment(1, ""), dropped: true },
    {
        name: "a tag that nobody knows",
        send: () => fragment(1, Buffer.from([0xee, 1, 2])),
        dropped: true,
    },
    {
        name: "every tag with nothing behind it",
        dropped: true,
        send: () =>
            Buffer.concat(Array.from({ length: 32 }, (_, tag) => fragment(tag + 1, u8(tag)))),
    },
    {
        name: "every tag with 200 random bytes",
        dropped: true,
        send: () =>
            Buffer.concat(
                Array.from({ length: 64 }, (_, tag) =>
                    fragment(tag + 1, Buffer.concat([u8(tag % 16), randomBytes(200)])),
                ),
            ),
    },
    {
        name: "every tag with a length of 2^32 - 1",
        dropped: true,
        send: () =>
            Buffer.concat(
                Array.from({ length: 32 }, (_, tag) =>
                    fragment(tag + 1, Buffer.concat([u8(tag), Buffer.alloc(12, 0xff)])),
                ),
            ),
    },
    {
        name: "a message sent twice",
        send: () =>
            Buffer.concat([fragment(1, Buffer.from([0xee])), fragment(1, Buffer.from([0xee]))]),
        dropped: true,
    },
    {
        name: "20,000 messages of garbage at once",
        dropped: true,
        send: () =>
            Buffer.concat(
                Array.from({ length: 20_000 }, (_, index) => fragment(index + 1, randomBytes(40))),
            ),
    },
];
