// kill -9 under load, twenty times: the leader, a follower, as many as the others can do without,
// and all at once. Between two kills at least 200 transfers are acknowledged. At the end everything
// that was ever acknowledged is on every node, all nodes hold the same blocks, no money appeared or
// went.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { check_everything } from "./lib/check.mjs";
import { Cluster, few, more, spare } from "./lib/cluster.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import { pause, seed_of_run, until } from "./lib/wait.mjs";

const between_kills = 200;
const moment_milliseconds_max = 400;
const senders = 24;

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
    await load.more(between_kills);
    const chosen = await victims[kind](cluster, random);
    await pause(random.below(moment_milliseconds_max)); // any moment: the fault itself, no waiting
    await Promise.all(chosen.map((node) => node.kill()));
    if (kind !== "all") await load.more(between_kills); // the others go on without them
    await Promise.all(chosen.map((node) => node.start()));
}

async function run_rounds(t, nodes, kinds) {
    const random = seed_of_run(t);
    const cluster = await Cluster.create(t, { nodes, alloc: load_alloc(senders) });
    cluster.also_watch(all_recipients);
    const load = new Load({ cluster, senders }).start();
    for (const [index, kind] of kinds.entries()) {
        await round(cluster, load, random, kind).catch(async (error) => {
            for (const node of cluster.nodes) t.diagnostic(`node ${node.id}:\n${node.log_tail()}`);
            throw new Error(`round ${index + 1} (${kind}): ${error.message}`);
        });
    }
    await load.more(between_kills);
    await load.stop();
    const { acknowledged, head } = await check_everything(cluster, [load]);
    assert.ok(acknowledged >= kinds.length * between_kills);
    t.diagnostic(
        `${acknowledged} transfers acknowledged in ${head} blocks, none lost; ` +
            `longest silence ${load.longest_silence} ms`,
    );
}

describe("kill -9 under load", () => {
    it("as few as can spare one, twelve rounds", (t) =>
        run_rounds(t, few, [
            "leader",
            "follower",
            "leader",
            "all",
            "minority",
            "leader",
            "follower",
            "all",
            "leader",
            "follower",
            "leader",
            "all",
        ]));

    it("enough to spare two, eight rounds", (t) =>
        run_rounds(t, more, [
            "leader",
            "minority",
            "all",
            "leader",
            "minority",
            "follower",
            "minority",
            "all",
        ]));
});

describe("without a quorum", () => {
    it("nothing is acknowledged, and the first quorum goes on from there", async (t) => {
        const cluster = await Cluster.create(t, { alloc: load_alloc(senders) });
        cluster.also_watch(all_recipients);
        const load = new Load({ cluster, senders }).start();
        await load.more(between_kills);
        const leader = await cluster.wait_leader();
        const others = cluster.nodes.filter((node) => node !== leader);
        await Promise.all(others.map((node) => node.kill()));
        const acknowledged_alone = load.acknowledged.length;
        // The old leader must neither acknowledge nor say that it is fit to serve such reads.
        await until(
            "the lone node to refuse",
            () =>
                leader.linearizable("eth_blockNumber", [], 20_000).then(
                    () => false,
                    (error) => error,
                ),
            { within: 30_000 },
        );
        const late = load.acknowledged.slice(acknowledged_alone);
        const height_alone = await leader.height();
        assert.ok(late.every((transfer) => transfer.block_number <= height_alone));
        const stuck = load.acknowledged.length;
        await pause(1_000);
        assert.equal(load.acknowledged.length, stuck, "acknowledged without a quorum");
        // One short of all is a quorum.
        await Promise.all(others.slice(1).map((node) => node.start()));
        await load.more(between_kills);
        await others[0].start();
        await load.stop();
        await check_everything(cluster, [load]);
    });
});
