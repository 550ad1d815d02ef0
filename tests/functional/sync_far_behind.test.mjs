// A node long behind: by the blocks of the others while these still have them, by a snapshot when
// they have pruned; and killed in the middle of it.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { describe, it } from "node:test";
import { check_everything, wait_for_height } from "./lib/check.mjs";
import { Cluster, few } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc, recipient, sender, sign_transfer } from "./lib/load.mjs";
import { check_account_proof } from "./lib/trie_proof.mjs";
import { until } from "./lib/wait.mjs";

const senders = 6;
const writers = 8;
const blocks_behind = 300;
const blocks_kept = 32;

async function start(t) {
    const alloc = load_alloc(senders + writers);
    const cluster = await Cluster.create(t, { nodes: few, alloc });
    cluster.also_watch(all_recipients);
    return { cluster, load: await start_load(cluster) };
}
async function start_load(cluster) {
    const load = new Load({ cluster, senders }).start();
    await load.more(100);
    return load;
}
async function more_blocks(node, count) {
    const goal = (await node.height()) + count;
    await until(`block ${goal}`, async () => (await node.height()) >= goal, { within: 60_000 });
}

/** Its disk is lost: it starts with nothing but its keys. */
async function begin_again(cluster, node) {
    rmSync(node.data, { recursive: true });
    assert.equal((await cluster.rejoin(node)).code, 0);
    await node.start();
}
/** Transactions of 100 kB each, several accounts at once. */
async function write_megabytes(cluster, megabytes) {
    const data = `0x${"00".repeat(100_000)}`;
    const { rpc } = cluster.running[0];
    const each = Math.ceil((megabytes * 10) / writers);
    await Promise.all(
        Array.from({ length: writers }, async (_, index) => {
            const account = sender(senders + index);
            const fields = { to: account.address, data, gas: 1_100_000n };
            for (let nonce = 0; nonce < each; nonce++) {
                const raw = await sign_transfer(account, cluster.chain_id, nonce, fields);
                await rpc.call("eth_sendRawTransactionSync", [raw], 30_000);
            }
        }),
    );
}

/** It has lost everything and gets it back; its status then. */
async function catch_up_from_nothing(cluster, node) {
    await begin_again(cluster, node);
    const goal = await cluster.node(1).height();
    // What it serves may be ahead of what it says of itself: the store comes first.
    return until(
        `node ${node.id} to be at block ${goal}`,
        async () => {
            const status = await node.status();
            return status.head.number >= goal && status;
        },
        { within: 60_000 },
    );
}
async function check_state_at(node, height) {
    const number = `0x${height.toString(16)}`;
    const block = await node.rpc.call("eth_getBlockByNumber", [number, false]);
    const proof = await node.rpc.call("eth_getProof", [recipient(0), [], block.number]);
    check_account_proof({ ...proof, address: recipient(0) }, block.stateRoot);
}

describe("a node far behind", () => {
    it("stopped for a long time: catches up", async (t) => {
        const { cluster, load } = await start(t);
        const node = cluster.node(3);
        await node.kill();
        await more_blocks(cluster.node(1), blocks_behind);
        await node.start();
        await load.more(100);
        await load.stop();
        await check_everything(cluster, [load]);
    });

    it("begun again from nothing: is given everything", async (t) => {
        const { cluster, load } = await start(t);
        const node = cluster.node(3);
        await node.kill();
        await more_blocks(cluster.node(1), blocks_behind);
        await begin_again(cluster, node);
        await wait_for_height([node], await cluster.node(1).height());
        await load.stop();
        await check_everything(cluster, [load]);
    });

    // Leaders keep the newest 64 MiB of payloads for whoever is a little behind; beyond that a
    // node asks its peers for blocks, and if they have pruned them, for a snapshot.
    it("beyond what the leader keeps: fetches blocks, or a state that is proved", async (t) => {
        const { cluster, load } = await start(t);
        const node = cluster.node(3);
        await node.kill();
        await write_megabytes(cluster, 70);
        const from_blocks = (await catch_up_from_nothing(cluster, node)).counters;
        assert.ok(from_blocks.blocksSynced > 0, JSON.stringify(from_blocks));
        assert.equal(from_blocks.snapshotsSynced, 0, JSON.stringify(from_blocks));
        await load.stop();
        await check_everything(cluster, [load], { only_transfers: false });

        for (const each of cluster.nodes) each.set_config("store", "blocks_kept", blocks_kept);
        await cluster.start();
        const later = await start_load(cluster);
        const { rpc } = cluster.node(1);
        await until("the first block to be pruned", async () => {
            return !(await rpc.call("eth_getBlockByNumber", ["0x1", false]));
        });
        await node.kill();
        const from_state = (await catch_up_from_nothing(cluster, node)).counters;
        assert.ok(from_state.snapshotsSynced >= 1, JSON.stringify(from_state));
        await later.more(50);
        await later.stop();
        const head = await wait_for_height(cluster.nodes, await cluster.node(1).height());
        await check_state_at(node, head);
        // Receipts of what was pruned are gone by intent: the newest are compared.
        const from = head - 8;
        later.acknowledged = later.acknowledged.filter(({ block_number }) => block_number >= from);
        await check_everything(cluster, [later], { from, only_transfers: false });
    });

    it("killed again and again while it catches up", async (t) => {
        const { cluster, load } = await start(t);
        const node = cluster.node(3);
        await node.kill();
        await more_blocks(cluster.node(1), blocks_behind);
        rmSync(node.data, { recursive: true });
        assert.equal((await cluster.rejoin(node)).code, 0);
        for (let turn = 0; turn < 4; turn++) {
            await node.start();
            const seen = await node.height();
            await until("some progress", async () => (await node.height()) > seen);
            await node.kill();
        }
        await node.start();
        await load.more(100);
        await load.stop();
        await check_everything(cluster, [load]);
    });
});
