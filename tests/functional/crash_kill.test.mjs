// kill -9 under load, twelve rounds of as few nodes as can spare one (lib/kills.mjs); and what a
// node does that is left without a quorum.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { check_everything } from "./lib/check.mjs";
import { Cluster, few } from "./lib/cluster.mjs";
import { between_kills, run_rounds, senders } from "./lib/kills.mjs";
import { all_recipients, Load, load_alloc } from "./lib/load.mjs";
import { pause, until } from "./lib/wait.mjs";

describe("kill -9 under load", () => {
    it("as few as can spare one, twelve rounds", (t) =>
        run_rounds(t, few, [
            "leader", "follower", "leader", "all", "minority", "leader", "follower", "all",
            "leader", "follower", "leader", "all",
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
