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

const senders = 16;
const writers = 8;
const blocks_behind = 300;
const blocks_kept = 32;

async function start(t, configure) {
    const cluster = await Cluster.create(t, {
        nodes: few,
        alloc: load_alloc(senders + writers),
        configure,
    });
    cluster.also_watch(all_recipients);
    const load = new Load({ cluster, senders }).start();
    await load.more(100);
    return { cluster, load };
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

/** Leaves more behind than a leader keeps, and lets it catch up; its status then. */
async function fall_behind_the_log(cluster, node) {
    await node.kill();
    await write_megabytes(cluster, 70);
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
    it("beyond what the leader keeps: fetches blocks", async (t) => {
        const { cluster, load } = await start(t);
        const node = cluster.node(3);
        const { counters } = await fall_behind_the_log(cluster, node);
        assert.ok(counters.blocksSynced > 0, JSON.stringify(counters));
        assert.equal(counters.snapshotsSynced, 0, JSON.stringify(counters));
        await load.stop();
        await check_everything(cluster, [load], { only_transfers: false });
    });

    it("and when the others have pruned: fetches a snapshot, whose state is proved", async (t) => {
        const { cluster, load } = await start(t, (node) =>
            node.set_config("store", "blocks_kept", blocks_kept),
        );
        const node = cluster.node(3);
        const { counters } = await fall_behind_the_log(cluster, node);
        assert.ok(counters.snapshotsSynced >= 1, JSON.stringify(counters));
        await load.more(50);
        await load.stop();

        const head = await wait_for_height(cluster.nodes, await cluster.node(1).height());
        const block = await node.rpc.call("eth_getBlockByNumber", [
            `0x${head.toString(16)}`,
            false,
        ]);
        const proof = await node.rpc.call("eth_getProof", [recipient(0), [], block.number]);
        check_account_proof({ ...proof, address: recipient(0) }, block.stateRoot);
        // Receipts of what was pruned are gone by intent: the newest are compared.
        const from = head - 8;
        load.acknowledged = load.acknowledged.filter((transfer) => transfer.block_number >= from);
        await check_everything(cluster, [load], { from, only_transfers: false });
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
