// A paused machine: the leader stops for many election timeouts and comes back believing that it
// leads. It must not acknowledge anything on its own, nor answer a linearizable read with what is
// old.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { check_everything } from "./lib/check.mjs";
import { Cluster, few, is_bft } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc, recipient } from "./lib/load.mjs";
import { pause, until } from "./lib/wait.mjs";

const senders = 16;
const rounds = 4;
const reads_at_once = 20;

/** Asks `node` at once, many times; an answer below `floor` is stale, a refusal is not. */
async function check_reads(node, address, floor) {
    const answers = await Promise.allSettled(
        Array.from({ length: reads_at_once }, () =>
            node.linearizable("eth_getBalance", [address, "latest"], 15_000),
        ),
    );
    for (const answer of answers)
        if (answer.status === "fulfilled")
            assert.ok(BigInt(answer.value) >= floor, `stale: ${BigInt(answer.value)} < ${floor}`);
    return answers.filter((answer) => answer.status === "fulfilled").length;
}

describe("a paused leader", () => {
    it("comes back as a follower, and no linearizable read is stale", async (t) => {
        const cluster = await Cluster.create(t, { nodes: few, alloc: load_alloc(senders) });
        cluster.also_watch(all_recipients);
        const load = new Load({ cluster, senders }).start();
        const watched = recipient(0);
        const acknowledged_sum = () =>
            load.acknowledged.reduce(
                (sum, transfer) => (transfer.to === watched ? sum + transfer.value : sum),
                0n,
            );
        let served = 0;
        for (let turn = 0; turn < rounds; turn++) {
            await load.more(100);
            const old = await cluster.wait_leader();
            old.pause();
            const next = await cluster.wait_new_leader(old);
            await load.more(200);
            const floor = acknowledged_sum();
            served += await check_reads(next, watched, floor);
            old.resume();
            // At this moment it still takes itself for the leader.
            served += await check_reads(old, watched, floor);
            await until(
                "the old leader to follow",
                async () =>
                    is_bft
                        ? (await old.height()) >= (await next.height())
                        : (await old.status()).agreement.role === "follower",
            );
            served += await check_reads(old, watched, acknowledged_sum());
        }
        assert.ok(served >= rounds * reads_at_once, `only ${served} reads were served at all`);
        await load.stop();
        await check_everything(cluster, [load]);
    });

    it("a paused follower neither stops the others nor loses anything", async (t) => {
        const cluster = await Cluster.create(t, { nodes: few, alloc: load_alloc(senders) });
        cluster.also_watch(all_recipients);
        const load = new Load({ cluster, senders }).start();
        await load.more(100);
        const leader = await cluster.wait_leader();
        const follower = cluster.nodes.find((node) => node !== leader);
        follower.pause();
        await load.more(1_000);
        await pause(3_000); // beyond the silence after which links are given up
        follower.resume();
        await load.more(100);
        await load.stop();
        await check_everything(cluster, [load]);
    });

    const skip = is_bft && "leaders take turns, and nobody is asked";
    it("leadership moves on request, and clients hardly notice", { skip }, async (t) => {
        const cluster = await Cluster.create(t, { nodes: few, alloc: load_alloc(senders) });
        cluster.also_watch(all_recipients);
        const load = new Load({ cluster, senders }).start();
        await load.more(100);
        for (let turn = 0; turn < 3; turn++) {
            const old = await cluster.wait_leader();
            const target = cluster.nodes.find((node) => node !== old);
            await old.operator_rpc.call("holdfast_transferLeadership", [
                `0x${target.id.toString(16)}`,
            ]);
            assert.equal(await cluster.wait_new_leader(old), target);
            await load.more(100);
        }
        await load.stop();
        await check_everything(cluster, [load]);
    });
});
