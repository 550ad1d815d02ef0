// Who may do what: browsers of other pages, callers of the operator's methods, readers of key
// files, strangers and doubles among the peers.
import assert from "node:assert/strict";
import { chmodSync, cpSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { holdfast, holdfast_ok } from "./lib/binary.mjs";
import { Cluster, few } from "./lib/cluster.mjs";
import { NodeProcess } from "./lib/node_process.mjs";
import { free_port_block } from "./lib/ports.mjs";
import { http_exchange } from "./lib/rpc.mjs";
import { until, within } from "./lib/wait.mjs";

const bad_config_exit = 3;
const bad_data_exit = 4;
const stopped_exit = 6;
const well_known = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const question = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';

const ask = (port, headers) =>
    http_exchange(port, {
        body: question,
        headers: {
            "content-type": "application/json",
            "content-length": question.length,
            ...headers,
        },
    });

describe("the API's doors", () => {
    let cluster, node;
    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, {
            nodes: 1,
            configure: (each) =>
                each.set_config("api", "origins_allowed", ["https://wallet.example"]),
        });
        node = cluster.nodes[0];
    });

    it("answer a Host they know, and no other", async () => {
        for (const host of ["localhost", `localhost:${node.rpc_port}`, "127.0.0.1", "[::1]"])
            assert.equal((await ask(node.rpc_port, { host })).status, 200, host);
        for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
            assert.notEqual((await ask(node.rpc_port, { host })).status, 200, host);
    });

    it("answer pages that were allowed, and no others", async () => {
        const allowed = await ask(node.rpc_port, { origin: "https://wallet.example" });
        assert.equal(allowed.status, 200);
        assert.equal(allowed.headers["access-control-allow-origin"], "https://wallet.example");
        for (const origin of [
            "https://evil.example",
            "null",
            "https://wallet.example.evil.example",
            "http://wallet.example",
        ]) {
            const answer = await ask(node.rpc_port, { origin });
            assert.equal(answer.status, 403, origin);
            assert.equal(answer.headers["access-control-allow-origin"], undefined);
        }
    });

    it("keep the operator's methods to the operator's door", async () => {
        await assert.rejects(
            node.rpc.call("holdfast_transferLeadership", []),
            (error) => error.code === -32601 && error.names("api.operator_only"),
        );
        // There, one asks for the impossible and is answered, not turned away.
        await node.operator_rpc
            .call("holdfast_transferLeadership", ["0x63"])
            .catch((error) => assert.notEqual(error.code, -32601));
        assert.equal(Number(await node.operator_rpc.call("eth_chainId")), cluster.chain_id);
    });

    it("the operator's door is on loopback alone, unless told otherwise", () => {
        assert.match(readFileSync(node.config, "utf8"), /^operator = "127\.0\.0\.1:\d+"/m);
    });
});

describe("keys", () => {
    let cluster, node;
    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, { nodes: few, start: false });
        node = cluster.nodes[0];
    });
    const files = ["voting.key", "transport.key", "operator.key"];
    const file_of = (name) => path.join(node.folder, "keys", name);

    it("are made for their owner's eyes only", () => {
        assert.equal(statSync(path.join(node.folder, "keys")).mode & 0o777, 0o700);
        for (const name of files) assert.equal(statSync(file_of(name)).mode & 0o777, 0o600, name);
    });

    it("that others can read are refused", async () => {
        for (const name of ["voting.key", "transport.key"]) {
            for (const mode of [0o644, 0o640, 0o602]) {
                chmodSync(file_of(name), mode);
                const refusal = await node.start_refused();
                assert.equal(refusal.code, bad_config_exit, refusal.text);
                assert.match(refusal.text, /key\.permissions.*chmod 600/s);
            }
            chmodSync(file_of(name), 0o600);
        }
    });

    it("that everybody knows are refused outside development", async () => {
        const out = path.join(cluster.folder, "dev-ledger");
        const funded = await holdfast(["init", "--out", out, "--alloc", `${well_known}=1`]);
        assert.equal(funded.code, bad_config_exit);
        assert.match(funded.error_out, /key\.well_known/);
        const real = readFileSync(file_of("voting.key"));
        writeFileSync(file_of("voting.key"), `0x${"01".repeat(32)}\n`);
        const refusal = await node.start_refused();
        writeFileSync(file_of("voting.key"), real);
        assert.equal(refusal.code, bad_config_exit);
        assert.match(refusal.text, /key\.(well_known|wrong_member)/);
    });

    it("that are not the member's are refused", async () => {
        for (const name of ["voting.key", "transport.key"]) {
            const real = readFileSync(file_of(name));
            const fresh = path.join(cluster.folder, `fresh-${name}`);
            await holdfast_ok(["key", "new", fresh]);
            writeFileSync(file_of(name), readFileSync(fresh));
            const refusal = await node.start_refused();
            writeFileSync(file_of(name), real);
            assert.equal(refusal.code, bad_config_exit, refusal.text);
            assert.match(refusal.text, /key\.wrong_member/);
        }
    });

    it("are never written over", async () => {
        assert.notEqual((await holdfast(["key", "new", file_of("voting.key")])).code, 0);
    });

    it("never appear in the log", async () => {
        node.set_config("log", "level", "debug");
        await cluster.start();
        await until("blocks", async () => (await node.height()) > 2);
        await cluster.stop();
        for (const name of files) {
            const secret = readFileSync(file_of(name), "utf8").trim().replace(/^0x/, "");
            assert.ok(!node.log_text().toLowerCase().includes(secret.toLowerCase()), name);
        }
    });
});

describe("doubles", () => {
    it("two processes on one data folder: the second refuses", async (t) => {
        const cluster = await Cluster.create(t, { nodes: 1 });
        const [node] = cluster.nodes;
        const second = await holdfast(["node", "--config", node.config], { within: 20_000 });
        assert.equal(second.code, bad_data_exit, second.error_out);
        assert.match(second.error_out, /storage\.in_use/);
        assert.ok((await node.height()) >= 0);
    });

    it("a copy of a node elsewhere: one of the two stops, the ledger goes on", async (t) => {
        const cluster = await Cluster.create(t, { nodes: few });
        const original = cluster.node(3);
        await original.stop();
        const folder = path.join(cluster.home, "copy");
        cpSync(original.folder, folder, { recursive: true });
        const port = await free_port_block(10);
        const copy = new NodeProcess({ id: 3, folder, port });
        t.after(() => copy.kill());
        copy.set_config("listen", "api", `127.0.0.1:${port}`);
        copy.set_config("listen", "peers", `127.0.0.1:${port + 1}`);
        copy.set_config("listen", "operator", `127.0.0.1:${port + 2}`);
        await original.start();
        copy.spawn();
        const which = await within(
            60_000,
            "one of the two to stop",
            Promise.race([
                original.exit.then((exit) => ({ node: original, exit })),
                copy.exit.then((exit) => ({ node: copy, exit })),
            ]),
        );
        assert.equal(which.exit.code, stopped_exit, which.node.last_run());
        assert.match(which.node.last_run(), /node\.duplicate/);
        const height = await cluster.node(1).height();
        await until("blocks to come", async () => (await cluster.node(1).height()) > height + 1);
    });
});
