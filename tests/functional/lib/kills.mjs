// kill -9 under load: the leader, a follower, as many as the others can do without, and all at
// once. Between two kills at least 200 transfers are acknowledged. At the end everything that was
// ever acknowledged is on every node, all nodes hold the same blocks, no money appeared or went.
import assert from "node:assert/strict";
import { check_everything } from "./check.mjs";
import { Cluster, spare } from "./cluster.mjs";
import { all_recipients, Load, load_alloc } from "./load.mjs";
import { pause, seed_of_run } from "./wait.mjs";

export const between_kills = 200;
const moment_milliseconds_max = 400;
export const senders = 16;

const victims = {
    async leader(cluster) {
        return [await cluster.wait_leader()];
    },
    async follower(cluster, random) {
        const leader = await cluster.wait_leader();
        return [random.pick(cluster.running.filter((node) => node !== leader))];
    },
    /** Any nodes, but never so many that the rest is no quorum. */
    async minority(cluster, random) {
        const count = spare(cluster.nodes.length);
        return [...cluster.running].sort(() => random.real() - 0.5).slice(0, count);
    },
    async all(cluster) {
        return cluster.running;
    },
};

async function round(cluster, load, random, kind) {
    const chosen = await victims[kind](cluster, random);
    await pause(random.below(moment_milliseconds_max)); // any moment: the fault itself, no waiting
    await Promise.all(chosen.map((node) => node.kill()));
    if (kind !== "all") await load.more(between_kills / 2); // the others go on without them
    await Promise.all(chosen.map((node) => node.start()));
    await load.more(kind === "all" ? between_kills : between_kills / 2);
}

export async function run_rounds(t, nodes, kinds) {
    const random = seed_of_run(t);
    const cluster = await Cluster.create(t, { nodes, alloc: load_alloc(senders) });
    cluster.also_watch(all_recipients);
    const load = new Load({ cluster, senders }).start();
    await load.more(between_kills);
    for (const [index, kind] of kinds.entries()) {
        await round(cluster, load, random, kind).catch(async (error) => {
            for (const node of cluster.nodes) t.diagnostic(`node ${node.id}:\n${node.log_tail()}`);
            throw new Error(`round ${index + 1} (${kind}): ${error.message}`);
        });
    }
    await load.stop();
    const { acknowledged, head } = await check_everything(cluster, [load]);
    assert.ok(acknowledged >= kinds.length * between_kills);
    t.diagnostic(
        `${acknowledged} transfers acknowledged in ${head} blocks, none lost; ` +
            `longest silence ${load.longest_silence} ms`,
    );
}
