// A peer of our own making: TLS with a member's real transport key, the session's frames by hand,
// and then whatever a broken or dishonest member could send. [src/session/frame.h]
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// PKCS #8 around the 32 bytes of an Ed25519 seed. [RFC 8410 §7]
const pkcs8_prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Key and self-signed certificate for Node's TLS, from a seed (random if none is given). */
export function credentials(seed = randomBytes(32)) {
    const der = Buffer.concat([pkcs8_prefix, seed]).toString("base64");
    const key = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
    const folder = mkdtempSync(path.join(tmpdir(), "holdfast-key-"));
    try {
        const file = path.join(folder, "key.pem");
        writeFileSync(file, key, { mode: 0o600 });
        const cert = execFileSync("openssl", [
            "req",
            "-new",
            "-x509",
            "-key",
            file,
            "-days",
            "30",
            "-subj",
            "/CN=holdfast",
        ]).toString();
        return { key, cert };
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}
export const seed_of = (key_file) =>
    Buffer.from(readFileSync(key_file, "utf8").trim().replace(/^0x/, ""), "hex");

/** What the node's TLS insists on: version 1.3, Ed25519, X25519. */
export const tls_of = ({ key, cert }, more = {}) => ({
    key,
    cert,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    sigalgs: "ed25519",
    ecdhCurve: "X25519",
    ...more,
});

const u16 = (value) => {
    const out = Buffer.alloc(2);
    out.writeUInt16LE(value);
    return out;
};
const u32 = (value) => {
    const out = Buffer.alloc(4);
    out.writeUInt32LE(value >>> 0);
    return out;
};
const u64 = (value) => {
    const out = Buffer.alloc(8);
    out.writeBigUInt64LE(BigInt(value));
    return out;
};
const u8 = (value) => Buffer.from([value]);

export const framed = (body) => Buffer.concat([u32(body.length), body]);

export function hello({ version = 1, genesis, self, peer, incarnation = 77, resume }) {
    return framed(
        Buffer.concat([
            u8(1),
            u16(version),
            Buffer.from(genesis.slice(2), "hex"),
            u64(self),
            u64(peer),
            u64(incarnation),
            u8(resume ? 1 : 0),
            ...(resume ? [u64(resume.incarnation), u64(resume.received)] : []),
        ]),
    );
}
export function fragment(
    sequence,
    payload,
    { priority = 0, first = true, last = true, ack = 0, flags } = {},
) {
    const bits = flags ?? priority | (first ? 4 : 0) | (last ? 8 : 0);
    return framed(Buffer.concat([u8(2), u8(bits), u64(sequence), u64(ack), Buffer.from(payload)]));
}
export const acknowledgement = (upto) => framed(Buffer.concat([u8(3), u64(upto)]));
export { u32, u64, u8 };
