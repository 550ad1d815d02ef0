// Bad input from clients: transactions, JSON-RPC, HTTP and WebSocket. Every refusal has a name,
// takes a bounded time and memory, and the node serves on. The tables stand in bad_input/.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { body_cases, call_cases } from "./bad_input/json_rpc.mjs";
import { dynamic_fee } from "./bad_input/craft.mjs";
import { http_cases, websocket_cases } from "./bad_input/http.mjs";
import { transaction_cases } from "./bad_input/transactions.mjs";
import { matches, run_table } from "./lib/bad_input.mjs";
import { Cluster } from "./lib/cluster.mjs";
import { talk } from "./lib/raw_socket.mjs";
import { http_exchange } from "./lib/rpc.mjs";
import { keccak256, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const key = keccak256(toHex("bad input"));
const account = privateKeyToAccount(key);
/** The first byte of a close frame. [RFC 6455 §5.5.1] */
const websocket_close = 0x88;
const to = `0x${"22".repeat(20)}`;

describe("bad input from clients", () => {
    let cluster, node, included, next_nonce;

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, { nodes: 1, alloc: [[account.address, 1_000_000]] });
        node = cluster.nodes[0];
        included = await dynamic_fee({ key, chain_id: cluster.chain_id, nonce: 0, to });
        await node.rpc.call("eth_sendRawTransactionSync", [included]);
        next_nonce = 1;
    });

    async function post(body) {
        const bytes = Buffer.from(body);
        return http_exchange(node.rpc_port, {
            body: bytes,
            headers: {
                "content-type": "application/json",
                "content-length": bytes.length,
            },
        });
    }
    async function error_of(method, params) {
        const answer = await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
        if (answer.status !== 200) return { code: answer.status };
        return JSON.parse(answer.body).error ?? { code: "ok", result: answer.body };
    }

    it("transactions", (t) =>
        run_table(t, node, transaction_cases, async (entry) => {
            const raw = await entry.make({
                key,
                chain_id: cluster.chain_id,
                nonce: next_nonce,
                to,
                included,
            });
            const error = await error_of("eth_sendRawTransaction", [raw]);
            const name = error.data?.code ?? JSON.stringify(error);
            assert.ok(
                matches(entry.expect, name),
                `wanted ${entry.expect}, got ${JSON.stringify(error)}`,
            );
            assert.ok(error.message.length < 1_000, "an answer repeats too much of the question");
        }));

    it("leaves the account able to send", async () => {
        const raw = await dynamic_fee({ key, chain_id: cluster.chain_id, nonce: next_nonce, to });
        const receipt = await node.rpc.call("eth_sendRawTransactionSync", [raw]);
        assert.equal(receipt.status, "0x1");
    });

    it("JSON-RPC bodies", (t) =>
        run_table(t, node, body_cases, async (entry) => {
            const answer = await post(entry.body);
            if (answer.status !== 200) {
                assert.equal(answer.status, 400, `HTTP ${answer.status}: ${answer.body}`);
            }
            const parsed = JSON.parse(answer.body);
            for (const one of Array.isArray(parsed) ? parsed : [parsed])
                assert.ok(
                    matches(entry.code, one.error?.code),
                    `wanted ${entry.code}, got ${answer.body.slice(0, 300)}`,
                );
            assert.ok(answer.body.length < 1_000, "an answer repeats too much of the question");
        }));

    it("JSON-RPC calls", (t) =>
        run_table(t, node, call_cases, async (entry) => {
            const error = await error_of(...entry.call);
            assert.ok(
                matches(entry.code, error.code),
                `wanted ${entry.code}, got ${JSON.stringify(error).slice(0, 300)}`,
            );
            assert.ok(
                (error.message ?? "").length < 1_000,
                "an answer repeats too much of the question",
            );
        }));

    const is_slow = (entry) => entry.slow === true;
    async function http_case(entry) {
        const bound = entry.within ?? 5_000;
        const result = await talk(node.rpc_port, Buffer.from(entry.bytes), {
            http: true,
            within: bound,
        });
        const status = /^HTTP\/1\.[01] (\d+)/.exec(result.received.toString("latin1"))?.[1];
        const answer = result.received.toString("latin1").split("\r\n\r\n")[1] ?? "";
        const said = status === "200" ? `200: ${answer}` : status;
        const seen = said ?? (result.ended ? "closed" : "still open");
        assert.ok(matches(entry.expect, seen), `wanted ${entry.expect}, got ${seen}`);
    }
    it("HTTP", (t) =>
        run_table(
            t,
            node,
            http_cases.filter((entry) => !is_slow(entry)),
            http_case,
        ));
    // The node gives a minute for a header, half of one for a body: too long for every run.
    const skip = process.env.HOLDFAST_SLOW ? false : "HOLDFAST_SLOW=1 runs it";
    it("HTTP that never comes to an end", { skip }, (t) =>
        run_table(t, node, http_cases.filter(is_slow), http_case),
    );

    it("WebSocket", (t) =>
        run_table(t, node, websocket_cases, async (entry) => {
            const opening =
                "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
                "Upgrade: websocket\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
            const result = await talk(node.rpc_port, opening, {
                then: entry.bytes,
                within: 1_000,
            });
            assert.match(result.received.toString("latin1"), /^HTTP\/1\.1 101/);
            const frames = result.received.subarray(result.received.indexOf("\r\n\r\n") + 4);
            const is_closing = result.ended || frames.includes(websocket_close);
            assert.ok(is_closing, `neither closed nor told so: ${frames.toString("hex")}`);
        }));

    it("200 connections that say nothing leave room for others", async () => {
        const idle = Array.from({ length: 200 }, () => talk(node.rpc_port, "", { within: 1_500 }));
        assert.equal(Number(await node.rpc.call("eth_chainId")), cluster.chain_id);
        await Promise.all(idle);
    });
});
