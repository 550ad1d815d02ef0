// Bad input at the port for peers, from strangers and from a member that has gone wrong. The node
// closes the connection with a named reason or drops the message, and goes on agreeing with the
// others; at no time does it take much memory. The tables stand in bad_input/peers.mjs.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { member_cases, stranger_cases } from "./bad_input/peers.mjs";
import { matches, run_table } from "./lib/bad_input.mjs";
import { holdfast_ok } from "./lib/binary.mjs";
import { Cluster, few } from "./lib/cluster.mjs";
import { credentials, hello, seed_of, tls_of } from "./lib/hostile_peer.mjs";
import { talk } from "./lib/raw_socket.mjs";
import { until } from "./lib/wait.mjs";

describe("bad input from peers", () => {
    let cluster, node, genesis, member, stranger;
    let incarnation = 1_000n;

    after(() => cluster?.destroy());
    before(async () => {
        cluster = await Cluster.create(null, { nodes: few });
        node = cluster.nodes[0];
        genesis = (await holdfast_ok(["genesis", "hash", cluster.genesis_file])).trim();
        await cluster.node(3).stop(); // we are node 3 from now on
        member = credentials(seed_of(path.join(cluster.node(3).folder, "keys/transport.key")));
        stranger = credentials();
    });

    it("strangers stop at the door", (t) =>
        run_table(t, node, stranger_cases, async (entry) => {
            const tls = entry.tls && { ...tls_of(entry.own_key ? stranger : {}), ...entry.tls };
            const bytes = entry.tls
                ? hello({ genesis, self: 3, peer: 1 })
                : Buffer.from(entry.bytes);
            const result = await talk(node.peer_port, bytes, { tls, within: 9_000 });
            assert.ok(result.ended, "the connection stayed open");
            assert.ok(
                !result.received.includes(Buffer.from(genesis.slice(2), "hex")),
                "a stranger was told the ledger's name",
            );
        }));

    it("100 silent connections do not keep the other member out", async () => {
        const idle = Array.from({ length: 100 }, () => talk(node.peer_port, "", { within: 8_000 }));
        await cluster.node(2).kill();
        await cluster.node(2).start();
        await cluster.wait_leader();
        const from = await node.height();
        await until("blocks to come", async () => (await node.height()) > from + 1);
        await Promise.all(idle);
    });

    async function member_case(entry) {
        const context = { genesis, self: 3, peer: 1, incarnation: ++incarnation };
        const opening = entry.opening ? entry.opening(context) : hello(context);
        const bytes = Buffer.concat([opening, entry.send ? entry.send(context) : Buffer.alloc(0)]);
        const said_before = node.log_text().length;
        const result = await talk(node.peer_port, bytes, {
            tls: tls_of(member),
            within: entry.dropped ? 700 : 5_000,
        });
        if (entry.dropped) {
            assert.ok(!result.ended, `the link was closed: ${node.log_text().slice(said_before)}`);
            return;
        }
        assert.ok(result.ended, "the connection stayed open");
        await until(
            `the reason ${entry.expect}`,
            async () => {
                const peers = await node.rpc.call("holdfast_peers");
                const said = JSON.stringify(peers) + node.log_text().slice(said_before);
                return said.match(/session\.\w+/g)?.some((name) => matches(entry.expect, name));
            },
            { within: 3_000 },
        );
    }
    it("a member that has gone wrong", (t) => run_table(t, node, member_cases, member_case));

    it("and when the real one comes back, it is let in", async () => {
        await cluster.node(3).start();
        await until(
            "node 3 to catch up",
            async () => (await cluster.node(3).height()) >= (await node.height()) - 1,
        );
        const heads = await Promise.all(cluster.nodes.map((each) => each.status()));
        assert.ok(
            heads.every((status) => status.state === "running"),
            JSON.stringify(heads),
        );
    });
});
